/*
 * bank_b: the bank that credits.
 *
 *   open      new books; reading begins at the present end of each queue of the topic
 *   credit    credits the transfers that arrive, until SIGTERM
 *   ids       the reconciliation by time, B's half: prints the ids credited since the last time
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "examples/bank-transfer/bank.h"
#include "examples/bank-transfer/book_b.h"
#include "examples/bank-transfer/by_time.h"

#define HOLD_MS 10000
#define RETRY_MS 200

static int
open_run(const struct program_flags *flags)
{
	struct twinmq *mq = program_connect(flags);
	struct arena arena = { 0 };
	struct route route;
	int64_t offset;

	if (twinmq_route(mq, SLICE(BANK_TOPIC), &arena, &route) == -1)
		fatal("%s", twinmq_error(mq)->text);
	book_b_create(flags->directory, slice_of(flags->ledger));
	sqlite3 *books = books_open(flags->directory, BOOKS_B, NULL);
	for (size_t i = 0; i < route.n_queues; i++)
		for (int32_t id = 0; id < route.queues[i].read_queues; id++) {
			struct message_queue queue = { SLICE(BANK_TOPIC),
				route.queues[i].broker_name, id };

			if (twinmq_max_offset(mq, &queue, &offset) == -1)
				fatal("%s", twinmq_error(mq)->text);
			book_b_add_queue(books, &queue, offset);
		}
	books_close(books);
	arena_release(&arena);
	twinmq_close(mq);
	return EXIT_SUCCESS;
}

/* ---- credit ---- */

struct teller {
	struct twinmq *mq;
	sqlite3 *books;
	struct slice ledger;
	bool closing;
};

/* Reads one queue, one pull after the other. */
struct counter {
	struct teller *teller;
	struct queue_place place;
	struct timer retry;
};

static void pull_next(struct counter *counter);

/* Credits and the new offset are one commit. */
static bool
credit_all(struct counter *counter, const struct pull_result *result)
{
	struct teller *teller = counter->teller;
	struct slice records = result->records;
	struct arena arena = { 0 };
	struct transfer transfer;
	struct record record;

	if (!books_begin(teller->books))
		return false;
	while (result->status == PULL_FOUND && pulled_next(&records, SLICE_NONE, &record))
		if (transfer_of_record(&record, teller->ledger, &arena, &transfer) == 0)
			book_b_credit(teller->books, &transfer, clock_wall_ms());
	book_b_read_to(teller->books, &counter->place.queue, result->next_offset);
	books_commit(teller->books);
	arena_release(&arena);
	counter->place.next = result->next_offset;
	return true;
}

static void
on_pulled(void *arg, const struct twinmq_error *error, const struct pull_result *result)
{
	struct counter *counter = arg;
	struct teller *teller = counter->teller;

	if (teller->closing)
		return;
	if (error != NULL ||
	    (result->next_offset != counter->place.next && !credit_all(counter, result)))
		loop_set_timer(
		    twinmq_loop(teller->mq), &counter->retry, clock_mono_ms() + RETRY_MS);
	else
		pull_next(counter);
}

static void
pull_next(struct counter *counter)
{
	struct pull_spec pull = {
		.queue = counter->place.queue,
		.group = SLICE("bank-b"),
		.offset = counter->place.next,
		.hold_ms = HOLD_MS,
	};

	twinmq_pull_async(counter->teller->mq, &pull, on_pulled, counter);
}

static void
on_retry(struct timer *timer)
{
	pull_next(container_of(timer, struct counter, retry));
}

static int
credit_run(const struct program_flags *flags)
{
	struct teller teller = { .mq = program_connect(flags),
		.books = books_open(flags->directory, BOOKS_B, NULL) };
	const struct queue_place *places;
	struct arena arena = { 0 };

	teller.ledger = bank_ledger(teller.books, &arena);
	size_t n = book_b_queues(teller.books, &arena, &places);
	struct counter *counters = arena_zalloc(&arena, n * sizeof *counters);
	for (size_t i = 0; i < n; i++) {
		counters[i] = (struct counter){ &teller, places[i], { .due = on_retry } };
		pull_next(&counters[i]);
	}
	program_run(twinmq_loop(teller.mq));
	teller.closing = true;
	for (size_t i = 0; i < n; i++)
		loop_drop_timer(twinmq_loop(teller.mq), &counters[i].retry);
	twinmq_close(teller.mq);
	books_close(teller.books);
	arena_release(&arena);
	return EXIT_SUCCESS;
}

/* ---- ids ---- */

static int
ids_run(const struct program_flags *flags)
{
	sqlite3 *books = books_open(flags->directory, BOOKS_B, NULL);
	struct time_window window = by_time_window(books, clock_wall_ms(), flags->all);
	sqlite3_stmt *ids = by_time_credited(books, &window);

	printf("%" PRId64 " %" PRId64 "\n", window.from, window.to);
	while (books_step(ids))
		printf("%" PRId64 "\n", (int64_t)sqlite3_column_int64(ids, 0));
	sqlite3_finalize(ids);
	books_close(books);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	static const struct program_command commands[] = {
		{ "open", open_run },
		{ "credit", credit_run },
		{ "ids", ids_run },
		{ NULL },
	};

	return program_main(commands, NULL, argc, argv);
}
