#include "config.h"

/* Checks of dead letters, delayed messages and transactions. */

#include <stdio.h>
#include <stdlib.h>

#include "admin/doctor.h"
#include "common/protocol/transaction_body.h"

#define DEAD_PREFIX "%DLQ%"
#define LATE_LIMIT_S 10
#define LISTED_MAX 1000

/* ---- dead letters ---- */

static int64_t
count_messages(struct doctor *doctor, const struct doctor_broker *broker, struct slice topic)
{
	struct topic_header header = { .topic = topic };
	struct admin_request ask = { .code = REQUEST_GET_TOPIC_STATS_INFO,
		.fields = topic_header_fields,
		.header = &header };
	struct twinmq_reply reply;
	const struct queue_stats *stats;
	size_t n;
	int64_t count = 0;

	if (doctor_ask(doctor, broker, &ask, &reply) == -1 ||
	    topic_stats_read(&doctor->admin->arena, reply.body, &stats, &n) == -1)
		return 0;
	for (size_t i = 0; i < n; i++)
		count += stats[i].max_offset - stats[i].min_offset;
	return count;
}

static void
dead_letters(struct doctor *doctor)
{
	const struct doctor_broker *broker;

	for (size_t i = 0; (broker = doctor_master_at(doctor, i)) != NULL; i++)
		for (size_t j = 0; j < broker->topics.n_topics; j++) {
			struct slice topic = broker->topics.topics[j].name;
			int64_t count;

			if (!slice_starts(topic, DEAD_PREFIX) ||
			    (count = count_messages(doctor, broker, topic)) == 0)
				continue;
			const char *name = doctor_copy(doctor, topic);
			const char *group = name + strlen(DEAD_PREFIX);
			doctor_find(doctor, group,
			    doctor_text(doctor,
				"Group %s gave up on messages; they are dead letters.", group),
			    doctor_text(doctor, "%lld in %s at %s", (long long)count, name,
				broker->daemon.title),
			    doctor_text(doctor,
				"mqadmin consumeMessage -t '%s' shows them; mend the consumer, "
				"then "
				"send them again",
				name));
		}
}

/* ---- delays ---- */

static void
delays_late(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_daemon *daemon = &doctor->brokers[i].daemon;
		int64_t timed_s = doctor_counter(daemon, "timerReadBehind");
		int64_t level_s = doctor_counter(daemon, "delayLevelsBehind");
		int64_t late_s = timed_s > level_s ? timed_s : level_s;

		if (late_s > LATE_LIMIT_S)
			doctor_find(doctor, daemon->title,
			    doctor_text(
				doctor, "%s delivers delayed messages too late.", daemon->title),
			    doctor_text(doctor,
				"timed messages: %lld s late; delay levels: %lld s late; %lld "
				"timed messages wait",
				(long long)timed_s, (long long)level_s,
				(long long)doctor_counter(daemon, "timerCongestNum")),
			    "is its disk slow, or its clock set back? mqadmin timerList shows what "
			    "waits");
	}
}

/* ---- transactions ---- */

static int
list_transactions(struct doctor *doctor, const struct doctor_broker *broker, const char *state,
    struct transaction_list *list)
{
	struct list_transactions_header header = { .state = slice_of(state), .limit = LISTED_MAX };
	struct admin_request ask = { .code = REQUEST_LIST_TRANSACTIONS,
		.fields = list_transactions_header_fields,
		.header = &header };
	struct twinmq_reply reply;

	if (doctor_ask(doctor, broker, &ask, &reply) == -1)
		return -1;
	return transaction_list_read(&doctor->admin->arena, reply.body, list);
}

static bool
has_producer(struct doctor *doctor, struct slice group)
{
	struct producer_group_header header = { group };
	struct admin_request ask = { .code = REQUEST_GET_PRODUCER_CONNECTION_LIST,
		.fields = producer_group_header_fields,
		.header = &header };
	struct connection_list list;
	struct twinmq_reply reply;

	for (size_t i = 0; i < doctor->n_brokers; i++)
		if (doctor_ask(doctor, &doctor->brokers[i], &ask, &reply) == 0 &&
		    connection_list_read(&doctor->admin->arena, reply.body, &list) == 0 &&
		    list.n_connections != 0)
			return true;
	return false;
}

/* The open transactions of one group at one broker. */
struct open_group {
	struct slice group;
	size_t n, n_asked;
	const struct transaction_info *oldest;
	bool has_producer;
};

