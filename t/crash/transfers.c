/*
 * transfers: money that moves with transaction messages while brokers and producers are killed, and
 * the proof that none is lost or made.
 *
 *   transfers [-p producers] [-d die_each] [-t seconds] NAMESRV TOPIC DIRECTORY
 *
 * Processes of its own (teller.h) debit accounts of the example's bank A, whose books are in
 * DIRECTORY, each debit the local transaction of a message. They kill themselves after one of
 * `die_each` debits, before their broker hears of it, and are started again. Here the messages are
 * consumed and credited. Each second:
 *   I1, I9  balances, what is on its way and what was credited are the money that there was;
 *   I8, I9  nothing is credited that was refused, not debited yet, or credited before;
 *   I4, I6  offsets have no gap, bodies are as sent (judge.h).
 * After SIGTERM nothing new is begun; then within `seconds` each debit is credited and each half
 * message decided.
 *
 * Prints what it counted as name=value; each breach is a line on stderr.
 * Exit status: 0 all holds, 1 something does not, 2 it could not be found out.
 */

#include "config.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/store/half/half.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "examples/bank-transfer/book_a.h"
#include "t/crash/judge.h"
#include "t/crash/kill.h"
#include "t/crash/load.h"
#include "t/crash/teller.h"

#define LOOK_MS 1000
#define TURN_MS 50
#define LATE_MS 1500 /* so long duplicates may still come, after all is quiet */

struct transfers {
	struct teller_options producing;
	struct victims tellers;
	struct judge judge;
	struct ledger ledger; /* STORED: debited */
	sqlite3 *books;
	int64_t opening, last_row; /* last_row: of t2, seen by look */
	uint64_t *fresh;           /* credited since the last look */
	size_t n_fresh, cap_fresh;
	int64_t debited, credited, settled; /* money; settled: debited and credited */
	uint64_t n_debited, n_refused, n_credited, n_settled, n_looks;
	int64_t n_halves, n_decided;
	int64_t next_look_ms;
};

static void
exec_teller(void *arg, unsigned n)
{
	struct transfers *transfers = arg;
	char seed[16], die_each[16];

	snprintf(seed, sizeof seed, "%u", n);
	snprintf(die_each, sizeof die_each, "%u", transfers->producing.die_each);
	execl("/proc/self/exe", "transfers", load_stopping() ? "-A" : "-P", seed, "-d", die_each,
	    transfers->producing.name_servers, transfers->producing.topic,
	    transfers->producing.directory, (char *)NULL);
}

/* ---- books ---- */

static int64_t
amount_of(uint64_t number)
{
	return book_a_order(0, (int64_t)number).amount;
}

static void
settle(struct transfers *transfers, uint64_t number)
{
	const struct ledger_row *row = ledger_row(&transfers->ledger, number);

	if (row->promise == STORED && row->seen == 1) {
		transfers->settled += amount_of(number);
		transfers->n_settled++;
	}
}

static void
credit(void *arg, uint64_t number)
{
	struct transfers *transfers = arg;

	transfers->credited += amount_of(number);
	transfers->n_credited++;
	settle(transfers, number);
	if (transfers->n_fresh == transfers->cap_fresh) {
		transfers->cap_fresh = transfers->cap_fresh * 2 + 4096;
		transfers->fresh =
		    mem_realloc(transfers->fresh, transfers->cap_fresh * sizeof *transfers->fresh);
	}
	transfers->fresh[transfers->n_fresh++] = number;
}

static void
debit(struct transfers *transfers, uint64_t number, int64_t amount)
{
	struct ledger_row *row = ledger_row(&transfers->ledger, number);

	if (row->promise == STORED)
		breach("transfer %" PRIu64 " is debited twice", number);
	row->promise = STORED;
	transfers->debited += amount;
	transfers->n_debited++;
	settle(transfers, number);
}

