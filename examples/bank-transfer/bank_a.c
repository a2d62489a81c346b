/*
 * bank_a: the bank that debits.
 *
 *   open       new books
 *   transfer   makes the wanted number of transfers, then answers checks of brokers until
 *              SIGTERM; several may run at once
 *   confirm    the reconciliation by time, A's half: reads from stdin the ids that bank B
 *              has, and commits again the transfers that bank B lacks
 */

#include "config.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "examples/bank-transfer/bank.h"
#include "examples/bank-transfer/book_a.h"
#include "examples/bank-transfer/by_time.h"

#define WINDOW 8 /* transfers in flight */
#define TICK_MS 10

static int
open_run(const struct program_flags *flags)
{
	book_a_create(flags->directory, slice_of(flags->ledger));
	return EXIT_SUCCESS;
}

/* ---- transfer ---- */

struct office {
	const struct program_flags *flags;
	struct twinmq *mq;
	sqlite3 *books;
	struct slice ledger;
	struct transaction_producer *producer;
	struct timer tick;
	int64_t began_ms, n_begun; /* for the rate */
	int64_t n_busy;
	SLIST_HEAD(, open_transfer)
	withheld; /* transfers whose outcome is withheld from the broker */
	bool closing;
};

/* A transfer in progress. */
struct open_transfer {
	struct office *office;
	struct transfer transfer;
	struct transaction *transaction;  /* of a withheld one */
	SLIST_ENTRY(open_transfer) entry; /* of the withheld ones */
};

static bool
happens(const struct office *office, int64_t id, int64_t which, int64_t percent)
{
	return program_random(office->flags->seed, id, which, 100) < percent;
}

static enum transaction_decision
execute(void *arg, const struct message *message, struct slice transaction_id,
    struct transaction *transaction)
{
	struct open_transfer *pending = arg;
	struct office *office = pending->office;
	int64_t id = pending->transfer.id;

	(void)message;
	(void)transaction_id;
	enum transaction_decision decision = book_a_transfer(
	    office->books, &pending->transfer, transaction_half_of(transaction), clock_wall_ms());
	if (happens(office, id, 4, office->flags->die))
		raise(SIGKILL);
	if (!happens(office, id, 5, office->flags->drop))
		return decision;
	pending->transaction = transaction;
	SLIST_INSERT_HEAD(&office->withheld, pending, entry);
	office->n_busy--;
	return DECISION_LATER;
}

static enum transaction_decision
check(void *context, const struct record *message, struct slice transaction_id,
    struct transaction *transaction)
{
	struct office *office = context;
	int64_t id = ledger_id_of_key(property_find(message->properties, "KEYS"), office->ledger);

	(void)transaction;
	if (id == -1)
		return DECISION_UNKNOWN; /* of other books */
	return book_a_verdict(office->books, id, transaction_id, clock_wall_ms());
}

/* The outcome is in the books, or will be when the broker asks. */
static void
on_sent(void *arg, const struct twinmq_error *error, const struct transaction_result *result)
{
	struct open_transfer *pending = arg;

	(void)result;
	if (error != NULL && !pending->office->closing)
		log_warn("transfer not sent id=%" PRId64 " error=\"%s\"", pending->transfer.id,
		    error->text);
	if (pending->transaction == NULL)
		pending->office->n_busy--;
	free(pending);
}

static void
begin(struct office *office, int64_t id)
{
	struct open_transfer *pending = mem_zalloc(sizeof *pending);
	struct arena arena = { 0 };

	pending->office = office;
	pending->transfer = book_a_order(office->flags->seed, id);
	struct message message = {
		.topic = SLICE(BANK_TOPIC),
		.keys = ledger_key(&arena, office->ledger, id),
		.body = transfer_body(&arena, &pending->transfer),
		.queue_id = MESSAGE_ANY_QUEUE,
	};
	office->n_busy++;
	transaction_send_async(office->producer, &message, on_sent, pending);
	arena_release(&arena);
}

static void
on_tick(struct timer *timer)
{
	struct office *office = container_of(timer, struct office, tick);
	int64_t now = clock_mono_ms(), id = 0;

	while (office->n_busy < WINDOW && id != -1 &&
	       office->n_begun < (now - office->began_ms) * office->flags->rate / 1000) {
		id = book_a_take(office->books, office->flags->transfers);
		office->n_begun++;
		if (id != -1)
			begin(office, id);
	}
	if (id != -1)
		loop_set_timer(twinmq_loop(office->mq), &office->tick, now + TICK_MS);
}

