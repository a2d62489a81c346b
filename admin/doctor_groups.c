#include "config.h"

/* Consumer groups: what the survey asks about them, and their checks. */

#include <stdio.h>
#include <stdlib.h>

#include "admin/consume.h"
#include "admin/doctor.h"
#include "admin/process.h"
#include "common/base/clock.h"
#include "common/base/strmap.h"

#define WATCH_STEP_MS 200
#define LISTED_MAX 8       /* of queues or members in one finding */
#define OLD_MS 60000       /* so long a message may wait before its consumer counts as stuck */
#define OLDEST_VERSION 212 /* V4_0_0: before it, clients read route and filters otherwise */

/* ---- the survey -------------------------------------------------------- */

static const char *const system_groups[] = { "TOOLS_CONSUMER", "FILTERSRV_CONSUMER",
	"SELF_TEST_C_GROUP", "SELF_TEST_P_GROUP", "__MONITOR_CONSUMER", "CLIENT_INNER_CONSUMER",
	"MQCLUSTER", NULL };
static const char *const system_prefixes[] = { "CID_RMQ_SYS_", "CID_ONSAPI_", "CID_ONS-",
	"CID_SYS_RMQ_", "CID_DefaultHeartBeatSyncer", NULL };

static bool
is_system_group(struct slice group)
{
	for (size_t i = 0; system_groups[i] != NULL; i++)
		if (slice_is(group, system_groups[i]))
			return true;
	for (size_t i = 0; system_prefixes[i] != NULL; i++)
		if (slice_starts(group, system_prefixes[i]))
			return true;
	return false;
}

/* The names of all groups, at any broker. */
static void
list_groups(struct doctor *doctor, struct strmap *names)
{
	struct admin_request ask = { .code = REQUEST_GET_ALL_SUBSCRIPTIONGROUP_CONFIG };
	struct twinmq_reply reply;

	for (size_t i = 0; i < doctor->n_brokers; i++) {
		if (doctor_ask(doctor, &doctor->brokers[i], &ask, &reply) == -1)
			continue;
		const struct json *table = json_member(
		    json_parse(&doctor->admin->arena, reply.body), "subscriptionGroupTable");
		if (table == NULL || table->type != JSON_OBJECT)
			continue;
		for (const struct json *one = table->first; one != NULL; one = one->next)
			if (one->name.data != NULL && !is_system_group(one->name) &&
			    names->n < DOCTOR_GROUPS_MAX)
				strmap_put(names, one->name, names);
	}
}

static void
add_members(struct doctor *doctor, struct doctor_group *group, const struct connection_list *list)
{
	struct doctor_member *members = arena_alloc(
	    &doctor->admin->arena, (group->n_members + list->n_connections + 1) * sizeof *members);

	if (group->n_members != 0)
		memcpy(members, group->members, group->n_members * sizeof *members);
	group->members = members;
	for (size_t i = 0; i < list->n_connections; i++) {
		const struct client_connection *one = &list->connections[i];
		size_t j = 0;

		while (j < group->n_members && !slice_is(one->client_id, members[j].client_id))
			j++;
		if (j < group->n_members)
			continue;
		members[group->n_members++] = (struct doctor_member){
			.client_id = doctor_copy(doctor, one->client_id),
			.address = doctor_copy(doctor, one->address),
			.version = one->version,
			.language = one->language,
		};
	}
}

static void
ask_members(struct doctor *doctor, struct doctor_group *group, struct doctor_broker *broker)
{
	struct consumer_group_header header = { slice_of(group->name) };
	struct admin_request ask = { .code = REQUEST_GET_CONSUMER_CONNECTION_LIST,
		.fields = consumer_group_header_fields,
		.header = &header };
	struct twinmq_reply reply;
	struct connection_list list;

	if (doctor_ask(doctor, broker, &ask, &reply) == -1 ||
	    connection_list_read(&doctor->admin->arena, reply.body, &list) == -1 ||
	    list.consumer == NULL || list.n_connections == 0)
		return;
	add_members(doctor, group, &list);
	if (group->asked == NULL) {
		group->asked = broker;
		group->consumer = list.consumer;
	}
	if (group->conflict == NULL && list.consumer->conflict.len != 0)
		group->conflict = doctor_copy(doctor, list.consumer->conflict);
	for (size_t i = 0; i < list.n_connections; i++) {
		const char *address = doctor_copy(doctor, list.connections[i].address);

		if (doctor_is_loopback(address))
			continue;
		broker->n_clients_elsewhere++;
		broker->client_elsewhere = address;
	}
}

