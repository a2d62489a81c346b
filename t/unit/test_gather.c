#include "config.h"

#include "broker/store/writer/gather.h"

#include <criterion/criterion.h>

TestSuite(gather, .timeout = 30);

#define WINDOW_US 600
#define CLIENTS_MAX 64

/*
 * A loop that does nothing but commit, and its clients. An open one sends every gap_us; a closed
 * one sends gap_us after it has its reply.
 */
struct scene {
	const char *name;
	bool open;
	int n_clients;
	int64_t gap_us;
	int64_t cost_us; /* of a commit */
	int64_t window_us;
};

struct scene_outcome {
	double batch;   /* appends a commit */
	double wait_us; /* of an append until its commit begins, mean */
	double rate;    /* appends a second */
};

struct scene_run {
	const struct scene *scene;
	struct gather gather;
	int64_t due_us[CLIENTS_MAX]; /* of each client's next append; INT64_MAX: it waits */
	int64_t came_us[CLIENTS_MAX * 64];
	size_t n_waiting;
	int64_t n_appends, n_commits, waited_us;
};

static int64_t
next_due(const struct scene_run *play)
{
	int64_t due_us = INT64_MAX;

	for (int i = 0; i < play->scene->n_clients; i++)
		if (play->due_us[i] < due_us)
			due_us = play->due_us[i];
	return due_us;
}

static void
take_arrivals(struct scene_run *play, int64_t now_us)
{
	size_t n = 0;

	for (int i = 0; i < play->scene->n_clients; i++)
		while (play->due_us[i] <= now_us) {
			play->came_us[play->n_waiting++] = play->due_us[i];
			n++;
			if (play->scene->open)
				play->due_us[i] += play->scene->gap_us;
			else
				play->due_us[i] = INT64_MAX;
		}
	if (n != 0)
		gather_add(&play->gather, n, now_us);
}

/* When the commit has ended. */
static int64_t
commit(struct scene_run *play, int64_t now_us)
{
	int64_t end_us = now_us + play->scene->cost_us;

	gather_end(&play->gather, now_us);
	for (size_t i = 0; i < play->n_waiting; i++)
		play->waited_us += now_us - play->came_us[i];
	play->n_appends += (int64_t)play->n_waiting;
	play->n_commits++;
	play->n_waiting = 0;
	for (int i = 0; i < play->scene->n_clients; i++)
		if (play->due_us[i] == INT64_MAX)
			play->due_us[i] = end_us + play->scene->gap_us + i;
	return end_us;
}

static struct scene_outcome
run(const struct scene *scene, int64_t window_us)
{
	const int64_t begins_us = 1000000, learnt_us = 1500000, ends_us = 3500000;
	struct scene_run play = { .scene = scene };
	int64_t now_us = begins_us;
	bool learnt = false;

	gather_init(&play.gather, window_us);
	for (int i = 0; i < scene->n_clients; i++)
		play.due_us[i] = begins_us + i;
	while (now_us < ends_us) {
		if (!learnt && now_us >= learnt_us) {
			play.n_appends = play.n_commits = play.waited_us = 0;
			learnt = true;
		}
		take_arrivals(&play, now_us);
		int64_t until_us =
		    play.n_waiting != 0 ? gather_until(&play.gather, now_us) : INT64_MAX;
		if (until_us <= now_us) {
			now_us = commit(&play, now_us);
			continue;
		}
		now_us = until_us < next_due(&play) ? until_us : next_due(&play);
	}
	return (struct scene_outcome){
		.batch = (double)play.n_appends / (double)play.n_commits,
		.wait_us = (double)play.waited_us / (double)play.n_appends,
		.rate = (double)play.n_appends * 1e6 / (double)(ends_us - learnt_us),
	};
}

/* Sends that do not wait for replies share commits where they are frequent. */
Test(gather, of_open_loops)
{
	static const struct {
		int64_t gap_us, cost_us;
		double batch_min, wait_max_us;
	} rows[] = {
		{ 100000, 30, 1, 1 }, { 1000, 30, 1, 1 }, { 1000, 300, 1, 1 }, { 200, 30, 3, 500 },
		{ 200, 160, 3, 500 }, { 50, 30, 8, 500 }, { 50, 160, 8, 500 }, { 16, 30, 14, 400 },
		{ 2, 100, 16, 100 },     /* more come meanwhile than may be waited for */
		{ 200, 4000, 16, 4500 }, /* a slow disk gathers by itself */
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct scene scene = { "open", true, 1, rows[i].gap_us, rows[i].cost_us, 0 };
		struct scene_outcome got = run(&scene, WINDOW_US);

		cr_expect(got.batch >= rows[i].batch_min, "row %zu: %.2f a commit", i, got.batch);
		cr_expect(
		    got.wait_us <= rows[i].wait_max_us, "row %zu: waits %.2f us", i, got.wait_us);
	}
}

