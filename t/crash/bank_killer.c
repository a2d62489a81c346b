/*
 * bank_killer: money that moves with transaction messages while brokers and producers
 * are killed, and the proof that none is lost or made.
 *
 *   bank_killer [-p producers] [-d die_each] [-t seconds] NAMESRV TOPIC BANK
 *
 * Processes of its own debit accounts in the SQLite file BANK, each debit the local
 * transaction of a message; they kill themselves after one of `die_each` debits, before
 * their broker hears of it, and are started again. Here the messages are consumed and credited,
 * as often as they come: nothing recognises a second one. Each second:
 *   I1, I9  balances, what is on its way and what was credited are the money that there was;
 *   I8, I9  nothing is credited that was refused, not debited yet, or credited before;
 *   I4, I6  offsets have no gap, bodies are as sent.
 * After SIGTERM nothing new is begun; then within `seconds` each debit is credited
 * and each half message decided.
 *
 * Prints what it counted as name=value; each breach is a line on stderr.
 * Exit status: 0 all holds, 1 something does not, 2 it could not be found out.
 */

#include "config.h"

#include "t/crash/bank_killer.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/store/half/half.h"
#include "client/twinmq.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "t/crash/bank.h"
#include "t/crash/proof.h"

#define PRODUCERS_MAX 16
#define QUEUES_MAX 64
#define LOOK_MS 1000
#define TURN_MS 50
#define HOLD_MS 1000
#define RETRY_MS 100 /* after a failed pull */
#define LATE_MS 1500 /* so long duplicates may still come, after all is quiet */

struct transfer {
	bool debited;
	uint8_t credits;
};

/* A queue that is consumed: one pull is always on its way. */
struct source {
	struct timer retry;
	struct killer *killer;
	struct message_queue queue;
	int64_t next;
};

struct killer {
	const char *program;
	struct bank_producer_options producing;
	pid_t producers[PRODUCERS_MAX];
	size_t n_producers;
	struct twinmq *mq;
	struct bank *bank;
	struct arena kept; /* names and addresses */
	struct source sources[QUEUES_MAX];
	size_t n_sources;
	struct slice *brokers; /* addresses */
	size_t n_brokers;
	struct transfer *transfers; /* by number */
	uint64_t n_transfers;
	uint64_t *fresh; /* credited since the last look */
	size_t n_fresh, cap_fresh;
	int64_t debited, credited,
	    settled; /* money; settled: debited, and credited at least once */
	uint64_t n_debited, n_refused, n_credited, n_settled, n_deaths, n_looks;
	int64_t n_halves, n_decided;
	int64_t next_look_ms;
	char room[TRANSFER_BODY_MAX];
};

static volatile sig_atomic_t stopping;

static void
on_signal(int number)
{
	(void)number;
	stopping = 1;
}

/* ---- producers ---- */

static void
start_producer(struct killer *killer, size_t i)
{
	char seed[16], die_each[16];

	killer->producing.seed++;
	snprintf(seed, sizeof seed, "%u", killer->producing.seed);
	snprintf(die_each, sizeof die_each, "%u", killer->producing.die_each);
	killer->producers[i] = fork();
	if (killer->producers[i] != 0)
		return;
	execl(killer->program, "bank_killer", stopping ? "-A" : "-P", seed, "-d", die_each,
	    killer->producing.name_servers, killer->producing.topic, killer->producing.bank,
	    (char *)NULL);
	_exit(2);
}

/* Those that killed themselves are started again; once we stop, to answer only. */
static void
look_after_producers(struct killer *killer)
{
	for (size_t i = 0; i < killer->n_producers; i++) {
		int status;

		if (waitpid(killer->producers[i], &status, WNOHANG) != killer->producers[i])
			continue;
		if (!WIFSIGNALED(status) || (WTERMSIG(status) != SIGKILL && !stopping))
			breach("a producer ended with status %d", status);
		killer->n_deaths++;
		start_producer(killer, i);
	}
}

