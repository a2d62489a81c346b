#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "t/interleave/play.h"

#define DOWN_MAX_MS 200
#define LOOK_MS 10
#define START_TIMEOUT_MS 300000

static bool
all_registered(const struct play *play)
{
	for (size_t i = 0; i < N_GROUPS; i++)
		for (size_t j = 0; j < 2; j++)
			if (play->members[i][j].registered != play->life)
				return false;
	return true;
}

static void
on_route(void *arg, const struct twinmq_error *error, const struct route *route)
{
	struct play *play = arg;

	/* Before the first start there is no topic yet. */
	if (play->phase == PLAY_STARTING && all_registered(play) &&
	    (play->life == 1 || (error == NULL && route->n_queues > 0)))
		play->phase = PLAY_UP;
}

static void
look(struct play *play)
{
	for (size_t i = 0; i < N_GROUPS; i++)
		for (size_t j = 0; j < 2; j++)
			if (play->members[i][j].registered != play->life)
				member_beat(&play->members[i][j]);
	if (all_registered(play))
		twinmq_route_async(
		    play->members[0][0].mq, slice_of(play->settings.topic), on_route, play);
}

/* While it starts: whether it is there. While it is down: up again. */
static void
on_fault_due(struct timer *timer)
{
	struct play *play = container_of(timer, struct play, fault);

	if (play->phase == PLAY_DOWN && faults_start(play) == -1)
		play->failed = true;
	if (play->phase == PLAY_STARTING) {
		if (child_is_dead(&play->child))
			play->failed = true;
		else
			look(play);
	}
	play->failed |=
	    play->phase == PLAY_STARTING && clock_mono_ms() > play->started_ms + START_TIMEOUT_MS;
	if (play->phase != PLAY_UP && !play->failed)
		loop_set_timer(&play->loop, &play->fault, clock_mono_ms() + LOOK_MS);
}

int
faults_start(struct play *play)
{
	if (child_start(&play->child) == -1)
		return -1;
	play->life++;
	play->phase = PLAY_STARTING;
	play->started_ms = clock_mono_ms();
	loop_set_timer(&play->loop, &play->fault, clock_mono_ms() + LOOK_MS);
	return 0;
}

static int
compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void
faults_init(struct play *play)
{
	const struct play_settings *settings = &play->settings;

	play->faults = settings->plan.seed * 2 + 1;
	play->fault.due = on_fault_due;
	play->kill_at = mem_zalloc((settings->n_kills + 1) * sizeof *play->kill_at);
	for (uint32_t i = 0; i < settings->n_kills; i++)
		play->kill_at[i] =
		    1 + (uint32_t)plan_random_below(&play->faults, (int)settings->n_trials);
	qsort(play->kill_at, settings->n_kills, sizeof *play->kill_at, compare_numbers);
}

void
faults_step(struct play *play)
{
	if (play->phase != PLAY_UP || play->n_killed == play->settings.n_kills ||
	    play->n_begun < play->kill_at[play->n_killed])
		return;
	play->n_killed++;
	play->phase = PLAY_DOWN;
	child_kill(&play->child);
	for (uint32_t i = 0; i < play->n_begun; i++)
		trial_killed(&play->trials[i]);
	loop_set_timer(&play->loop, &play->fault,
	    clock_mono_ms() + plan_random_below(&play->faults, DOWN_MAX_MS));
}
