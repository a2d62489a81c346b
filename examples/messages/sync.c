/* Sync: each send waits until the broker has the message. */

#include "config.h"

#include "examples/messages/page.h"

#include <inttypes.h>
#include <stdio.h>

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
	struct arena arena = { 0 };

	for (int i = 0; i < N; i++) {
		struct message message = { .topic = SLICE("MessagesSync"),
			.keys = page_key(),
			.body = arena_printf(&arena, "hello %d", i),
			.queue_id = MESSAGE_ANY_QUEUE };
		struct send_result result;

		if (producer_send(producer, &message, &arena, &result) == -1)
			page_fail("send", twinmq_error(mq));
		printf("%s %s queue %d offset %" PRId64 "\n", result.unique_id,
		    send_status_name(result.code), (int)result.queue.id, result.queue_offset);
	}
	struct push_consumer *consumer = page_consume(mq,
	    &(struct consumer_options){
		.group = "messages-sync-c", .on_message = on_message, .context = mq },
	    "MessagesSync");
	int status = page_end(mq, "sync", &n_came, N);
	push_consumer_free(consumer);
	producer_free(producer);
	twinmq_close(mq);
	arena_release(&arena);
	return status;
}
