#include "config.h"

#include "admin/consume.h"

#include <stdio.h>

/* Adds the group's offsets of one broker. */
static int
add_progress(
    struct admin *admin, struct slice group, struct slice address, struct consume_state *state)
{
	struct consume_stats_header header = { .consumer_group = group };
	struct admin_request ask = { address, REQUEST_GET_CONSUME_STATS,
		consume_stats_header_fields, &header, SLICE("") };
	struct twinmq_reply reply;
	struct consume_stats stats;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	if (consume_stats_read(&admin->arena, reply.body, &stats) == -1)
		return admin_bad_body(admin, &ask);
	struct consume_progress *queues =
	    arena_alloc(&admin->arena, (state->n_queues + stats.n_queues + 1) * sizeof *queues);
	if (state->n_queues != 0)
		memcpy(queues, state->queues, state->n_queues * sizeof *queues);
	for (size_t i = 0; i < stats.n_queues; i++) {
		queues[state->n_queues++] = stats.queues[i];
		state->behind += stats.queues[i].broker_offset - stats.queues[i].consumer_offset;
	}
	state->queues = queues;
	state->tps += stats.tps;
	return 0;
}

/* Members send heartbeats to all brokers, so one broker is enough. */
static int
add_members(
    struct admin *admin, struct slice group, struct slice address, struct consume_state *state)
{
	struct consumer_group_header header = { group };
	struct admin_request ask = { address, REQUEST_GET_CONSUMER_CONNECTION_LIST,
		consumer_group_header_fields, &header, SLICE("") };
	struct twinmq_reply reply;
	struct connection_list list;

	if (admin_ask(admin, &ask, &reply) == -1)
		return twinmq_error(admin->mq)->code == RESPONSE_CONSUMER_NOT_ONLINE
		           ? 0
		           : admin_fail_call(admin);
	if (connection_list_read(&admin->arena, reply.body, &list) == -1 || list.consumer == NULL)
		return admin_bad_body(admin, &ask);
	state->members = list.connections;
	state->n_members = list.n_connections;
	state->type = list.consumer->type;
	state->model = list.consumer->model;
	state->subscriptions = list.consumer->subscriptions;
	state->n_subscriptions = list.consumer->n_subscriptions;
	state->asked = address;
	for (size_t i = 0; i < list.n_connections; i++)
		if (i == 0 || list.connections[i].version < state->min_version)
			state->min_version = list.connections[i].version;
	return 0;
}

int
consume_state_ask(struct admin *admin, struct slice group, struct consume_state *state)
{
	struct slice retry_topic =
	    arena_printf(&admin->arena, "%s%.*s", RETRY_PREFIX, (int)group.len, group.data);
	struct slice cluster = slice_of(args_text(&admin->args, 'c'));
	struct targets brokers;
	size_t n_failed = 0;

	*state = (struct consume_state){ 0 };
	if (admin_topic_brokers(admin, retry_topic, &brokers) == -1) {
		if (twinmq_error(admin->mq)->code == RESPONSE_TOPIC_NOT_EXIST)
			snprintf(admin->error, sizeof admin->error,
			    "no consumer of group %.*s was ever seen; consumerProgress without -g "
			    "lists all groups",
			    (int)group.len, group.data);
		return -1;
	}
	for (size_t i = 0; i < brokers.n; i++) {
		const struct target *broker = &brokers.list[i];

		if (cluster.data != NULL && !slice_equal(cluster, broker->cluster))
			continue;
		if (add_progress(admin, group, broker->address, state) == -1)
			n_failed++;
		else if (state->n_members == 0)
			add_members(admin, group, broker->address, state);
	}
	return n_failed != 0 && n_failed == brokers.n ? -1 : 0;
}

/* {"mqTable":{{"brokerName":..}:{..},..}}: the keys are the queues that the client has. */
static void
add_owned(struct admin *admin, struct slice body, struct slice client, struct consume_state *state)
{
	const struct json *table = json_member(json_parse(&admin->arena, body), "mqTable");

	if (table == NULL || table->type != JSON_OBJECT)
		return;
	struct queue_owner *owners =
	    arena_alloc(&admin->arena, (state->n_owners + table->n_children + 1) * sizeof *owners);
	if (state->n_owners != 0)
		memcpy(owners, state->owners, state->n_owners * sizeof *owners);
	for (const struct json *one = table->first; one != NULL; one = one->next)
		if (one->key != NULL &&
		    message_queue_read(one->key, &owners[state->n_owners].queue) == 0)
			owners[state->n_owners++].client = client;
	state->owners = owners;
}

void
consume_state_ask_owners(struct admin *admin, struct slice group, struct consume_state *state)
{
	for (size_t i = 0; i < state->n_members; i++) {
		struct slice id = state->members[i].client_id, client;
		struct running_info_header header = { group, id, false };
		struct admin_request ask = { state->asked, REQUEST_GET_CONSUMER_RUNNING_INFO,
			running_info_header_fields, &header, SLICE("") };
		struct twinmq_reply reply;

		if (!slice_next(&id, '@', &client) || admin_ask(admin, &ask, &reply) == -1)
			continue;
		add_owned(admin, reply.body, client, state);
	}
}

struct slice
consume_state_owner(const struct consume_state *state, const struct message_queue *queue)
{
	for (size_t i = 0; i < state->n_owners; i++) {
		const struct message_queue *owned = &state->owners[i].queue;

		if (owned->id == queue->id && slice_equal(owned->topic, queue->topic) &&
		    slice_equal(owned->broker_name, queue->broker_name))
			return state->owners[i].client;
	}
	return SLICE_NONE;
}
