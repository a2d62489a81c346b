#ifndef INTERLEAVE_READER_H
#define INTERLEAVE_READER_H

/*
 * A consumer that pulls all queues from their first offset and goes on for ever, through
 * every restart. It keeps a hash of each record at its place, so that a second reading can
 * tell whether anything has changed.
 */

#include "client/twinmq.h"

#define READER_QUEUES_MAX 8

struct reader;

struct reader_queue {
	struct reader *reader;
	struct message_queue queue;
	int64_t next;     /* offset */
	uint64_t *hashes; /* by offset */
	size_t cap;
	struct timer retry;
	bool is_parked; /* of the topic of those that nobody decided */
	unsigned gaps, changes;
};

struct reader {
	struct twinmq *mq;
	struct reader_queue queues[READER_QUEUES_MAX];
	size_t n;
	bool stopped;
	void (*found)(void *context, const struct reader_queue *queue, const struct record *record);
	void *context;
};

/* Then queues are added, and reading starts. */
int reader_open(struct reader *reader, const char *name_server, struct loop *loop);
/* Its texts are lent for good. */
void reader_add(struct reader *reader, const struct message_queue *queue, bool is_parked);
void reader_start(struct reader *reader);
void reader_close(struct reader *reader);
/*
 * Reads all once more and compares. 0, or -1 when it cannot be read (twinmq_error(reader->mq)
 * says why).
 */
int reader_again(struct reader *reader);
/* Whether the queue's offsets grow by one from 0: 0 and the number of gaps, or -1 when it cannot be
 * read. */
int reader_count_gaps(struct reader *reader, const struct message_queue *queue, unsigned *gaps);

#endif
