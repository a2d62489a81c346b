/*
 * transact: what libtwinmq does with transactions, against brokers that run.
 *
 *   transact NAMESRV TOPIC           all of it; prints TAP
 *   transact NAMESRV TOPIC await     stores one half message, prints "stored", decides nothing, and
 *                                    answers commit when a broker asks; prints "asked" then
 *
 * The topic must be new: what was sent to it is counted. FOREIGN=1 leaves out what only TwinMQ
 * answers.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/twinmq_transaction.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/protocol/codes.h"

#define ASKED_WITHIN_MS 60000

static struct twinmq *mq;
static struct arena arena;
static struct slice topic;
static int n_tests, n_failed;

static bool
ok(bool holds, const char *what)
{
	printf("%sok %d - %s\n", holds ? "" : "not ", ++n_tests, what);
	fflush(stdout);
	if (!holds && twinmq_error(mq)->text[0] != '\0')
		printf("# the last error: %s\n", twinmq_error(mq)->text);
	n_failed += !holds;
	return holds;
}

static void
die(const char *what)
{
	fprintf(stderr, "transact: %s: %s\n", what, twinmq_error(mq)->text);
	exit(2);
}

/* ---- what was delivered ---- */

struct delivered {
	int n;
	struct record last; /* in the arena */
};

static void
look_through(struct pull_spec *pull, struct slice body, struct delivered *delivered)
{
	struct pull_result result;
	struct record record;

	do {
		if (twinmq_pull(mq, pull, &arena, &result) == -1)
			die("pull");
		while (result.status == PULL_FOUND &&
		       pulled_next(&result.records, SLICE_NONE, &record))
			if (slice_equal(record.body, body)) {
				delivered->n++;
				delivered->last = record;
			}
		pull->offset = result.next_offset;
	} while (result.status == PULL_FOUND);
}

static struct delivered
find_delivered(const char *body)
{
	struct delivered delivered = { 0 };
	struct route route;

	if (twinmq_route(mq, topic, &arena, &route) == -1)
		die("route");
	for (size_t i = 0; i < route.n_queues; i++)
		for (int32_t id = 0; id < route.queues[i].read_queues; id++) {
			struct pull_spec pull = { { topic, route.queues[i].broker_name, id } };

			look_through(&pull, slice_of(body), &delivered);
		}
	return delivered;
}

/* A oneway decision needs a moment; so does an answer to a broker. */
static int
wait_delivered(const char *body)
{
	int64_t until_ms = clock_mono_ms() + 5000;
	int n;

	while ((n = find_delivered(body).n) == 0 && clock_mono_ms() < until_ms)
		twinmq_run(mq, 20);
	return n;
}

/* ---- a local transaction that says what the test wants ---- */

struct ending {
	int n_done;
	int32_t code;
};

struct script {
	struct ending ending; /* of an asynchronous send */
	enum transaction_decision executed, later, answered;
	struct transaction *waits; /* the one that said LATER */
	struct timer decide;
	int n_executed, n_asked;
	char id[2 * UNIQUE_ID_LEN];
	char asked_id[2 * UNIQUE_ID_LEN];
	char asked_body[64];
	struct transaction_half half;
};

static void
on_decide(struct timer *self)
{
	struct script *script = container_of(self, struct script, decide);

	transaction_decide(script->waits, script->later);
}

static enum transaction_decision
say(struct script *script, enum transaction_decision decision, struct transaction *transaction)
{
	script->half = *transaction_half_of(transaction);
	if (decision != DECISION_LATER)
		return decision;
	script->waits = transaction;
	script->decide.due = on_decide;
	loop_set_timer(twinmq_loop(mq), &script->decide, clock_mono_ms() + 30);
	return decision;
}

static enum transaction_decision
execute(void *arg, const struct message *message, struct slice transaction_id,
    struct transaction *transaction)
{
	struct script *script = arg;

	(void)message;
	script->n_executed++;
	snprintf(
	    script->id, sizeof script->id, "%.*s", (int)transaction_id.len, transaction_id.data);
	return say(script, script->executed, transaction);
}

