#ifndef BROKER_DEAD_LETTER_H
#define BROKER_DEAD_LETTER_H

/*
 * Replays a dead letter: a copy of it goes to its group once more, at once and with all its tries,
 * and the dead letter stays where it is. Only this group gets the copy. It goes to the retry topic
 * from which it came: %RETRY%group_topic when it was popped, else %RETRY%group. Independent of the
 * protocol. All on the thread of the worker's loop.
 */

#include "broker/context.h"
#include "broker/state/group.h"

/* Texts live in the loop's arena. */
struct replay_outcome {
	int32_t code; /* of common/protocol/codes.h */
	struct slice remark;
	struct slice topic;  /* where the copy is */
	struct slice msg_id; /* its offset id */
};

/* One dead letter on its way. The front embeds it in what it has to keep for the reply. */
struct letter_replay {
	/* Called once, maybe at once; the memory is the front's again. */
	void (*done)(
	    struct loop *loop, struct letter_replay *replay, const struct replay_outcome *result);
	/* These belong to dead_letter.c. */
	struct group group;
	int64_t offset;
};

/* The queue of the dead letters of a group; NULL: there never was one. */
struct tail_queue *dead_letters_find(struct worker *worker, struct slice group);
/* offset: of the dead letter in that queue. replay->done is the caller's to set. */
void dead_letter_replay(
    struct worker *worker, const struct group *group, int64_t offset, struct letter_replay *replay);

#endif