void
doctor_ask_progress(
    struct doctor *doctor, const char *group, struct doctor_queue **queues, size_t *n_queues)
{
	struct consume_stats_header header = { .consumer_group = slice_of(group) };
	struct admin_request ask = { .code = REQUEST_GET_CONSUME_STATS,
		.fields = consume_stats_header_fields,
		.header = &header };
	struct twinmq_reply reply;
	struct consume_stats stats;
	const struct doctor_broker *broker;

	*queues = NULL;
	*n_queues = 0;
	for (size_t i = 0; (broker = doctor_master_at(doctor, i)) != NULL; i++) {
		if (doctor_ask(doctor, broker, &ask, &reply) == -1 ||
		    consume_stats_read(&doctor->admin->arena, reply.body, &stats) == -1)
			continue;
		struct doctor_queue *list = arena_alloc(
		    &doctor->admin->arena, (*n_queues + stats.n_queues + 1) * sizeof *list);
		if (*n_queues != 0)
			memcpy(list, *queues, *n_queues * sizeof *list);
		*queues = list;
		for (size_t j = 0; j < stats.n_queues; j++)
			list[(*n_queues)++] = (struct doctor_queue){ broker, stats.queues[j] };
	}
}

void
doctor_survey_groups(struct doctor *doctor)
{
	struct strmap names = { 0 };

	list_groups(doctor, &names);
	struct strmap_entry **sorted = strmap_sorted(&names);
	doctor->groups =
	    arena_zalloc(&doctor->admin->arena, (names.n + 1) * sizeof *doctor->groups);
	for (size_t i = 0; i < names.n; i++) {
		struct doctor_group *group = &doctor->groups[doctor->n_groups++];

		group->name = doctor_copy(doctor, strmap_key(sorted[i]));
		for (size_t j = 0; j < doctor->n_brokers; j++)
			ask_members(doctor, group, &doctor->brokers[j]);
		doctor_ask_progress(doctor, group->name, &group->queues, &group->n_queues);
	}
	free(sorted);
	strmap_release(&names, NULL);
}

/* ---- members ----------------------------------------------------------- */

static void
subscriptions_differ(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_groups; i++) {
		const struct doctor_group *group = &doctor->groups[i];

		if (group->conflict != NULL)
			doctor_find(doctor, group->name,
			    doctor_text(doctor,
				"Members of group %s subscribe differently: messages are lost to "
				"it.",
				group->name),
			    group->conflict,
			    "all members of a group must have the same topics and expressions: "
			    "change one program, or give it another group");
	}
}

static const char *
version_name(struct doctor *doctor, int64_t version)
{
	return doctor_copy(doctor, version_text(&doctor->admin->arena, version));
}

/* Clients of other languages count their versions otherwise. */
static void
client_versions(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_groups; i++) {
		const struct doctor_group *group = &doctor->groups[i];

		for (size_t j = 1; j < group->n_members; j++) {
			const struct doctor_member *a = &group->members[0], *b = &group->members[j];

			if (a->version == b->version || a->language != b->language)
				continue;
			doctor_find(doctor, group->name,
			    doctor_text(doctor, "Members of group %s have different versions.",
				group->name),
			    doctor_text(doctor, "%s (%s): %s; %s (%s): %s", a->client_id,
				a->address, version_name(doctor, a->version), b->client_id,
				b->address, version_name(doctor, b->version)),
			    "use one version of the client in all members; old and new ones may "
			    "share out queues differently");
			break;
		}
	}
}

static void
client_old(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_groups; i++) {
		const struct doctor_group *group = &doctor->groups[i];

		for (size_t j = 0; j < group->n_members; j++) {
			const struct doctor_member *one = &group->members[j];

			if (one->version >= OLDEST_VERSION)
				continue;
			doctor_find(doctor, group->name,
			    doctor_text(
				doctor, "A member of group %s is older than 4.0.0.", group->name),
			    doctor_text(doctor, "%s (%s): %s", one->client_id, one->address,
				version_name(doctor, one->version)),
			    "update the client library of that program");
			break;
		}
	}
}

