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
	TAILQ_HEAD(, inflight_send) sends;
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
	if (TAILQ_EMPTY(&inflight->sends))
		return;
	struct inflight_send *send;

	TAILQ_FOREACH(send, &inflight->sends, in_order) {
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
	TAILQ_INIT(&inflight->sends);
	return inflight;
}

void
inflight_free(struct inflight *inflight)
{
	while (!TAILQ_EMPTY(&inflight->sends)) {
		struct inflight_send *send = TAILQ_FIRST(&inflight->sends);

		inflight_remove(inflight, send);
		inflight->limits.on_drop(inflight->loop, send);
	}
	loop_drop_timer(inflight->loop, &inflight->tick);
	free(inflight);
}

void
inflight_add(struct inflight *inflight, struct inflight_send *send, struct append *append)
{
	*send = (struct inflight_send){ .append = append, .since_us = clock_mono_us() };
	TAILQ_INSERT_TAIL(&inflight->sends, send, in_order);
	inflight->n++;
	if (!inflight->ticking)
		tick_again(inflight);
}

void
inflight_remove(struct inflight *inflight, struct inflight_send *send)
{
	TAILQ_REMOVE(&inflight->sends, send, in_order);
	inflight->n--;
}

size_t
inflight_count(const struct inflight *inflight)
{
	return inflight->n;
}
