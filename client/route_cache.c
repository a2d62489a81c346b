#include "config.h"

#include "client/route_cache.h"

#include <stdlib.h>

#include "client/error.h"
#include "client/handle.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

/* A call that waits for a route. */
struct route_wait {
	STAILQ_ENTRY(route_wait) entry;
	twinmq_route_fn *done;
	void *arg;
};

struct cached_route {
	struct twinmq *mq;
	char *topic;
	struct arena arena; /* of route */
	struct route route;
	bool known;
	bool asking;
	int64_t asked_ms; /* clock_mono_ms of the last answer */
	STAILQ_HEAD(route_waits, route_wait) waits;
};

static struct cached_route *
find(struct twinmq *mq, struct slice topic)
{
	struct cached_route *cached = strmap_find(&mq->routes, topic);

	if (cached == NULL) {
		cached = mem_zalloc(sizeof *cached);
		cached->mq = mq;
		cached->topic = slice_dup(topic);
		STAILQ_INIT(&cached->waits);
		strmap_put(&mq->routes, topic, cached);
	}
	return cached;
}

static void
tell_waiters(struct cached_route *cached, const struct twinmq_error *error)
{
	struct route_waits waits = STAILQ_HEAD_INITIALIZER(waits);
	struct route_wait *wait;

	STAILQ_CONCAT(&waits, &cached->waits); /* a callback may wait again */
	while ((wait = STAILQ_FIRST(&waits)) != NULL) {
		STAILQ_REMOVE_HEAD(&waits, entry);
		wait->done(wait->arg, error, error == NULL ? &cached->route : NULL);
		free(wait);
	}
}

static int
take_route(struct cached_route *cached, struct slice body, struct twinmq_error *error)
{
	struct arena arena = { 0 };
	struct route route;

	if (route_read(&arena, arena_copy(&arena, body), &route) == -1) {
		arena_release(&arena);
		twinmq_error_set(error, TWINMQ_BAD_ANSWER,
		    "the name server's route of topic %s cannot be read", cached->topic);
		return -1;
	}
	arena_release(&cached->arena);
	cached->arena = arena;
	cached->route = route;
	cached->known = true;
	return 0;
}

static void
on_route(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct cached_route *cached = arg;
	struct twinmq_error own;

	cached->asking = false;
	cached->asked_ms = clock_mono_ms();
	if (error == NULL && reply->code != RESPONSE_SUCCESS) {
		/* The topic is gone, or the name server refuses: forget what was known. */
		cached->known = false;
		twinmq_error_of_reply(&own, SLICE("the name server"), reply);
		error = &own;
	}
	if (error == NULL && take_route(cached, body, &own) == -1)
		error = &own;
	tell_waiters(cached, error);
}

static void
ask(struct cached_route *cached)
{
	struct arena arena = { 0 };
	struct command request = { .code = REQUEST_GET_ROUTEINFO_BY_TOPIC };
	struct route_header header = { .topic = slice_of(cached->topic),
		.accept_standard_json = true };

	if (cached->asking)
		return;
	cached->asking = true;
	fields_encode(route_header_fields, &header, &arena, &request);
	twinmq_call_name_server_async(cached->mq, &request, on_route, cached);
	arena_release(&arena);
}

static void
wait_for(struct cached_route *cached, twinmq_route_fn *done, void *arg)
{
	struct route_wait *wait = mem_zalloc(sizeof *wait);

	wait->done = done;
	wait->arg = arg;
	STAILQ_INSERT_TAIL(&cached->waits, wait, entry);
	ask(cached);
}

void
twinmq_route_async(struct twinmq *mq, struct slice topic, twinmq_route_fn *done, void *arg)
{
	struct cached_route *cached = find(mq, topic);

	if (!cached->known) {
		wait_for(cached, done, arg);
		return;
	}
	/* Use an old route for now, and renew it. */
	if (clock_mono_ms() - cached->asked_ms >= mq->route_age_ms)
		ask(cached);
	done(arg, NULL, &cached->route);
}

void
route_cache_doubt(struct twinmq *mq, struct slice topic)
{
	struct cached_route *cached = strmap_find(&mq->routes, topic);

	if (cached != NULL)
		cached->asked_ms = clock_mono_ms() - mq->route_age_ms;
}

void
route_cache_forget(struct twinmq *mq, struct slice topic)
{
	struct cached_route *cached = strmap_find(&mq->routes, topic);

	if (cached != NULL)
		cached->known = false;
}

static void
cached_route_free(void *self)
{
	struct cached_route *cached = self;

	arena_release(&cached->arena);
	free(cached->topic);
	free(cached);
}

void
route_cache_release(struct twinmq *mq)
{
	strmap_release(&mq->routes, cached_route_free);
}

struct slice
route_address(const struct route *route, struct slice broker_name, bool master_only)
{
	for (size_t i = 0; i < route->n_brokers; i++) {
		const struct broker_data *broker = &route->brokers[i];

		if (!slice_equal(broker->name, broker_name))
			continue;
		for (size_t j = 0; j < broker->n_addresses; j++)
			if (broker->addresses[j].id == MASTER_ID)
				return broker->addresses[j].address;
		return master_only ? SLICE_NONE : broker_data_address(broker);
	}
	return SLICE_NONE;
}

/* ---- blocking ---- */

int
twinmq_route(struct twinmq *mq, struct slice topic, struct arena *arena, struct route *route)
{
	struct arena scratch = { 0 };
	struct command request = { .code = REQUEST_GET_ROUTEINFO_BY_TOPIC };
	struct route_header header = { .topic = topic, .accept_standard_json = true };
	struct twinmq_reply reply;

	fields_encode(route_header_fields, &header, &scratch, &request);
	int result = twinmq_call_name_server(mq, &request, arena, &reply);
	arena_release(&scratch);
	if (result == -1)
		return -1;
	if (route_read(arena, reply.body, route) == 0)
		return 0;
	twinmq_error_set(&mq->error, TWINMQ_BAD_ANSWER,
	    "the name server's route of topic %.*s cannot be read", (int)topic.len, topic.data);
	return -1;
}

int
twinmq_cluster_info(struct twinmq *mq, struct arena *arena, struct cluster_info *info)
{
	struct command request = { .code = REQUEST_GET_BROKER_CLUSTER_INFO };
	struct twinmq_reply reply;

	if (twinmq_call_name_server(mq, &request, arena, &reply) == -1)
		return -1;
	if (cluster_info_read(arena, reply.body, info) == 0)
		return 0;
	twinmq_error_set(
	    &mq->error, TWINMQ_BAD_ANSWER, "the name server's cluster information cannot be read");
	return -1;
}
