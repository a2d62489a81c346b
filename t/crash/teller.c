#include "config.h"

#include "t/crash/teller.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "examples/bank-transfer/book_a.h"
#include "t/crash/ledger.h"
#include "t/crash/load.h"

#define GROUP "bank-a"
#define WINDOW 8
#define BUSY_MS 30000
#define BEAT_MS 4   /* from one send of a lane to the next: what is to be proved is not speed */
#define PAUSE_MS 20 /* after a failed one */
#define ONE_IN_UNTOLD 12 /* debits of which the broker hears UNKNOWN */
#define ONE_IN_REFUSED 8
#define ONE_IN_REPEATED 4
#define ONE_IN_CONTRADICTED 8 /* of those whose outcome the broker has confirmed */

struct teller {
	const struct teller_options *options;
	sqlite3 *books;
	struct transaction_producer *producer;
	unsigned random;
	bool confirmed; /* each END is answered */
	char room[TRANSFER_BODY_MAX];
};

void
teller_create_books(const char *directory)
{
	book_a_create(directory, SLICE("crash"));
	sqlite3 *books = teller_open_books(directory);
	books_script(books, "UPDATE t1 SET balance = balance * 1000000;"
			    "UPDATE bank SET opening = opening * 1000000");
	books_close(books);
}

sqlite3 *
teller_open_books(const char *directory)
{
	sqlite3 *books = books_open(directory, BOOKS_A, NULL);

	sqlite3_busy_timeout(books, BUSY_MS);
	books_script(books, "PRAGMA synchronous = OFF");
	return books;
}

static bool
one_in(struct teller *teller, unsigned n)
{
	teller->random = teller->random * 1103515245 + 12345;
	return n != 0 && (teller->random >> 16) % n == 0;
}

/* The local transaction, and what the broker hears of it, if anything. */
static enum transaction_decision
execute(void *arg, const struct message *message, struct slice id, struct transaction *transaction)
{
	struct lane *lane = arg;
	struct teller *teller = lane->load->context;
	struct transfer transfer = book_a_order(0, (int64_t)lane->number);
	enum transaction_decision decision;

	(void)message;
	(void)id;
	if (one_in(teller, ONE_IN_REFUSED))
		return one_in(teller, 2) ? DECISION_UNKNOWN : DECISION_ROLLBACK;
	decision = book_a_transfer(
	    teller->books, &transfer, transaction_half_of(transaction), clock_wall_ms());
	if (decision == DECISION_COMMIT && one_in(teller, teller->options->die_each))
		kill(getpid(), SIGKILL);
	return decision == DECISION_COMMIT && one_in(teller, ONE_IN_UNTOLD) ? DECISION_UNKNOWN
	                                                                    : decision;
}

static enum transaction_decision
check(void *context, const struct record *message, struct slice id, struct transaction *transaction)
{
	struct teller *teller = context;

	(void)transaction;
	if (one_in(teller, 4))
		return DECISION_UNKNOWN;
	return book_a_verdict(
	    teller->books, (int64_t)body_number(message->body), id, clock_wall_ms());
}

static void
say_once_more(
    struct twinmq *mq, const struct transaction_result *result, enum transaction_decision decision)
{
	struct transaction_end end = {
		.group = SLICE(GROUP),
		.half = result->half,
		.decision = decision,
		.oneway = true,
	};

	transaction_end_async(mq, &end, NULL, NULL);
}

/* What was said is said again, and what was confirmed is denied: neither may change anything. */
static void
pester(struct lane *lane, const struct transaction_result *result)
{
	struct teller *teller = lane->load->context;

	if (result->decision == DECISION_UNKNOWN)
		return;
	while (one_in(teller, ONE_IN_REPEATED))
		say_once_more(lane->mq, result, result->decision);
	if (teller->confirmed && result->end_code == 0 && one_in(teller, ONE_IN_CONTRADICTED))
		say_once_more(lane->mq, result,
		    result->decision == DECISION_COMMIT ? DECISION_ROLLBACK : DECISION_COMMIT);
}

static void
on_sent(void *arg, const struct twinmq_error *error, const struct transaction_result *result)
{
	if (error == NULL)
		pester(arg, result);
	lane_again(arg, error == NULL ? BEAT_MS : PAUSE_MS);
}

/* A lane that stops does not end: checks are answered until the parent has gone. */
static void
transfer_next(struct lane *lane)
{
	struct teller *teller = lane->load->context;

	if (load_stopping())
		return;
	lane->number = (uint64_t)book_a_take(teller->books, INT64_MAX - 1);
	struct message message = {
		.topic = slice_of(teller->options->topic),
		.body = numbered_body(teller->room, lane->number, TRANSFER_BODY_MAX),
		.queue_id = MESSAGE_ANY_QUEUE,
	};
	transaction_send_async(teller->producer, &message, on_sent, lane);
}

int
teller_run(const struct teller_options *options)
{
	struct teller teller = {
		.options = options,
		.books = teller_open_books(options->directory),
		.random = options->seed,
		.confirmed = options->seed % 2 == 0,
	};
	struct load load = { .name_servers = options->name_servers,
		.group = "unused",
		.n_handles = 1,
		.window = WINDOW,
		.next = transfer_next,
		.context = &teller };
	struct transaction_options producing = {
		.producer = { .group = GROUP, .compress_over_bytes = -1 },
		.execute = execute,
		.check = check,
		.context = &teller,
		.wait_for_end = teller.confirmed,
	};
	struct twinmq_error error;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	load_stop_on_sigterm();
	if (options->only_answers)
		load_stop();
	load_open(&load);
	teller.producer = transaction_producer_new(load.handles[0], &producing, &error);
	if (teller.producer == NULL) {
		fprintf(stderr, "transfers: %s\n", error.text);
		return 2;
	}
	load_run(&load);
	return 2;
}
