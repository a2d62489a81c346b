#ifndef STORE_SEGMENT_READ_H
#define STORE_SEGMENT_READ_H

/*
 * The read side of a segment: a connection of one reader thread to one file.
 * It holds the log row that it read last, so that records which follow each
 * other cost one row, and a snapshot as long as it does: segment_rest lets go of both.
 */

#include "broker/store/log/block.h"
#include "broker/store/log/segment.h"
#include "common/protocol/record.h"

enum segment_get {
	GET_ROW,
	GET_BLOCKS,
	GET_FIRST,
	GET_KEYS,
	GET_RUN,
	GET_ROW_START,
	N_SEGMENT_GETS
};

enum get_status {
	GET_OK,
	GET_NONE,
	GET_CORRUPT, /* logged */
	GET_FAILED,  /* logged */
};

struct segment_reader {
	struct segment *segment;
	sqlite3 *db;
	sqlite3_stmt *statements[N_SEGMENT_GETS];
	bool immutable;
	int64_t row_position;
	const char *row; /* NULL: none at hand */
	size_t row_len;
	sqlite3_blob *blob;     /* for records that are alone in their row */
	int fd;                 /* of a sealed file, for hints; -1: none */
	off_t fd_bytes, hinted; /* how long it is, and up to where it was asked for */
};

/* 0 or an SQLite code. */
int segment_reader_open(
    struct segment_reader *reader, const struct log_dir *dir, struct segment *segment);
void segment_reader_close(struct segment_reader *reader);
void segment_rest(struct segment_reader *reader);

/*
 * The whole, checked record at a position; *bytes is lent until the next call.
 * size 0: as long as it says itself. decoded may be NULL.
 */
enum get_status segment_get_record(struct segment_reader *reader, int64_t position, uint32_t size,
    struct slice *bytes, struct record *decoded);
/* The whole log row that holds the position; lent until the next call. */
enum get_status segment_get_row(
    struct segment_reader *reader, int64_t position, int64_t *start, struct slice *bytes);
/*
 * A client reads a sealed segment in order and has got to the position; the segment ends at end.
 * Asks the kernel to read on: SQLite maps the file, and mapped pages are read only when touched.
 */
void segment_hint(struct segment_reader *reader, int64_t position, int64_t end);
/* Copies a whole, checked record out of a row that was got before. */
enum get_status segment_copy_from_row(const struct segment_reader *reader, int64_t position,
    uint32_t size, struct slice rest, char *to);
/*
 * Copies a record of which few neighbours are wanted: 64 KB of row for 1 KB of
 * record is what makes a pull of a thin queue dear. Measured with 2,000 queues
 * in turns: 14.5 us a message by rows, 7.7 so.
 */
enum get_status segment_copy_record(
    struct segment_reader *reader, int64_t position, uint32_t size, char *to);
/* Where the queue stood when the segment began (or 0 when it was born there). NONE: unknown here.
 */
enum get_status segment_get_first(struct segment_reader *reader, int32_t number, int64_t *first);
/*
 * Entries of a queue from an offset on, in order, until found answers false.
 * NONE when the first of them is not in a block here.
 */
enum get_status segment_each_entry(struct segment_reader *reader, int32_t number, int64_t offset,
    bool (*found)(void *arg, int64_t offset, struct queue_entry entry), void *arg);
/* The tag hashes that are stored for records at positions from .. below end, in order. */
enum get_status segment_each_tag(struct segment_reader *reader, int64_t from, int64_t end,
    void (*found)(void *arg, int64_t position, int64_t hash), void *arg);
/* The number of the newest key run, -1 when there is none. */
enum get_status segment_get_run(struct segment_reader *reader, int64_t *run);
/* Positions that carry the hash in a run. */
enum get_status segment_each_key(struct segment_reader *reader, int64_t run, uint64_t hash,
    void (*found)(void *arg, int64_t position), void *arg);

#endif
