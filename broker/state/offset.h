#ifndef BROKER_OFFSET_H
#define BROKER_OFFSET_H

/*
 * Consumer offsets: (group, topic, queue) -> next offset to consume. In memory
 * with one lock (a leaf). Changed ones are collected in a meta job, which the
 * caller sends to meta.db. Any thread.
 *
 * Offsets that were committed for a group which does not exist are marked as
 * unknown until a commit finds the group. They have a limit of their own and
 * expire. Offsets from meta.db are never marked: their group consumed once.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/store/store.h"
#include "common/base/slice.h"
#include "common/base/strmap.h"

/* The offsets of this group are the progress of the delay levels. Only the broker changes them. */
#define DELAY_GROUP "CID_RMQ_SYS_SCHEDULE"
/* Its offset on the revive topic: all before it is settled (broker/pop). Only the broker changes
 * it. */
#define REVIVE_GROUP "CID_RMQ_SYS_REVIVE_GROUP"

static inline bool
group_is_internal(struct slice group)
{
	return slice_is(group, DELAY_GROUP) || slice_is(group, REVIVE_GROUP);
}

struct offsets;

struct offset_row {
	struct slice group; /* lent while the callback or the call runs */
	struct slice topic;
	int32_t queue_id;
	int64_t offset;
};

/* How many rows there may be. */
struct offset_limits {
	size_t max;
	size_t max_unknown; /* of groups that do not exist */
};

enum offset_status {
	OFFSET_KEPT,
	OFFSET_TOO_MANY,
	OFFSET_TOO_MANY_UNKNOWN,
};

struct offset_counts {
	size_t n;
	size_t n_unknown;
};

struct offsets *offsets_new(void);
void offsets_free(struct offsets *offsets);
/* -1 when there is none. */
int64_t offsets_find(
    struct offsets *offsets, struct slice group, struct slice topic, int32_t queue_id);
/*
 * Sets it and marks it as changed. group_exists: whether it is a consumer group of this broker.
 * *before: what it was, or the new one when it does not change; below 0: there was none.
 */
enum offset_status offsets_put(struct offsets *offsets, const struct offset_row *row,
    bool group_exists, const struct offset_limits *limits, int64_t *before);
/* Loop 0, each second: the clock of the next call. */
void offsets_tick(struct offsets *offsets);
/*
 * How many seconds ago a consumer last committed an offset of the queue, whether it was a new one
 * or not; -1: not since the start. A client commits all queues that it owns every few seconds, so
 * this is about when the queue had an owner.
 */
int64_t offsets_committed_ago_s(
    struct offsets *offsets, struct slice group, struct slice topic, int32_t queue_id);
/*
 * Sets it for a group that exists, and marks it as changed. announced: a consumer is at work, which
 * has to be told (offsets_take_reset). Until then commits of this queue are accepted and forgotten.
 */
enum offset_status offsets_reset(struct offsets *offsets, const struct offset_row *row,
    bool announced, const struct offset_limits *limits);
/* Whether a consumer has to be told of any reset. No lock. */
bool offsets_have_resets(const struct offsets *offsets);
/* How a consumer learns of a reset. */
struct reset_reader {
	int64_t offset; /* that it pulls from */
	bool by_pull;   /* it expects the reply to a pull to say so; else it was told, and is given
	                   OFFSET_RESET_GRACE_MS to do what it was told */
};
#define OFFSET_RESET_GRACE_MS 15000
/* Whether the pull of this queue is to be told that its group starts at *offset now: once. */
bool offsets_take_reset(struct offsets *offsets, const struct offset_row *row,
    const struct reset_reader *reader, int64_t *offset);
/* Sets it without a mark: the caller writes it to meta.db, or has it from there. */
void offsets_set(struct offsets *offsets, const struct offset_row *row);
void offsets_remove_group(struct offsets *offsets, struct slice group);
void offsets_remove_topic(struct offsets *offsets, struct slice topic);
/*
 * Removes those of unknown groups without a commit since this time of the monotonic clock. A meta
 * job that deletes them from meta.db; NULL when there are none.
 */
struct meta_job *offsets_expire_unknown(struct offsets *offsets, int64_t before_ms);
void offsets_get_counts(struct offsets *offsets, struct offset_counts *counts);
/* Calls back under the lock for those of the group and topic (absent: any). */
void offsets_each(struct offsets *offsets, struct slice group, struct slice topic,
    void (*row)(void *arg, const struct offset_row *row), void *arg);
/* A portion of the groups that have offsets; names are lent, see strmap_visit. */
bool offsets_visit_groups(struct offsets *offsets, struct strmap_cursor *cursor, size_t max,
    void (*each)(void *arg, struct slice group), void *arg);
/* About max topics of one group, with all their rows. */
bool offsets_visit(struct offsets *offsets, struct slice group, struct strmap_cursor *cursor,
    size_t max, void (*row)(void *arg, const struct offset_row *row), void *arg);
/* A meta job with all that changed since the last call; NULL when nothing did. */
struct meta_job *offsets_changed(struct offsets *offsets);
/* The job failed: what it carried counts as changed again. */
void offsets_keep_changed(struct offsets *offsets, const struct meta_job *job);

#endif