static void
end_producers(struct killer *killer)
{
	for (size_t i = 0; i < killer->n_producers; i++) {
		kill(killer->producers[i], SIGKILL);
		waitpid(killer->producers[i], NULL, 0);
	}
}

/* ---- books ---- */

static struct transfer *
find_transfer(struct killer *killer, uint64_t number)
{
	if (number >= killer->n_transfers) {
		uint64_t n = number + 65536;

		killer->transfers = mem_realloc(killer->transfers, n * sizeof *killer->transfers);
		memset(killer->transfers + killer->n_transfers, 0,
		    (n - killer->n_transfers) * sizeof *killer->transfers);
		killer->n_transfers = n;
	}
	return &killer->transfers[number];
}

static void
settle(struct killer *killer, const struct transfer *transfer, uint64_t number)
{
	if (transfer->debited && transfer->credits == 1) {
		killer->settled += transfer_amount(number);
		killer->n_settled++;
	}
}

static void
credit(struct killer *killer, uint64_t number)
{
	struct transfer *transfer = find_transfer(killer, number);

	killer->credited += transfer_amount(number);
	killer->n_credited++;
	if (transfer->credits < UINT8_MAX)
		transfer->credits++;
	if (transfer->credits != 1) {
		breach("transfer %" PRIu64 " is credited %d times", number, transfer->credits);
		return;
	}
	settle(killer, transfer, number);
	if (killer->n_fresh == killer->cap_fresh) {
		killer->cap_fresh = killer->cap_fresh == 0 ? 4096 : killer->cap_fresh * 2;
		killer->fresh =
		    mem_realloc(killer->fresh, killer->cap_fresh * sizeof *killer->fresh);
	}
	killer->fresh[killer->n_fresh++] = number;
}

static void
on_logged(void *arg, uint64_t number, bool debited)
{
	struct killer *killer = arg;
	struct transfer *transfer = find_transfer(killer, number);

	if (!debited) {
		killer->n_refused++;
		return;
	}
	if (transfer->debited)
		breach("transfer %" PRIu64 " is debited twice", number);
	transfer->debited = true;
	killer->debited += transfer_amount(number);
	killer->n_debited++;
	settle(killer, transfer, number);
}

/* What was credited before this moment must have been debited before it. */
static void
look(struct killer *killer)
{
	int64_t balances = bank_look(killer->bank, on_logged, killer);
	int64_t on_its_way = killer->debited - killer->settled;

	killer->n_looks++;
	for (size_t i = 0; i < killer->n_fresh; i++)
		if (!killer->transfers[killer->fresh[i]].debited)
			breach("transfer %" PRIu64 " is credited, but nothing was debited",
			    killer->fresh[i]);
	killer->n_fresh = 0;
	if (balances + on_its_way + killer->credited != (int64_t)BANK_ACCOUNTS * BANK_BALANCE)
		breach("the sum is wrong: balances %" PRId64 ", on its way %" PRId64
		       ", credited %" PRId64,
		    balances, on_its_way, killer->credited);
}

/* ---- consuming ---- */

static void
take(struct killer *killer, const struct source *source, const struct record *record)
{
	uint64_t number = body_number(record->body);

	if (record->queue_offset != source->next)
		breach("%.*s queue %d: offset %" PRId64 " where %" PRId64 " is due",
		    (int)source->queue.broker_name.len, source->queue.broker_name.data,
		    (int)source->queue.id, record->queue_offset, source->next);
	if (!record_check(record) ||
	    !slice_equal(record->body, numbered_body(killer->room, number, TRANSFER_BODY_MAX)))
		breach("%.*s queue %d offset %" PRId64 ": a body that nobody sent",
		    (int)source->queue.broker_name.len, source->queue.broker_name.data,
		    (int)source->queue.id, record->queue_offset);
	else
		credit(killer, number);
}

static void pull_next(struct source *source);

