#ifndef BENCH_CONSUMER_H
#define BENCH_CONSUMER_H

/*
 * Members of a consumer group, as brokers and other members see real ones: they send
 * heartbeats, ask who else there is, share the queues as RocketMQ's clients do on
 * average, pull with long polling, and say how far they came. One loop.
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
	const struct load
	    *timed_by; /* whose measured time it is: its own load's, or the sender's */
	struct stencil pull, commit;
	struct group_member *members;
	uint32_t n_members;
	struct share *shares; /* by queue: each has one member */
	uint64_t n_consumed;
	int seconds;
	/* While they join. */
	uint32_t n_waiting;
	bool again, failed;
};

/* Members join and share the queues. 0, or -1 and bench->error says why. */
int consumer_init(struct consumer *consumer, struct bench *bench);
void consumer_release(struct consumer *consumer);
/* Until all that was acknowledged is consumed, or nothing has come for a while. */
void consumer_wait_all(struct consumer *consumer);
/* Tells the brokers how far it came, and asks them: 0 when they have it. */
int consumer_commit_all(struct consumer *consumer);

#endif
