#include "config.h"

/* The tables of rows that fit in memory. mqadmin(1) lists their columns. */

#include <inttypes.h>
#include <stdlib.h>

#include "broker/sql/sql_private.h"
#include "broker/state/client.h"
#include "broker/state/group.h"
#include "broker/state/offset.h"
#include "broker/state/topic.h"
#include "broker/store/half/half.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"

#define HALVES_A_TIME 1000
#define GROUPS_A_LOCK 128

/* ---- topics -------------------------------------------------------------------- */

static void
put_topic(struct sql_rows *rows, const struct topic *topic)
{
	sql_put_text(rows, slice_of(topic->name));
	sql_put_int(rows, topic->read_queues);
	sql_put_int(rows, topic->write_queues);
	sql_put_int(rows, topic->perm);
	sql_put_int(rows, topic->order);
	sql_put_int(rows, topic->system);
}

static int
list_topics(struct sql_service *service, struct slice key, struct sql_rows *rows)
{
	struct topics *topics = service->broker->topics;
	struct topic topic;
	size_t n;

	if (key.data != NULL) {
		if (topics_find(topics, key, &topic))
			put_topic(rows, &topic);
		return 0;
	}
	struct topic *list = topics_list(topics, &n, NULL);

	for (size_t i = 0; i < n; i++)
		put_topic(rows, &list[i]);
	free(list);
	return 0;
}

static const struct sql_table topics_table = {
	.name = "topics",
	.schema = "CREATE TABLE topics(topic TEXT, readQueues INT, writeQueues INT, perm INT, "
		  "ordered INT, system INT)",
	.n_columns = 6,
	.list = list_topics,
};

/* ---- queues -------------------------------------------------------------------- */

static int
list_queues(struct sql_service *service, struct slice key, struct sql_rows *rows)
{
	struct sql_queues queues;

	if (sql_queues_get(service, key, &queues) == -1)
		return -1;
	for (size_t i = 0; i < queues.n; i++) {
		const struct sql_queue *queue = &queues.list[i];

		sql_put_text(rows, queue->topic);
		sql_put_int(rows, queue->queue_id);
		sql_put_int(rows, queue->min_offset);
		sql_put_int(rows, queue->max_offset);
		if (queue->last_timestamp != 0)
			sql_put_int(rows, queue->last_timestamp);
		else
			sql_put_null(rows);
	}
	sql_queues_release(&queues);
	return 0;
}

static const struct sql_table queues_table = {
	.name = "queues",
	.schema = "CREATE TABLE queues(topic TEXT, queueId INT, minOffset INT, maxOffset INT, "
		  "lastTimestamp INT)",
	.n_columns = 5,
	.list = list_queues,
};

/* ---- groups -------------------------------------------------------------------- */

static void
put_group(struct sql_service *service, struct sql_rows *rows, const struct group *group)
{
	struct arena arena = { 0 };
	struct client_group now;
	struct slice name = slice_of(group->name), conflict;
	bool connected = clients_find_group(service->broker->clients, name, &arena, &now);

	conflict = clients_find_conflict(service->broker->clients, name, &arena);
	sql_put_text(rows, name);
	sql_put_int(rows, connected ? (int64_t)now.n_members : 0);
	sql_put_text(rows, connected ? slice_of(message_model_name(now.model)) : SLICE_NONE);
	sql_put_int(rows, group->consume_enable);
	sql_put_int(rows, group->consume_orderly);
	sql_put_int(rows, group->retry_queues);
	sql_put_int(rows, group->retry_max);
	sql_put_text(rows, conflict);
	arena_release(&arena);
}

static int
list_groups(struct sql_service *service, struct slice key, struct sql_rows *rows)
{
	struct groups *groups = service->broker->groups;
	struct group group;
	size_t n;

	if (key.data != NULL) {
		if (groups_find(groups, key, &group))
			put_group(service, rows, &group);
		return 0;
	}
	struct group *list = groups_list(groups, &n);

	for (size_t i = 0; i < n && !sql_is_over(service); i++)
		put_group(service, rows, &list[i]);
	free(list);
	return 0;
}

