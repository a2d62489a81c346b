#include "config.h"

#include "broker/send/inflight.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"

#define TICK_MS 100 /* runs only while a send is in flight */

struct inflight {
	struct loop *loop;
	struct inflight_limits limits;
	struct inflight_send *oldest, *newest;
	size_t n;
	struct timer tick;
	bool ticking;
};

static void
tick_again(struct inflight *inflight)
{
	inflight->ticking = true;
	loop_set_timer(inflight->loop, &inflight->tick, clock_mono_ms() + TICK_MS);
}

static void
on_tick(struct timer *tick)
{
	struct inflight *inflight = container_of(tick, struct inflight, tick);
	int64_t now = clock_mono_us();

	inflight->ticking = false;
	if (inflight->oldest == NULL)
		return;
	for (struct inflight_send *send = inflight->oldest; send != NULL; send = send->next) {
		int64_t age = (now - send->since_us) / 1000;

		if (age < inflight->limits.wait_ms && age < inflight->limits.flush_ms)
			break;
		if (send->replied)
			continue;
		if (age >= inflight->limits.wait_ms && append_cancel(send->append))
			continue; /* on_stored gets it as cancelled, and replies */
		if (age >= inflight->limits.flush_ms &&
		    atomic_load(&send->append->state) == APPEND_TAKEN) {
			send->replied = true;
			inflight->limits.on_flush_timeout(inflight->loop, send);
			arena_reset(&inflight->loop->arena);
		}
	}
	tick_again(inflight);
}

struct inflight *
inflight_new(struct loop *loop, const struct inflight_limits *limits)
{
	struct inflight *inflight = mem_zalloc(sizeof *inflight);

	inflight->loop = loop;
	inflight->limits = *limits;
	inflight->tick.due = on_tick;
	return inflight;
}

void
inflight_free(struct inflight *inflight)
{
	while (inflight->oldest != NULL) {
		struct append *append = inflight->oldest->append;

		inflight_remove(inflight, inflight->oldest);
		append_free(append);
	}
	loop_drop_timer(inflight->loop, &inflight->tick);
	free(inflight);
}

struct inflight_send *
inflight_add(struct inflight *inflight, struct append *append, const struct ticket *ticket)
{
	struct inflight_send *send = pool_alloc(&inflight->loop->pool, sizeof *send);

	*send = (struct inflight_send){
		.prev = inflight->newest,
		.append = append,
		.ticket = *ticket,
		.since_us = clock_mono_us(),
	};
	*(inflight->newest != NULL ? &inflight->newest->next : &inflight->oldest) = send;
	inflight->newest = send;
	inflight->n++;
	if (!inflight->ticking)
		tick_again(inflight);
	return send;
}

void
inflight_remove(struct inflight *inflight, struct inflight_send *send)
{
	*(send->prev != NULL ? &send->prev->next : &inflight->oldest) = send->next;
	*(send->next != NULL ? &send->next->prev : &inflight->newest) = send->prev;
	inflight->n--;
	pool_free(&inflight->loop->pool, send);
}

size_t
inflight_count(const struct inflight *inflight)
{
	return inflight->n;
}
