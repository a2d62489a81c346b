/*
 * Transaction: a message is delivered only if the sender's own transaction was committed. One of
 * these senders commits, one rolls back, and one says nothing, so that the broker asks.
 */

#include "config.h"

#include "examples/messages/page.h"

#include <stdio.h>

#include "client/twinmq_transaction.h"

static int n_came;

/* The local transaction: this is where a database would be changed and committed. */
static enum transaction_decision
execute(void *arg, const struct message *message, struct slice id, struct transaction *transaction)
{
	const enum transaction_decision *decision = arg;

	(void)message;
	(void)transaction;
	printf("%.*s: %s\n", (int)id.len, id.data, transaction_decision_name(*decision));
	return *decision;
}

/* The broker asks; the database would tell. */
static enum transaction_decision
check(void *context, const struct record *message, struct slice id, struct transaction *transaction)
{
	(void)context;
	(void)message;
	(void)transaction;
	printf("%.*s: the broker asks, commit\n", (int)id.len, id.data);
	return DECISION_COMMIT;
}

static enum consume_outcome
on_message(void *mq, const struct message_delivery *delivery)
{
	if (!page_is_ours(delivery))
		return CONSUME_DONE;
	printf("%.*s came\n", (int)delivery->body.len, delivery->body.data);
	if (++n_came == 2)
		twinmq_stop(mq);
	return CONSUME_DONE;
}

int
main(void)
{
	static enum transaction_decision decisions[] = { DECISION_COMMIT, DECISION_ROLLBACK,
		DECISION_UNKNOWN };
	struct twinmq *mq = page_open();
	struct transaction_options options = { .producer = { .group = "messages-transaction-c" },
		.execute = execute,
		.check = check };
	struct twinmq_error error;
	struct transaction_producer *producer = transaction_producer_new(mq, &options, &error);
	struct transaction_result result;
	struct arena arena = { 0 };

	if (producer == NULL)
		page_fail("producer", &error);
	for (int i = 0; i < 3; i++) {
		struct message message = { .topic = SLICE("MessagesTransaction"),
			.keys = page_key(),
			/* When the broker asks; else after transactionTimeOut. */
			.properties =
			    &(struct ext){ SLICE("CHECK_IMMUNITY_TIME_IN_SECONDS"), SLICE("1") },
			.n_properties = 1,
			.body = slice_of(transaction_decision_name(decisions[i])),
			.queue_id = MESSAGE_ANY_QUEUE };

		if (transaction_send(producer, &message, &decisions[i], &arena, &result) == -1)
			page_fail("send", twinmq_error(mq));
	}
	struct push_consumer *consumer = page_consume(mq,
	    &(struct consumer_options){
		.group = "messages-transaction-c", .on_message = on_message, .context = mq },
	    "MessagesTransaction");
	int status = page_end(mq, "transaction", &n_came, 2);
	push_consumer_free(consumer);
	transaction_producer_free(producer);
	twinmq_close(mq);
	arena_release(&arena);
	return status;
}
