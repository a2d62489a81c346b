#ifndef BROKER_REPLICA_H
#define BROKER_REPLICA_H

/*
 * How far a slave has copied its master: written by what follows the master, read by whoever shows
 * it. A state module: one lock (a leaf), any thread; answers are copied out.
 */

#include <stdbool.h>
#include <stdint.h>

enum replica_phase {
	REPLICA_SEARCHING, /* no master is known, or it does not answer */
	REPLICA_REFUSED,   /* it does not let this slave in, or its log does not fit ours */
	REPLICA_COPYING,   /* its log comes */
};

struct replica_state {
	enum replica_phase phase;
	bool apache;        /* the master is RocketMQ's */
	int64_t epoch;      /* the master's; 0: it has none */
	char master[80];    /* host:port of its replication port; empty: not known */
	char why[200];      /* it is not COPYING: a sentence; else empty */
	int64_t position;   /* ours: the log is here up to it */
	int64_t master_max; /* the end of the master's log, as far as it is known */
	int64_t lag_ms;     /* since both were the same; 0: they are */
	int64_t since_ms;   /* wall clock: the phase began */
};

struct replica;

struct replica *replica_new(void);
void replica_free(struct replica *replica);
void replica_get(struct replica *replica, struct replica_state *state);
void replica_set(struct replica *replica, const struct replica_state *state);

const char *replica_phase_name(enum replica_phase phase); /* static */

#endif
