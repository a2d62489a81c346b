#include "config.h"

#include "broker/consumers/heartbeat.h"

#include "broker/catalog/topic_create.h"
#include "broker/consumers/push.h"
#include "broker/state/group.h"
#include "broker/state/limit.h"
#include "broker/state/queue_lock.h"
#include "common/base/clock.h"
#include "common/protocol/name.h"

void
clients_changed(struct broker *broker, struct loop *loop, const struct client_changes *changes)
{
	int64_t now_ms = changes->n != 0 ? clock_mono_ms() : 0;

	/* First: who is told asks for the locks at once. */
	for (size_t i = 0; i < changes->n; i++) {
		if (changes->list[i].left.data != NULL)
			queue_locks_leave(broker->queue_locks, changes->list[i].group,
			    changes->list[i].left, now_ms);
	}
	if (!broker->settings->notify_consumer_ids_changed_enable)
		return;
	for (size_t i = 0; i < changes->n; i++) {
		struct client_changes one = { &changes->list[i], 1 };
		struct group group;

		if (!groups_find(broker->groups, changes->list[i].group, &group) ||
		    group.notify_ids_changed)
			push_changes(broker, loop, &one);
	}
}

/* ---- heartbeats ------------------------------------------------------ */

/* A producer group has no retry topic: the longer limit of topics holds for it. */
static const char *
check_names(const struct heartbeat *heartbeat, struct arena *arena)
{
	const char *fault = NULL;

	for (size_t i = 0; i < heartbeat->n_producers && fault == NULL; i++)
		fault = name_new_fault(NAME_TOPIC, heartbeat->producers[i]);
	for (size_t i = 0; i < heartbeat->n_consumers && fault == NULL; i++)
		fault = name_new_fault(NAME_GROUP, heartbeat->consumers[i].group);
	return fault != NULL ? arena_printf(arena, "the name of a group %s", fault).data : NULL;
}

static const char *
check_size(struct limits *limits, const struct heartbeat *heartbeat)
{
	size_t n = heartbeat->n_producers + heartbeat->n_consumers;

	for (size_t i = 0; i < heartbeat->n_consumers; i++)
		n += heartbeat->consumers[i].n_subscriptions;
	return limits_allow(limits, LIMIT_HEARTBEAT_ENTRIES, n)
	           ? NULL
	           : limit_remark(LIMIT_HEARTBEAT_ENTRIES);
}

/* The tools find a group by the route of its retry topic, so the first heartbeat makes that too. */
static const char *
make_group(struct broker *broker, struct slice name, bool unit_mode)
{
	const char *why = NULL;
	struct group group;
	struct topic topic;

	if (!group_find_or_create(broker, name, &group, &why)) {
		/* Where groups are made by hand, a pull says so; the client is there all the same.
		 */
		return broker->settings->auto_create_subscription_group ? why : NULL;
	}
	if (group.retry_queues > 0 &&
	    !topic_find_or_create_retry(broker, name, group.retry_queues, unit_mode, &topic, &why))
		return why;
	return NULL;
}

/* Makes the consumer groups. Those that cannot be made leave the heartbeat; *why is of the first.
 */
static void
make_groups(
    struct broker *broker, struct heartbeat *heartbeat, struct arena *arena, const char **why)
{
	struct heartbeat_consumer *made = arena_alloc(arena, heartbeat->n_consumers * sizeof *made);
	size_t n = 0;

	for (size_t i = 0; i < heartbeat->n_consumers; i++) {
		const struct heartbeat_consumer *consumer = &heartbeat->consumers[i];
		const char *refusal = make_group(broker, consumer->group, consumer->unit_mode);

		if (refusal == NULL)
			made[n++] = *consumer;
		else if (*why == NULL)
			*why = arena_printf(arena, "group %.*s: %s", (int)consumer->group.len,
			    consumer->group.data, refusal)
			           .data;
	}
	heartbeat->consumers = made;
	heartbeat->n_consumers = n;
}

static const char *
refusal_of(struct limits *limits, enum client_status status)
{
	enum limit limit =
	    status == CLIENT_TOO_MANY_GROUPS ? LIMIT_HEARTBEAT_ENTRIES : LIMIT_CLIENT_MEMORY;

	if (status == CLIENT_ACCEPTED)
		return NULL;
	limits_refuse(limits, limit, 1);
	return limit_remark(limit);
}

const char *
client_beat(struct broker *broker, struct loop *loop, const struct client *from,
    const struct heartbeat *heartbeat)
{
	struct client_limits limits = {
		.max_groups = (size_t)limits_value(broker->limits, LIMIT_HEARTBEAT_ENTRIES),
		.max_bytes = (size_t)limits_value(broker->limits, LIMIT_CLIENT_MEMORY),
	};
	struct heartbeat made = *heartbeat;
	struct client_changes changes;
	const char *why = check_names(heartbeat, &loop->arena);

	if (why == NULL)
		why = check_size(broker->limits, heartbeat);
	if (why != NULL)
		return why;
	make_groups(broker, &made, &loop->arena, &why);

	enum client_status status =
	    clients_heartbeat(broker->clients, from, &made, &limits, &loop->arena, &changes);
	const char *refusal = refusal_of(broker->limits, status);

	clients_changed(broker, loop, &changes);
	return refusal != NULL ? refusal : why;
}

/* ---- leaving --------------------------------------------------------- */

void
client_leave(struct broker *broker, struct loop *loop, struct slice client_id,
    struct slice producer_group, struct slice consumer_group)
{
	struct client_changes changes = clients_unregister(
	    broker->clients, client_id, producer_group, consumer_group, &loop->arena);

	clients_changed(broker, loop, &changes);
}

void
client_connection_closed(struct broker *broker, struct conn *conn)
{
	struct arena arena = { 0 }; /* the loop's own may be in use by the request that closes */
	struct client_changes changes = clients_close(broker->clients, conn_id_of(conn), &arena);

	clients_changed(broker, conn_loop(conn), &changes);
	arena_release(&arena);
}

void
clients_drop_silent(struct broker *broker, struct loop *loop)
{
	const struct conn_id *stale;
	size_t n;
	struct client_changes changes = clients_expire(broker->clients, &loop->arena, &stale, &n);

	clients_changed(broker, loop, &changes);
	for (size_t i = 0; i < n; i++)
		push_close(broker, loop, stale[i]);
}