/* ---- queues ------------------------------------------------------------ */

static bool
is_clustering(const struct doctor_group *group)
{
	return group->n_members != 0 && group->consumer->model == MODEL_CLUSTERING;
}

static int64_t
count_queues(struct doctor *doctor, struct slice topic)
{
	const struct doctor_broker *broker;
	int64_t n = 0;

	for (size_t i = 0; (broker = doctor_master_at(doctor, i)) != NULL; i++)
		for (size_t j = 0; j < broker->topics.n_topics; j++)
			if (slice_equal(broker->topics.topics[j].name, topic))
				n += broker->topics.topics[j].read_queues;
	return n;
}

static void
members_idle(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_groups; i++) {
		const struct doctor_group *group = &doctor->groups[i];

		if (!is_clustering(group) || group->consumer->type == CONSUME_POP)
			continue;
		for (size_t j = 0; j < group->consumer->n_subscriptions; j++) {
			struct slice topic = group->consumer->subscriptions[j].topic;
			int64_t n = count_queues(doctor, topic);

			if (slice_starts(topic, RETRY_PREFIX) || n == 0 ||
			    (int64_t)group->n_members <= n)
				continue;
			const char *name = doctor_copy(doctor, topic);
			doctor_find(doctor, group->name,
			    doctor_text(doctor,
				"Group %s has more members than topic %s has queues: the others "
				"wait.",
				group->name, name),
			    doctor_text(
				doctor, "%zu members, %lld queues", group->n_members, (long long)n),
			    doctor_text(doctor,
				"stop members, or give the topic more queues: mqadmin updateTopic "
				"-t %s -r N -w N",
				name));
		}
	}
}

/* Adds the queues that the member says it has; false when it does not say. */
static bool
ask_owned(struct doctor *doctor, const struct doctor_group *group,
    const struct doctor_member *member, struct strmap *owned)
{
	struct running_info_header header = { slice_of(group->name), slice_of(member->client_id),
		false };
	struct admin_request ask = { .code = REQUEST_GET_CONSUMER_RUNNING_INFO,
		.fields = running_info_header_fields,
		.header = &header };
	struct arena *arena = &doctor->admin->arena;
	struct twinmq_reply reply;

	if (doctor_ask(doctor, group->asked, &ask, &reply) == -1)
		return false;
	const struct json *table = json_member(json_parse(arena, reply.body), "mqTable");
	if (table == NULL || table->type != JSON_OBJECT)
		return false;
	for (const struct json *one = table->first; one != NULL; one = one->next) {
		struct message_queue queue;

		if (one->key != NULL && message_queue_read(one->key, &queue) == 0)
			strmap_put(owned,
			    arena_printf(arena, "%.*s %.*s %d", (int)queue.topic.len,
				queue.topic.data, (int)queue.broker_name.len,
				queue.broker_name.data, queue.id),
			    owned);
	}
	return true;
}

/* Adds to a list for people, of which only the beginning is shown. */
struct short_list {
	const char *text; /* NULL: empty */
	size_t n;
};

static void
add_to_list(struct doctor *doctor, struct short_list *list, const char *item)
{
	if (list->n < LISTED_MAX)
		list->text = doctor_text(doctor, "%s%s%s", list->n != 0 ? list->text : "",
		    list->n != 0 ? ", " : "", item);
	list->n++;
}

static const char *
list_text(struct doctor *doctor, const struct short_list *list)
{
	return list->n <= LISTED_MAX
	           ? list->text
	           : doctor_text(doctor, "%s and %zu more", list->text, list->n - LISTED_MAX);
}

/* The queues of the topic that no member has, as a text; NULL: none. */
static const char *
find_unowned(struct doctor *doctor, struct slice topic, const struct strmap *owned)
{
	const struct doctor_broker *broker;
	struct short_list list = { 0 };

	for (size_t i = 0; (broker = doctor_master_at(doctor, i)) != NULL; i++)
		for (size_t j = 0; j < broker->topics.n_topics; j++) {
			const struct topic_config *one = &broker->topics.topics[j];

			if (!slice_equal(one->name, topic) || (one->perm & PERM_READ) == 0)
				continue;
			for (int32_t id = 0; id < one->read_queues; id++) {
				struct slice key = arena_printf(&doctor->admin->arena, "%.*s %s %d",
				    (int)topic.len, topic.data, broker->name, id);

				if (strmap_find(owned, key) == NULL)
					add_to_list(doctor, &list,
					    doctor_text(doctor, "%s/%d", broker->name, id));
			}
		}
	return list_text(doctor, &list);
}

