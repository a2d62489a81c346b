#ifndef STORE_COMMIT_NOTICE_H
#define STORE_COMMIT_NOTICE_H

/*
 * The writer's message to the loops' tails: made once per commit, shared by all
 * of them, read-only once posted. A task of its own carries it to each loop.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/store/log/chunk.h"
#include "common/base/slice.h"

struct commit_notice_entry {
	int64_t position;
	int64_t tag_hash;
	uint32_t size;
	int32_t queue; /* number */
};

struct commit_notice_queue {
	int32_t number;
	int32_t queue_id;
	struct slice topic; /* GROWTH */
	int64_t first;
};

enum commit_notice_kind {
	COMMIT_NOTICE_GROWTH, /* records were committed; queues: those that are new
	                       */
	COMMIT_NOTICE_FIRST,  /* the oldest records of these queues went */
	COMMIT_NOTICE_DROP,   /* these queues are no more */
};

struct commit_notice {
	_Atomic uint32_t refs;
	enum commit_notice_kind kind;
	struct chunk *chunk; /* GROWTH: all records of the entries, in their order */
	int64_t timestamp;   /* GROWTH: store time of all */
	struct commit_notice_queue *queues;
	size_t n_queues;
	size_t n_entries;
	struct commit_notice_entry entries[];
};

struct commit_notice *commit_notice_new(enum commit_notice_kind kind, size_t n_entries);
struct commit_notice *commit_notice_ref(struct commit_notice *notice);
void commit_notice_unref(struct commit_notice *notice);
/* The topic is copied. */
void commit_notice_add_queue(struct commit_notice *notice, const struct commit_notice_queue *queue);

#endif
