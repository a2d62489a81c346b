#include "config.h"

#include "t/crash/load.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"

static volatile sig_atomic_t stopping;

static void
on_signal(int number)
{
	(void)number;
	stopping = 1;
}

void
load_stop_on_sigterm(void)
{
	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_signal }, NULL);
}

bool
load_stopping(void)
{
	return stopping != 0;
}

void
load_stop(void)
{
	stopping = 1;
}

static void
on_pause_over(struct timer *timer)
{
	struct lane *lane = container_of(timer, struct lane, pause);

	lane->load->next(lane);
}

void
lane_again(struct lane *lane, int64_t pause_ms)
{
	loop_set_timer(&lane->load->loop, &lane->pause, clock_mono_ms() + pause_ms);
}

void
lane_end(struct lane *lane)
{
	if (--lane->load->n_busy == 0)
		loop_stop(&lane->load->loop);
}

void
load_open(struct load *load)
{
	struct twinmq_options options = { .name_servers = load->name_servers,
		.loop = &load->loop,
		.timeout_ms = load->timeout_ms,
		.route_age_ms = 200 };
	struct producer_options producing = { .group = load->group,
		.timeout_ms = load->timeout_ms,
		.retries = -1,
		.compress_over_bytes = -1 };
	struct twinmq_error error;

	loop_init(&load->loop, 0);
	load->n_lanes = load->n_handles * load->window;
	load->handles = mem_zalloc(load->n_handles * sizeof *load->handles);
	load->lanes = mem_zalloc(load->n_lanes * sizeof *load->lanes);
	for (size_t i = 0; i < load->n_lanes; i++) {
		struct twinmq **mq = &load->handles[i / load->window];

		if (*mq == NULL && (*mq = twinmq_open(&options, &error)) == NULL) {
			fprintf(stderr, "%s\n", error.text);
			exit(2);
		}
		load->lanes[i] = (struct lane){ .load = load,
			.mq = *mq,
			.producer = producer_new(*mq, &producing),
			.pause = { .due = on_pause_over } };
	}
}

void
load_run(struct load *load)
{
	load->n_busy = load->n_lanes;
	for (size_t i = 0; i < load->n_lanes; i++)
		load->next(&load->lanes[i]);
	loop_run(&load->loop);
}

void
load_close(struct load *load)
{
	for (size_t i = 0; i < load->n_lanes; i++)
		producer_free(load->lanes[i].producer);
	for (size_t i = 0; i < load->n_handles; i++)
		twinmq_close(load->handles[i]);
	loop_release(&load->loop);
	free(load->handles);
	free(load->lanes);
}

size_t
number_argument(const char *text, size_t min, size_t max)
{
	int64_t value;

	if (slice_to_int64(slice_of(text), &value) == -1 || value < (int64_t)min ||
	    value > (int64_t)max) {
		fprintf(stderr, "%s is not a number from %zu to %zu\n", text, min, max);
		exit(2);
	}
	return (size_t)value;
}
