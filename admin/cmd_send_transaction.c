#include "config.h"

#include "admin/cmd.h"
#include "client/twinmq_transaction.h"
#include "common/base/clock.h"

#define WAIT_S 60

static const struct flag send_transaction_flags[] = {
	FLAG_TOPIC("topic to send to"),
	{ 'p', "body", FLAG_TEXT, "TEXT", FLAG_REQUIRED | FLAG_EMPTY, 0, 0, "body of the message" },
	{ 'k', "key", FLAG_TEXT, "KEYS", 0, 0, 0, "keys, separated by blanks" },
	{ 'c', "tags", FLAG_TEXT, "TAG", 0, 0, 0, "tag" },
	{ 'b', "broker", FLAG_TEXT, "BROKER", 0, 0, 0, "name of the broker to send to" },
	{ 'g', "producerGroup", FLAG_TEXT, "GROUP", 0, 0, 0,
	    "producer group that the broker asks (default TOOLS_PRODUCER)" },
	{ 'C', "commit", FLAG_SWITCH, NULL, FLAG_ONE_OF, 0, 0, "commit it" },
	{ 'R', "rollback", FLAG_SWITCH, NULL, FLAG_ONE_OF, 0, 0, "roll it back" },
	{ 'L', "leave", FLAG_SWITCH, NULL, FLAG_ONE_OF, 0, 0, "decide nothing" },
	{ 'a', "checkAnswer", FLAG_TEXT, "ANSWER", 0, 0, 0,
	    "with -L: wait until the broker asks, and answer commit, rollback or unknown" },
	{ 'w', "wait", FLAG_INT, "SECONDS", 0, 1, 86400,
	    "with -a: maximum time to wait (default 60)" },
	{ 0 },
};

static const struct column columns[] = {
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "sendResult", "Result", COLUMN_TEXT },
	{ "transactionId", "Transaction id", COLUMN_TEXT },
	{ "offsetMsgId", "Offset id of the half message", COLUMN_TEXT },
	{ "queueOffset", "Offset", COLUMN_INT },
	{ "decision", "Decision", COLUMN_TEXT },
	{ "answer", "Answer when asked", COLUMN_TEXT },
	{ "askedAfterMs", "Asked after ms", COLUMN_SIZE },
	{ NULL },
};

/* The one transaction of a run. */
struct sending {
	struct admin *admin;
	enum transaction_decision decision, reply;
	struct slice id;
	int64_t stored_ms, asked_ms; /* clock_mono_ms; 0: not yet */
};

static enum transaction_decision
execute(void *arg, const struct message *message, struct slice transaction_id,
    struct transaction *transaction)
{
	struct sending *sending = arg;

	(void)message;
	(void)transaction;
	sending->id = arena_copy(&sending->admin->arena, transaction_id);
	sending->stored_ms = clock_mono_ms();
	return sending->decision;
}

/* Transactions that earlier runs left are not answered. */
static enum transaction_decision
check(void *context, const struct record *message, struct slice transaction_id,
    struct transaction *transaction)
{
	struct sending *sending = context;

	(void)message;
	(void)transaction;
	if (!slice_equal(transaction_id, sending->id))
		return DECISION_UNKNOWN;
	sending->asked_ms = clock_mono_ms();
	twinmq_stop(sending->admin->mq);
	return sending->reply;
}

/* 0, or -1 after admin_misuse. */
static int
read_decisions(struct admin *admin, struct sending *sending)
{
	const struct args *args = &admin->args;
	const char *reply = args_text(args, 'a');

	if (args_has(args, 'C') + args_has(args, 'R') + args_has(args, 'L') != 1)
		return admin_misuse(admin, "one of --commit, --rollback and --leave");
	sending->decision = args_has(args, 'C')   ? DECISION_COMMIT
	                    : args_has(args, 'R') ? DECISION_ROLLBACK
	                                          : DECISION_UNKNOWN;
	if ((reply != NULL && !args_has(args, 'L')) || (args_has(args, 'w') && reply == NULL))
		return admin_misuse(
		    admin, "-a answers what -L leaves open, and -w says how long to wait for it");
	if (reply == NULL)
		return 0;
	for (enum transaction_decision one = 0; one < DECISION_LATER; one++)
		if (strcmp(reply, transaction_decision_name(one)) == 0) {
			sending->reply = one;
			return 0;
		}
	return admin_misuse(admin, "-a is commit, rollback or unknown, not \"%s\"", reply);
}

