#ifndef CLIENT_CONSUMER_H
#define CLIENT_CONSUMER_H

/* The inside of a push consumer (twinmq_consumer.h), which two files share. The handle's thread. */

#include "client/consumer_queue.h"
#include "client/peer.h"
#include "common/protocol/heartbeat.h"

/* A topic whose queues are shared out. */
struct consumed_topic {
	struct push_consumer *consumer;
	const struct subscription *subscription;
	bool retries;                       /* it is the retry topic */
	LIST_HEAD(, consumer_queue) queues; /* ours */
	bool sharing;                       /* calls are in flight */
	bool again;                         /* something changed meanwhile */
	struct arena arena;                 /* of this round: */
	struct message_queue *sorted;       /* all queues */
	size_t n_sorted;
};

struct push_consumer {
	struct consumer_context context;
	struct peer_watch watch;
	struct arena arena; /* of texts */
	struct heartbeat_consumer membership;
	struct consumed_topic *topics; /* the retry topic too */
	size_t n_topics;
	struct timer share, commit;
	int64_t restless_until_ms; /* routes and members are asked about every second */
	int64_t started_ms;
	bool closing;
};

/*
 * Answers what brokers ask for a tool: 221 offsets, 307 what runs, 309 consume this message now.
 * False: it is none of these, or for another group.
 */
bool consumer_answer(struct push_consumer *consumer, const struct client_peer *peer,
    const struct command *command, struct slice body);

#endif
