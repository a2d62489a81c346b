#ifndef BROKER_EVENT_STREAM_H
#define BROKER_EVENT_STREAM_H

/*
 * Follows the queues of a topic for one reader in batches. A loop pulls from one queue after
 * the other, and waits at all of them when there is nothing, so a stream has one batch in memory at
 * most, however slow its reader is. Positions are the offsets of all queues.
 *
 * The owner's thread is that of the HTTP server; what the loop owns stands apart.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "broker/context.h"
#include "common/base/buf.h"

#define EVENT_QUEUES_MAX 256

struct event_stream;

struct event_queue {
	struct event_stream *stream;
	int32_t queue_id;
	int64_t offset; /* the loop's */
	bool pulling, reading;
	bool pulled_once;
	int64_t committed; /* of the group, after the last pull */
};

/* The caller fills what it has to; texts live as long as the stream. */
struct event_stream {
	LIST_ENTRY(event_stream) in_all; /* the owner's */
	struct loop *loop;               /* that pulls */
	struct loop *owner;              /* where the next two are called */
	/* A batch, after event_stream_next: records in order of one queue; or failed. */
	void (*on_batch)(struct event_stream *stream);
	/* After event_stream_close: no loop knows it any more. */
	void (*on_closed)(struct event_stream *stream);
	void *context;
	struct slice topic, filter, filter_type;
	/* Absent: none. Else what it took of a queue is committed when the queue is pulled again,
	 * and the stream goes where somebody else has moved the group. */
	struct slice group;
	struct event_queue *queues;
	size_t n_queues;
	bool all_queues; /* the topic has no more of them */
	/* the batch */
	struct buf records;
	int32_t code; /* of common/protocol/codes.h; not 0: the end, and why */
	struct slice remark;
	/* internal: on its way */
	struct task task, close_task;
	struct arena arena; /* of remark */
	/* internal: the loop's */
	size_t next; /* queue that is looked at first */
	size_t n_pulling, n_reading;
	bool wanted; /* the owner waits for a batch */
	bool closed, looks_again;
};

/* Asks for the next batch. From the owner's thread. */
void event_stream_next(struct event_stream *stream);
/* The owner wants no more; on_batch may still be called before on_closed. */
void event_stream_close(struct event_stream *stream);
/* Frees what the stream has inside, not itself. */
void event_stream_release(struct event_stream *stream);

#endif