static const struct sql_table groups_table = {
	.name = "groups",
	.schema = "CREATE TABLE groups(groupName TEXT, members INT, model TEXT, consumeEnable INT, "
		  "orderly INT, retryQueues INT, retryMax INT, conflict TEXT)",
	.n_columns = 8,
	.list = list_groups,
};

/* ---- offsets ------------------------------------------------------------------- */

static void
put_offset(void *arg, const struct offset_row *row)
{
	struct sql_rows *rows = arg;

	sql_put_text(rows, row->group);
	sql_put_text(rows, row->topic);
	sql_put_int(rows, row->queue_id);
	sql_put_int(rows, row->offset);
}

static void
add_name(void *arg, struct slice name)
{
	strmap_put(arg, name, arg);
}

/* One group after the other: commits wait for the lock meanwhile. */
static int
list_offsets(struct sql_service *service, struct slice key, struct sql_rows *rows)
{
	struct offsets *offsets = service->broker->offsets;
	struct strmap_cursor cursor = { 0 };
	struct strmap groups = { 0 };

	if (key.data != NULL)
		add_name(&groups, key);
	else
		while (offsets_visit_groups(offsets, &cursor, GROUPS_A_LOCK, add_name, &groups))
			;
	for (struct strmap_entry *entry = strmap_next(&groups, NULL);
	     entry != NULL && !rows->full && !sql_is_over(service);
	     entry = strmap_next(&groups, entry))
		offsets_each(offsets, strmap_key(entry), SLICE_NONE, put_offset, rows);
	strmap_release(&groups, NULL);
	return 0;
}

static const struct sql_table offsets_table = {
	.name = "offsets",
	.schema = "CREATE TABLE offsets(groupName TEXT, topic TEXT, queueId INT, offset INT)",
	.n_columns = 4,
	.list = list_offsets,
};

/* ---- clients ------------------------------------------------------------------- */

static void
put_clients(struct sql_rows *rows, struct slice group, const char *role,
    const struct client *clients, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sql_put_text(rows, group);
		sql_put_text(rows, slice_of(role));
		sql_put_text(rows, clients[i].id);
		sql_put_text(rows, clients[i].address);
		sql_put_text(rows, slice_of(command_language_name(clients[i].language)));
		sql_put_int(rows, clients[i].version);
		sql_put_int(rows, clients[i].last_seen_ms);
	}
}

static void
put_clients_of(struct sql_service *service, struct sql_rows *rows, struct slice name)
{
	struct clients *clients = service->broker->clients;
	struct arena arena = { 0 };
	struct client_group group;
	size_t n;

	if (clients_find_group(clients, name, &arena, &group))
		put_clients(rows, name, "consumer", group.members, group.n_members);
	const struct client *producers = clients_list_producers(clients, name, &arena, &n);

	put_clients(rows, name, "producer", producers, n);
	arena_release(&arena);
}

static int
list_clients(struct sql_service *service, struct slice key, struct sql_rows *rows)
{
	struct arena arena = { 0 };
	struct group group;
	size_t n;

	if (key.data != NULL) {
		put_clients_of(service, rows, key);
		return 0;
	}
	struct group *groups = groups_list(service->broker->groups, &n);

	for (size_t i = 0; i < n && !sql_is_over(service); i++)
		put_clients_of(service, rows, slice_of(groups[i].name));
	free(groups);
	const struct slice *producers =
	    clients_list_producer_groups(service->broker->clients, &arena, &n);

	/* A producer group may be named as a consumer group: its clients are there already. */
	for (size_t i = 0; i < n && !sql_is_over(service); i++)
		if (!groups_find(service->broker->groups, producers[i], &group))
			put_clients_of(service, rows, producers[i]);
	arena_release(&arena);
	return 0;
}

static const struct sql_table clients_table = {
	.name = "clients",
	.schema = "CREATE TABLE clients(groupName TEXT, role TEXT, clientId TEXT, address TEXT, "
		  "language TEXT, version INT, lastSeen INT)",
	.n_columns = 7,
	.list = list_clients,
};

/* ---- subscriptions --------------------------------------------------------------- */