/* Whether all members say what they have; that is added. */
static bool
ask_all_owned(struct doctor *doctor, const struct doctor_group *group, struct strmap *owned)
{
	for (size_t i = 0; i < group->n_members; i++)
		if (!ask_owned(doctor, group, &group->members[i], owned))
			return false;
	return true;
}

static void
report_unowned(struct doctor *doctor, const struct doctor_group *group, struct slice topic,
    const char *unowned)
{
	struct short_list members = { 0 };

	for (size_t i = 0; i < group->n_members; i++)
		add_to_list(doctor, &members,
		    doctor_text(
			doctor, "%s (%s)", group->members[i].client_id, group->members[i].address));
	doctor_find(doctor, group->name,
	    doctor_text(doctor, "Nobody of group %s consumes some queues of topic %.*s.",
		group->name, (int)topic.len, topic.data),
	    doctor_text(
		doctor, "without an owner: %s; members: %s", unowned, list_text(doctor, &members)),
	    "a member counts others that are gone, or does not rebalance: restart the members one "
	    "by "
	    "one, and see that all reach the same name servers and brokers");
}

/* Queues change hands for a moment when members come and go: so the doctor looks again. */
static void
look_for_unowned(struct doctor *doctor, const struct doctor_group *group, int64_t until_ms)
{
	for (size_t j = 0; j < group->consumer->n_subscriptions; j++) {
		struct slice topic = group->consumer->subscriptions[j].topic;
		const char *unowned;

		if (slice_starts(topic, RETRY_PREFIX))
			continue;
		for (;;) {
			struct strmap owned = { 0 };
			bool known = ask_all_owned(doctor, group, &owned);

			unowned = known ? find_unowned(doctor, topic, &owned) : NULL;
			strmap_release(&owned, NULL);
			if (unowned == NULL || clock_mono_ms() >= until_ms)
				break;
			process_sleep_ms(WATCH_STEP_MS);
		}
		if (unowned != NULL)
			report_unowned(doctor, group, topic, unowned);
	}
}

static void
queues_unowned(struct doctor *doctor)
{
	int64_t until_ms = doctor_until(doctor);

	for (size_t i = 0; i < doctor->n_groups; i++)
		if (is_clustering(&doctor->groups[i]) &&
		    doctor->groups[i].consumer->type == CONSUME_PASSIVELY)
			look_for_unowned(doctor, &doctor->groups[i], until_ms);
}

/* ---- progress ---------------------------------------------------------- */

static int64_t
lag_of(const struct doctor_queue *queue)
{
	return queue->progress.broker_offset - queue->progress.consumer_offset;
}

static const struct doctor_queue *
same_queue(const struct doctor_queue *queues, size_t n, const struct doctor_queue *queue)
{
	for (size_t i = 0; i < n; i++)
		if (queues[i].broker == queue->broker &&
		    queues[i].progress.queue.id == queue->progress.queue.id &&
		    slice_equal(queues[i].progress.queue.topic, queue->progress.queue.topic))
			return &queues[i];
	return NULL;
}

/* How long the next message of the group waits; 0: not known. */
static int64_t
age_of_next(struct doctor *doctor, const struct doctor_queue *queue)
{
	struct message_queue place = queue->progress.queue;
	struct pull_result result;
	struct record record;

	place.broker_name = slice_of(queue->broker->name);
	if (twinmq_pull(doctor->admin->mq,
		&(struct pull_spec){
		    .queue = place, .offset = queue->progress.consumer_offset, .max_messages = 1 },
		&doctor->admin->arena, &result) == -1 ||
	    result.status != PULL_FOUND || !pulled_next(&result.records, SLICE_NONE, &record))
		return 0;
	return clock_wall_ms() - record.store_timestamp;
}

