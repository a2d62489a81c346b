#ifndef BROKER_POP_PRIVATE_H
#define BROKER_POP_PRIVATE_H

/* What the files of this room share. */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "broker/pop/pop.h"
#include "common/base/arena.h"
#include "common/base/strmap.h"
#include "common/base/timer_heap.h"
#include "common/net/loop.h"
#include "common/net/outbox.h"

/* Of the broker. */
struct pops {
	struct broker *broker;
	struct slice revive_topic;
	char revive_topic_text[RECORD_TOPIC_MAX + 1];
	_Atomic bool ready;       /* the revive topic was replayed */
	_Atomic size_t n_waiting; /* pops, on all loops */
	pthread_mutex_t counts_lock;
	struct strmap counts;    /* under it: group@topic@queue -> size_t of pops that wait */
	struct revival *revival; /* loop 0 */
};

/* Messages of one queue, taken but not replied yet. */
struct taken {
	struct group_queue queue;
	bool retry;
	int64_t row; /* the group's offset when it was taken */
	int64_t next_offset;
	size_t n;
	int64_t offsets[CHECKPOINT_MESSAGES_MAX];
	struct body_part *parts; /* in the pop's arena */
	size_t n_parts;
};

struct pop {
	/* These belong to waiting.c. */
	struct timer timer;
	struct wait_group *wait_group; /* NULL: it does not wait */
	TAILQ_ENTRY(pop) in_group;

	struct worker *worker;
	char *texts;        /* those of the wish */
	int32_t *codes;     /* of its tags */
	struct arena arena; /* of what it takes */
	struct pop_wish wish;
	alignas(8) char kept[POP_KEPT_BYTES]; /* the front's */
	struct slice retry_topic;
	struct pull_limits limits;
	int64_t deadline_ms; /* clock_mono_ms */

	/* one round over the queues */
	struct task again;
	int32_t n_queues, n_retry_queues;
	uint32_t first; /* where it begins */
	bool retry_first;
	int32_t lane;
	struct group_queue looking; /* the queue that a reader reads */
	int64_t looking_row;
	bool skipped; /* some queue was filtered: the next round goes on there */
	bool full;    /* some queue had too many that are not settled */
	bool busy;    /* some queue had another pop */
	bool unreadable;
	bool no_row; /* the group may have no more offsets */
	int64_t rest;
	int32_t n_messages, n_bytes;
	struct taken *taken; /* of CHECKPOINT_MESSAGES_MAX */
	size_t n_taken;
	struct checkpoint *checkpoints;
	struct kept_checkpoint *reserved[CHECKPOINT_MESSAGES_MAX];
};

/* An append of these bodies to the revive topic, one record each. */
struct append *revive_append(
    struct broker *broker, struct loop *loop, const struct buf *bodies, size_t n);
/* Where its records will be at the least. */
int64_t revive_end(const struct worker *worker);
/* Something is due before all else: loop 0 looks at once. Any loop. */
void revive_hint(struct broker *broker, struct loop *here);

#endif
