/* Delay: by a level of the broker, by milliseconds, or at a time of day. */

#include "config.h"

#include "examples/messages/page.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/clock.h"

#define N 3

static int n_came, n_early;
static int64_t at_ms; /* of the one with a time */

static enum consume_outcome
on_message(void *mq, const struct message_delivery *delivery)
{
	int64_t took_ms = clock_wall_ms() - delivery->record->born_timestamp;

	if (!page_is_ours(delivery))
		return CONSUME_DONE;
	printf("%.*s came after %" PRId64 " ms\n", (int)delivery->body.len, delivery->body.data,
	    took_ms);
	n_early += slice_is(delivery->body, "at a time") ? clock_wall_ms() < at_ms : took_ms < 1000;
	if (++n_came == N)
		twinmq_stop(mq);
	return CONSUME_DONE;
}

int
main(void)
{
	struct twinmq *mq = page_open();
	struct producer *producer = page_producer(mq);
	at_ms = clock_wall_ms() + 2000;
	struct message messages[N] = {
		{ .body = SLICE("level 1"), .delay_level = 1 }, /* 1 s by default */
		{ .body = SLICE("1500 ms"), .delay_ms = 1500 },
		{ .body = SLICE("at a time"), .deliver_at_ms = at_ms },
	};
	struct push_consumer *consumer = page_consume(mq,
	    &(struct consumer_options){
		.group = "messages-delay-c", .on_message = on_message, .context = mq },
	    "MessagesDelay");

	for (int i = 0; i < N; i++) {
		messages[i].topic = SLICE("MessagesDelay");
		messages[i].keys = page_key();
		messages[i].queue_id = MESSAGE_ANY_QUEUE;
		page_send(producer, mq, &messages[i]);
	}
	int status = page_end(mq, "delay", &n_came, N);
	push_consumer_free(consumer);
	producer_free(producer);
	twinmq_close(mq);
	return status != 0 || n_early != 0;
}
