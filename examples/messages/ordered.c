/*
 * Ordered: the steps of an order go to one queue, by its sharding key, and are consumed one after
 * the other. A step that fails is tried again, and those behind it wait.
 */

#include "config.h"

#include "examples/messages/page.h"

#include <stdio.h>

#define ORDERS 4
#define STEPS 5

static const char *const steps[STEPS] = { "created", "paid", "packed", "sent", "received" };
static int n_came, n_out_of_order;
static int next_step[ORDERS];

static enum consume_outcome
on_message(void *mq, const struct message_delivery *delivery)
{
	int order = delivery->record->flag / STEPS, step = delivery->record->flag % STEPS;

	if (!page_is_ours(delivery))
		return CONSUME_DONE;
	/* The packer of order 1 is away when he is asked for the first time. */
	if (order == 1 && step == 2 && delivery->attempt == 1)
		return CONSUME_LATER;
	printf("queue %d: order %d %s\n", (int)delivery->queue->id, order, steps[step]);
	n_out_of_order += next_step[order]++ != step;
	if (++n_came == ORDERS * STEPS)
		twinmq_stop(mq);
	return CONSUME_DONE;
}

int
main(void)
{
	struct twinmq *mq = page_open();
	struct producer *producer = page_producer(mq);
	struct arena arena = { 0 };

	for (int step = 0; step < STEPS; step++)
		for (int order = 0; order < ORDERS; order++)
			page_send(producer, mq,
			    &(struct message){ .topic = SLICE("MessagesOrdered"),
				.keys = page_key(),
				.sharding_key = arena_printf(&arena, "order-%d", order),
				.body = slice_of(steps[step]),
				.flag = order * STEPS + step,
				.queue_id = MESSAGE_ANY_QUEUE });
	struct push_consumer *consumer = page_consume(mq,
	    &(struct consumer_options){ .group = "messages-ordered-c",
		.on_message = on_message,
		.context = mq,
		.ordered = true,
		.suspend_ms = 300 },
	    "MessagesOrdered");
	int status = page_end(mq, "ordered", &n_came, ORDERS * STEPS);
	push_consumer_free(consumer);
	producer_free(producer);
	twinmq_close(mq);
	arena_release(&arena);
	return status != 0 || n_out_of_order != 0;
}
