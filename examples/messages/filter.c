/* Filter: one group chooses by tag, another by an SQL92 expression on the properties. */

#include "config.h"

#include "examples/messages/page.h"

#include <stdio.h>

#define N 30 /* ten of each colour, at prices from 0 to 29 */

static const char *const colours[] = { "red", "green", "blue" };
static int n_by_tag, n_by_sql, n_wrong;

static void
stop_when_all_came(struct twinmq *mq)
{
	if (n_by_tag == 20 && n_by_sql == 6)
		twinmq_stop(mq);
}

static enum consume_outcome
on_tag(void *mq, const struct message_delivery *delivery)
{
	if (!page_is_ours(delivery))
		return CONSUME_DONE;
	n_by_tag++;
	n_wrong += slice_is(delivery->tags, "red");
	stop_when_all_came(mq);
	return CONSUME_DONE;
}

static enum consume_outcome
on_sql(void *mq, const struct message_delivery *delivery)
{
	struct slice price = property_find(delivery->record->properties, "price");

	if (!page_is_ours(delivery))
		return CONSUME_DONE;
	printf("%.*s for %.*s\n", (int)delivery->tags.len, delivery->tags.data, (int)price.len,
	    price.data);
	n_by_sql++;
	stop_when_all_came(mq);
	return CONSUME_DONE;
}

int
main(void)
{
	struct twinmq *mq = page_open();
	struct producer *producer = page_producer(mq);
	struct arena arena = { 0 };

	for (int i = 0; i < N; i++)
		page_send(producer, mq,
		    &(struct message){ .topic = SLICE("MessagesFilter"),
			.keys = page_key(),
			.tags = slice_of(colours[i % 3]),
			.properties =
			    &(struct ext){ SLICE("price"), arena_printf(&arena, "%d", i) },
			.n_properties = 1,
			.body = SLICE("a shirt"),
			.queue_id = MESSAGE_ANY_QUEUE });
	struct consumer_options by_tag = {
		.group = "messages-filter-c",
		.subscriptions =
		    &(struct consumer_subscription){ "MessagesFilter", "green || blue", false },
		.n_subscriptions = 1,
		.on_message = on_tag,
		.context = mq,
	};
	struct consumer_options by_sql = {
		.group = "messages-filter-sql-c",
		.subscriptions = &(struct consumer_subscription){ "MessagesFilter",
		    "price BETWEEN 10 AND 18 AND TAGS IN ('green', 'blue')", true },
		.n_subscriptions = 1,
		.on_message = on_sql,
		.context = mq,
	};
	struct push_consumer *tag = page_consume(mq, &by_tag, NULL),
			     *sql = page_consume(mq, &by_sql, NULL);

	twinmq_run(mq, PAGE_PATIENCE_MS);
	int n_came = n_by_tag + n_by_sql - n_wrong, status = page_end(mq, "filter", &n_came, 26);
	push_consumer_free(tag);
	push_consumer_free(sql);
	producer_free(producer);
	twinmq_close(mq);
	arena_release(&arena);
	return status;
}