static enum transaction_decision
check(void *context, const struct record *message, struct slice transaction_id,
    struct transaction *transaction)
{
	struct script *script = context;

	script->n_asked++;
	snprintf(script->asked_id, sizeof script->asked_id, "%.*s", (int)transaction_id.len,
	    transaction_id.data);
	snprintf(script->asked_body, sizeof script->asked_body, "%.*s", (int)message->body.len,
	    message->body.data);
	twinmq_stop(mq);
	return say(script, script->answered, transaction);
}

static struct transaction_producer *
open_producer(const char *group, struct script *script, bool wait_for_end)
{
	struct transaction_options options = {
		.producer.group = group,
		.execute = execute,
		.check = check,
		.context = script,
		.wait_for_end = wait_for_end,
	};
	struct twinmq_error error;
	struct transaction_producer *producer = transaction_producer_new(mq, &options, &error);

	if (producer == NULL) {
		fprintf(stderr, "transact: %s\n", error.text);
		exit(2);
	}
	return producer;
}

static struct message
message_of(const char *body)
{
	return (struct message){ .topic = topic,
		.keys = SLICE("k1 k2"),
		.tags = SLICE("T"),
		.body = slice_of(body),
		.queue_id = MESSAGE_ANY_QUEUE };
}

static void
send_one(struct transaction_producer *producer, struct script *script, const char *body,
    struct transaction_result *result)
{
	struct message message = message_of(body);

	if (transaction_send(producer, &message, script, &arena, result) == -1)
		die("transaction_send");
}

/* ---- the tests ---- */

static void
test_own_decisions(void)
{
	struct script script = { .executed = DECISION_COMMIT };
	struct transaction_producer *producer = open_producer("TG_OWN", &script, true);
	struct transaction_result result;
	struct twinmq_error error;

	ok(transaction_producer_ready(producer) == 0, "registered with the masters");
	ok(transaction_producer_new(
	       mq, &(struct transaction_options){ .producer.group = "TG_OWN" }, &error) == NULL &&
		error.code == TWINMQ_BAD_ARGUMENT,
	    "a second one of the group is refused");
	send_one(producer, &script, "committed", &result);
	ok(result.decision == DECISION_COMMIT && result.end_code == 0 && script.n_executed == 1,
	    "executed, and the broker took the commit");
	ok(result.half.position == script.half.position &&
		strcmp(result.half.unique_id, script.id) == 0,
	    "the executor knows the place and the id");
	struct delivered delivered = find_delivered("committed");
	ok(delivered.n == 1, "delivered once");
	ok(delivered.n == 1 && delivered.last.prepared_offset == result.half.position,
	    "the delivered message says where its half message is");
	ok(delivered.n == 1 &&
		slice_is(property_find(delivered.last.properties, "UNIQ_KEY"), script.id) &&
		slice_is(property_find(delivered.last.properties, "TAGS"), "T"),
	    "it has the sender's id and tag");

	script.executed = DECISION_ROLLBACK;
	send_one(producer, &script, "rolled back", &result);
	ok(result.decision == DECISION_ROLLBACK && result.end_code == 0, "a rollback is taken");

	script.executed = DECISION_LATER;
	script.later = DECISION_COMMIT;
	send_one(producer, &script, "later", &result);
	ok(result.decision == DECISION_COMMIT && find_delivered("later").n == 1,
	    "decided later, delivered");
	ok(find_delivered("rolled back").n == 0, "what was rolled back is not there");
	transaction_producer_free(producer);
}

static void
test_oneway(void)
{
	struct script script = { .executed = DECISION_COMMIT };
	struct transaction_producer *producer = open_producer("TG_ONEWAY", &script, false);
	struct transaction_result result;
	struct transaction_counts counts;

	send_one(producer, &script, "oneway", &result);
	transaction_producer_get_counts(producer, &counts);
	ok(counts.n_sent == 1 && counts.decided[DECISION_COMMIT] == 1, "it is counted");
	transaction_producer_free(producer);
	ok(wait_delivered("oneway") == 1, "a decision leaves though its producer went at once");
}

