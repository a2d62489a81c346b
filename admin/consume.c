#include "config.h"

#include "admin/consume.h"

#include <stdio.h>

#define GROUPS_AT_ONCE 64 /* of consume_states_ask */

/* A group while it is asked about. */
struct group_inquiry {
	struct slice name;
	struct consume_state *state;
	struct targets brokers; /* of its retry topic */
	struct slice *replied;  /* those of them that told its offsets */
	size_t n_replied, n_failed;
};

/* ---- which brokers ---------------------------------------------------- */

static void
read_route(struct admin *admin, struct group_inquiry *group, const struct admin_asked *asked)
{
	struct route route;

	if (asked->result == -1) {
		admin_fail_asked(admin, asked);
		if (asked->error != NULL && asked->error->code == RESPONSE_TOPIC_NOT_EXIST)
			snprintf(admin->error, sizeof admin->error,
			    "no consumer of group %.*s was ever seen; consumerProgress without -g "
			    "lists all groups",
			    (int)group->name.len, group->name.data);
	} else if (route_read(&admin->arena, asked->reply.body, &route) == -1) {
		admin_bad_body(admin, &asked->ask);
	} else {
		admin_route_brokers(admin, &route, &group->brokers);
		group->replied =
		    arena_alloc(&admin->arena, (group->brokers.n + 1) * sizeof *group->replied);
		group->state->known = true;
	}
}

static void
ask_routes(struct admin *admin, struct group_inquiry *groups, size_t n)
{
	struct admin_asked *list = arena_zalloc(&admin->arena, n * sizeof *list);
	struct route_header *headers = arena_zalloc(&admin->arena, n * sizeof *headers);

	for (size_t i = 0; i < n; i++) {
		headers[i].topic = arena_printf(&admin->arena, "%s%.*s", RETRY_PREFIX,
		    (int)groups[i].name.len, groups[i].name.data);
		headers[i].accept_standard_json = true;
		list[i].ask = (struct admin_request){ .code = REQUEST_GET_ROUTEINFO_BY_TOPIC,
			.fields = route_header_fields,
			.header = &headers[i] };
	}
	admin_ask_all(admin, list, n);
	for (size_t i = 0; i < n; i++)
		read_route(admin, &groups[i], &list[i]);
}

/* ---- offsets ---------------------------------------------------------- */

