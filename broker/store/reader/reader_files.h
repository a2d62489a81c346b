#ifndef STORE_READER_FILES_H
#define STORE_READER_FILES_H

/*
 * The segments as one reader thread sees them: its connections, opened when they are first needed
 * and kept, the least recently used closed first; and the log rows that it read lately.
 */

#include "broker/store/log/row_cache.h"
#include "broker/store/log/segment_read.h"
#include "broker/store/log/segments.h"

#define READER_FILES 12

struct reader_files {
	const struct log_dir *dir;
	struct segment_array *segments;            /* of the job at hand */
	struct segment_reader *list[READER_FILES]; /* most recently used first; NULL: free */
	struct row_cache rows; /* of what is pulled; emptied when no pull comes */
	int64_t row_end;       /* of the row read last: rows that follow each other are hinted at */
};

void reader_files_close(struct reader_files *files);
/* Lets go of snapshots; a row of a sealed segment may stay for the next job of the same wake-up. */
void reader_files_rest(struct reader_files *files, bool sealed_too);
/* Closes files that are gone, and connections to the WAL of segments that are sealed. */
void reader_files_sweep(struct reader_files *files);

/* The connection to a segment, lent until the next call. NONE: retention has just removed it. */
enum get_status reader_file(
    struct reader_files *files, struct segment *segment, struct segment_reader **found);
/*
 * The segment that holds a queue's entry for an offset, as far as bounds tell:
 * *index into files->segments.
 */
enum get_status reader_locate(
    struct reader_files *files, int32_t number, int64_t offset, size_t *index);
/* Where the next segment begins; 0: the live one, which has none, ends nowhere yet. */
int64_t reader_segment_end(const struct reader_files *files, const struct segment *segment);
/* The record at a position, in whichever segment. bytes: lent until the next call. */
enum get_status reader_record(struct reader_files *files, int64_t position, uint32_t size,
    struct slice *bytes, struct record *decoded);
/* Copies it to where size bytes are free; dense: more of its row will be asked for. */
enum get_status reader_copy(
    struct reader_files *files, int64_t position, uint32_t size, bool dense, char *to);

#endif