static int
wait_until_asked(struct sending *sending)
{
	struct admin *admin = sending->admin;
	int64_t wait_s = args_number(&admin->args, 'w', WAIT_S);

	twinmq_run(admin->mq, (int)(wait_s * 1000));
	if (sending->asked_ms != 0)
		return 0;
	return admin_fail(admin, "the half message %.*s is stored, but no broker asked within %d s",
	    (int)sending->id.len, sending->id.data, (int)wait_s);
}

static void
show(struct sending *sending, const struct transaction_result *result)
{
	bool asked = sending->asked_ms != 0;
	struct grid grid;

	grid_open(&grid, &sending->admin->report, "sent", columns);
	grid_text(&grid, result->send.queue.broker_name);
	grid_text(&grid, slice_of(send_status_name(result->send.code)));
	grid_text(&grid, slice_of(result->half.unique_id));
	grid_text(&grid, result->send.message_id);
	grid_int(&grid, result->send.queue_offset);
	grid_text(&grid, slice_of(transaction_decision_name(result->decision)));
	grid_text(&grid, slice_of(asked ? transaction_decision_name(sending->reply) : "-"));
	grid_int(&grid, asked ? sending->asked_ms - sending->stored_ms : 0);
	grid_close(&grid);
}

static int
send_and_wait(struct sending *sending, struct transaction_producer *producer)
{
	struct admin *admin = sending->admin;
	const struct args *args = &admin->args;
	struct message message = {
		.tags = slice_of(args_text(args, 'c')),
		.keys = slice_of(args_text(args, 'k')),
		.body = slice_of(args_text(args, 'p')),
		.broker_name = slice_of(args_text(args, 'b')),
		.queue_id = MESSAGE_ANY_QUEUE,
	};
	struct transaction_result result;

	if (admin_name(admin, 't', "topic", &message.topic) == -1)
		return -1;
	if (transaction_send(producer, &message, sending, &admin->arena, &result) == -1)
		return admin_fail_call(admin);
	if (result.end_code != 0)
		return admin_fail(admin,
		    "the half message %s is stored, but its %s was not taken: %.*s",
		    result.half.unique_id, transaction_decision_name(result.decision),
		    (int)result.end_text.len, result.end_text.data);
	if (args_has(args, 'a') && wait_until_asked(sending) == -1)
		return -1;
	show(sending, &result);
	return 0;
}

static int
send_transaction_run(struct admin *admin)
{
	const char *group = args_text(&admin->args, 'g');
	struct sending sending = { .admin = admin };
	struct twinmq_error error;

	if (read_decisions(admin, &sending) == -1)
		return -1;
	struct transaction_options options = {
		.producer.group = group != NULL ? group : "TOOLS_PRODUCER",
		.execute = execute,
		.check = args_has(&admin->args, 'a') ? check : NULL,
		.context = &sending,
		.wait_for_end = true,
	};
	struct transaction_producer *producer =
	    transaction_producer_new(admin->mq, &options, &error);
	if (producer == NULL)
		return admin_misuse(admin, "%s", error.text);
	int sent = send_and_wait(&sending, producer);
	transaction_producer_free(producer);
	return sent;
}

const struct subcommand send_transaction_commands[] = {
	{ "sendTransaction", send_transaction_flags, send_transaction_run,
	    "send one transaction message, decide it or leave it open", HTTP_MAY_WRITE },
	{ NULL },
};
