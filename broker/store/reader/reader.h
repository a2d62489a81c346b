#ifndef STORE_READER_H
#define STORE_READER_H

/*
 * A reader thread: takes read jobs, answers them from the segments, posts them
 * to their reply loops. Its connections are its own, opened when first needed and kept, as
 * many as READER_FILES, least recently used first to go.
 *
 * What is committed but in no index block yet only the writer knows: a job
 * that may need it goes there first (KEY, TIME, STAMPS) or when the blocks do not have it
 * (QUEUE), and comes back with a copy of it.
 */

#include "broker/store/log/row_cache.h"
#include "broker/store/log/segment_read.h"
#include "broker/store/store_private.h"

#define READER_FILES 12

struct reader {
	struct store *store;
	struct mailbox inbox;
	pthread_t thread;
	bool stop;
	struct segment_array *segments;             /* of the job at hand */
	struct segment_reader *files[READER_FILES]; /* most recently used first; NULL: free */
	struct row_cache rows;                      /* of what is pulled; goes when nobody pulls */
	int64_t row_end; /* of the row read last: rows that follow each other are hinted at */
	int64_t busy_ms;
	struct task stop_task;
};

/*
 * The connection to a segment, lent until the next call. NONE: retention has
 * just taken it.
 */
enum get_status reader_file(
    struct reader *reader, struct segment *segment, struct segment_reader **file);
/*
 * The segment that holds a queue's entry for an offset, as far as bounds tell:
 * *index into reader->segments.
 */
enum get_status reader_locate(struct reader *reader, int32_t number, int64_t offset, size_t *index);
/* The record at a position, whatever segment holds it. */
enum get_status reader_record(struct reader *reader, int64_t position, uint32_t size,
    struct slice *bytes, struct record *decoded);
/* The same, copied to where size bytes are free; dense: more of its row will be asked for. */
enum get_status reader_copy(
    struct reader *reader, int64_t position, uint32_t size, bool dense, char *to);

/* read_queue.c, read_find.c. ASK: the job has to ask the writer. */
enum read_reply { READ_DONE, READ_ASK };
enum read_reply read_queue(struct reader *reader, struct read_job *job);
enum read_reply read_position(struct reader *reader, struct read_job *job);
enum read_reply read_key(struct reader *reader, struct read_job *job);
enum read_reply read_time(struct reader *reader, struct read_job *job);
enum read_reply read_stamps(struct reader *reader, struct read_job *job);

enum read_status read_status_of(enum get_status status);

#endif