static void
open_office(struct office *office, struct arena *arena)
{
	struct slice group = bank_group(arena, office->ledger);
	struct transaction_options options = {
		.producer = { .group = group.data },
		.execute = execute,
		.check = check,
		.context = office,
	};
	struct twinmq_error error;

	office->producer = transaction_producer_new(office->mq, &options, &error);
	if (office->producer == NULL)
		fatal("%s", error.text);
	office->began_ms = clock_mono_ms();
	office->tick.due = on_tick;
	on_tick(&office->tick);
}

static void
close_office(struct office *office)
{
	office->closing = true;
	loop_drop_timer(twinmq_loop(office->mq), &office->tick);
	twinmq_close(office->mq);
	while (!SLIST_EMPTY(&office->withheld)) {
		struct open_transfer *pending = SLIST_FIRST(&office->withheld);

		SLIST_REMOVE_HEAD(&office->withheld, entry);
		/* Frees it; nothing is sent any more. */
		transaction_decide(pending->transaction, DECISION_UNKNOWN);
	}
	transaction_producer_free(office->producer);
	books_close(office->books);
}

static int
transfer_run(const struct program_flags *flags)
{
	struct office office = { .flags = flags,
		.mq = program_connect(flags),
		.books = books_open(flags->directory, BOOKS_A, NULL) };
	struct arena arena = { 0 };

	office.ledger = bank_ledger(office.books, &arena);
	open_office(&office, &arena);
	program_run(twinmq_loop(office.mq));
	close_office(&office);
	arena_release(&arena);
	return EXIT_SUCCESS;
}

/* ---- confirm ---- */

/* Reads what "bank_b ids" prints. */
static struct time_window
read_ids(sqlite3 *books)
{
	struct time_window window;
	int64_t id;

	if (scanf("%" SCNd64 " %" SCNd64, &window.from, &window.to) != 2)
		fatal("no window on standard input");
	by_time_forget(books);
	while (scanf("%" SCNd64, &id) == 1)
		by_time_told(books, id);
	return window;
}

/* The row of by_time_missing. */
static bool
confirm(struct twinmq *mq, struct slice group, sqlite3_stmt *row)
{
	struct arena arena = { 0 };
	struct slice id = books_text(row, 0), address = arena_copy(&arena, books_text(row, 1));
	struct transaction_end end = {
		.group = group,
		.half = { .address =
			      arena_printf(&arena, "%.*s", (int)address.len, address.data).data,
		    .position = sqlite3_column_int64(row, 2),
		    .queue_offset = sqlite3_column_int64(row, 3) },
		.decision = DECISION_COMMIT,
		.reason = SLICE("reconciliation"),
	};
	int32_t code;

	if (id.len < sizeof end.half.unique_id)
		memcpy(end.half.unique_id, id.data, id.len);
	bool confirmed = transaction_end(mq, &end, &code) == 0;
	if (!confirmed)
		log_warn("not confirmed id=%" PRId64 " error=\"%s\"",
		    (int64_t)sqlite3_column_int64(row, 4), twinmq_error(mq)->text);
	arena_release(&arena);
	return confirmed;
}

static int
confirm_run(const struct program_flags *flags)
{
	struct twinmq *mq = program_connect(flags);
	sqlite3 *books = books_open(flags->directory, BOOKS_A, NULL);
	struct time_window window = read_ids(books);
	struct arena arena = { 0 };
	struct slice group = bank_group(&arena, bank_ledger(books, &arena));
	sqlite3_stmt *missing = by_time_missing(books, &window);
	int64_t n_found = 0, n_confirmed = 0;

	while (books_step(missing)) {
		n_found++;
		n_confirmed += confirm(mq, group, missing);
	}
	printf("found %" PRId64 " confirmed %" PRId64 "\n", n_found, n_confirmed);
	sqlite3_finalize(missing);
	books_close(books);
	arena_release(&arena);
	twinmq_close(mq);
	return n_confirmed == n_found ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	static const struct program_command commands[] = {
		{ "open", open_run },
		{ "transfer", transfer_run },
		{ "confirm", confirm_run },
		{ NULL },
	};

	return program_main(commands, NULL, argc, argv);
}