static int
add_progress(struct admin *admin, struct consume_state *state, const struct admin_asked *asked)
{
	struct consume_stats stats;

	if (asked->result == -1)
		return admin_fail_asked(admin, asked);
	if (consume_stats_read(&admin->arena, asked->reply.body, &stats) == -1)
		return admin_bad_body(admin, &asked->ask);
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

/* Asks all brokers of all groups, but for those of other clusters than -c. */
static void
ask_progress(struct admin *admin, struct group_inquiry *groups, size_t n)
{
	struct slice cluster = slice_of(args_text(&admin->args, 'c'));
	size_t n_most = 0, n_asked = 0;

	for (size_t i = 0; i < n; i++)
		n_most += groups[i].brokers.n;
	struct admin_asked *list = arena_zalloc(&admin->arena, (n_most + 1) * sizeof *list);
	struct group_inquiry **of = arena_alloc(&admin->arena, (n_most + 1) * sizeof *of);
	struct consume_stats_header *headers = arena_zalloc(&admin->arena, n * sizeof *headers);

	for (size_t i = 0; i < n; i++) {
		headers[i].consumer_group = groups[i].name;
		for (size_t j = 0; j < groups[i].brokers.n; j++) {
			const struct target *broker = &groups[i].brokers.list[j];

			if (cluster.data != NULL && !slice_equal(cluster, broker->cluster))
				continue;
			of[n_asked] = &groups[i];
			list[n_asked++].ask =
			    (struct admin_request){ broker->address, REQUEST_GET_CONSUME_STATS,
				    consume_stats_header_fields, &headers[i], SLICE("") };
		}
	}
	admin_ask_all(admin, list, n_asked);
	for (size_t i = 0; i < n_asked; i++)
		if (add_progress(admin, of[i]->state, &list[i]) == 0)
			of[i]->replied[of[i]->n_replied++] = list[i].ask.address;
		else
			of[i]->n_failed++;
	for (size_t i = 0; i < n; i++)
		if (groups[i].n_failed != 0 && groups[i].n_failed == groups[i].brokers.n)
			groups[i].state->known = false;
}

/* ---- members ---------------------------------------------------------- */

static void
add_members(struct admin *admin, struct consume_state *state, const struct admin_asked *asked)
{
	struct connection_list list;

	if (asked->result == -1) {
		if (asked->error == NULL || asked->error->code != RESPONSE_CONSUMER_NOT_ONLINE)
			admin_fail_asked(admin, asked);
		return;
	}
	if (connection_list_read(&admin->arena, asked->reply.body, &list) == -1 ||
	    list.consumer == NULL) {
		admin_bad_body(admin, &asked->ask);
		return;
	}
	state->members = list.connections;
	state->n_members = list.n_connections;
	state->type = list.consumer->type;
	state->model = list.consumer->model;
	state->subscriptions = list.consumer->subscriptions;
	state->n_subscriptions = list.consumer->n_subscriptions;
	state->asked = asked->ask.address;
	for (size_t i = 0; i < list.n_connections; i++)
		if (i == 0 || list.connections[i].version < state->min_version)
			state->min_version = list.connections[i].version;
}

/*
 * Members send heartbeats to all brokers, so one broker is enough; the next one is asked when it
 * knows none. False: there was nobody left to ask.
 */
static bool
ask_members(struct admin *admin, struct group_inquiry *groups, size_t n, size_t round)
{
	struct admin_asked *list = arena_zalloc(&admin->arena, n * sizeof *list);
	struct group_inquiry **of = arena_alloc(&admin->arena, n * sizeof *of);
	struct consumer_group_header *headers = arena_zalloc(&admin->arena, n * sizeof *headers);
	size_t n_asked = 0;

	for (size_t i = 0; i < n; i++) {
		if (groups[i].state->n_members != 0 || round >= groups[i].n_replied)
			continue;
		headers[i].consumer_group = groups[i].name;
		of[n_asked] = &groups[i];
		list[n_asked++].ask = (struct admin_request){ groups[i].replied[round],
			REQUEST_GET_CONSUMER_CONNECTION_LIST, consumer_group_header_fields,
			&headers[i], SLICE("") };
	}
	admin_ask_all(admin, list, n_asked);
	for (size_t i = 0; i < n_asked; i++)
		add_members(admin, of[i]->state, &list[i]);
	return n_asked != 0;
}

/* ---- together --------------------------------------------------------- */

void
consume_states_ask(
    struct admin *admin, const struct slice *names, size_t n, struct consume_state *states)
{
	struct group_inquiry groups[GROUPS_AT_ONCE];

	for (size_t first = 0; first < n; first += GROUPS_AT_ONCE) {
		size_t n_now = n - first < GROUPS_AT_ONCE ? n - first : GROUPS_AT_ONCE;

		for (size_t i = 0; i < n_now; i++) {
			states[first + i] = (struct consume_state){ 0 };
			groups[i] = (struct group_inquiry){ .name = names[first + i],
				.state = &states[first + i] };
		}
		ask_routes(admin, groups, n_now);
		ask_progress(admin, groups, n_now);
		for (size_t round = 0; ask_members(admin, groups, n_now, round); round++)
			;
	}
}

int
consume_state_ask(struct admin *admin, struct slice group, struct consume_state *state)
{
	consume_states_ask(admin, &group, 1, state);
	return state->known ? 0 : -1;
}

/* ---- owners ----------------------------------------------------------- */

/* {"mqTable":{{"brokerName":..}:{..},..}}: the keys are the queues that the client has. */
static void
add_owned(struct admin *admin, struct slice body, const struct queue_owner *owner,
    struct consume_state *state)
{
	const struct json *table = json_member(json_parse(&admin->arena, body), "mqTable");

	if (table == NULL || table->type != JSON_OBJECT)
		return;
	struct queue_owner *owners =
	    arena_alloc(&admin->arena, (state->n_owners + table->n_children + 1) * sizeof *owners);
	if (state->n_owners != 0)
		memcpy(owners, state->owners, state->n_owners * sizeof *owners);
	for (const struct json *one = table->first; one != NULL; one = one->next) {
		owners[state->n_owners] = *owner;
		if (one->key != NULL &&
		    message_queue_read(one->key, &owners[state->n_owners].queue) == 0)
			state->n_owners++;
	}
	state->owners = owners;
}

void
consume_state_ask_owners(struct admin *admin, struct slice group, struct consume_state *state)
{
	for (size_t i = 0; i < state->n_members; i++) {
		struct slice id = state->members[i].client_id;
		struct queue_owner owner = { .client_id = id };
		struct running_info_header header = { group, id, false };
		struct admin_request ask = { state->asked, REQUEST_GET_CONSUMER_RUNNING_INFO,
			running_info_header_fields, &header, SLICE("") };
		struct twinmq_reply reply;

		if (!slice_next(&id, '@', &owner.client) || admin_ask(admin, &ask, &reply) == -1)
			continue;
		add_owned(admin, reply.body, &owner, state);
	}
}

const struct queue_owner *
consume_state_owner(const struct consume_state *state, const struct message_queue *queue)
{
	for (size_t i = 0; i < state->n_owners; i++) {
		const struct message_queue *owned = &state->owners[i].queue;

		if (owned->id == queue->id && slice_equal(owned->topic, queue->topic) &&
		    slice_equal(owned->broker_name, queue->broker_name))
			return &state->owners[i];
	}
	return NULL;
}
