#include "config.h"

#include "t/crash/bank_killer.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "client/twinmq_transaction.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "t/crash/bank.h"
#include "t/crash/proof.h"

#define GROUP "bank-a"
#define WINDOW 8
#define NUMBERS 64  /* taken at once */
#define BEAT_MS 4   /* from one send of a lane to the next: what is to be proved is not speed */
#define PAUSE_MS 20 /* after a failed one */
#define ONE_IN_UNTOLD 12 /* debits of which the broker hears UNKNOWN */
#define ONE_IN_REFUSED 8
#define ONE_IN_REPEATED 4
#define ONE_IN_CONTRADICTED 8 /* of those whose outcome the broker has confirmed */

/* One of the window: sends again whenever its last transaction is done. */
struct lane {
	struct timer pause;
	struct teller *teller;
	uint64_t number;
};

struct teller {
	const struct bank_producer_options *options;
	struct bank *bank;
	struct loop loop;
	struct twinmq *mq;
	struct transaction_producer *producer;
	struct lane lanes[WINDOW];
	uint64_t next, behind; /* numbers that are ours */
	unsigned random;
	bool confirmed; /* each END is answered */
	char room[TRANSFER_BODY_MAX];
};

static volatile sig_atomic_t stopping;

static void
on_signal(int number)
{
	(void)number;
	stopping = 1;
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
	struct teller *teller = lane->teller;

	(void)message;
	(void)transaction;
	if (one_in(teller, ONE_IN_REFUSED))
		return one_in(teller, 2) ? DECISION_UNKNOWN : DECISION_ROLLBACK;
	if (!bank_transfer(teller->bank, id, lane->number))
		return DECISION_ROLLBACK;
	if (one_in(teller, teller->options->die_each))
		kill(getpid(), SIGKILL);
	return one_in(teller, ONE_IN_UNTOLD) ? DECISION_UNKNOWN : DECISION_COMMIT;
}

static enum transaction_decision
check(void *context, const struct record *message, struct slice id, struct transaction *transaction)
{
	struct teller *teller = context;

	(void)transaction;
	if (one_in(teller, 4))
		return DECISION_UNKNOWN;
	return bank_settle(teller->bank, id, body_number(message->body)) ? DECISION_COMMIT
	                                                                 : DECISION_ROLLBACK;
}

static void
say_once_more(const struct teller *teller, const struct transaction_result *result,
    enum transaction_decision decision)
{
	struct transaction_end end = {
		.group = SLICE(GROUP),
		.half = result->half,
		.decision = decision,
		.oneway = true,
	};

	transaction_end_async(teller->mq, &end, NULL, NULL);
}

/* What was said is said again, and what was confirmed is denied: neither may change anything. */
static void
pester(struct teller *teller, const struct transaction_result *result)
{
	if (result->decision == DECISION_UNKNOWN)
		return;
	while (one_in(teller, ONE_IN_REPEATED))
		say_once_more(teller, result, result->decision);
	if (teller->confirmed && result->end_code == 0 && one_in(teller, ONE_IN_CONTRADICTED))
		say_once_more(teller, result,
		    result->decision == DECISION_COMMIT ? DECISION_ROLLBACK : DECISION_COMMIT);
}

static void
on_sent(void *arg, const struct twinmq_error *error, const struct transaction_result *result)
{
	struct lane *lane = arg;

	if (error == NULL)
		pester(lane->teller, result);
	loop_set_timer(&lane->teller->loop, &lane->pause,
	    clock_mono_ms() + (error == NULL ? BEAT_MS : PAUSE_MS));
}

static void
send_next(struct lane *lane)
{
	struct teller *teller = lane->teller;

	if (stopping)
		return;
	if (teller->next == teller->behind) {
		teller->next = bank_take_numbers(teller->bank, NUMBERS);
		teller->behind = teller->next + NUMBERS;
	}
	lane->number = teller->next++;
	struct message message = {
		.topic = slice_of(teller->options->topic),
		.body = numbered_body(teller->room, lane->number, TRANSFER_BODY_MAX),
		.queue_id = MESSAGE_ANY_QUEUE,
	};
	transaction_send_async(teller->producer, &message, on_sent, lane);
}

static void
on_pause_over(struct timer *timer)
{
	send_next((struct lane *)timer);
}

int
bank_producer_run(const struct bank_producer_options *options)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct teller teller = {
		.options = options,
		.bank = bank_open(options->bank),
		.random = options->seed,
		.confirmed = options->seed % 2 == 0,
	};
	struct twinmq_options handle = {
		.name_servers = options->name_servers,
		.loop = &teller.loop,
		.route_age_ms = 200,
	};
	struct transaction_options producing = {
		.producer = { .group = GROUP, .compress_over_bytes = -1 },
		.execute = execute,
		.check = check,
		.context = &teller,
		.wait_for_end = teller.confirmed,
	};
	struct twinmq_error error;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stopping = options->only_replies;
	sigaction(SIGTERM, &action, NULL);
	loop_init(&teller.loop, 0);
	teller.mq = twinmq_open(&handle, &error);
	if (teller.mq != NULL)
		teller.producer = transaction_producer_new(teller.mq, &producing, &error);
	if (teller.producer == NULL) {
		fprintf(stderr, "bank_killer: %s\n", error.text);
		return 2;
	}
	for (size_t i = 0; i < WINDOW; i++) {
		teller.lanes[i] =
		    (struct lane){ .pause = { .due = on_pause_over }, .teller = &teller };
		send_next(&teller.lanes[i]);
	}
	/* Its parent ends it. */
	loop_run(&teller.loop);
	return 2;
}
