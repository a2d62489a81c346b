#ifndef BROKER_MOVE_IN_H
#define BROKER_MOVE_IN_H

/*
 * Moving in from a running RocketMQ: ends what follows a RocketMQ master, and makes this slave the
 * master of the name.
 *
 *   follow      the log is copied as it is. What its records say about half messages and timed ones
 *               changes no table (store_rocketmq_end), as RocketMQ keeps their state elsewhere
 *   look        counts what waits, and what would not come along
 *   move        1. replica.json says that the move has begun: from here on nothing is followed, and
 *                  a start goes on with the move
 *               2. the end of RocketMQ's log is kept in meta.db
 *               3. what waits is adopted by events behind that end (move_adopt.h)
 *               4. replica.json says that the move is done, with the role; the broker starts again
 *
 * A kill before 1 leaves a slave as ever. A kill between 1 and 4 leaves a slave that goes on with 3
 * at its start: what was adopted is not adopted twice, and meanwhile nothing is decided or
 * delivered, as a slave does neither. 4 is one file that is replaced: after it the broker is a
 * master with all that waits. Writes are refused meanwhile as by any slave.
 */

#include "broker/context.h"
#include "common/protocol/move_in.h"

struct move_in;

/* At a slave; after follower_new. A move that has begun goes on. Loop 0. */
struct move_in *move_in_new(struct broker *broker);
/* Before store_stop. NULL is ignored, as in the next one. */
void move_in_stop(struct move_in *move);
/* After the last task of the store ran. */
void move_in_free(struct move_in *move);

/*
 * Whether this slave has begun to move, and must follow nobody. Any thread.
 */
bool move_in_has_begun(const struct broker *broker);

/* What is known now, in the arena; a count of what waits begins. Any thread, at any role. 0, or -1:
 * this broker follows, or has followed, no RocketMQ master. */
int move_in_look(struct broker *broker, struct arena *arena, struct move_in_status *status);
/*
 * Begins the move to this role. Absent, or why not (in the arena). Any thread.
 */
struct slice move_in_begin(struct broker *broker, bool sync, bool force, struct arena *arena);

/* What the master has told, on loop 0: its messageDelayLevel; how many of its topics are of types
 * that we do not know. Lent. NULL: this is no slave. */
void move_in_note_levels(struct move_in *move, struct slice levels);
void move_in_note_types(struct move_in *move, int64_t n_topics);
/* Its offsets were taken: before that, a slave that has its log is not there yet. */
void move_in_note_offsets(struct move_in *move);

#endif