/* A client that waits for its reply is not made slower by waiting for others that do not come. */
Test(gather, of_closed_loops)
{
	static const struct {
		int n_clients;
		int64_t turn_us, cost_us;
		double rate_min; /* of what it is without */
	} rows[] = {
		{ 1, 50, 30, 0.99 },
		{ 1, 10, 10, 0.98 },
		{ 1, 100, 200, 0.99 },
		{ 2, 50, 30, 0.97 },
		{ 4, 50, 30, 0.97 },
		{ 4, 50, 200, 0.97 },
		{ 16, 50, 30, 0.97 },
		{ 64, 50, 30, 0.95 },
		{ 64, 100, 200, 0.97 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct scene scene = { "closed", false, rows[i].n_clients, rows[i].turn_us,
			rows[i].cost_us, 0 };
		struct scene_outcome with = run(&scene, WINDOW_US), without = run(&scene, 0);

		cr_expect(with.rate >= rows[i].rate_min * without.rate,
		    "row %zu: %.0f a second, without %.0f", i, with.rate, without.rate);
	}
}

Test(gather, a_lone_append_is_committed_at_once)
{
	struct gather gather;

	gather_init(&gather, WINDOW_US);
	for (int64_t now_us = 5000000; now_us < 15000000; now_us += 10000) {
		gather_add(&gather, 1, now_us);
		cr_assert_eq(gather_until(&gather, now_us), now_us);
		gather_end(&gather, now_us);
	}
}

/* A window of appends every 50 us, after some that taught it so. */
static int64_t
open_window(struct gather *gather)
{
	int64_t now_us = 1000000;

	gather_init(gather, WINDOW_US);
	for (int i = 0; i < 2000; i++, now_us += 50) {
		gather_add(gather, 1, now_us);
		if (gather_until(gather, now_us) <= now_us)
			gather_end(gather, now_us);
	}
	if (gather->n != 0)
		gather_end(gather, now_us);
	gather_add(gather, 1, now_us);
	cr_assert(gather_until(gather, now_us) > now_us);
	return now_us;
}

Test(gather, ends_when_none_comes_for_long)
{
	struct gather gather;
	int64_t now_us = open_window(&gather);
	int64_t until_us = gather_until(&gather, now_us);

	cr_expect(until_us >= now_us + 100 && until_us <= now_us + 200, "%lld us",
	    (long long)(until_us - now_us));
	/* The answer is the same until one comes. */
	cr_expect_eq(gather_until(&gather, now_us + 90), until_us);
	gather_add(&gather, 1, now_us + 90);
	cr_expect(gather_until(&gather, now_us + 90) > until_us);
}

Test(gather, ends_with_its_window)
{
	struct gather gather;
	int64_t first_us = open_window(&gather);

	gather.want = GATHER_ENOUGH;
	for (int n = 2; n < GATHER_ENOUGH / 2; n++) {
		gather_add(&gather, 1, first_us + WINDOW_US * 3 / 4);
		cr_assert_gt(gather_until(&gather, first_us + WINDOW_US * 3 / 4),
		    first_us + WINDOW_US * 3 / 4);
		cr_assert_leq(
		    gather_until(&gather, first_us + WINDOW_US * 3 / 4), first_us + WINDOW_US);
	}
	gather_add(&gather, 1, first_us + WINDOW_US * 3 / 4);
	cr_assert_eq(
	    gather_until(&gather, first_us + WINDOW_US * 3 / 4), first_us + WINDOW_US * 3 / 4);
}

Test(gather, ends_when_there_are_enough)
{
	struct gather gather;
	int64_t now_us = open_window(&gather);

	gather_add(&gather, GATHER_ENOUGH - 1, now_us);
	cr_expect_eq(gather_until(&gather, now_us), now_us);
}

Test(gather, ends_when_the_clock_is_set_back)
{
	struct gather gather;
	int64_t now_us = open_window(&gather) - 1000000;

	cr_expect_eq(gather_until(&gather, now_us), now_us);
}