static void
put_subscriptions(struct sql_service *service, struct sql_rows *rows, struct slice name)
{
	struct arena arena = { 0 };
	struct client_group group;

	if (clients_find_group(service->broker->clients, name, &arena, &group)) {
		for (size_t i = 0; i < group.n_subscriptions; i++) {
			const struct subscription *one = &group.subscriptions[i];

			sql_put_text(rows, name);
			sql_put_text(rows, one->topic);
			sql_put_text(rows, one->expression_type.data != NULL ? one->expression_type
									     : SLICE("TAG"));
			sql_put_text(rows, one->expression);
		}
	}
	arena_release(&arena);
}

static int
list_subscriptions(struct sql_service *service, struct slice key, struct sql_rows *rows)
{
	size_t n;

	if (key.data != NULL) {
		put_subscriptions(service, rows, key);
		return 0;
	}
	struct group *groups = groups_list(service->broker->groups, &n);

	for (size_t i = 0; i < n && !sql_is_over(service); i++)
		put_subscriptions(service, rows, slice_of(groups[i].name));
	free(groups);
	return 0;
}

static const struct sql_table subscriptions_table = {
	.name = "subscriptions",
	.schema = "CREATE TABLE subscriptions(groupName TEXT, topic TEXT, type TEXT, expression "
		  "TEXT)",
	.n_columns = 4,
	.list = list_subscriptions,
};

/* ---- transactions that are not decided ------------------------------------------ */

struct halves_ask {
	struct sql_ask ask;
	struct half_job *job;
	uint32_t cursor;
};

static void
free_halves(struct sql_ask *ask)
{
	struct halves_ask *it = (struct halves_ask *)ask;

	if (it->job != NULL)
		half_job_free(it->job);
	free(it);
}

static void
on_halves(struct half_job *job, struct loop *loop)
{
	(void)loop;
	sql_ask_done(job->context);
}

static void
run_halves(struct sql_ask *ask, struct worker *worker)
{
	struct halves_ask *it = (struct halves_ask *)ask;

	it->job = half_job_new(HALF_LIST);
	it->job->cursor = it->cursor;
	it->job->max = HALVES_A_TIME;
	it->job->reply_loop = worker->loop;
	it->job->done = on_halves;
	it->job->context = ask;
	store_halves(worker->broker->store, it->job);
}

static const char *
half_state_name(enum half_state state)
{
	return state == HALF_OPEN ? "open" : state == HALF_PARKED ? "parked" : "revocable";
}

static void
put_halves(struct sql_rows *rows, const struct half_job *job)
{
	int64_t now_ms = clock_mono_ms();

	for (size_t i = 0; i < job->n; i++) {
		const struct half *half = &job->halves[i];

		sql_put_text(rows, slice_of(half_state_name(half->state)));
		sql_put_int(rows, half->position);
		sql_put_int(rows, half->n_asked);
		if (half->state == HALF_OPEN)
			sql_put_int(rows, half->due_ms > now_ms ? half->due_ms - now_ms : 0);
		else
			sql_put_null(rows);
	}
}

static int
list_transactions(struct sql_service *service, struct slice key, struct sql_rows *rows)
{
	struct halves_ask *it = mem_zalloc(sizeof *it);
	bool more = true;

	(void)key; /* SQLite compares the state */
	it->ask.run = run_halves;
	it->ask.free = free_halves;
	while (more && !rows->full) {
		if (!sql_ask(service, &it->ask))
			return -1;
		put_halves(rows, it->job);
		it->cursor = it->job->cursor;
		more = it->cursor != 0;
		half_job_free(it->job);
		it->job = NULL;
	}
	free_halves(&it->ask);
	return 0;
}

static const struct sql_table transactions_table = {
	.name = "transactions",
	.schema = "CREATE TABLE transactions(state TEXT, position INT, asked INT, dueInMs INT)",
	.n_columns = 4,
	.list = list_transactions,
};

const struct sql_table *const sql_tables[] = {
	&topics_table,
	&queues_table,
	&groups_table,
	&offsets_table,
	&clients_table,
	&subscriptions_table,
	&transactions_table,
	NULL,
};
