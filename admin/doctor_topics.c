#include "config.h"

/* Checks of settings and topics that should be alike at all masters. */

#include <stdio.h>
#include <stdlib.h>

#include "admin/doctor.h"
#include "common/base/strmap.h"

static bool
same_cluster(const struct doctor_broker *a, const struct doctor_broker *b)
{
	return strcmp(a->cluster, b->cluster) == 0;
}

/* ---- settings ---- */

/* Clients see one behaviour or the other, depending on the master. */
static const char *const core_settings[] = { "flushDiskType", "brokerRole", "brokerPermission",
	"autoCreateTopicEnable", "autoCreateSubscriptionGroup", "defaultTopicQueueNums",
	"maxMessageSize", "messageDelayLevel", "fileReservedTime", "enablePropertyFilter",
	"rejectTransactionMessage", "transactionTimeOut", "transactionCheckMax",
	"transactionCheckInterval", "transactionPolicy", "timerWheelEnable", "timerMaxDelaySec",
	NULL };

static void
compare_settings(
    struct doctor *doctor, const struct doctor_broker *a, const struct doctor_broker *b)
{
	for (size_t i = 0; core_settings[i] != NULL; i++) {
		const char *name = core_settings[i];
		const char *left = doctor_setting(doctor, &a->daemon, name);
		const char *right = doctor_setting(doctor, &b->daemon, name);

		if (left == NULL || right == NULL || strcmp(left, right) == 0)
			continue;
		doctor_find(doctor, name,
		    doctor_text(doctor, "%s differs between masters of %s.", name, a->cluster),
		    doctor_text(
			doctor, "%s: %s; %s: %s", a->daemon.title, left, b->daemon.title, right),
		    doctor_text(doctor,
			"mqadmin updateBrokerConfig -b BROKER -k %s -v VALUE, and the same "
			"line in the files of both",
			name));
	}
}

static void
settings_differ(struct doctor *doctor)
{
	const struct doctor_broker *a, *b;

	for (size_t i = 1; (b = doctor_master_at(doctor, i)) != NULL; i++)
		for (size_t j = 0; j < i; j++) {
			a = doctor_master_at(doctor, j);
			if (same_cluster(a, b)) {
				compare_settings(doctor, a, b);
				break;
			}
		}
}

/* ---- topics ---- */

static const struct topic_config *
find_topic(const struct doctor_broker *broker, struct slice name)
{
	for (size_t i = 0; i < broker->topics.n_topics; i++)
		if (slice_equal(broker->topics.topics[i].name, name))
			return &broker->topics.topics[i];
	return NULL;
}

struct topic_check {
	struct doctor *doctor;
	void (*look)(struct doctor *doctor, const struct doctor_broker *broker,
	    const struct topic_config *topic, const struct doctor_broker *other,
	    const struct topic_config *theirs);
};

/* Each topic of people, as each pair of masters of a cluster has it; theirs may be NULL. */
static void
each_pair(const struct topic_check *check)
{
	struct doctor *doctor = check->doctor;
	const struct doctor_broker *broker, *other;

	for (size_t i = 0; (broker = doctor_master_at(doctor, i)) != NULL; i++)
		for (size_t j = 0; (other = doctor_master_at(doctor, j)) != NULL; j++) {
			struct strmap known = { 0 };

			if (i == j || !same_cluster(broker, other))
				continue;
			for (size_t k = 0; k < other->topics.n_topics; k++)
				strmap_put(&known, other->topics.topics[k].name,
				    (void *)(uintptr_t)&other->topics.topics[k]);
			for (size_t k = 0; k < broker->topics.n_topics; k++) {
				const struct topic_config *topic = &broker->topics.topics[k];

				if (!doctor_is_system_topic(doctor, topic->name))
					check->look(doctor, broker, topic, other,
					    strmap_find(&known, topic->name));
			}
			strmap_release(&known, NULL);
		}
}

static void
look_for_one_master(struct doctor *doctor, const struct doctor_broker *broker,
    const struct topic_config *topic, const struct doctor_broker *other,
    const struct topic_config *theirs)
{
	const char *name = doctor_copy(doctor, topic->name);

	if (theirs == NULL)
		doctor_find(doctor, name,
		    doctor_text(doctor,
			"Topic %s is at %s, but not at %s: its sends stop when %s does.", name,
			broker->name, other->name, broker->name),
		    doctor_text(doctor, "%s: %d queues; %s: none", broker->daemon.title,
			topic->write_queues, other->daemon.title),
		    doctor_text(doctor, "mqadmin updateTopic -b %s -t %s -r %d -w %d", other->name,
			name, topic->read_queues, topic->write_queues));
}

