/*
 * ask: sends requests by libtwinmq, one after the other.
 *
 *   ask [-t ms] NAMESRV GROUP TOPIC TEXT...
 *
 * A line for each: "reply TEXT", or "error CODE TEXT". -t: time-out of a request, else 60000.
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/twinmq.h"

static void
ask(struct twinmq *mq, struct producer *producer, const char *topic, const char *text,
    int timeout_ms)
{
	const struct message message = { .topic = slice_of(topic),
		.body = slice_of(text),
		.keys = slice_of(text),
		.queue_id = MESSAGE_ANY_QUEUE };
	struct arena arena = { 0 };
	struct message_reply reply;

	if (producer_request(producer, &message, timeout_ms, &arena, &reply) == 0)
		printf("reply %.*s\n", (int)reply.body.len, reply.body.data);
	else
		printf("error %d %s\n", (int)twinmq_error(mq)->code, twinmq_error(mq)->text);
	arena_release(&arena);
}

int
main(int argc, char **argv)
{
	struct twinmq_error error;
	int timeout_ms = 60000;
	int flag;

	while ((flag = getopt(argc, argv, "t:")) != -1)
		timeout_ms = flag == 't' ? atoi(optarg) : 0;
	if (argc - optind < 4)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	struct twinmq *mq =
	    twinmq_open(&(struct twinmq_options){ .name_servers = argv[optind] }, &error);
	if (mq == NULL) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	struct producer *producer =
	    producer_new(mq, &(struct producer_options){ .group = argv[optind + 1] });
	for (int i = optind + 3; i < argc; i++)
		ask(mq, producer, argv[optind + 2], argv[i], timeout_ms);
	producer_free(producer);
	twinmq_close(mq);
	return 0;
}
