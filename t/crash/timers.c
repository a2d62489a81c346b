/*
 * timers: a load of timed messages for a broker that is being killed, and the proof afterwards.
 *
 *   timers [-c connections] [-w window] [-n messages] [-l ms] [-d ms] [-r each] [-s bytes]
 *          [-p ms] [-L] NAMESRV TOPIC
 *
 * Sends numbered messages whose times lie from -l to -l plus -d ms ahead, half of them as a wait
 * and half as a time of day, until there are -n or until SIGTERM. Recalls one in -r of the latter,
 * some at once and some when they are just due. With -L the messages have delay level 1 instead,
 * which is a second. -p is the pause of a lane from one send to the next. When all are due the
 * judge compares every queue of the topic with what was answered (judge.h: I1, I5, I6): a message
 * that was promised is there, once; one that was recalled is not; and none was stored before its
 * time.
 *
 * Prints what it counted as name=value, and how late messages were; each breach is a line on
 * stderr. Exit status: 0 all holds, 1 something does not, 2 it could not be found out.
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/base64url.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "t/crash/judge.h"
#include "t/crash/load.h"

#define PAUSE_MS 5 /* after a failed request */
#define TIMEOUT_MS 20000
#define LEVEL_MS 999   /* the broker's clocks tell whole milliseconds */
#define SETTLE_MS 3000 /* after the last time, until all is delivered */
#define RACE_MS 3      /* around its time: where a recall and a delivery meet */

struct timers_load {
	const char *topic;
	size_t body_max, n_max, recall_each, pause_ms;
	bool levels;
	int64_t lead_ms, span_ms, last_due_ms;
	struct ledger ledger;
	int64_t *due_ms; /* by number */
	uint64_t n_recalled, n_refused;
	int64_t *late_ms; /* of those that were met */
	uint64_t n_late;
	char *room;
	struct arena arena;
};

/* ---- recalling --------------------------------------------------------- */

struct recall_call {
	struct lane *lane;
	uint64_t number;
	int64_t due_ms;
	char unique_id[UNIQUE_ID_LEN + 1];
	struct slice broker_name; /* lives as long as the handle */
	const char *address;
	struct timer start;
};

static void
on_recalled(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct recall_call *call = arg;
	struct timers_load *timers = call->lane->load->context;
	struct ledger_row *row = ledger_row(&timers->ledger, call->number);

	(void)body;
	if (error != NULL)
		row->promise = UNKNOWN;
	else if (reply->code == RESPONSE_SUCCESS) {
		row->promise = REFUSED;
		timers->n_recalled++;
	} else {
		timers->n_refused++;
	}
	lane_again(call->lane, 0);
	free(call);
}

static void
on_recall_due(struct timer *timer)
{
	struct recall_call *call = container_of(timer, struct recall_call, start);
	struct timers_load *timers = call->lane->load->context;
	struct arena arena = { 0 };
	struct slice text = arena_printf(&arena, "v1 %s %.*s %" PRId64 " %s", timers->topic,
	    (int)call->broker_name.len, call->broker_name.data, call->due_ms, call->unique_id);
	struct recall_header header = {
		.topic = slice_of(timers->topic),
		.recall_handle = base64url_encode(&arena, text),
	};
	struct command request = { .code = REQUEST_RECALL_MESSAGE };

	fields_encode(recall_header_fields, &header, &arena, &request);
	twinmq_call_async(call->lane->mq, slice_of(call->address), &request, SLICE_NONE, TIMEOUT_MS,
	    on_recalled, call);
	arena_release(&arena);
}

/* At once, or when it is just due. */
static void
recall(struct lane *lane, const struct send_result *result, int64_t due_ms)
{
	struct timers_load *timers = lane->load->context;
	struct recall_call *call = mem_zalloc(sizeof *call);
	int64_t wait_ms =
	    lane->number / timers->recall_each % 2 == 0
		? 0
		: due_ms - clock_wall_ms() + (int64_t)(lane->number % (2 * RACE_MS)) - RACE_MS;

	call->lane = lane;
	call->number = lane->number;
	call->due_ms = due_ms;
	memcpy(call->unique_id, result->unique_id, sizeof call->unique_id);
	call->broker_name = arena_copy(&timers->arena, result->queue.broker_name);
	call->address = result->address;
	call->start.due = on_recall_due;
	loop_set_timer(
	    &lane->load->loop, &call->start, clock_mono_ms() + (wait_ms > 0 ? wait_ms : 0));
}

/* ---- sending ------------------------------------------------------------ */

static void
on_sent(void *arg, const struct twinmq_error *error, const struct send_result *result)
{
	struct lane *lane = arg;
	struct timers_load *timers = lane->load->context;
	struct ledger_row *row = ledger_row(&timers->ledger, lane->number);

	row->queue = LEDGER_ANYWHERE;
	if (error != NULL)
		row->promise =
		    error->code > 0 || error->code == TWINMQ_NO_QUEUE ? REFUSED : UNKNOWN;
	else
		row->promise = result->code == 0 ? STORED : UNKNOWN;
	if (row->promise == STORED && timers->recall_each != 0 && !timers->levels &&
	    lane->number % 2 == 0 && lane->number / 2 % timers->recall_each == 0) {
		recall(lane, result, timers->due_ms[lane->number]);
		return;
	}
	lane_again(lane, error == NULL ? (int64_t)timers->pause_ms : PAUSE_MS);
}

