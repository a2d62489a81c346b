#include "config.h"

/*
 * Takes due half messages from the table in batches, at most transactionCheckRate a second, and
 * begins a check for each (check_one.c).
 */

#include "broker/transaction/check/check_private.h"

#include <stddef.h>
#include <stdlib.h>

#include "broker/store/store.h"
#include "broker/transaction/check/relay_key.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"

#define LOOK_MS 1000        /* between two looks while nothing is due */
#define STEP_MS 10          /* between two looks at least */
#define BATCH 256           /* half messages taken at once */
#define READING_MAX 16      /* records on their way from the store */
#define AT_HAND_MAX 512     /* half messages between two steps, */
#define BYTES_MAX (8 << 20) /* and their records */
#define LOST_MS 30000       /* a check that was lost on the way is due again after this */
#define SILENT_MS 5000      /* a member without an answer for so long is silent */

struct check_due {
	struct transaction_checks *checks;
	struct timer tick;
	bool taking;        /* a job is with the store */
	struct half *taken; /* from `at` on not begun yet */
	size_t n_taken, at;
	int64_t allowed;    /* half messages times 1000 */
	int64_t allowed_ms; /* as of then */
};

/* How many may be taken now. A burst is at most the allowance of a tenth of a second. */
static size_t
allowance(struct transaction_checks *checks, int64_t now_ms)
{
	struct check_due *due = checks->due;
	int64_t rate = checks->broker->settings->transaction_check_rate;
	int64_t most = rate * 100 > 1000 ? rate * 100 : 1000;
	int64_t passed_ms = now_ms - due->allowed_ms < 1000 ? now_ms - due->allowed_ms : 1000;

	due->allowed_ms = now_ms;
	due->allowed += passed_ms * rate;
	if (due->allowed > most)
		due->allowed = most;
	return (size_t)(due->allowed / 1000 < BATCH ? due->allowed / 1000 : BATCH);
}

static void
look_in(struct transaction_checks *checks, int64_t delay_ms)
{
	loop_set_timer(checks->loop, &checks->due->tick,
	    clock_mono_ms() + (delay_ms > STEP_MS ? delay_ms : STEP_MS));
}

static void
on_taken(struct half_job *job, struct loop *loop)
{
	struct transaction_checks *checks = job->context;
	struct check_due *due = checks->due;

	(void)loop;
	due->taking = false;
	if (!checks->stopped) {
		free(due->taken);
		due->taken = job->halves;
		due->n_taken = job->n;
		due->at = 0;
		job->halves = NULL;
		due->allowed -= (int64_t)due->n_taken * 1000;
		look_in(checks, STEP_MS);
		checks_pump(checks);
	}
	half_job_free(job);
}

static void
take(struct transaction_checks *checks, size_t max)
{
	struct half_job *job = half_job_new(HALF_DUE);

	checks->due->taking = true;
	job->max = max;
	job->retry_delay_ms = LOST_MS;
	job->reply_loop = checks->loop;
	job->done = on_taken;
	job->context = checks;
	store_halves(checks->broker->store, job);
}

static void
on_tick(struct timer *self)
{
	struct check_due *due = container_of(self, struct check_due, tick);
	struct transaction_checks *checks = due->checks;
	const struct broker_settings *settings = checks->broker->settings;
	int64_t now_ms = clock_mono_ms();
	struct half_counts counts;

	check_members_tick(checks->members,
	    settings->transaction_check_interval < SILENT_MS ? settings->transaction_check_interval
							     : SILENT_MS,
	    now_ms);
	store_half_counts(checks->broker->store, &counts);
	if (counts.next_due_ms > now_ms) {
		look_in(checks,
		    counts.next_due_ms - now_ms < LOOK_MS ? counts.next_due_ms - now_ms : LOOK_MS);
		return;
	}
	size_t max = allowance(checks, now_ms);

	if (max > 0 && !due->taking && due->at == due->n_taken)
		take(checks, max);
	look_in(checks, STEP_MS);
}