static void
on_pulled(void *arg, const struct twinmq_error *error, const struct pull_result *result)
{
	struct source *source = arg;
	struct slice records = error == NULL ? result->records : SLICE_NONE;
	struct record record;

	if (error != NULL) {
		/* A broker that is away is asked again later. */
		if (error->code != TWINMQ_CLOSED)
			loop_set_timer(twinmq_loop(source->killer->mq), &source->retry,
			    clock_mono_ms() + RETRY_MS);
		return;
	}
	if (result->status == PULL_BAD_OFFSET)
		breach("%.*s queue %d ends at %" PRId64 ", %" PRId64 " were there",
		    (int)source->queue.broker_name.len, source->queue.broker_name.data,
		    (int)source->queue.id, result->max_offset, source->next);
	for (; result->status == PULL_FOUND && pulled_next(&records, SLICE_NONE, &record);
	     source->next++)
		take(source->killer, source, &record);
	pull_next(source);
}

static void
pull_next(struct source *source)
{
	struct pull_spec pull = {
		.queue = source->queue,
		.offset = source->next,
		.max_messages = 1000,
		.hold_ms = HOLD_MS,
	};

	twinmq_pull_async(source->killer->mq, &pull, on_pulled, source);
}

static void
on_retry(struct timer *timer)
{
	pull_next((struct source *)timer);
}

/* A turn: what comes, the producers, and once a second the books. */
static void
turn(struct killer *killer)
{
	twinmq_run(killer->mq, TURN_MS);
	look_after_producers(killer);
	if (clock_mono_ms() >= killer->next_look_ms) {
		look(killer);
		killer->next_look_ms = clock_mono_ms() + LOOK_MS;
	}
}

/* ---- the end ---- */

/* Where a queue of a broker ends; 0, or -1. */
static int
queue_end(struct killer *killer, struct slice address, const char *topic, int32_t id, int64_t *end)
{
	struct queue_header header = { .topic = slice_of(topic), .queue_id = id };
	struct command request = { .code = REQUEST_GET_MAX_OFFSET };
	struct arena arena = { 0 };
	struct twinmq_reply reply;
	const char *bad;
	int status = -1;

	fields_encode(queue_header_fields, &header, &arena, &request);
	if (twinmq_call(killer->mq, address, &request, SLICE(""), &arena, &reply) == 0)
		status = fields_decode(offset_reply_fields, &reply.command, end, &bad);
	arena_release(&arena);
	return status;
}

/* Half messages and decisions of all brokers. */
static bool
all_decided(struct killer *killer)
{
	killer->n_halves = killer->n_decided = 0;
	for (size_t i = 0; i < killer->n_brokers; i++) {
		int64_t halves, decided;

		if (queue_end(killer, killer->brokers[i], HALF_TOPIC, 0, &halves) == -1 ||
		    queue_end(killer, killer->brokers[i], HALF_EVENT_TOPIC, EVENT_QUEUE_DECISIONS,
			&decided) == -1)
			return false;
		killer->n_halves += halves;
		killer->n_decided += decided;
	}
	return killer->n_halves == killer->n_decided;
}

static void
come_to_rest(struct killer *killer, int64_t patience_ms)
{
	int64_t end = clock_mono_ms() + patience_ms;
	bool quiet = false;

	for (size_t i = 0; i < killer->n_producers; i++)
		kill(killer->producers[i], SIGTERM);
	while (!quiet && clock_mono_ms() < end) {
		turn(killer);
		quiet = killer->n_debited == killer->n_settled && all_decided(killer);
	}
	end = clock_mono_ms() + LATE_MS;
	while (clock_mono_ms() < end)
		turn(killer);
	look(killer);
	if (killer->n_debited != killer->n_settled)
		breach(
		    "%" PRIu64 " debits are not credited", killer->n_debited - killer->n_settled);
	if (!all_decided(killer))
		breach("%" PRId64 " half messages and %" PRId64 " decisions", killer->n_halves,
		    killer->n_decided);
}

/* ---- the program ---- */

