/* Oneway: the message leaves, and nobody answers. For what may get lost, such as log lines. */

#include "config.h"

#include "examples/messages/page.h"

#define N 10

static int n_came;

static enum consume_outcome
on_message(void *mq, const struct message_delivery *delivery)
{
	if (page_is_ours(delivery) && ++n_came == N)
		twinmq_stop(mq);
	return CONSUME_DONE;
}

int
main(void)
{
	struct twinmq *mq = page_open();
	struct producer *producer = page_producer(mq);

	for (int i = 0; i < N; i++)
		page_send(producer, mq,
		    &(struct message){ .topic = SLICE("MessagesOneway"),
			.keys = page_key(),
			.body = SLICE("a log line"),
			.queue_id = MESSAGE_ANY_QUEUE,
			.oneway = true });
	struct push_consumer *consumer = page_consume(mq,
	    &(struct consumer_options){
		.group = "messages-oneway-c", .on_message = on_message, .context = mq },
	    "MessagesOneway");
	int status = page_end(mq, "oneway", &n_came, N);
	push_consumer_free(consumer);
	producer_free(producer);
	twinmq_close(mq);
	return status;
}