/* What was credited before this moment must have been debited before it. */
static void
look(struct transfers *transfers)
{
	sqlite3_stmt *rows = books_prepare(transfers->books,
	    "SELECT rowid, id, amount, state = 'booked' FROM t2 WHERE rowid > ?1 ORDER BY rowid");
	int64_t balances, on_its_way;

	books_script(transfers->books, "BEGIN");
	sqlite3_bind_int64(rows, 1, transfers->last_row);
	while (books_step(rows)) {
		transfers->last_row = sqlite3_column_int64(rows, 0);
		if (sqlite3_column_int(rows, 3) != 0)
			debit(transfers, (uint64_t)sqlite3_column_int64(rows, 1),
			    sqlite3_column_int64(rows, 2));
		else
			transfers->n_refused++;
	}
	sqlite3_finalize(rows);
	balances = books_run(transfers->books, "SELECT sum(balance) FROM t1");
	books_commit(transfers->books);
	on_its_way = transfers->debited - transfers->settled;
	transfers->n_looks++;
	for (size_t i = 0; i < transfers->n_fresh; i++)
		if (ledger_row(&transfers->ledger, transfers->fresh[i])->promise != STORED)
			breach("transfer %" PRIu64 " is credited, but nothing was debited",
			    transfers->fresh[i]);
	transfers->n_fresh = 0;
	if (balances + on_its_way + transfers->credited != transfers->opening)
		breach("the sum is wrong: balances %" PRId64 ", on its way %" PRId64
		       ", credited %" PRId64,
		    balances, on_its_way, transfers->credited);
}

/* A turn: what comes, the producers, and once a second the books. */
static void
turn(struct transfers *transfers)
{
	twinmq_run(transfers->judge.mq, TURN_MS);
	victims_look_after(&transfers->tellers);
	if (clock_mono_ms() >= transfers->next_look_ms) {
		look(transfers);
		transfers->next_look_ms = clock_mono_ms() + LOOK_MS;
	}
}

/* ---- the end ---- */

/* Where a queue of a broker ends; 0, or -1. */
static int
queue_end(struct twinmq *mq, struct slice address, const char *topic, int32_t id, int64_t *end)
{
	struct queue_header header = { .topic = slice_of(topic), .queue_id = id };
	struct command request = { .code = REQUEST_GET_MAX_OFFSET };
	struct arena arena = { 0 };
	struct twinmq_reply reply;
	const char *bad;
	int status = -1;

	fields_encode(queue_header_fields, &header, &arena, &request);
	if (twinmq_call(mq, address, &request, SLICE(""), &arena, &reply) == 0)
		status = fields_decode(offset_reply_fields, &reply.command, end, &bad);
	arena_release(&arena);
	return status;
}

static bool
count_decided(struct transfers *transfers, struct slice address)
{
	struct twinmq *mq = transfers->judge.mq;
	int64_t halves, decided;

	if (queue_end(mq, address, HALF_TOPIC, 0, &halves) == -1 ||
	    queue_end(mq, address, HALF_EVENT_TOPIC, EVENT_QUEUE_DECISIONS, &decided) == -1)
		return false;
	transfers->n_halves += halves;
	transfers->n_decided += decided;
	return true;
}

/* Half messages and decisions of all brokers: of their masters of now. */
static bool
all_decided(struct transfers *transfers)
{
	struct arena arena = { 0 };
	struct route route;
	bool counted = twinmq_route(transfers->judge.mq, slice_of(transfers->judge.topic), &arena,
			   &route) == 0 &&
	               route.n_brokers == transfers->judge.n_brokers;

	transfers->n_halves = transfers->n_decided = 0;
	for (size_t i = 0; counted && i < route.n_brokers; i++)
		counted = count_decided(transfers, broker_data_address(&route.brokers[i]));
	arena_release(&arena);
	return counted && transfers->n_halves == transfers->n_decided;
}

