#ifndef T_CRASH_JUDGE_H
#define T_CRASH_JUDGE_H

/*
 * The judge reads every queue of a topic and compares it with a ledger:
 *   I1  a message that was promised (STORED) is there, where the promise said;
 *   I4  the offsets of a queue have no gap; from judge_all, they begin at 0;
 *   I5  no message is there twice;
 *   I6  nothing is there that was not sent, was refused, or has another body.
 * Each breach is a line on stderr. One thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/twinmq.h"
#include "t/crash/ledger.h"

/* Something does not hold: a line on stderr; of very many, the first ones only. */
void breach(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t breaches(void); /* so far */

struct judge_queue;

struct judge {
	/* Set by the caller. */
	struct twinmq *mq;
	const char *topic;
	struct ledger *ledger;
	size_t body_max; /* of numbered_body */
	bool may_lose;   /* what was promised may be gone; what is there is right all the same */
	void (*met)(
	    void *arg, uint64_t number); /* a message for the first time; NULL: nobody asks */
	void *arg;
	/* Answers. */
	uint64_t n_met;              /* records of numbered messages */
	const struct record *record; /* while `met` runs: where it was met */
	size_t n_brokers;            /* with queues of the topic, from judge_open on */
	/* internal */
	struct arena kept;
	struct judge_queue *queues;
	size_t n_queues;
	bool follows;
	char *room;
};

/* Learns the queues, when all brokers are there. 0, or -1 and the handle's error. */
int judge_open(struct judge *judge);
/* Reads all queues from their beginning, and goes on as long as the handle's loop runs. */
void judge_follow(struct judge *judge);
/* Reads all that is there, then calls judge_lost. 0, or -1 and the handle's error. */
int judge_all(struct judge *judge);
/* What was promised and was not met is a breach. */
void judge_lost(const struct judge *judge);
void judge_close(struct judge *judge);

#endif
