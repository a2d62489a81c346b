#ifndef BROKER_OFFSET_H
#define BROKER_OFFSET_H

/*
 * Consumer offsets: (group, topic, queue) -> next offset to consume. In memory
 * with one lock (a leaf); changed ones are gathered and written to meta.db by
 * a meta job now and then, or at once where a client waits for it. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/store/store.h"
#include "common/base/slice.h"

struct offsets;

struct offset_row {
	struct slice group; /* lent while the callback runs */
	struct slice topic;
	int32_t queue_id;
	int64_t offset;
};

struct offsets *offsets_new(void);
void offsets_free(struct offsets *offsets);
/* -1 when there is none. */
int64_t offsets_find(
    struct offsets *offsets, struct slice group, struct slice topic, int32_t queue_id);
/* Remembers it and marks it as changed. */
void offsets_put(struct offsets *offsets, struct slice group, struct slice topic, int32_t queue_id,
    int64_t offset);
/* As read from meta.db: not marked. */
void offsets_load(struct offsets *offsets, struct slice group, struct slice topic, int32_t queue_id,
    int64_t offset);
void offsets_remove_group(struct offsets *offsets, struct slice group);
void offsets_remove_topic(struct offsets *offsets, struct slice topic);
/* Calls back under the lock for those of the group and topic (absent: any). */
void offsets_each(struct offsets *offsets, struct slice group, struct slice topic,
    void (*row)(void *arg, const struct offset_row *row), void *arg);
/* A meta job with all that changed since the last call; NULL when nothing did. */
struct meta_job *offsets_changed(struct offsets *offsets);
/* The job failed: what it carried counts as changed again. */
void offsets_keep_changed(struct offsets *offsets, const struct meta_job *job);

#endif
