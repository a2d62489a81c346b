#include "config.h"

#include "broker/pop/assignment.h"

#include <stdlib.h>

#include "broker/cluster/register.h"
#include "broker/pop/allocate.h"
#include "broker/pop/request_mode.h"
#include "broker/state/client.h"
#include "broker/state/topic.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/route.h"

#define QUEUES_MAX 200000 /* of one topic on all brokers; its reply fits into a frame */

/* A question on its way to the name server and back. */
struct assignment_trip {
	struct task task;
	struct worker *worker; /* who asked */
	struct assignment_query query;
	assignment_done_fn *done;
	void *context;
	bool has_route;
	struct buf route; /* the name server's reply */
	struct arena arena;
};

/* ---- dividing -------------------------------------------------------- */

static struct request_mode_setting
mode_of(struct broker *broker, const struct assignment_query *query)
{
	struct request_mode_setting setting = { .mode = REQUEST_MODE_PULL };

	if (request_modes_find(broker->request_modes, query->topic, query->group, &setting) ||
	    slice_starts(query->topic, TOPIC_RETRY_PREFIX))
		return setting;
	if (broker->settings->default_message_request_mode == REQUEST_MODE_POP) {
		setting.mode = REQUEST_MODE_POP;
		setting.share_queues = (int32_t)broker->settings->default_pop_share_queue_num;
	}
	return setting;
}

/* Each broker once, for a member that pops whatever queue has messages. */
static void
take_brokers(struct assignment *assignment, const struct message_queue *all, size_t n,
    struct message_queue *taken)
{
	for (size_t i = 0; i < n; i++) {
		if (i != 0 && slice_equal(all[i].broker_name, all[i - 1].broker_name))
			continue;
		taken[assignment->n_queues] = all[i];
		taken[assignment->n_queues++].id = -1;
	}
}

/* The member's share. The queues are sorted. */
static void
divide(struct broker *broker, const struct assignment_query *query, const struct message_queue *all,
    size_t n, struct arena *arena, struct assignment *assignment)
{
	struct request_mode_setting setting = mode_of(broker, query);
	allocate_fn *strategy = allocate_find(query->strategy);
	struct message_queue *taken = arena_alloc(arena, (n + 1) * sizeof *taken);
	size_t n_ids, me = 0;

	assignment->mode = setting.mode;
	if (query->model == MODEL_BROADCASTING || !broker->settings->server_load_balancer_enable) {
		assignment->queues = all;
		assignment->n_queues = n;
		return;
	}
	const struct slice *ids = clients_list_ids(broker->clients, query->group, arena, &n_ids);

	if (ids == NULL || strategy == NULL)
		return;
	assignment->queues = taken;
	if (setting.mode == REQUEST_MODE_POP && allocate_is_all(setting.share_queues, n_ids)) {
		take_brokers(assignment, all, n, taken);
		return;
	}
	while (me < n_ids && !slice_equal(ids[me], query->client_id))
		me++;
	for (size_t i = 0; me < n_ids && i < n; i++) {
		if (setting.mode == REQUEST_MODE_POP
			? allocate_shared(strategy, i, n, me, n_ids, (size_t)setting.share_queues)
			: strategy(i, n, me, n_ids))
			taken[assignment->n_queues++] = all[i];
	}
}

/* ---- the queues ------------------------------------------------------ */

static int
by_broker(const void *a, const void *b)
{
	const struct queue_data *one = a, *other = b;

	return slice_compare(one->broker_name, other->broker_name);
}

/* Those that can be read, sorted as clients sort them; NULL: there are too many, or none. */
static const struct message_queue *
queues_of(struct slice topic, struct queue_data *brokers, size_t n_brokers, struct arena *arena,
    size_t *n)
{
	size_t n_all = 0;

	*n = 0;
	qsort(brokers, n_brokers, sizeof *brokers, by_broker);
	for (size_t i = 0; i < n_brokers; i++) {
		if (brokers[i].perm & PERM_READ && brokers[i].read_queues > 0)
			n_all += (size_t)brokers[i].read_queues;
	}
	if (n_all == 0 || n_all > QUEUES_MAX)
		return NULL;
	struct message_queue *all = arena_alloc(arena, n_all * sizeof *all);

	for (size_t i = 0; i < n_brokers; i++) {
		for (int32_t id = 0; brokers[i].perm & PERM_READ && id < brokers[i].read_queues;
		     id++)
			all[(*n)++] = (struct message_queue){ topic, brokers[i].broker_name, id };
	}
	return all;
}

