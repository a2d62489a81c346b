#include "config.h"

#include "common/net/loop.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"

TestSuite(loop, .timeout = 30);

struct step {
	struct task task;
	int number;
	char *log;
};

static void
note(char *log, int number)
{
	log[strlen(log)] = (char)('0' + number);
}

static void
run_step(struct task *task, void *receiver)
{
	struct step *step = (struct step *)task;

	cr_assert_not_null(((struct loop *)receiver)->base);
	note(step->log, step->number);
}

Test(loop, tasks_run_in_order_and_stop_comes_after_them)
{
	struct loop loop;
	char log[16] = "";
	struct step steps[4];

	loop_init(&loop, 0);
	for (int i = 0; i < 4; i++)
		steps[i] = (struct step){ { NULL, run_step }, i, log };
	loop_post(&loop, &steps[0].task);
	loop_post(&loop, &steps[1].task);
	loop_stop(&loop);
	loop_stop(&loop);
	loop_run(&loop);
	cr_assert_str_eq(log, "01");
	loop_post(&loop, &steps[2].task);
	loop_stop(&loop);
	loop_run(&loop);
	cr_assert_str_eq(log, "012");
	loop_post(&loop, &steps[3].task);
	loop_release(&loop);
	cr_assert_str_eq(log, "0123", "what was left runs before the loop goes");
}

static void *
stop_soon(void *arg)
{
	usleep(20000);
	loop_stop(arg);
	return NULL;
}

Test(loop, another_thread_stops_it)
{
	struct loop loop;
	pthread_t thread;

	loop_init(&loop, 0);
	pthread_create(&thread, NULL, stop_soon, &loop);
	loop_run(&loop);
	pthread_join(thread, NULL);
	loop_release(&loop);
}

struct ending {
	struct turn_end turn_end;
	struct ending *then;
	struct loop *loop;
	int number;
	char *log;
};

static void
run_ending(struct turn_end *self)
{
	struct ending *ending = (struct ending *)self;

	note(ending->log, ending->number);
	if (ending->then != NULL)
		loop_at_turn_end(ending->loop, &ending->then->turn_end);
}

Test(loop, turn_ends_run_once_in_order_with_what_they_ask_for)
{
	struct loop loop;
	char log[16] = "";
	struct ending endings[3];

	loop_init(&loop, 0);
	for (int i = 0; i < 3; i++)
		endings[i] = (struct ending){ { NULL, run_ending, false }, NULL, &loop, i, log };
	endings[0].then = &endings[2];
	loop_at_turn_end(&loop, &endings[0].turn_end);
	loop_at_turn_end(&loop, &endings[1].turn_end);
	loop_at_turn_end(&loop, &endings[0].turn_end);
	loop_stop(&loop);
	loop_run(&loop);
	cr_assert_str_eq(log, "012");
	loop_at_turn_end(&loop, &endings[1].turn_end);
	loop_release(&loop);
	cr_assert_str_eq(log, "0121");
}

struct alarm {
	struct timer timer;
	struct loop *loop;
	int number;
	char *log;
};

static void
on_alarm(struct timer *timer)
{
	struct alarm *alarm = (struct alarm *)timer;

	cr_assert_geq(clock_mono_ms(), timer->at_ms);
	note(alarm->log, alarm->number);
	if (alarm->number == 3)
		loop_stop(alarm->loop);
}

Test(loop, deadlines_fire_in_their_order_unless_dropped_or_moved)
{
	struct loop loop;
	char log[16] = "";
	struct alarm alarms[4];
	static const int after_ms[] = { 30, 20, 10, 40 };
	int64_t now_ms = clock_mono_ms();

	loop_init(&loop, 0);
	for (int i = 0; i < 4; i++) {
		alarms[i] = (struct alarm){ { 0, on_alarm, 0 }, &loop, i, log };
		loop_set_timer(&loop, &alarms[i].timer, now_ms + after_ms[i]);
	}
	loop_drop_timer(&loop, &alarms[1].timer);
	loop_drop_timer(&loop, &alarms[1].timer);
	loop_set_timer(&loop, &alarms[2].timer, now_ms + 35);
	loop_run(&loop);
	cr_assert_str_eq(log, "023");
	loop_release(&loop);
}
