#ifndef STORE_NEWS_H
#define STORE_NEWS_H

/*
 * What the writer tells the loops' tails: made once per commit, shared by all
 * of them, read-only once posted. Each loop gets it in a notice of its own.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/store/log/chunk.h"
#include "common/base/mailbox.h"
#include "common/base/slice.h"

struct tail;

struct news_entry {
	int64_t position;
	int64_t tag_hash;
	uint32_t size;
	int32_t queue; /* number */
};

struct news_queue {
	int32_t number;
	int32_t queue_id;
	struct slice topic; /* GROWTH */
	int64_t first;
};

enum news_kind {
	NEWS_GROWTH, /* records were committed; queues: those that nobody heard of before */
	NEWS_FIRST,  /* the oldest records of these queues went */
	NEWS_DROP,   /* these queues are no more */
};

struct news {
	_Atomic uint32_t refs;
	enum news_kind kind;
	struct chunk *chunk; /* GROWTH: all records of the entries, in their order */
	int64_t timestamp;   /* GROWTH: store time of all */
	struct news_queue *queues;
	size_t n_queues;
	size_t n_entries;
	struct news_entry entries[];
};

struct news *news_new(enum news_kind kind, size_t n_entries);
struct news *news_ref(struct news *news);
void news_unref(struct news *news);
/* The topic is copied. */
void news_add_queue(struct news *news, const struct news_queue *queue);

/* Carries one reference to a loop; run applies it to the tail and lets go. */
struct notice {
	struct task task;
	struct tail *tail;
	struct news *news;
};

/* tail.c: brings a loop's tail up to date. */
void tail_apply(struct tail *tail, struct news *news);
struct notice *notice_new(struct tail *tail, struct news *news);

#endif