/* Begins checks of taken half messages while the limits allow it. */
void
checks_pump(struct transaction_checks *checks)
{
	struct check_due *due = checks->due;

	while (!checks->stopped && due->at < due->n_taken && checks->n_reading < READING_MAX &&
	       checks->n_at_hand < AT_HAND_MAX && checks->n_bytes < BYTES_MAX)
		check_begin(checks, &due->taken[due->at++]);
}

/* ---- beginning and end ----------------------------------------------- */

struct transaction_checks *
transaction_checks_new(struct broker *broker)
{
	struct transaction_checks *checks = mem_zalloc(sizeof *checks);

	checks->broker = broker;
	checks->loop = broker_main_loop(broker);
	checks->members = check_members_new(broker->clients);
	checks->relay_keys = relay_keys_new();
	checks->relay_out = relay_out_new(broker, checks->relay_keys);
	checks->relay_in = relay_in_new(broker, checks->members, checks->relay_keys);
	checks->urls = check_urls_new(broker);
	checks->due = mem_zalloc(sizeof *checks->due);
	checks->due->checks = checks;
	checks->due->tick.due = on_tick;
	checks->due->allowed_ms = clock_mono_ms();
	if (!broker_is_slave(broker))
		look_in(checks, LOOK_MS);
	return checks;
}

void
transaction_checks_stop(struct transaction_checks *checks)
{
	checks->stopped = true;
	relay_out_stop(checks->relay_out);
	relay_in_stop(checks->relay_in);
	check_urls_stop(checks->urls);
	loop_drop_timer(checks->loop, &checks->due->tick);
}

void
transaction_checks_free(struct transaction_checks *checks)
{
	if (checks == NULL)
		return;
	loop_drain(checks->loop); /* replies that are still in the mailbox */
	checks_drop(checks);
	loop_drop_timer(checks->loop, &checks->due->tick);
	free(checks->due->taken);
	free(checks->due);
	check_urls_free(checks->urls);
	relay_in_free(checks->relay_in);
	relay_out_free(checks->relay_out);
	relay_keys_free(checks->relay_keys);
	check_members_free(checks->members);
	free(checks);
}

/* ---- answers --------------------------------------------------------- */

struct answered {
	struct task task;
	struct transaction_checks *checks;
	int64_t position;
};

static void
run_answered(struct task *task, void *receiver)
{
	struct answered *answered = container_of(task, struct answered, task);
	struct loop *loop = receiver;

	check_members_answered(answered->checks->members,
	    half_event_key(&loop->arena, answered->position), clock_mono_ms());
	free(answered);
}

void
transaction_checks_answered(struct broker *broker, struct loop *here, int64_t position)
{
	struct answered *answered = mem_alloc(sizeof *answered);

	*answered = (struct answered){
		.task.run = run_answered,
		.checks = broker->transaction_checks,
		.position = position,
	};
	loop_call(answered->checks->loop, here, &answered->task);
}

/* ---- the state of a check -------------------------------------------- */

/* On its way to loop 0 and back. */
struct state_question {
	struct task task;
	struct transaction_checks *checks;
	struct loop *reply_loop;
	transaction_check_state_fn *done;
	void *context;
	int64_t position;
	const char *state;
};

static void
run_state_reply(struct task *task, void *receiver)
{
	struct state_question *question = container_of(task, struct state_question, task);

	question->done(question->context, receiver, question->state);
	free(question);
}

static void
run_state_question(struct task *task, void *receiver)
{
	struct state_question *question = container_of(task, struct state_question, task);
	const char *state = check_state_of(question->checks, question->position);

	question->state = state != NULL ? state : "waiting";
	question->task.run = run_state_reply;
	loop_call(question->reply_loop, receiver, &question->task);
}

void
transaction_checks_ask_state(struct broker *broker, struct loop *here, int64_t position,
    transaction_check_state_fn *done, void *context)
{
	struct state_question *question = mem_alloc(sizeof *question);

	*question = (struct state_question){
		.task.run = run_state_question,
		.checks = broker->transaction_checks,
		.reply_loop = here,
		.done = done,
		.context = context,
		.position = position,
	};
	loop_call(question->checks->loop, here, &question->task);
}