static void
test_asked(void)
{
	struct script one = { .executed = DECISION_UNKNOWN, .answered = DECISION_COMMIT };
	struct script two = {
		.executed = DECISION_UNKNOWN, .answered = DECISION_LATER, .later = DECISION_ROLLBACK
	};
	struct transaction_producer *first = open_producer("TG_ASK_1", &one, false);
	struct transaction_producer *second = open_producer("TG_ASK_2", &two, false);
	struct transaction_counts counts;
	struct transaction_result result;
	int64_t until_ms = clock_mono_ms() + ASKED_WITHIN_MS;

	send_one(first, &one, "ask one", &result);
	send_one(second, &two, "ask two", &result);
	ok(find_delivered("ask one").n == 0, "nothing is delivered before a decision");
	while ((one.n_asked == 0 || two.n_asked == 0) && clock_mono_ms() < until_ms)
		twinmq_run(mq, 1000);
	ok(one.n_asked == 1 && two.n_asked == 1, "each producer of the handle is asked once");
	ok(strcmp(one.asked_id, one.id) == 0 && strcmp(two.asked_id, two.id) == 0,
	    "by the ids that were executed");
	ok(strcmp(one.asked_body, "ask one") == 0 && strcmp(two.asked_body, "ask two") == 0,
	    "with the message");
	ok(wait_delivered("ask one") == 1, "answered commit: delivered");
	twinmq_run(mq, 200);
	transaction_producer_get_counts(second, &counts);
	ok(counts.n_asked == 1 && counts.answered[DECISION_ROLLBACK] == 1,
	    "an answer that came later is counted");
	ok(find_delivered("ask two").n == 0, "answered rollback: not delivered");
	transaction_producer_free(first);
	transaction_producer_free(second);
}

static int32_t
end_raw(const struct transaction_half *half, const char *group, enum transaction_decision decision)
{
	struct transaction_end end = {
		.group = slice_of(group),
		.half = *half,
		.decision = decision,
	};
	int32_t code;

	transaction_end(mq, &end, &code);
	return code;
}

static void
test_raw(void)
{
	struct producer *producer =
	    producer_new(mq, &(struct producer_options){ .group = "TG_RAW" });
	struct message message = message_of("raw");
	struct transaction_half half, wrong;
	struct send_result result;

	message.delay_level = 3;
	if (transaction_half(producer, &message, &arena, &half, &result) == -1)
		die("transaction_half");
	ok(half.queue_offset == result.queue_offset && half.address == result.address &&
		strcmp(half.unique_id, result.unique_id) == 0,
	    "a half message's place");
	wrong = half;
	wrong.queue_offset++;
	ok(end_raw(&wrong, "TG_RAW", DECISION_COMMIT) == RESPONSE_SYSTEM_ERROR,
	    "an end with a wrong offset is refused");
	ok(end_raw(&half, "TG_OTHER", DECISION_COMMIT) == RESPONSE_SYSTEM_ERROR,
	    "so is one of another group");
	ok(find_delivered("raw").n == 0, "both changed nothing");
	ok(end_raw(&half, "TG_RAW", DECISION_COMMIT) == 0 && find_delivered("raw").n == 1,
	    "the right one delivers, and the delay does not count");
	if (getenv("FOREIGN") == NULL) {
		ok(end_raw(&half, "TG_RAW", DECISION_COMMIT) == 0, "the same once more is taken");
		ok(end_raw(&half, "TG_RAW", DECISION_ROLLBACK) ==
			RESPONSE_TRANSACTION_SHOULD_COMMIT,
		    "the opposite is answered with what it was");
		ok(find_delivered("raw").n == 1, "it is still delivered once");
	}
	message.oneway = true;
	ok(transaction_half(producer, &message, &arena, &half, &result) == -1 &&
		twinmq_error(mq)->code == TWINMQ_BAD_ARGUMENT,
	    "a half message cannot be oneway");
	producer_free(producer);
}

/* ---- what goes wrong ---- */

