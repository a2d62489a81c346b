#ifndef STORE_READ_JOB_H
#define STORE_READ_JOB_H

/*
 * A read job of store.h on its way through the store: what the writer adds for the reader, of
 * records that are in no index block yet.
 */

#include "broker/store/log/block.h"
#include "broker/store/store.h"

struct read_work {
	struct read_job job; /* first: what store.h shows of it */
	bool asked_writer;
	int64_t min_offset, max_offset; /* TIME: of the queue */
	struct queue_entry *entries;    /* QUEUE, TIME: of the offsets from entries_offset on */
	size_t n_entries;
	int64_t entries_offset;
	int64_t born;       /* KEY: older records belong to a deleted topic */
	int64_t *positions; /* KEY: in order */
	size_t n_positions;
};

static inline struct read_work *
read_work(struct read_job *job)
{
	return (struct read_work *)job;
}

/* Posts it to its reply loop. Any thread. */
void read_job_finish(struct read_job *job, enum read_status status);

#endif
