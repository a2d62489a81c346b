#include "config.h"

#include "examples/messages/page.h"

#include <stdio.h>
#include <stdlib.h>

struct twinmq *
page_open(void)
{
	struct twinmq_options options = { .name_servers = getenv("NAMESRV_ADDR") };
	struct twinmq_error error;
	struct twinmq *mq = twinmq_open(&options, &error);

	if (mq == NULL)
		page_fail("open", &error);
	return mq;
}

struct slice
page_key(void)
{
	static char key[UNIQUE_ID_LEN + 1];

	if (key[0] == '\0')
		unique_id_make(key);
	return slice_of(key);
}

bool
page_is_ours(const struct message_delivery *delivery)
{
	return slice_equal(delivery->keys, page_key());
}

struct push_consumer *
page_consume(struct twinmq *mq, const struct consumer_options *options, const char *topic)
{
	struct consumer_subscription all = { .topic = topic };
	struct consumer_options wanted = *options;
	struct twinmq_error error;
	struct push_consumer *consumer;

	wanted.from = CONSUME_FROM_FIRST_OFFSET;
	if (wanted.n_subscriptions == 0) {
		wanted.subscriptions = &all;
		wanted.n_subscriptions = 1;
	}
	consumer = push_consumer_new(mq, &wanted, &error);
	if (consumer == NULL)
		page_fail("consume", &error);
	return consumer;
}

struct producer *
page_producer(struct twinmq *mq)
{
	return producer_new(mq, &(struct producer_options){ .group = "messages-c" });
}

void
page_send(struct producer *producer, struct twinmq *mq, const struct message *message)
{
	struct arena arena = { 0 };
	struct send_result result;

	if (producer_send(producer, message, &arena, &result) == -1)
		page_fail("send", twinmq_error(mq));
	arena_release(&arena);
}

int
page_end(struct twinmq *mq, const char *page, const int *n_came, int n_wanted)
{
	if (*n_came < n_wanted)
		twinmq_run(mq, PAGE_PATIENCE_MS);
	printf("%s: %d of %d\n", page, *n_came, n_wanted);
	return *n_came == n_wanted ? EXIT_SUCCESS : EXIT_FAILURE;
}

void
page_fail(const char *what, const struct twinmq_error *error)
{
	fprintf(stderr, "%s: %s\n", what, error->text);
	exit(EXIT_FAILURE);
}