static void
topic_on_one_master(struct doctor *doctor)
{
	each_pair(&(struct topic_check){ doctor, look_for_one_master });
}

static void
look_for_queues(struct doctor *doctor, const struct doctor_broker *broker,
    const struct topic_config *topic, const struct doctor_broker *other,
    const struct topic_config *theirs)
{
	const char *name = doctor_copy(doctor, topic->name);

	if (theirs == NULL || strcmp(broker->name, other->name) > 0 ||
	    (topic->read_queues == theirs->read_queues &&
		topic->write_queues == theirs->write_queues))
		return;
	doctor_find(doctor, name,
	    doctor_text(doctor, "Topic %s has other numbers of queues at %s than at %s.", name,
		broker->name, other->name),
	    doctor_text(doctor, "%s: read %d, write %d; %s: read %d, write %d",
		broker->daemon.title, topic->read_queues, topic->write_queues, other->daemon.title,
		theirs->read_queues, theirs->write_queues),
	    doctor_text(doctor,
		"mqadmin updateTopic -c %s -t %s -r N -w N; when there are to be fewer, lower -w "
		"first and -r when the others are consumed",
		broker->cluster, name));
}

static void
topic_queues_differ(struct doctor *doctor)
{
	each_pair(&(struct topic_check){ doctor, look_for_queues });
}

static void
topic_not_writable(struct doctor *doctor)
{
	const struct doctor_broker *broker;

	for (size_t i = 0; (broker = doctor_master_at(doctor, i)) != NULL; i++)
		for (size_t j = 0; j < broker->topics.n_topics; j++) {
			const struct topic_config *topic = &broker->topics.topics[j];

			if ((topic->perm & PERM_WRITE) != 0 ||
			    doctor_is_system_topic(doctor, topic->name))
				continue;
			const char *name = doctor_copy(doctor, topic->name);
			doctor_find(doctor, name,
			    doctor_text(
				doctor, "Topic %s takes no messages at %s.", name, broker->name),
			    doctor_text(doctor, "%s: perm %s", broker->daemon.title,
				perm_text(topic->perm)),
			    doctor_text(doctor,
				"if it shall not stay so: mqadmin updateTopic -b %s -t %s -r %d -w "
				"%d "
				"-p 6",
				broker->name, name, topic->read_queues, topic->write_queues));
		}
}

static void
broker_not_writable(struct doctor *doctor)
{
	const struct doctor_broker *broker;

	for (size_t i = 0; (broker = doctor_master_at(doctor, i)) != NULL; i++) {
		const char *setting = doctor_setting(doctor, &broker->daemon, "brokerPermission");
		struct route route;
		int32_t perm = setting != NULL ? (int32_t)strtol(setting, NULL, 10) : 6;

		if ((perm & PERM_WRITE) == 0) {
			doctor_find(doctor, broker->name,
			    doctor_text(doctor, "%s takes no messages.", broker->name),
			    doctor_text(doctor, "brokerPermission=%s", setting),
			    doctor_text(doctor,
				"when it has drained or shall work again: mqadmin "
				"updateBrokerConfig "
				"-b %s -k brokerPermission -v 6",
				broker->name));
			continue;
		}
		const struct topic_config *own = find_topic(broker, slice_of(broker->name));
		if (own == NULL || (own->perm & PERM_WRITE) == 0 ||
		    twinmq_route(doctor->admin->mq, own->name, &doctor->admin->arena, &route) == -1)
			continue;
		for (size_t j = 0; j < route.n_queues; j++)
			if (slice_is(route.queues[j].broker_name, broker->name) &&
			    (route.queues[j].perm & PERM_WRITE) == 0)
				doctor_find(doctor, broker->name,
				    doctor_text(doctor,
					"Producers do not send to %s: its write permission was "
					"taken "
					"away at the name server.",
					broker->name),
				    doctor_text(doctor, "route of %s: perm %s; at the broker: %s",
					broker->name, perm_text(route.queues[j].perm),
					perm_text(own->perm)),
				    doctor_text(doctor,
					"when it shall work again: mqadmin addWritePerm -b %s",
					broker->name));
	}
}

const struct doctor_check doctor_topic_checks[] = {
	{ "settings-differ", "core settings differ between masters", DOCTOR_WARNING,
	    settings_differ },
	{ "topic-on-one-master", "a topic is on one master only", DOCTOR_WARNING,
	    topic_on_one_master },
	{ "topic-queues-differ", "a topic has different numbers of queues", DOCTOR_WARNING,
	    topic_queues_differ },
	{ "topic-not-writable", "a topic takes no messages", DOCTOR_WARNING, topic_not_writable },
	{ "broker-not-writable", "a broker takes no messages", DOCTOR_WARNING,
	    broker_not_writable },
	{ NULL },
};
