#include "config.h"

#include "broker/consumers/heartbeat.h"

#include "broker/catalog/topic_create.h"
#include "broker/consumers/push.h"
#include "broker/state/delivery.h"
#include "broker/state/group.h"
#include "broker/state/limit.h"
#include "broker/state/queue_lock.h"
#include "common/base/clock.h"
#include "common/filter/filter_cache.h"
#include "common/protocol/codes.h"
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

/* The first refusal of an element stays; the others of the heartbeat count. */
static void
refuse_element(struct client_refusal *refusal, struct arena *arena, int32_t code,
    struct slice group, const char *why)
{
	if (refusal->why == NULL)
		*refusal = (struct client_refusal){
			.code = code,
			.why =
			    arena_printf(arena, "group %.*s: %s", (int)group.len, group.data, why)
				.data,
		};
}

static const char *
new_name_fault(enum name_kind kind, struct slice name, struct arena *arena)
{
	const char *fault = name_new_fault(kind, name);

	return fault != NULL ? arena_printf(arena, "the name of a group %s", fault).data : NULL;
}

/* A producer group has no retry topic: the longer limit of topics holds for it. */
static void
check_producers(struct heartbeat *heartbeat, struct arena *arena, struct client_refusal *refusal)
{
	struct slice *kept = arena_alloc(arena, heartbeat->n_producers * sizeof *kept);
	size_t n = 0;

	for (size_t i = 0; i < heartbeat->n_producers; i++) {
		const char *why = new_name_fault(NAME_TOPIC, heartbeat->producers[i], arena);

		if (why == NULL)
			kept[n++] = heartbeat->producers[i];
		else
			refuse_element(
			    refusal, arena, RESPONSE_SYSTEM_ERROR, heartbeat->producers[i], why);
	}
	heartbeat->producers = kept;
	heartbeat->n_producers = n;
}

static bool
is_sql(const struct subscription *subscription)
{
	return slice_is(subscription->expression_type, "SQL92");
}

/*
 * SQL92 subscriptions get their filters; references are the heartbeat's until drop_filters. One
 * with a bad expression stays without: its pulls hear why.
 */
static void
compile_filters(
    struct worker *worker, struct heartbeat_consumer *consumer, struct client_refusal *refusal)
{
	struct arena *arena = &worker->loop->arena;
	size_t n = consumer->n_subscriptions, n_sql = 0;

	for (size_t i = 0; i < n; i++)
		n_sql += is_sql(&consumer->subscriptions[i]);
	if (n_sql == 0)
		return;
	struct subscription *list = arena_alloc(arena, n * sizeof *list);

	memcpy(list, consumer->subscriptions, n * sizeof *list);
	consumer->subscriptions = list;
	for (size_t i = 0; i < n; i++) {
		struct filter_fault fault;

		if (!is_sql(&list[i]))
			continue;
		list[i].filter = filter_cache_take(worker->filters, list[i].expression, &fault);
		if (list[i].filter == NULL)
			refuse_element(refusal, arena, RESPONSE_SUBSCRIPTION_PARSE_FAILED,
			    consumer->group,
			    arena_printf(arena, "the subscription to %.*s is no SQL92: %s",
				(int)list[i].topic.len, list[i].topic.data, fault.text)
				.data);
	}
}

/* Makes the consumer groups, and filters. Groups that cannot be made leave the heartbeat. */
static void
make_groups(struct worker *worker, struct heartbeat *heartbeat, struct client_refusal *refusal)
{
	struct arena *arena = &worker->loop->arena;
	struct heartbeat_consumer *made = arena_alloc(arena, heartbeat->n_consumers * sizeof *made);
	size_t n = 0;

	for (size_t i = 0; i < heartbeat->n_consumers; i++) {
		const struct heartbeat_consumer *consumer = &heartbeat->consumers[i];
		const char *why = new_name_fault(NAME_GROUP, consumer->group, arena);

		if (why == NULL)
			why = make_group(worker->broker, consumer->group, consumer->unit_mode);
		if (why != NULL) {
			refuse_element(refusal, arena, RESPONSE_SYSTEM_ERROR, consumer->group, why);
			continue;
		}
		made[n] = *consumer;
		compile_filters(worker, &made[n++], refusal);
	}
	heartbeat->consumers = made;
	heartbeat->n_consumers = n;
}

static void
drop_filters(const struct heartbeat *heartbeat)
{
	for (size_t i = 0; i < heartbeat->n_consumers; i++) {
		const struct heartbeat_consumer *consumer = &heartbeat->consumers[i];

		for (size_t j = 0; j < consumer->n_subscriptions; j++)
			filter_unref(consumer->subscriptions[j].filter);
	}
}

static const char *
refusal_of(struct limits *limits, enum client_status status)
{
	enum limit limit =
	    status == CLIENT_TOO_MANY_GROUPS ? LIMIT_HEARTBEAT_ENTRIES : LIMIT_CLIENT_MEMORY;

	limits_refuse(limits, limit, 1);
	return limit_remark(limit);
}

struct client_refusal
client_beat(struct broker *broker, struct loop *loop, const struct client *from,
    const struct heartbeat *heartbeat)
{
	struct client_limits limits = {
		.max_groups = (size_t)limits_value(broker->limits, LIMIT_HEARTBEAT_ENTRIES),
		.max_bytes = (size_t)limits_value(broker->limits, LIMIT_CLIENT_MEMORY),
	};
	struct heartbeat made = *heartbeat;
	struct client_changes changes;
	struct client_refusal refusal = { RESPONSE_SYSTEM_ERROR,
		check_size(broker->limits, heartbeat) };

	if (refusal.why != NULL)
		return refusal;
	check_producers(&made, &loop->arena, &refusal);
	make_groups(loop->context, &made, &refusal);

	enum client_status status =
	    clients_heartbeat(broker->clients, from, &made, &limits, &loop->arena, &changes);

	drop_filters(&made);
	if (status != CLIENT_ACCEPTED)
		refusal = (struct client_refusal){ RESPONSE_SYSTEM_ERROR,
			refusal_of(broker->limits, status) };
	clients_changed(broker, loop, &changes);
	return refusal;
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
	struct conn_id id = conn_id_of(conn);
	struct client client;

	if (clients_find_conn(broker->clients, id, &arena, &client))
		deliveries_client_gone(broker->deliveries, id, client.id);
	struct client_changes changes = clients_close(broker->clients, id, &arena);

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