static struct open_group *
group_open(struct doctor *doctor, const struct transaction_list *list, size_t *n_groups)
{
	struct open_group *groups =
	    arena_zalloc(&doctor->admin->arena, (list->n + 1) * sizeof *groups);

	*n_groups = 0;
	for (size_t i = 0; i < list->n; i++) {
		const struct transaction_info *one = &list->list[i];
		struct open_group *group = groups;

		while (group < groups + *n_groups && !slice_equal(group->group, one->group))
			group++;
		if (group == groups + *n_groups) {
			(*n_groups)++;
			group->group = one->group;
			group->oldest = one;
			group->has_producer = has_producer(doctor, one->group);
		}
		group->n++;
		group->n_asked += one->asked > 0;
		if (one->age_ms > group->oldest->age_ms)
			group->oldest = one;
	}
	return groups;
}

static void
producer_gone(struct doctor *doctor)
{
	const struct doctor_broker *broker;
	struct transaction_list list;
	size_t n;

	for (size_t i = 0; (broker = doctor_master_at(doctor, i)) != NULL; i++) {
		if (list_transactions(doctor, broker, "open", &list) == -1)
			continue;
		const struct open_group *groups = group_open(doctor, &list, &n);
		for (size_t j = 0; j < n; j++) {
			const char *name = doctor_copy(doctor, groups[j].group);

			if (groups[j].has_producer)
				continue;
			doctor_find(doctor, name,
			    doctor_text(doctor,
				"No producer of group %s is connected, so nobody can say how its "
				"open transactions ended.",
				name),
			    doctor_text(doctor,
				"%zu open at %s, the oldest for %lld s, sent by %.*s", groups[j].n,
				broker->daemon.title, (long long)groups[j].oldest->age_ms / 1000,
				(int)groups[j].oldest->born_host.len,
				groups[j].oldest->born_host.data),
			    doctor_text(doctor,
				"start a producer of %s; or mqadmin transactionList -g %s, and "
				"transactionResolve for each",
				name, name));
		}
	}
}

static void
transactions_unanswered(struct doctor *doctor)
{
	const struct doctor_broker *broker;
	struct transaction_list list;
	size_t n;

	for (size_t i = 0; (broker = doctor_master_at(doctor, i)) != NULL; i++) {
		if (list_transactions(doctor, broker, "open", &list) == -1)
			continue;
		const struct open_group *groups = group_open(doctor, &list, &n);
		for (size_t j = 0; j < n; j++) {
			const char *name = doctor_copy(doctor, groups[j].group);

			if (!groups[j].has_producer || groups[j].n_asked == 0)
				continue;
			doctor_find(doctor, name,
			    doctor_text(doctor,
				"Producers of group %s were asked how transactions ended, and did "
				"not say.",
				name),
			    doctor_text(doctor,
				"%zu of %zu open ones at %s were asked about, the "
				"oldest is open for %lld s",
				groups[j].n_asked, groups[j].n, broker->daemon.title,
				(long long)groups[j].oldest->age_ms / 1000),
			    doctor_text(doctor,
				"does checkLocalTransaction of %s throw or return UNKNOW? mqadmin "
				"transactionShow tells who was asked",
				name));
		}
	}
}

static void
find_count(struct doctor *doctor, const char *counter, const char *what, const char *state)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_daemon *daemon = &doctor->brokers[i].daemon;
		int64_t n = doctor_counter(daemon, counter);

		if (n > 0)
			doctor_find(doctor, daemon->title,
			    doctor_text(doctor, "%s %s", daemon->title, what),
			    doctor_text(doctor, "%s=%lld", counter, (long long)n),
			    doctor_text(doctor,
				"mqadmin transactionList -s %s lists them; then transactionShow, "
				"and "
				"transactionResume or transactionResolve",
				state));
	}
}

static void
transactions_parked(struct doctor *doctor)
{
	find_count(doctor, "transactionParked",
	    "has parked transactions: nobody said how they ended, and nobody is asked any more.",
	    "parked");
}

static void
transactions_contradict(struct doctor *doctor)
{
	find_count(doctor, "transactionContradictions",
	    "was told that a transaction was committed and that it was rolled back; the first "
	    "word counted.",
	    "contradiction");
}

const struct doctor_check doctor_message_checks[] = {
	{ "dead-letters", "there are dead letters", DOCTOR_WARNING, dead_letters },
	{ "delays-late", "delayed messages come too late", DOCTOR_WARNING, delays_late },
	{ "producer-gone", "transactions are open, and no producer is connected", DOCTOR_ERROR,
	    producer_gone },
	{ "transactions-unanswered", "producers do not say how transactions ended", DOCTOR_WARNING,
	    transactions_unanswered },
	{ "transactions-parked", "transactions wait for a person", DOCTOR_WARNING,
	    transactions_parked },
	{ "transactions-contradict", "transactions were decided in two ways", DOCTOR_WARNING,
	    transactions_contradict },
	{ NULL },
};
