#include "config.h"

#include "common/net/loop.h"

#include <limits.h>

#include "common/base/clock.h"
#include "common/base/log.h"

static void
on_libevent_log(int severity, const char *message)
{
	if (severity >= EVENT_LOG_WARN)
		log_warn("libevent says text=\"%s\"", message);
	else
		log_debug("libevent says text=\"%s\"", message);
}

static void
on_libevent_fatal(int error)
{
	fatal("libevent gave up error=%d", error);
}

void
loop_run_tasks(struct loop *loop, struct task *first)
{
	for (struct task *task = first, *next; task != NULL; task = next) {
		next = task->next;
		task->run(task, loop);
		arena_reset(&loop->arena);
	}
}

bool
loop_drain(struct loop *loop)
{
	struct task *task = mailbox_take(&loop->inbox);

	loop_run_tasks(loop, task);
	return task != NULL;
}

static void
on_inbox(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;

	(void)fd;
	(void)what;
	mailbox_rearm(&loop->inbox);
	loop_drain(loop);
}

/* The timer may fire early for a timer that was dropped; it never fires late. */
static void
arm(struct loop *loop, int64_t now_ms)
{
	const struct timer *first = timer_heap_first(&loop->timers);

	if (first == NULL || first->at_ms >= loop->wake_ms)
		return;
	int64_t wait_ms = first->at_ms > now_ms ? first->at_ms - now_ms : 0;
	struct timeval wait = { wait_ms / 1000, wait_ms % 1000 * 1000 };

	loop->wake_ms = first->at_ms;
	event_add(loop->on_timer, &wait);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	int64_t now_ms = clock_mono_ms();
	struct timer *first;

	(void)fd;
	(void)what;
	loop->wake_ms = INT64_MAX;
	while ((first = timer_heap_first(&loop->timers)) != NULL && first->at_ms <= now_ms) {
		timer_heap_drop(&loop->timers, first);
		first->due(first);
		arena_reset(&loop->arena);
	}
	arm(loop, now_ms);
}

static void
run_stop(struct task *task, void *receiver)
{
	struct loop *loop = receiver;

	(void)task;
	loop->stopped = true;
}

void
loop_init(struct loop *loop, int index)
{
	struct event_config *config = event_config_new();

	event_set_log_callback(on_libevent_log);
	event_set_fatal_callback(on_libevent_fatal);
	*loop = (struct loop){
		.index = index,
		.wake_ms = INT64_MAX,
		.stop_task = { NULL, run_stop },
	};
	loop->turn_ends_tail = &loop->turn_ends;
	atomic_init(&loop->stop_posted, false);
	if (config != NULL) {
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
		loop->base = event_base_new_with_config(config);
		event_config_free(config);
	}
	if (loop->base == NULL)
		fatal("event loop cannot be made");
	mailbox_init(&loop->inbox);
	loop->on_inbox =
	    event_new(loop->base, loop->inbox.fd, EV_READ | EV_PERSIST, on_inbox, loop);
	loop->on_timer = event_new(loop->base, -1, 0, on_timer, loop);
	if (loop->on_inbox == NULL || loop->on_timer == NULL ||
	    event_add(loop->on_inbox, NULL) == -1)
		fatal("event loop cannot be made");
}

static void
run_turn_ends(struct loop *loop)
{
	struct turn_end *what;

	while ((what = loop->turn_ends) != NULL) {
		loop->turn_ends = what->next;
		if (loop->turn_ends == NULL)
			loop->turn_ends_tail = &loop->turn_ends;
		what->asked = false;
		what->run(what);
	}
	loop->pressed = false;
	arena_reset(&loop->arena);
}

void
loop_release(struct loop *loop)
{
	loop_drain(loop);
	if (loop->conns != NULL)
		loop->conns->close(loop->conns);
	run_turn_ends(loop);
	if (loop->conns != NULL)
		loop->conns->release(loop->conns);
	event_free(loop->on_inbox);
	event_free(loop->on_timer);
	mailbox_release(&loop->inbox);
	event_base_free(loop->base);
	timer_heap_release(&loop->timers);
	arena_release(&loop->arena);
	pool_release(&loop->pool);
}

/* A turn is one call of the loop; that costs less than an event for the ends of turns. */
void
loop_run(struct loop *loop)
{
	run_turn_ends(loop);
	while (!loop->stopped) {
		if (event_base_loop(loop->base, EVLOOP_ONCE) == -1)
			fatal("event loop failed");
		run_turn_ends(loop);
	}
	loop->stopped = false;
	atomic_store(&loop->stop_posted, false);
}

void
loop_stop(struct loop *loop)
{
	if (!atomic_exchange(&loop->stop_posted, true))
		loop_post(loop, &loop->stop_task);
}

void
loop_post(struct loop *loop, struct task *task)
{
	mailbox_post(&loop->inbox, task);
}

void
loop_call(struct loop *there, struct loop *here, struct task *task)
{
	if (there == here)
		task->run(task, here);
	else
		loop_post(there, task);
}

void
loop_at_turn_end(struct loop *loop, struct turn_end *what)
{
	if (what->asked)
		return;
	what->asked = true;
	what->next = NULL;
	*loop->turn_ends_tail = what;
	loop->turn_ends_tail = &what->next;
}

void
loop_set_timer(struct loop *loop, struct timer *timer, int64_t at_ms)
{
	timer_heap_set(&loop->timers, timer, at_ms);
	if (at_ms < loop->wake_ms)
		arm(loop, clock_mono_ms());
}

void
loop_drop_timer(struct loop *loop, struct timer *timer)
{
	timer_heap_drop(&loop->timers, timer);
}
