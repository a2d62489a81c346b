#ifndef STORE_QUEUE_TABLE_H
#define STORE_QUEUE_TABLE_H

/*
 * The queues of the log: their numbers and bounds. The writer's, once it
 * runs; the main thread's before and after.
 *
 * A number names one incarnation of a queue and is never given again. So records of a deleted topic
 * in older segments are never taken for those of its successor.
 */

#include "broker/store/index/queue_index.h"

struct queue {
	int32_t number;
	int32_t queue_id;
	struct slice topic;
	uint64_t hash;
	int64_t first;          /* the oldest offset that is there */
	int64_t next;           /* the offset that the next record gets */
	int64_t last_timestamp; /* store time of the newest record, ms; 0: none */
	int64_t born;           /* log position of the first record of this incarnation */
	int64_t birth;          /* its offset: not 0 in a log that began elsewhere */
	bool announced;         /* the tails know it */
	bool recorded;          /* it has a row in the live segment's bounds */
	/* its entries in struct pending: offset of the first; first and last as index + 1 */
	int64_t pending_offset;
	uint32_t pending_first, pending_last, n_pending;
	char text[];
};

struct queue_table {
	struct queue_index index;
	int32_t next_number;
};

void queue_table_init(struct queue_table *table);
void queue_table_release(struct queue_table *table);
struct queue *queue_table_find(
    const struct queue_table *table, uint64_t hash, struct slice topic, int32_t queue_id);
/* number -1: a new one. The topic is copied. */
struct queue *queue_table_add(
    struct queue_table *table, struct slice topic, int32_t queue_id, int32_t number);
void queue_table_remove(struct queue_table *table, struct queue *queue);

static inline struct queue *
queue_table_at(const struct queue_table *table, int64_t number)
{
	return queue_index_at(&table->index, number);
}

/* Walks all: *number starts at 0; NULL at the end. */
struct queue *queue_table_each(const struct queue_table *table, size_t *number);

#endif
