#include "config.h"

#include "broker/send/sending.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"

#define TICK_MS 100 /* only while something is on its way */

struct sendings {
	struct loop *loop;
	struct sending_limits limits;
	struct sending *oldest, *newest;
	size_t n;
	struct timer tick;
	bool ticking;
};

static void
tick_again(struct sendings *sendings)
{
	sendings->ticking = true;
	loop_set_timer(sendings->loop, &sendings->tick, clock_mono_ms() + TICK_MS);
}

static void
on_tick(struct timer *tick)
{
	struct sendings *sendings = container_of(tick, struct sendings, tick);
	int64_t now = clock_mono_us();

	sendings->ticking = false;
	if (sendings->oldest == NULL)
		return;
	for (struct sending *sending = sendings->oldest; sending != NULL; sending = sending->next) {
		int64_t age = (now - sending->since_us) / 1000;

		if (age < sendings->limits.wait_ms && age < sendings->limits.flush_ms)
			break;
		if (sending->answered)
			continue;
		if (age >= sendings->limits.wait_ms && append_cancel(sending->append))
			continue; /* comes home as cancelled, and is answered then */
		if (age >= sendings->limits.flush_ms &&
		    atomic_load(&sending->append->state) == APPEND_TAKEN) {
			sending->answered = true;
			sendings->limits.on_flush_timeout(sendings->loop, sending);
			arena_reset(&sendings->loop->arena);
		}
	}
	tick_again(sendings);
}

struct sendings *
sendings_new(struct loop *loop, const struct sending_limits *limits)
{
	struct sendings *sendings = mem_zalloc(sizeof *sendings);

	sendings->loop = loop;
	sendings->limits = *limits;
	sendings->tick.due = on_tick;
	return sendings;
}

void
sendings_free(struct sendings *sendings)
{
	while (sendings->oldest != NULL) {
		struct append *append = sendings->oldest->append;

		sendings_remove(sendings, sendings->oldest);
		append_free(append);
	}
	loop_drop_timer(sendings->loop, &sendings->tick);
	free(sendings);
}

struct sending *
sendings_add(struct sendings *sendings, struct append *append, const struct ticket *ticket)
{
	struct sending *sending = pool_alloc(&sendings->loop->pool, sizeof *sending);

	*sending = (struct sending){
		.prev = sendings->newest,
		.append = append,
		.ticket = *ticket,
		.since_us = clock_mono_us(),
	};
	*(sendings->newest != NULL ? &sendings->newest->next : &sendings->oldest) = sending;
	sendings->newest = sending;
	sendings->n++;
	if (!sendings->ticking)
		tick_again(sendings);
	return sending;
}

void
sendings_remove(struct sendings *sendings, struct sending *sending)
{
	*(sending->prev != NULL ? &sending->prev->next : &sendings->oldest) = sending->next;
	*(sending->next != NULL ? &sending->next->prev : &sendings->newest) = sending->prev;
	sendings->n--;
	pool_free(&sendings->loop->pool, sending);
}

size_t
sendings_count(const struct sendings *sendings)
{
	return sendings->n;
}
