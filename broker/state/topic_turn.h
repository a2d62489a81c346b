#ifndef BROKER_TOPIC_TURN_H
#define BROKER_TOPIC_TURN_H

/*
 * Turns to change topics. A change reads what a topic is, and is in force only after its commit: of
 * two at a time one would be lost. So the changes of one topic are made one after the other, first
 * come, first served. A change of several takes their turns in order of names, so that never two
 * wait for each other. One lock, a leaf. Any thread.
 */

#include <stddef.h>
#include <sys/queue.h>

#include "common/base/mailbox.h"
#include "common/base/slice.h"

struct loop;
struct topic_turns;

/* The caller's, until it is given back. */
struct topic_turn {
	struct task task;
	struct loop *loop;
	/* All of them are had. On that loop, once, maybe before topic_turns_take returns. */
	void (*ready)(struct topic_turn *turn, struct loop *loop);
	struct topic_turns *turns;
	struct slice *names; /* the caller's; sorted when they are taken, each once */
	size_t n;
	size_t n_had;
	STAILQ_ENTRY(topic_turn) in_line;
};

struct topic_turns *topic_turns_new(void);
/* Nobody has a turn any more, or comes for one. */
void topic_turns_free(struct topic_turns *turns);
void topic_turns_take(struct topic_turns *turns, struct topic_turn *turn);
void topic_turns_give_back(struct topic_turn *turn);

#endif
