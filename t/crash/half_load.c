/*
 * half_load: half messages as fast as one broker takes them, stored and left open, or committed.
 *
 *   half_load [-c connections] [-w window] [-s bytes] NAMESRV TOPIC BROKER open COUNT
 *   half_load [-c connections] [-w window] [-s bytes] NAMESRV TOPIC BROKER commit MILLISECONDS
 *
 * Each of a connection's window is one at a time: store, with `commit` end and wait for the answer,
 * again. Prints what it did as name=value. Exit status: 0, or 1 when something was refused.
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/twinmq_transaction.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "t/crash/proof.h"

#define GROUP "HALF_LOAD"

struct load {
	struct loop loop;
	struct message message;
	bool commits;
	int64_t n_left; /* to begin; with commits only time counts */
	int64_t until_ms;
	size_t n_busy;
	int64_t n_done, n_bad;
};

struct lane {
	struct load *load;
	struct twinmq *mq;
	struct producer *producer;
};

static void next(struct lane *lane);

static void
end_lane(struct lane *lane)
{
	if (--lane->load->n_busy == 0)
		loop_stop(&lane->load->loop);
}

/* The rest would fail likewise. */
static void
bad(struct lane *lane, const char *what)
{
	if (lane->load->n_bad++ == 0)
		fprintf(stderr, "half_load: %s\n", what);
	end_lane(lane);
}

static void
on_ended(void *arg, const struct twinmq_error *error, int32_t code, struct slice remark)
{
	struct lane *lane = arg;
	char text[200];

	if (error != NULL || code != 0) {
		snprintf(text, sizeof text, "commit: %.*s (%d)", (int)remark.len, remark.data,
		    (int)code);
		bad(lane, error != NULL ? error->text : text);
		return;
	}
	lane->load->n_done++;
	next(lane);
}

static void
on_stored(void *arg, const struct twinmq_error *error, const struct transaction_half *half,
    const struct send_result *result)
{
	struct lane *lane = arg;

	(void)result;
	if (error != NULL) {
		bad(lane, error->text);
		return;
	}
	if (lane->load->commits) {
		struct transaction_end end = {
			.group = SLICE(GROUP),
			.half = *half,
			.decision = DECISION_COMMIT,
		};

		transaction_end_async(lane->mq, &end, on_ended, lane);
		return;
	}
	lane->load->n_done++;
	next(lane);
}

static void
next(struct lane *lane)
{
	struct load *load = lane->load;

	if (load->commits ? clock_mono_ms() >= load->until_ms : load->n_left-- <= 0) {
		end_lane(lane);
		return;
	}
	transaction_half_async(lane->producer, &load->message, on_stored, lane);
}

static struct twinmq *
open_handle(struct load *load, const char *name_servers)
{
	struct twinmq_error error;
	struct twinmq *mq = twinmq_open(
	    &(struct twinmq_options){
		.name_servers = name_servers, .loop = &load->loop, .timeout_ms = 30000 },
	    &error);

	if (mq == NULL) {
		fprintf(stderr, "half_load: %s\n", error.text);
		exit(2);
	}
	return mq;
}

static void
run(struct load *load, const char *name_servers, size_t n_handles, size_t window)
{
	struct twinmq **handles = mem_zalloc(n_handles * sizeof *handles);
	struct lane *lanes = mem_zalloc(n_handles * window * sizeof *lanes);
	const struct producer_options options = {
		.group = GROUP, .timeout_ms = 30000, .retries = -1
	};

	load->n_busy = n_handles * window;
	for (size_t i = 0; i < n_handles; i++)
		handles[i] = open_handle(load, name_servers);
	for (size_t i = 0; i < n_handles * window; i++) {
		struct twinmq *mq = handles[i % n_handles];

		lanes[i] = (struct lane){ load, mq, producer_new(mq, &options) };
		next(&lanes[i]);
	}
	loop_run(&load->loop);
	for (size_t i = 0; i < n_handles * window; i++)
		producer_free(lanes[i].producer);
	for (size_t i = 0; i < n_handles; i++)
		twinmq_close(handles[i]);
	free(lanes);
	free(handles);
}

static int
usage(void)
{
	fprintf(stderr, "usage: half_load [-c connections] [-w window] [-s bytes] "
			"NAMESRV TOPIC BROKER open|commit NUMBER\n");
	return 2;
}

int
main(int argc, char **argv)
{
	struct load load = { .message.queue_id = MESSAGE_ANY_QUEUE };
	size_t n_handles = 4, window = 32, size = 100;
	int flag;

	while ((flag = getopt(argc, argv, "c:w:s:")) != -1) {
		if (flag == 'c')
			n_handles = number_argument(optarg, 1, 1000);
		else if (flag == 'w')
			window = number_argument(optarg, 1, 10000);
		else if (flag == 's')
			size = number_argument(optarg, 1, 4000000);
		else
			return usage();
	}
	if (argc - optind != 5)
		return usage();
	argv += optind;
	char *body = mem_alloc(size);
	memset(body, 'x', size);
	load.message.topic = slice_of(argv[1]);
	load.message.broker_name = slice_of(argv[2]);
	load.message.body = (struct slice){ body, size };
	load.commits = strcmp(argv[3], "commit") == 0;
	load.n_left = (int64_t)number_argument(argv[4], 1, 100000000);
	loop_init(&load.loop, 0);
	int64_t begin_ms = clock_mono_ms();
	load.until_ms = begin_ms + load.n_left;
	run(&load, argv[0], n_handles, window);
	int64_t took_ms = clock_mono_ms() - begin_ms;
	loop_release(&load.loop);
	free(body);
	printf("done=%" PRId64 "\nms=%" PRId64 "\nrate=%" PRId64 "\n", load.n_done, took_ms,
	    took_ms > 0 ? load.n_done * 1000 / took_ms : 0);
	return load.n_bad != 0;
}
