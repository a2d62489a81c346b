/* Async: all sends are on their way at once; a function hears how each of them ended. */

#include "config.h"

#include "examples/messages/page.h"

#include <inttypes.h>
#include <stdio.h>

#define N 10

static int n_answers, n_came;

static void
on_sent(void *mq, const struct twinmq_error *error, const struct send_result *result)
{
	if (error != NULL)
		page_fail("send", error);
	printf("%s %s queue %d offset %" PRId64 "\n", result->unique_id,
	    send_status_name(result->code), (int)result->queue.id, result->queue_offset);
	if (++n_answers == N)
		twinmq_stop(mq);
}

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
		producer_send_async(producer,
		    &(struct message){ .topic = SLICE("MessagesAsync"),
			.keys = page_key(),
			.body = SLICE("hello"),
			.queue_id = MESSAGE_ANY_QUEUE },
		    on_sent, mq);
	twinmq_run(mq, PAGE_PATIENCE_MS);
	struct push_consumer *consumer = page_consume(mq,
	    &(struct consumer_options){
		.group = "messages-async-c", .on_message = on_message, .context = mq },
	    "MessagesAsync");
	int status = page_end(mq, "async", &n_came, N);
	push_consumer_free(consumer);
	producer_free(producer);
	twinmq_close(mq);
	return status;
}
