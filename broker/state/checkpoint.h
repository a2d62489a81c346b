#ifndef BROKER_CHECKPOINT_H
#define BROKER_CHECKPOINT_H

/*
 * What was popped and is not settled yet. A checkpoint is one pop of one queue: its messages stay
 * invisible to the group until they are acknowledged, revived, or moved to another checkpoint. A
 * table in memory with one lock (a leaf); replay of the revive topic builds it again. Any thread;
 * answers are copied out.
 *
 * A message is open, claimed (an append that settles it is on its way) or settled. Two threads
 * never claim the same message, so it is acknowledged or revived, not both.
 *
 * A queue with an ordered checkpoint has no other one. It is not revived: the queue is blocked
 * until all is settled or the messages are visible again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/slice.h"

#define CHECKPOINT_MESSAGES_MAX 32
#define CHECKPOINT_ATTEMPT_MAX 128 /* bytes */

struct checkpoints;
struct kept_checkpoint;

/* A queue as a group sees it. Texts are lent. */
struct group_queue {
	struct slice group;
	struct slice topic;
	int32_t queue_id;
};

struct checkpoint {
	struct group_queue queue;
	int64_t id; /* offset of its first record on the revive topic; -1: that of this record */
	int64_t start_offset; /* where the pop began to look, */
	int64_t next_offset;  /* ... and where it ended */
	int64_t pop_time;     /* ms, wall clock; start_offset and this name it in receipts */
	int64_t invisible_ms;
	bool ordered;
	struct slice
	    attempt; /* ordered: the attempt that may pop the same messages again; absent: none */
	uint32_t n;
	uint32_t settled;                          /* bits, by place in the lists */
	int32_t distance[CHECKPOINT_MESSAGES_MAX]; /* of the message's offset from start_offset */
	uint16_t count[CHECKPOINT_MESSAGES_MAX];   /* ordered: how often popped before */
};

struct checkpoints *checkpoints_new(void);
void checkpoints_free(struct checkpoints *table);

/* ---- popping --------------------------------------------------------- */

enum enter_status {
	ENTER_YES,     /* the queue is the caller's until checkpoints_leave */
	ENTER_BUSY,    /* another pop is there */
	ENTER_FULL,    /* max_messages are not settled */
	ENTER_BLOCKED, /* ordered: messages are out */
};

struct enter_wish {
	bool ordered;
	struct slice attempt;
	int64_t max_messages;
};

enum enter_status checkpoints_enter(
    struct checkpoints *table, const struct group_queue *queue, const struct enter_wish *wish);
void checkpoints_leave(struct checkpoints *table, const struct group_queue *queue);

/*
 * Notes n checkpoints before their records are appended, which will be at `floor` or behind it on
 * the revive topic. Sets in each the pop time, which is `now_ms` or a little later so that its name
 * is new, and the counts of an ordered one. Nobody can claim their messages before they are active.
 */
void checkpoints_reserve(struct checkpoints *table, struct checkpoint *list,
    struct kept_checkpoint **kept, size_t n, int64_t now_ms, int64_t floor);
/* The record was committed at this offset. An ordered one replaces what its queue had. True: it is
 * due before anything that was due until now. */
bool checkpoints_activate(struct checkpoints *table, struct kept_checkpoint *kept, int64_t offset);
/* ... or was not. */
void checkpoints_abandon(struct checkpoints *table, struct kept_checkpoint *kept);
/* Nobody received the messages: they are due now. */
void checkpoints_hasten(struct checkpoints *table, int64_t id);

/* ---- settling -------------------------------------------------------- */

enum claim_status {
	CLAIM_YES,
	CLAIM_DONE,    /* all were acknowledged before, or are just now */
	CLAIM_UNKNOWN, /* no such checkpoint, or it has no such message */
};

struct claim {
	/* the question */
	struct group_queue queue;
	int64_t start_offset, pop_time;
	const int64_t *offsets;
	size_t n_offsets; /* at most CHECKPOINT_MESSAGES_MAX */
	/* the answer, when there is one */
	int64_t id;
	bool ordered;
	uint32_t bits; /* claimed now */
};

enum claim_status checkpoints_claim(struct checkpoints *table, struct claim *claim);
void checkpoints_unclaim(struct checkpoints *table, int64_t id, uint32_t bits);

struct settled {
	bool ordered;        /* the next two are set */
	int64_t next_offset; /* from where the group goes on in the queue */
	bool unblocked;      /* the queue may be popped again */
};

/* The bits are settled, whether claimed or not. False: no such checkpoint. */
bool checkpoints_settle(
    struct checkpoints *table, int64_t id, uint32_t bits, struct settled *settled);
/*
 * Ordered: these messages are visible again at_ms (clock_mono_ms). True: that is before anything
 * that was due until now.
 */
bool checkpoints_set_visible(struct checkpoints *table, int64_t id, uint32_t bits, int64_t at_ms);

/* ---- reviving -------------------------------------------------------- */

/* When the next checkpoint is due, clock_mono_ms; INT64_MAX: none. */
int64_t checkpoints_next_due(struct checkpoints *table);
/*
 * One that is due, with its texts in `text`. Its open messages are claimed: *bits. An ordered one
 * is only told, and not due again. False: none is due.
 */
bool checkpoints_take_due(struct checkpoints *table, int64_t now_ms, struct checkpoint *out,
    uint32_t *bits, struct arena *arena);
/* What could not be settled is due again at this time (clock_mono_ms). */
void checkpoints_again(struct checkpoints *table, int64_t id, uint32_t bits, int64_t at_ms);

/* ---- the log --------------------------------------------------------- */

/* Where a replay has to begin, given the end of the revive topic's queue. */
int64_t checkpoints_floor(struct checkpoints *table, int64_t end);
/*
 * The active one whose record is the oldest, if that is below `before`: it is to be written once
 * more, and checkpoints_moved follows. False: none.
 */
bool checkpoints_take_oldest(
    struct checkpoints *table, int64_t before, struct checkpoint *out, struct arena *arena);
/* offset -1: it was not written. */
void checkpoints_moved(struct checkpoints *table, int64_t id, int64_t offset);
/* Replay: a record at this offset. wall_ms: now. */
void checkpoints_restore(struct checkpoints *table, const struct checkpoint *checkpoint,
    int64_t offset, int64_t wall_ms);
/* Those of a topic that is deleted (group absent), or of a group (topic absent). */
void checkpoints_drop(struct checkpoints *table, struct slice group, struct slice topic);

struct checkpoint_counts {
	size_t n_checkpoints;
	size_t n_messages;                    /* not settled */
	int64_t n_revived, n_dead, n_dropped; /* messages, since the start */
};

/* How a message that was not acknowledged ended. */
enum checkpoint_end {
	END_REVIVED,
	END_DEAD,    /* with the dead letters */
	END_DROPPED, /* it, its topic or its group is gone */
	N_ENDS
};

/* Messages of a queue that were popped and are not settled. */
struct checkpoint_span {
	int64_t first; /* of them */
	int64_t end;   /* behind all that was popped with them */
};

/* False: there are none. */
bool checkpoints_find_span(
    struct checkpoints *table, const struct group_queue *queue, struct checkpoint_span *span);
/* Whether the message at this offset is one of them. */
bool checkpoints_are_open(
    struct checkpoints *table, const struct group_queue *queue, int64_t offset);

void checkpoints_count_end(struct checkpoints *table, enum checkpoint_end how);
void checkpoints_get_counts(struct checkpoints *table, struct checkpoint_counts *counts);

#endif