/* The queues of the group that did not move until the end, or none. */
static size_t
watch(struct doctor *doctor, const struct doctor_group *group, struct doctor_queue *still,
    int64_t until_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < group->n_queues; i++)
		if (lag_of(&group->queues[i]) > 0)
			still[n++] = group->queues[i];
	while (n != 0) {
		struct doctor_queue *now;
		size_t n_now, n_still = 0;
		bool last = clock_mono_ms() >= until_ms;

		doctor_ask_progress(doctor, group->name, &now, &n_now);
		for (size_t i = 0; i < n; i++) {
			const struct doctor_queue *one = same_queue(now, n_now, &still[i]);

			if (one != NULL && lag_of(one) > 0 &&
			    one->progress.consumer_offset == still[i].progress.consumer_offset)
				still[n_still++] = *one;
		}
		n = n_still;
		if (last || n == 0)
			break;
		process_sleep_ms(WATCH_STEP_MS);
	}
	return n;
}

static void
report_stuck(struct doctor *doctor, const struct doctor_group *group,
    const struct doctor_queue *before, const struct doctor_queue *now)
{
	doctor_find(doctor, group->name,
	    doctor_text(doctor, "Group %s is stuck in topic %.*s.", group->name,
		(int)now->progress.queue.topic.len, now->progress.queue.topic.data),
	    doctor_text(doctor,
		"queue %d at %s: offset stays %lld, %lld messages wait (%lld before); members: %s "
		"(%s)%s",
		now->progress.queue.id, now->broker->name, (long long)now->progress.consumer_offset,
		(long long)lag_of(now), (long long)lag_of(before), group->members[0].client_id,
		group->members[0].address, group->n_members > 1 ? " and others" : ""),
	    doctor_text(doctor,
		"mqadmin consumerProgress -g %s -s true names the client of each queue; look at "
		"its log and its threads, restart it, or skip the message that it cannot take",
		group->name));
}

static void
consumer_stuck(struct doctor *doctor)
{
	int64_t until_ms = doctor_until(doctor);

	for (size_t i = 0; i < doctor->n_groups; i++) {
		const struct doctor_group *group = &doctor->groups[i];
		struct doctor_queue *still =
		    arena_alloc(&doctor->admin->arena, (group->n_queues + 1) * sizeof *still);

		if (!is_clustering(group))
			continue;
		size_t n = watch(doctor, group, still, until_ms);
		for (size_t j = 0; j < n; j++) {
			const struct doctor_queue *before =
			    same_queue(group->queues, group->n_queues, &still[j]);

			if (lag_of(&still[j]) > lag_of(before) ||
			    age_of_next(doctor, &still[j]) > OLD_MS) {
				report_stuck(doctor, group, before, &still[j]);
				break;
			}
		}
	}
}

static void
group_offline(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_groups; i++) {
		const struct doctor_group *group = &doctor->groups[i];
		int64_t lag = 0;

		for (size_t j = 0; j < group->n_queues; j++)
			if (lag_of(&group->queues[j]) > 0)
				lag += lag_of(&group->queues[j]);
		if (group->n_members != 0 || lag == 0)
			continue;
		doctor_find(doctor, group->name,
		    doctor_text(doctor, "Messages wait for group %s, and no member is connected.",
			group->name),
		    doctor_text(doctor, "%lld messages, 0 members", (long long)lag),
		    doctor_text(doctor,
			"start a consumer; or, when the group is not needed any more, mqadmin "
			"deleteSubGroup -c CLUSTER -g %s -r true",
			group->name));
	}
}

const struct doctor_check doctor_group_checks[] = {
	{ "subscriptions-differ", "members of a group subscribe differently", DOCTOR_ERROR,
	    subscriptions_differ },
	{ "client-versions", "members of a group have different versions", DOCTOR_WARNING,
	    client_versions },
	{ "client-old", "a client is older than 4.0.0", DOCTOR_WARNING, client_old },
	{ "members-idle", "a group has more members than queues", DOCTOR_WARNING, members_idle },
	{ "queues-unowned", "queues that nobody consumes", DOCTOR_ERROR, queues_unowned },
	{ "consumer-stuck", "a consumer does not move", DOCTOR_ERROR, consumer_stuck },
	{ "group-offline", "messages wait for a group without members", DOCTOR_WARNING,
	    group_offline },
	{ NULL },
};