static const struct message_queue *
queues_of_route(struct slice body, struct slice topic, struct arena *arena, size_t *n)
{
	struct route route;

	if (route_read(arena, body, &route) == -1)
		return NULL;
	struct queue_data *brokers = arena_alloc(arena, (route.n_queues + 1) * sizeof *brokers);

	memcpy(brokers, route.queues, route.n_queues * sizeof *brokers);
	return queues_of(topic, brokers, route.n_queues, arena, n);
}

/* A broker without name servers is the whole cluster. */
static const struct message_queue *
queues_here(const struct broker *broker, struct slice name, struct arena *arena, size_t *n)
{
	struct topic topic;

	if (!topics_find(broker->topics, name, &topic))
		return NULL;
	struct queue_data here = {
		.broker_name = slice_of(broker->settings->broker_name),
		.read_queues = topic.read_queues,
		.perm = topic.perm,
	};

	return queues_of(name, &here, 1, arena, n);
}

static void
finish(struct worker *worker, const struct assignment_query *query, const struct message_queue *all,
    size_t n, assignment_done_fn *done, void *context)
{
	struct assignment assignment = { 0 };

	if (all != NULL)
		divide(worker->broker, query, all, n, &worker->loop->arena, &assignment);
	done(context, worker->loop, &assignment);
}

/* ---- asking for the route -------------------------------------------- */

static void
on_home(struct task *task, void *receiver)
{
	struct assignment_trip *trip = container_of(task, struct assignment_trip, task);
	struct loop *loop = receiver;
	const struct message_queue *all = NULL;
	size_t n = 0;

	if (trip->has_route)
		all = queues_of_route(buf_slice(&trip->route), trip->query.topic, &loop->arena, &n);
	finish(trip->worker, &trip->query, all, n, trip->done, trip->context);
	buf_release(&trip->route);
	arena_release(&trip->arena);
	free(trip);
}

/* Loop 0. */
static void
on_route(void *arg, const struct command *reply, struct slice body)
{
	struct assignment_trip *trip = arg;

	trip->has_route = reply != NULL && reply->code == RESPONSE_SUCCESS;
	if (trip->has_route)
		buf_append_slice(&trip->route, body);
	trip->task.run = on_home;
	loop_post(trip->worker->loop, &trip->task);
}

static void
on_ask(struct task *task, void *receiver)
{
	struct assignment_trip *trip = container_of(task, struct assignment_trip, task);

	(void)receiver;
	if (!registrar_ask_route(
		trip->worker->broker->registrar, trip->query.topic, on_route, trip))
		on_route(trip, NULL, SLICE_NONE);
}

void
assignment_find(struct worker *worker, const struct assignment_query *query,
    assignment_done_fn *done, void *context)
{
	struct broker *broker = worker->broker;
	size_t n = 0;

	if (broker->settings->namesrv_addr == NULL) {
		const struct message_queue *all =
		    queues_here(broker, query->topic, &worker->loop->arena, &n);

		finish(worker, query, all, n, done, context);
		return;
	}
	struct assignment_trip *trip = mem_zalloc(sizeof *trip);

	*trip = (struct assignment_trip){
		.task.run = on_ask,
		.worker = worker,
		.query = *query,
		.done = done,
		.context = context,
	};
	trip->query.topic = arena_copy(&trip->arena, query->topic);
	trip->query.group = arena_copy(&trip->arena, query->group);
	trip->query.client_id = arena_copy(&trip->arena, query->client_id);
	trip->query.strategy = arena_copy(&trip->arena, query->strategy);
	loop_post(broker_main_loop(broker), &trip->task);
}
