#ifndef COMMON_MOVE_IN_H
#define COMMON_MOVE_IN_H

/*
 * MOVE_IN (7023), TwinMQ's own: ends the following of a RocketMQ master by a slave of ours, which
 * then is the master of the name. The header is move_in_header. "look" changes nothing; "move"
 * begins the move, or answers "refused". The body of either answer is this object:
 *
 *   {"state":"caughtUp","master":"10.0.0.1:10912","masterAnswers":true,"behindBytes":0,
 *    "halvesOpen":2,"delayed":7,"timed":3,"poppedOpen":0,
 *    "left":[{"what":"half messages that RocketMQ gave up","n":4,"why":"..."}],"refusal":""}
 *
 * state:  copying   the log is not here up to the master's end, or the master was not heard yet
 *         caughtUp  it is
 *         moving    the move is decided and on disk; the broker converts what waits, and starts
 *                   again as the master by itself, also after a kill
 *         moved     this broker is the master that it has moved to
 *         refused   of "move": nothing was done; refusal says why
 *
 * The numbers of what waits are those of the last count; -1: not counted yet. A "look" begins a
 * count, so a caller that wants the numbers of now looks again a second later.
 *
 * A master that never followed a RocketMQ master, or a slave of one of ours, refuses both with
 * code 1. The reader returns 0, or -1 when the body has another form. What is read lives in the
 * arena or points into the body. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json/json.h"

enum move_in_state {
	MOVE_IN_COPYING,
	MOVE_IN_CAUGHT_UP,
	MOVE_IN_MOVING,
	MOVE_IN_MOVED,
	MOVE_IN_REFUSED,
	N_MOVE_IN_STATES
};

/* What does not come along: one kind of it. */
struct move_in_left {
	struct slice what; /* a few words */
	int64_t n;         /* messages, or topics */
	struct slice why;  /* a sentence: what becomes of them, and what a person can do */
};

struct move_in_status {
	enum move_in_state state;
	struct slice master; /* HOST:PORT of the replication port that is followed; empty: none */
	bool master_answers;
	int64_t behind_bytes;
	int64_t halves_open; /* half messages without a decision */
	int64_t delayed;     /* messages of the delay levels that wait */
	int64_t timed;       /* messages with a time of their own that wait */
	int64_t popped_open; /* messages that were popped and are not acknowledged */
	const struct move_in_left *left;
	size_t n_left;
	struct slice refusal; /* empty: none */
};

const char *move_in_state_name(enum move_in_state state); /* static */
void move_in_status_write(struct json_out *out, const struct move_in_status *status);
int move_in_status_read(struct arena *arena, struct slice body, struct move_in_status *status);

#endif
