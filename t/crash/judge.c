#include "config.h"

#include "t/crash/judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"

#define REPORTED_MAX 20 /* breaches told one by one */
#define HOLD_MS 1000
#define RETRY_MS 100 /* after a failed pull */

/* One pull is always on its way. */
struct judge_queue {
	struct judge *judge;
	struct message_queue queue;
	struct timer retry;
	int64_t next;
};

static uint64_t n_breaches;

void
breach(const char *format, ...)
{
	va_list args;

	if (n_breaches++ >= REPORTED_MAX)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

uint64_t
breaches(void)
{
	return n_breaches;
}

static void
judge_number(struct judge_queue *at, uint64_t number)
{
	struct judge *judge = at->judge;
	struct ledger_row *row = ledger_row(judge->ledger, number);

	judge->n_met++;
	if (row->seen < UINT8_MAX)
		row->seen++;
	if (row->seen > 1)
		breach("message %" PRIu64 " is there %d times", number, row->seen);
	if (row->promise == REFUSED)
		breach("message %" PRIu64 " is there, but was refused", number);
	if (row->promise == STORED && row->queue != LEDGER_ANYWHERE &&
	    (row->queue != at->queue.id || row->offset != at->next))
		breach("message %" PRIu64 " is at queue %d offset %" PRId64
		       ", its answer said queue %d offset %" PRId64,
		    number, (int)at->queue.id, at->next, (int)row->queue, row->offset);
	if (row->seen == 1 && judge->met != NULL)
		judge->met(judge->arg, number);
}

static void
judge_record(struct judge_queue *at, const struct record *record)
{
	struct judge *judge = at->judge;
	uint64_t number = body_number(record->body);
	struct slice broker = at->queue.broker_name;

	if (record->queue_offset != at->next || record->queue_id != at->queue.id)
		breach("%.*s queue %d: offset %" PRId64 " where %" PRId64 " is due",
		    (int)broker.len, broker.data, (int)at->queue.id, record->queue_offset,
		    at->next);
	if (number == UINT64_MAX || (!judge->follows && number >= judge->ledger->n) ||
	    !record_check(record) ||
	    !slice_equal(record->body, numbered_body(judge->room, number, judge->body_max)))
		breach("%.*s queue %d offset %" PRId64 ": a body that nobody sent", (int)broker.len,
		    broker.data, (int)at->queue.id, at->next);
	else {
		judge->record = record;
		judge_number(at, number);
	}
}

static void
judge_records(struct judge_queue *at, struct slice records)
{
	struct record record;

	for (; pulled_next(&records, SLICE_NONE, &record); at->next++)
		judge_record(at, &record);
}

static void
no_record_breach(const struct judge_queue *at, int64_t end)
{
	breach("%.*s queue %d ends at %" PRId64 ", %" PRId64 " were there",
	    (int)at->queue.broker_name.len, at->queue.broker_name.data, (int)at->queue.id, end,
	    at->next);
}

static void follow(struct judge_queue *at);

static void
on_pulled(void *arg, const struct twinmq_error *error, const struct pull_result *result)
{
	struct judge_queue *at = arg;

	if (error != NULL) {
		/* A broker that is away is asked again later. */
		if (error->code != TWINMQ_CLOSED)
			loop_set_timer(
			    twinmq_loop(at->judge->mq), &at->retry, clock_mono_ms() + RETRY_MS);
		return;
	}
	if (result->status == PULL_BAD_OFFSET)
		no_record_breach(at, result->max_offset);
	if (result->status == PULL_FOUND)
		judge_records(at, result->records);
	follow(at);
}

static void
on_retry(struct timer *timer)
{
	follow(container_of(timer, struct judge_queue, retry));
}

static void
follow(struct judge_queue *at)
{
	struct pull_spec pull = {
		.queue = at->queue, .offset = at->next, .max_messages = 1000, .hold_ms = HOLD_MS
	};

	twinmq_pull_async(at->judge->mq, &pull, on_pulled, at);
}

int
judge_open(struct judge *judge)
{
	struct route route;

	if (twinmq_route(judge->mq, slice_of(judge->topic), &judge->kept, &route) == -1)
		return -1;
	for (size_t i = 0; i < route.n_queues; i++)
		judge->n_queues += (size_t)route.queues[i].read_queues;
	judge->queues = mem_zalloc(judge->n_queues * sizeof *judge->queues);
	judge->room = mem_alloc(judge->body_max);
	for (size_t i = 0, n = 0; i < route.n_queues; i++)
		for (int32_t id = 0; id < route.queues[i].read_queues; id++)
			judge->queues[n++] = (struct judge_queue){ .judge = judge,
				.queue = { slice_of(judge->topic), route.queues[i].broker_name,
				    id },
				.retry = { .due = on_retry } };
	judge->n_brokers = route.n_brokers;
	return 0;
}

void
judge_follow(struct judge *judge)
{
	judge->follows = true;
	for (size_t i = 0; i < judge->n_queues; i++)
		follow(&judge->queues[i]);
}

static int
judge_queue_to_end(struct judge_queue *at, struct arena *arena)
{
	struct pull_spec pull = { .queue = at->queue, .max_messages = 1000 };
	struct pull_result result;
	int64_t begin, end;

	if (twinmq_min_offset(at->judge->mq, &at->queue, &begin) == -1 ||
	    twinmq_max_offset(at->judge->mq, &at->queue, &end) == -1)
		return -1;
	if (begin != 0)
		breach("queue %d begins at %" PRId64, (int)at->queue.id, begin);
	for (at->next = begin; at->next < end;) {
		arena_reset(arena);
		pull.offset = at->next;
		if (twinmq_pull(at->judge->mq, &pull, arena, &result) == -1)
			return -1;
		if (result.status != PULL_FOUND) {
			no_record_breach(at, end);
			return 0;
		}
		judge_records(at, result.records);
	}
	return 0;
}

int
judge_all(struct judge *judge)
{
	struct arena arena = { 0 };
	int status = 0;

	for (size_t i = 0; status == 0 && i < judge->n_queues; i++)
		status = judge_queue_to_end(&judge->queues[i], &arena);
	arena_release(&arena);
	if (status == 0)
		judge_lost(judge);
	return status;
}

void
judge_lost(const struct judge *judge)
{
	for (uint64_t i = 0; i < judge->ledger->n; i++) {
		const struct ledger_row *row = &judge->ledger->rows[i];

		if (row->promise == STORED && row->seen == 0 && !judge->may_lose)
			breach("message %" PRIu64 " was promised (queue %d offset %" PRId64
			       ") and is lost",
			    i, (int)row->queue, row->offset);
	}
}

void
judge_close(struct judge *judge)
{
	free(judge->queues);
	free(judge->room);
	arena_release(&judge->kept);
}
