/*
 * consume: a push consumer that prints what comes.
 *
 *   consume [-obr] [-a attempts] [-e tags] [-q sql] NAMESRV GROUP TOPIC
 *
 * A line for each message: "message TOPIC QUEUE ATTEMPT BODY"; "queues=N" when their number
 * changes; "trouble=..." when the last error changes. Messages whose body begins with "bad" are to
 * come later. With -r each is a request, which gets the reply "re: BODY". At SIGTERM it says
 * "locks=N", how often it asked for locks, and ends.
 */

#include "config.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/twinmq_consumer.h"

static volatile sig_atomic_t stopping;

static void
on_signal(int number)
{
	(void)number;
	stopping = 1;
}

static void
on_replied(void *arg, const struct twinmq_error *error, const struct send_result *result)
{
	(void)arg;
	(void)result;
	if (error != NULL)
		printf("not replied=%s\n", error->text);
}

/* context: a producer for replies, or NULL. */
static enum consume_outcome
on_message(void *context, const struct message_delivery *delivery)
{
	char text[100];
	int len =
	    snprintf(text, sizeof text, "re: %.*s", (int)delivery->body.len, delivery->body.data);

	if (context != NULL)
		producer_reply_async(context, delivery->record, (struct slice){ text, (size_t)len },
		    on_replied, NULL);
	printf("message %.*s %d %d %.*s\n", (int)delivery->topic.len, delivery->topic.data,
	    (int)delivery->queue->id, delivery->attempt, (int)delivery->body.len,
	    delivery->body.data);
	return slice_starts(delivery->body, "bad") ? CONSUME_LATER : CONSUME_DONE;
}

static void
run(struct twinmq *mq, const struct push_consumer *consumer)
{
	struct consumer_counts counts;
	int64_t n_queues = -1;
	char trouble[512] = "";

	while (!stopping) {
		twinmq_run(mq, 50);
		push_consumer_get_counts(consumer, &counts);
		if (counts.n_queues != n_queues)
			printf("queues=%" PRId64 "\n", counts.n_queues);
		n_queues = counts.n_queues;
		if (strcmp(trouble, push_consumer_trouble(consumer)) != 0)
			printf("trouble=%s\n", push_consumer_trouble(consumer));
		snprintf(trouble, sizeof trouble, "%s", push_consumer_trouble(consumer));
	}
}

int
main(int argc, char **argv)
{
	struct consumer_subscription subscription = { 0 };
	struct consumer_options options = { .subscriptions = &subscription,
		.n_subscriptions = 1,
		.on_message = on_message,
		.from = CONSUME_FROM_FIRST_OFFSET,
		.suspend_ms = 100 };
	struct twinmq_error error;
	struct consumer_counts counts;
	bool replies = false;
	int flag;

	while ((flag = getopt(argc, argv, "obra:e:q:")) != -1) {
		replies |= flag == 'r';
		options.ordered |= flag == 'o';
		options.broadcasting |= flag == 'b';
		if (flag == 'a')
			options.max_attempts = atoi(optarg);
		if (flag == 'e' || flag == 'q')
			subscription.expression = optarg;
		subscription.is_sql |= flag == 'q';
	}
	if (argc - optind != 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	options.group = argv[optind + 1];
	subscription.topic = argv[optind + 2];
	struct twinmq *mq =
	    twinmq_open(&(struct twinmq_options){ .name_servers = argv[optind] }, &error);
	struct producer *producer =
	    mq == NULL || !replies ? NULL : producer_new(mq, &(struct producer_options){ 0 });
	options.context = producer;
	struct push_consumer *consumer =
	    mq == NULL ? NULL : push_consumer_new(mq, &options, &error);
	if (consumer == NULL) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	run(mq, consumer);
	push_consumer_get_counts(consumer, &counts);
	printf("locks=%" PRId64 "\n", counts.n_lock_requests);
	push_consumer_free(consumer);
	twinmq_close(mq);
	if (producer != NULL)
		producer_free(producer);
	return 0;
}