static void
come_to_rest(struct transfers *transfers, int64_t patience_ms)
{
	int64_t end = clock_mono_ms() + patience_ms;
	bool quiet = false;

	victims_signal(&transfers->tellers, SIGTERM);
	while (!quiet && clock_mono_ms() < end) {
		turn(transfers);
		quiet = transfers->n_debited == transfers->n_settled && all_decided(transfers);
	}
	end = clock_mono_ms() + LATE_MS;
	while (clock_mono_ms() < end)
		turn(transfers);
	look(transfers);
	judge_lost(&transfers->judge);
	if (!all_decided(transfers))
		breach("%" PRId64 " half messages and %" PRId64 " decisions", transfers->n_halves,
		    transfers->n_decided);
}

/* ---- the program ---- */

static int
open_all(struct transfers *transfers)
{
	struct twinmq_options options = { .name_servers = transfers->producing.name_servers,
		.route_age_ms = 200 };
	struct twinmq_error error;
	struct twinmq *mq = twinmq_open(&options, &error);

	if (mq == NULL) {
		fprintf(stderr, "transfers: %s\n", error.text);
		return -1;
	}
	transfers->judge = (struct judge){ .mq = mq,
		.topic = transfers->producing.topic,
		.ledger = &transfers->ledger,
		.body_max = TRANSFER_BODY_MAX,
		.met = credit,
		.arg = transfers };
	teller_create_books(transfers->producing.directory);
	transfers->books = teller_open_books(transfers->producing.directory);
	transfers->opening = books_run(transfers->books, "SELECT opening FROM bank");
	if (judge_open(&transfers->judge) == -1) {
		fprintf(stderr, "transfers: %s\n", twinmq_error(mq)->text);
		return -1;
	}
	return 0;
}

static int
run(struct transfers *transfers, int64_t patience_ms)
{
	load_stop_on_sigterm();
	if (open_all(transfers) == -1)
		return 2;
	judge_follow(&transfers->judge);
	victims_start(&transfers->tellers);
	while (!load_stopping())
		turn(transfers);
	come_to_rest(transfers, patience_ms);
	victims_end(&transfers->tellers);
	printf("debited=%" PRIu64 "\nrefused=%" PRIu64 "\ncredited=%" PRIu64 "\nhalves=%" PRId64
	       "\ndecided=%" PRId64 "\ndeaths=%" PRIu64 "\nlooks=%" PRIu64 "\nbreaches=%" PRIu64
	       "\n",
	    transfers->n_debited, transfers->n_refused, transfers->n_credited, transfers->n_halves,
	    transfers->n_decided, transfers->tellers.n_deaths, transfers->n_looks, breaches());
	twinmq_close(transfers->judge.mq);
	judge_close(&transfers->judge);
	books_close(transfers->books);
	ledger_release(&transfers->ledger);
	free(transfers->fresh);
	return breaches() != 0;
}

int
main(int argc, char **argv)
{
	struct transfers transfers = { .tellers = { .n = 3, .exec = exec_teller } };
	size_t patience = 180;
	bool produces = false;
	int option;

	transfers.tellers.arg = &transfers;
	transfers.producing.die_each = 1000;
	while ((option = getopt(argc, argv, "p:d:t:P:A:")) != -1) {
		if (option == 'p') {
			transfers.tellers.n = number_argument(optarg, 1, VICTIMS_MAX);
		} else if (option == 'd') {
			transfers.producing.die_each =
			    (unsigned)number_argument(optarg, 0, 1000000);
		} else if (option == 't') {
			patience = number_argument(optarg, 1, 3600);
		} else if (option == 'P' || option == 'A') {
			produces = true;
			transfers.producing.only_answers = option == 'A';
			transfers.producing.seed = (unsigned)number_argument(optarg, 0, INT32_MAX);
		} else {
			return 2;
		}
	}
	if (argc - optind != 3) {
		fputs("usage: transfers [-p producers] [-d die_each] [-t seconds] NAMESRV TOPIC "
		      "DIRECTORY\n",
		    stderr);
		return 2;
	}
	transfers.producing.name_servers = argv[optind];
	transfers.producing.topic = argv[optind + 1];
	transfers.producing.directory = argv[optind + 2];
	return produces ? teller_run(&transfers.producing)
	                : run(&transfers, (int64_t)patience * 1000);
}
