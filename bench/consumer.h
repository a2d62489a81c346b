#ifndef BENCH_CONSUMER_H
#define BENCH_CONSUMER_H

/*
 * Members of a consumer group, which brokers and other members cannot tell from real ones. They
 * send heartbeats, ask for the list of members, share the queues like RocketMQ's clients do on
 * average, pull with long polling, and commit offsets. One loop.
 */

#include "bench/load.h"

struct bench;

struct group_member {
	struct link *links; /* one for each broker */
	char client_id[80];
};

struct share {
	uint32_t queue;
	int64_t next; /* offset of the next one */
};

struct consumer {
	struct load load; /* its operations are pulls */
	struct bench *bench;
	/* The load whose measured time counts: its own, or the sender's. */
	const struct load *timed_by;
	struct stencil pull, commit;
	struct group_member *members;
	uint32_t n_members;
	struct share *shares; /* by queue; each queue has one member */
	uint64_t n_consumed;
	int seconds;
	/* While members join: */
	uint32_t n_waiting;
	bool again, failed;
};

/* Members join and share the queues. 0, or -1 and bench->error says why. */
int consumer_init(struct consumer *consumer, struct bench *bench);
void consumer_release(struct consumer *consumer);
/* Waits until all acknowledged messages are consumed, or none has come for a while. */
void consumer_wait_all(struct consumer *consumer);
/* Commits all offsets and reads them back. 0 when the brokers have them, else -1. */
int consumer_commit_all(struct consumer *consumer);

#endif