static void
send_next(struct lane *lane)
{
	struct timers_load *timers = lane->load->context;

	if (load_stopping() || timers->ledger.n >= timers->n_max) {
		lane_end(lane);
		return;
	}
	uint64_t number = ledger_take(&timers->ledger);
	int64_t wait_ms = timers->lead_ms;

	/* A walk with a step that meets each millisecond of the span about equally often. */
	if (timers->levels)
		wait_ms = LEVEL_MS;
	else if (timers->span_ms > 0)
		wait_ms += (int64_t)(number * 7919 % (uint64_t)timers->span_ms);
	lane->number = number;
	timers->due_ms[number] = clock_wall_ms() + wait_ms;
	if (timers->due_ms[number] > timers->last_due_ms)
		timers->last_due_ms = timers->due_ms[number];
	struct message message = {
		.topic = slice_of(timers->topic),
		.body = numbered_body(timers->room, number, timers->body_max),
		.queue_id = MESSAGE_ANY_QUEUE,
		.delay_level = timers->levels ? 1 : 0,
		.delay_ms = !timers->levels && number % 2 == 1 ? wait_ms : 0,
		.deliver_at_ms = !timers->levels && number % 2 == 0 ? timers->due_ms[number] : 0,
	};

	producer_send_async(lane->producer, &message, on_sent, lane);
}

/* ---- the proof ---------------------------------------------------------- */

static void
on_met(void *arg, uint64_t number)
{
	struct judge *judge = arg;
	struct timers_load *timers = container_of(judge->ledger, struct timers_load, ledger);
	int64_t late_ms = judge->record->store_timestamp - timers->due_ms[number];

	if (late_ms < 0)
		breach("message %" PRIu64 " was stored %" PRId64 " ms before its time", number,
		    -late_ms);
	timers->late_ms[timers->n_late++] = late_ms;
}

static int
compare_ms(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static int64_t
percentile(const struct timers_load *timers, double part)
{
	return timers->n_late != 0
	           ? timers->late_ms[(uint64_t)((double)(timers->n_late - 1) * part)]
	           : 0;
}

static int
judge_timers(struct timers_load *timers, struct twinmq *mq)
{
	struct judge judge = { .mq = mq,
		.topic = timers->topic,
		.ledger = &timers->ledger,
		.body_max = timers->body_max,
		.met = on_met };

	judge.arg = &judge;
	timers->late_ms = mem_alloc((timers->n_max + 1) * sizeof timers->late_ms[0]);
	int status = judge_open(&judge) == -1 || judge_all(&judge) == -1 ? -1 : 0;

	if (status == -1)
		fprintf(stderr, "timers: %s\n", twinmq_error(mq)->text);
	qsort(timers->late_ms, timers->n_late, sizeof timers->late_ms[0], compare_ms);
	printf("sent=%" PRIu64 "\npromised=%" PRIu64 "\nunknown=%" PRIu64 "\nrecalled=%" PRIu64
	       "\nrecalled_too_late=%" PRIu64 "\nfound=%" PRIu64 "\nbreaches=%" PRIu64
	       "\nlate_p50_ms=%" PRId64 "\nlate_p99_ms=%" PRId64 "\nlate_max_ms=%" PRId64 "\n",
	    timers->ledger.n, ledger_count(&timers->ledger, STORED),
	    ledger_count(&timers->ledger, UNKNOWN), timers->n_recalled, timers->n_refused,
	    judge.n_met, breaches(), percentile(timers, 0.5), percentile(timers, 0.99),
	    percentile(timers, 1));
	judge_close(&judge);
	return status;
}

static int
usage(void)
{
	fputs("usage: timers [-c connections] [-w window] [-n messages] [-l ms] [-d ms] [-r each] "
	      "[-s bytes] [-p ms] [-L] NAMESRV TOPIC\n",
	    stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	struct timers_load timers = {
		.body_max = 100, .n_max = 1000000, .lead_ms = 1000, .span_ms = 3000
	};
	struct load load = { .group = "timers",
		.n_handles = 4,
		.window = 8,
		.timeout_ms = TIMEOUT_MS,
		.next = send_next,
		.context = &timers };
	int option, status;

	while ((option = getopt(argc, argv, "c:w:n:l:d:r:s:p:L")) != -1) {
		if (option == 'c')
			load.n_handles = number_argument(optarg, 1, 1000);
		else if (option == 'w')
			load.window = number_argument(optarg, 1, 1000);
		else if (option == 'n')
			timers.n_max = number_argument(optarg, 1, 20000000);
		else if (option == 'l')
			timers.lead_ms = (int64_t)number_argument(optarg, 1, 1000000000);
		else if (option == 'd')
			timers.span_ms = (int64_t)number_argument(optarg, 0, 1000000000);
		else if (option == 'r')
			timers.recall_each = number_argument(optarg, 0, 1000000);
		else if (option == 'p')
			timers.pause_ms = number_argument(optarg, 0, 60000);
		else if (option == 'L')
			timers.levels = true;
		else if (option == 's')
			timers.body_max = number_argument(optarg, NUMBERED_BODY_MIN, 1 << 20);
		else
			return usage();
	}
	if (argc - optind != 2)
		return usage();
	load.name_servers = argv[optind];
	timers.topic = argv[optind + 1];
	timers.room = mem_alloc(timers.body_max);
	timers.due_ms = mem_alloc((timers.n_max + 1) * sizeof timers.due_ms[0]);
	load_stop_on_sigterm();
	load_open(&load);
	load_run(&load);
	fprintf(stdout, "stored_ms=%" PRId64 "\n", clock_wall_ms());
	fflush(stdout);
	while (clock_wall_ms() < timers.last_due_ms + SETTLE_MS)
		twinmq_run(load.handles[0], 50);
	status = judge_timers(&timers, load.handles[0]);
	load_close(&load);
	ledger_release(&timers.ledger);
	arena_release(&timers.arena);
	free(timers.room);
	free(timers.due_ms);
	free(timers.late_ms);
	return status == -1 ? 2 : breaches() != 0;
}
