/*
 * halves: half messages as fast as one broker takes them, stored and left open, or committed; and
 * the proof that those are there which must be.
 *
 *   halves [-c connections] [-w window] [-s bytes] [-g group] [-l ledger] NAMESRV TOPIC BROKER open
 * COUNT halves [...] NAMESRV TOPIC BROKER commit MILLISECONDS halves -l ledger [-s bytes] NAMESRV
 * TOPIC BROKER judge 1
 *
 * Each of a connection's window is one at a time: store, with `commit` end and wait for the reply,
 * again. `judge` reads the topic: each half message of the ledger's file is there once (judge.h).
 * Prints what it did as name=value. Exit status: 0; 1 when something was refused or does not hold.
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/twinmq_transaction.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "t/crash/judge.h"
#include "t/crash/load.h"

struct halves {
	const char *topic, *broker, *path; /* path: of the ledger */
	struct ledger ledger;
	size_t body_max;
	bool commits;
	int64_t n_left; /* to begin; with commits only time counts */
	int64_t until_ms;
	int64_t n_done, n_bad;
	char *room;
};

/* The rest would fail likewise. */
static void
bad(struct lane *lane, const char *what)
{
	struct halves *halves = lane->load->context;

	ledger_row(&halves->ledger, lane->number)->promise = UNKNOWN;
	if (halves->n_bad++ == 0)
		fprintf(stderr, "halves: %s\n", what);
	lane_end(lane);
}

static void
done(struct lane *lane)
{
	struct halves *halves = lane->load->context;

	halves->n_done++;
	ledger_row(&halves->ledger, lane->number)->promise = STORED;
	lane->load->next(lane);
}

static void
on_ended(void *arg, const struct twinmq_error *error, int32_t code, struct slice remark)
{
	char text[200];

	snprintf(text, sizeof text, "commit: %.*s (%d)", (int)remark.len, remark.data, (int)code);
	if (error != NULL || code != 0)
		bad(arg, error != NULL ? error->text : text);
	else
		done(arg);
}

static void
on_stored(void *arg, const struct twinmq_error *error, const struct transaction_half *half,
    const struct send_result *result)
{
	struct lane *lane = arg;
	struct halves *halves = lane->load->context;

	(void)result;
	if (error != NULL) {
		bad(lane, error->text);
	} else if (halves->commits) {
		struct transaction_end end = {
			.group = slice_of(lane->load->group),
			.half = *half,
			.decision = DECISION_COMMIT,
		};

		transaction_end_async(lane->mq, &end, on_ended, lane);
	} else {
		done(lane);
	}
}

static void
store_next(struct lane *lane)
{
	struct halves *halves = lane->load->context;

	if (halves->commits ? clock_mono_ms() >= halves->until_ms : halves->n_left-- <= 0) {
		lane_end(lane);
		return;
	}
	lane->number = ledger_take(&halves->ledger);
	struct message message = {
		.topic = slice_of(halves->topic),
		.broker_name = slice_of(halves->broker),
		.body = numbered_body(halves->room, lane->number, halves->body_max),
		.queue_id = MESSAGE_ANY_QUEUE,
	};
	transaction_half_async(lane->producer, &message, on_stored, lane);
}

static int
usage(void)
{
	fprintf(stderr, "usage: halves [-c connections] [-w window] [-s bytes] [-g group] "
			"[-l ledger] NAMESRV TOPIC BROKER open|commit|judge NUMBER\n");
	return 2;
}

static int
load(struct load *load, struct halves *halves)
{
	int64_t begin_ms = clock_mono_ms();

	halves->until_ms = begin_ms + halves->n_left;
	load_open(load);
	load_run(load);
	int64_t took_ms = clock_mono_ms() - begin_ms;
	load_close(load);
	if (halves->path != NULL)
		ledger_write(&halves->ledger, halves->path);
	printf("done=%" PRId64 "\nms=%" PRId64 "\nrate=%" PRId64 "\n", halves->n_done, took_ms,
	    took_ms > 0 ? halves->n_done * 1000 / took_ms : 0);
	return halves->n_bad != 0;
}

static int
judge_halves(struct load *load, struct halves *halves)
{
	struct judge judge = {
		.topic = halves->topic, .ledger = &halves->ledger, .body_max = halves->body_max
	};
	int status;

	ledger_read(&halves->ledger, halves->path);
	load_open(load);
	judge.mq = load->handles[0];
	status = judge_open(&judge) == -1 || judge_all(&judge) == -1 ? 2 : breaches() != 0;
	if (status == 2)
		fprintf(stderr, "halves: %s\n", twinmq_error(judge.mq)->text);
	printf("promised=%" PRIu64 "\nfound=%" PRIu64 "\nbreaches=%" PRIu64 "\n",
	    ledger_count(&halves->ledger, STORED), judge.n_met, breaches());
	judge_close(&judge);
	load_close(load);
	return status;
}

int
main(int argc, char **argv)
{
	struct halves halves = { .body_max = 100 };
	struct load of = { .group = "HALF_LOAD",
		.n_handles = 4,
		.window = 32,
		.timeout_ms = 30000,
		.next = store_next,
		.context = &halves };
	int flag, status;

	while ((flag = getopt(argc, argv, "c:w:s:g:l:")) != -1) {
		if (flag == 'c')
			of.n_handles = number_argument(optarg, 1, 1000);
		else if (flag == 'w')
			of.window = number_argument(optarg, 1, 10000);
		else if (flag == 's')
			halves.body_max = number_argument(optarg, NUMBERED_BODY_MIN, 4000000);
		else if (flag == 'g')
			of.group = optarg;
		else if (flag == 'l')
			halves.path = optarg;
		else
			return usage();
	}
	argv += optind;
	if (argc - optind != 5 || (strcmp(argv[3], "judge") == 0 && halves.path == NULL))
		return usage();
	of.name_servers = argv[0];
	halves.topic = argv[1];
	halves.broker = argv[2];
	halves.commits = strcmp(argv[3], "commit") == 0;
	halves.n_left = (int64_t)number_argument(argv[4], 1, 100000000);
	halves.room = mem_alloc(halves.body_max);
	status = strcmp(argv[3], "judge") == 0 ? judge_halves(&of, &halves) : load(&of, &halves);
	ledger_release(&halves.ledger);
	free(halves.room);
	return status;
}