/* Keeps all queues of the topic as they are now, when all brokers are there. 0, or -1. */
static int
learn_route(struct killer *killer)
{
	struct arena arena = { 0 };
	struct route route;
	int status = twinmq_route(killer->mq, slice_of(killer->producing.topic), &arena, &route);

	for (size_t i = 0; status == 0 && i < route.n_queues; i++)
		for (int32_t id = 0; id < route.queues[i].read_queues; id++)
			if (killer->n_sources < QUEUES_MAX)
				killer->sources[killer->n_sources++] = (struct source){
					.retry = { .due = on_retry },
					.killer = killer,
					.queue = {
						.topic = slice_of(killer->producing.topic),
						.broker_name = arena_copy(&killer->kept, route.queues[i].broker_name),
						.id = id,
					},
				};
	if (status == 0)
		killer->brokers =
		    arena_alloc(&killer->kept, route.n_brokers * sizeof *killer->brokers);
	for (size_t i = 0; status == 0 && i < route.n_brokers; i++)
		killer->brokers[killer->n_brokers++] =
		    arena_copy(&killer->kept, broker_data_address(&route.brokers[i]));
	arena_release(&arena);
	return status;
}

static int
open_all(struct killer *killer)
{
	struct twinmq_options options = { .name_servers = killer->producing.name_servers,
		.route_age_ms = 200 };
	struct twinmq_error error;

	killer->mq = twinmq_open(&options, &error);
	if (killer->mq == NULL) {
		fprintf(stderr, "bank_killer: %s\n", error.text);
		return -1;
	}
	killer->bank = bank_open(killer->producing.bank);
	if (learn_route(killer) == -1) {
		fprintf(stderr, "bank_killer: %s\n", twinmq_error(killer->mq)->text);
		return -1;
	}
	return 0;
}

static void
close_all(struct killer *killer)
{
	twinmq_close(killer->mq);
	bank_close(killer->bank);
	free(killer->transfers);
	free(killer->fresh);
	arena_release(&killer->kept);
}

static int
run(struct killer *killer, int64_t patience_ms)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGTERM, &action, NULL);
	if (open_all(killer) == -1)
		return 2;
	for (size_t i = 0; i < killer->n_sources; i++)
		pull_next(&killer->sources[i]);
	for (size_t i = 0; i < killer->n_producers; i++)
		start_producer(killer, i);
	while (!stopping)
		turn(killer);
	come_to_rest(killer, patience_ms);
	end_producers(killer);
	printf("debited=%" PRIu64 "\nrefused=%" PRIu64 "\ncredited=%" PRIu64 "\nhalves=%" PRId64
	       "\ndecided=%" PRId64 "\ndeaths=%" PRIu64 "\nlooks=%" PRIu64 "\nbreaches=%" PRIu64
	       "\n",
	    killer->n_debited, killer->n_refused, killer->n_credited, killer->n_halves,
	    killer->n_decided, killer->n_deaths, killer->n_looks, breaches());
	close_all(killer);
	return breaches() != 0;
}

int
main(int argc, char **argv)
{
	struct killer killer = { .program = "/proc/self/exe", .n_producers = 3 };
	size_t patience = 180;
	bool produces = false;
	int option;

	killer.producing.die_each = 1000;
	while ((option = getopt(argc, argv, "p:d:t:P:A:")) != -1) {
		if (option == 'p') {
			killer.n_producers = number_argument(optarg, 1, PRODUCERS_MAX);
		} else if (option == 'd') {
			killer.producing.die_each = (unsigned)number_argument(optarg, 0, 1000000);
		} else if (option == 't') {
			patience = number_argument(optarg, 1, 3600);
		} else if (option == 'P' || option == 'A') {
			produces = true;
			killer.producing.only_replies = option == 'A';
			killer.producing.seed = (unsigned)number_argument(optarg, 0, 1000000);
		} else {
			return 2;
		}
	}
	if (argc - optind != 3) {
		fputs("usage: bank_killer [-p producers] [-d die_each] [-t seconds] NAMESRV TOPIC "
		      "BANK\n",
		    stderr);
		return 2;
	}
	killer.producing.name_servers = argv[optind];
	killer.producing.topic = argv[optind + 1];
	killer.producing.bank = argv[optind + 2];
	return produces ? bank_producer_run(&killer.producing)
	                : run(&killer, (int64_t)patience * 1000);
}
