#include "config.h"

#include "broker/cluster/register_wait.h"

#include <stddef.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"

#define WAIT_MS 1000

static void
on_timeout(struct timer *self)
{
	register_waits_end(container_of(self, struct register_waits, timeout));
}

void
register_waits_init(struct register_waits *waits, struct loop *loop)
{
	*waits = (struct register_waits){ .loop = loop, .timeout.due = on_timeout };
}

void
register_waits_add(struct register_waits *waits, struct register_wait *wait)
{
	wait->next = waits->asking;
	waits->asking = wait;
}

void
register_waits_told(struct register_waits *waits)
{
	struct register_wait *wait = waits->asking;

	if (wait == NULL)
		return;
	waits->asking = NULL;
	for (struct register_wait *next; wait != NULL; wait = next) {
		next = wait->next;
		wait->next = waits->told;
		waits->told = wait;
	}
	loop_set_timer(waits->loop, &waits->timeout, clock_mono_ms() + WAIT_MS);
}

void
register_waits_end(struct register_waits *waits)
{
	struct register_wait *wait = waits->told;

	if (wait == NULL)
		return;
	waits->told = NULL;
	loop_drop_timer(waits->loop, &waits->timeout);
	for (struct register_wait *next; wait != NULL; wait = next) {
		next = wait->next;
		wait->done(wait);
	}
}
