#include "config.h"

#include "broker/cluster/unregister.h"

#include "common/base/clock.h"
#include "common/base/container_of.h"

#define STOP_MS 1000

static void
finish(struct unregistering *unregistering)
{
	void (*done)(void *arg) = unregistering->done;

	loop_drop_timer(unregistering->loop, &unregistering->give_up);
	unregistering->done = NULL;
	if (done != NULL)
		done(unregistering->arg);
}

static void
on_give_up(struct timer *self)
{
	finish(container_of(self, struct unregistering, give_up));
}

void
unregister_start(
    struct unregistering *unregistering, struct loop *loop, void (*done)(void *arg), void *arg)
{
	*unregistering = (struct unregistering){
		.loop = loop,
		.give_up.due = on_give_up,
		.n_waiting = 1, /* the caller, until unregister_wait */
		.done = done,
		.arg = arg,
	};
	loop_set_timer(loop, &unregistering->give_up, clock_mono_ms() + STOP_MS);
}

static void
on_unregistered(void *arg, const struct command *reply, struct slice body)
{
	struct unregistering *unregistering = arg;

	(void)reply;
	(void)body;
	unregister_wait(unregistering);
}

void
unregister_from(struct unregistering *unregistering, struct name_server *server)
{
	unregistering->n_waiting++;
	name_server_unregister(server, STOP_MS, on_unregistered, unregistering);
}

void
unregister_wait(struct unregistering *unregistering)
{
	if (--unregistering->n_waiting == 0)
		finish(unregistering);
}

void
unregister_cancel(struct unregistering *unregistering)
{
	unregistering->done = NULL;
	if (unregistering->loop != NULL)
		loop_drop_timer(unregistering->loop, &unregistering->give_up);
}