static void
on_sent(void *arg, const struct twinmq_error *error, const struct transaction_result *result)
{
	struct ending *ending = &((struct script *)arg)->ending;

	(void)result;
	ending->n_done++;
	ending->code = error != NULL ? error->code : 0;
}

static void
test_nobody_there(const char *name_servers)
{
	struct twinmq *before = mq;
	struct twinmq_error error;
	struct script script = { .executed = DECISION_COMMIT };
	struct transaction_result result;
	struct message message = message_of("nobody");

	mq = twinmq_open(&(struct twinmq_options){ .name_servers = name_servers }, &error);
	if (mq == NULL)
		exit(2);
	struct transaction_producer *producer = open_producer("TG_NOBODY", &script, false);
	ok(transaction_producer_ready(producer) == -1 && twinmq_error(mq)->code == TWINMQ_NO_QUEUE,
	    "without a name server nobody is registered");
	ok(transaction_send(producer, &message, &script, &arena, &result) == -1 &&
		script.n_executed == 0,
	    "a send fails, and nothing is executed");
	transaction_producer_free(producer);
	twinmq_close(mq);
	mq = before;
}

static void
test_close(const char *name_servers)
{
	struct twinmq *before = mq;
	struct twinmq_error error;
	struct script script = { .executed = DECISION_LATER };
	struct script early = { 0 };
	struct message message = message_of("closed");

	mq = twinmq_open(&(struct twinmq_options){ .name_servers = name_servers }, &error);
	if (mq == NULL)
		exit(2);
	struct transaction_producer *producer = open_producer("TG_CLOSE", &script, true);
	transaction_send_async(producer, &message, on_sent, &early);
	twinmq_run(mq, 0);
	twinmq_close(mq);
	ok(early.ending.n_done == 1 && early.ending.code == TWINMQ_CLOSED,
	    "a send ends when its handle is closed");
	transaction_producer_free(producer);

	mq = twinmq_open(&(struct twinmq_options){ .name_servers = name_servers }, &error);
	if (mq == NULL)
		exit(2);
	producer = open_producer("TG_CLOSE", &script, true);
	transaction_send_async(producer, &message, on_sent, &script);
	while (script.waits == NULL)
		twinmq_run(mq, 10);
	loop_drop_timer(twinmq_loop(mq), &script.decide);
	twinmq_close(mq);
	transaction_decide(script.waits, DECISION_COMMIT);
	ok(script.ending.n_done == 1 && script.ending.code == TWINMQ_CLOSED,
	    "a decision after that is told to come too late");
	transaction_producer_free(producer);
	mq = before;
}

static int
await(void)
{
	struct script script = { .executed = DECISION_UNKNOWN, .answered = DECISION_COMMIT };
	struct transaction_producer *producer = open_producer("TG_AWAIT", &script, false);
	struct transaction_result result;
	int64_t until_ms = clock_mono_ms() + ASKED_WITHIN_MS;

	send_one(producer, &script, "await", &result);
	printf("stored\n");
	fflush(stdout);
	while (script.n_asked == 0 && clock_mono_ms() < until_ms)
		twinmq_run(mq, 1000);
	if (script.n_asked != 0)
		printf("asked\n");
	n_failed = script.n_asked != 0 && wait_delivered("await") == 1 ? 0 : 1;
	transaction_producer_free(producer);
	return n_failed;
}

int
main(int argc, char **argv)
{
	struct twinmq_error error;

	if (argc < 3) {
		fprintf(stderr, "usage: transact NAMESRV TOPIC [await]\n");
		return 2;
	}
	mq = twinmq_open(&(struct twinmq_options){ .name_servers = argv[1] }, &error);
	if (mq == NULL) {
		fprintf(stderr, "transact: %s\n", error.text);
		return 2;
	}
	topic = slice_of(argv[2]);
	if (argc > 3) {
		await();
	} else {
		test_own_decisions();
		test_oneway();
		test_raw();
		test_asked();
		test_nobody_there("127.0.0.1:1");
		test_close(argv[1]);
		printf("1..%d\n", n_tests);
	}
	twinmq_close(mq);
	arena_release(&arena);
	return n_failed != 0;
}
