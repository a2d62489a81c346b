/* Batch: many small messages in one request, to one queue. They are separate messages again there.
 */

#include "config.h"

#include "examples/messages/page.h"

#include <inttypes.h>
#include <stdio.h>

#define N 100

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
	struct arena arena = { 0 };
	struct message messages[N] = { 0 };
	struct send_result result;

	/* All of them together may have the size of one message (maxMessageSize of the broker). */
	for (int i = 0; i < N; i++)
		messages[i] = (struct message){ .topic = SLICE("MessagesBatch"),
			.keys = page_key(),
			.body = arena_printf(&arena, "hello %d", i),
			.queue_id = MESSAGE_ANY_QUEUE };
	if (producer_send_batch(producer, messages, N, &arena, &result) == -1)
		page_fail("send", twinmq_error(mq));
	printf("%d messages: queue %d from offset %" PRId64 " on\n", N, (int)result.queue.id,
	    result.queue_offset);
	struct push_consumer *consumer = page_consume(mq,
	    &(struct consumer_options){
		.group = "messages-batch-c", .on_message = on_message, .context = mq },
	    "MessagesBatch");
	int status = page_end(mq, "batch", &n_came, N);
	push_consumer_free(consumer);
	producer_free(producer);
	twinmq_close(mq);
	arena_release(&arena);
	return status;
}
