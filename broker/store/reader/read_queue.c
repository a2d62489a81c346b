#include "config.h"

#include "broker/store/reader/read.h"

#include <stdlib.h>
#include <string.h>

#include "broker/store/pull_count.h"
#include "common/base/mem.h"

/*
 * A cold pull, in two passes: first the entries of the queue blocks say which
 * records are wanted, so that the answer's memory is taken once; then the
 * records are read, in order, and copied where they go.
 */

#define DENSE 4 /* records in a row make the row worth its copy */
/* With a filter on properties: records that are selected at once, and what one pull reads. */
#define ROUND_RECORDS 256
#define ROUND_BYTES (256 << 10)
#define FILTERED_BYTES (4 << 20)

struct pick {
	int64_t offset;
	int64_t position;
	uint32_t size;
};

struct selection {
	const struct pull_limits *limits;
	struct pull_count count;
	struct pick *picks;
	size_t n, cap;
	int64_t next_offset, end_offset;
	bool full, ended; /* ended: by end_offset */
};

static bool
select_entry(void *arg, int64_t offset, struct queue_entry entry)
{
	struct selection *it = arg;

	if (offset >= it->end_offset) {
		it->full = it->ended = true;
		return false;
	}
	enum pull_verdict verdict =
	    pull_next(it->limits, &it->count, entry.size, (int32_t)entry.tag_hash);

	if (verdict == PULL_STOP) {
		it->full = true;
		return false;
	}
	it->next_offset = offset + 1;
	if (verdict == PULL_SKIP)
		return true;
	if (it->n == it->cap) {
		it->cap = it->cap != 0 ? 2 * it->cap : 32;
		it->picks = mem_realloc(it->picks, it->cap * sizeof it->picks[0]);
	}
	it->picks[it->n++] = (struct pick){ offset, entry.position, entry.size };
	return true;
}

/* Entries that the writer added, as they are in no block yet. */
static enum get_status
select_waiting(struct selection *it, const struct read_work *work)
{
	int64_t i = it->next_offset - work->entries_offset;

	if (i < 0 || i >= (int64_t)work->n_entries)
		return GET_NONE;
	while (i < (int64_t)work->n_entries &&
	       select_entry(it, work->entries_offset + i, work->entries[i]))
		i++;
	return GET_OK;
}

static enum get_status
select_in_blocks(struct reader_files *files, struct selection *it, const struct read_work *work)
{
	size_t index;
	enum get_status status =
	    reader_locate(files, work->job.in_queue.queue, it->next_offset, &index);

	if (status != GET_OK)
		return status;
	struct segment_reader *file;

	status = reader_file(files, files->segments->list[index], &file);
	if (status != GET_OK)
		return status;
	return segment_each_entry(
	    file, work->job.in_queue.queue, it->next_offset, select_entry, it);
}

/* Whether the log row of this pick holds several picks: the next picks tell, or the last ones. */
static bool
is_dense(const struct selection *it, size_t i)
{
	if (it->n <= DENSE)
		return false;
	const struct pick *first = &it->picks[i + DENSE < it->n ? i : it->n - 1 - DENSE];

	return first[DENSE].position - first->position < SEGMENT_ROW_BYTES;
}

/* The picked records, up to the first that cannot be had. */
static enum get_status
read_picks(struct reader_files *files, const struct selection *it, struct read_work *work)
{
	struct chunk *chunk = chunk_new(-1, (size_t)it->count.n_bytes);
	enum get_status status = GET_OK;
	size_t at = 0;

	for (size_t i = 0; i < it->n; i++) {
		struct pick pick = it->picks[i];

		status =
		    reader_copy(files, pick.position, pick.size, is_dense(it, i), chunk->data + at);
		if (status != GET_OK) {
			/* What comes before is good; the next pull meets this one first, and passes
			 * it. */
			work->job.in_queue.next_offset =
			    pick.offset + (i == 0 && status == GET_CORRUPT);
			break;
		}
		at += pick.size;
		work->job.n_records++;
	}
	chunk->len = at;
	if (work->job.n_records > 0) {
		work->job.chunk = chunk;
		return GET_OK;
	}
	chunk_unref(chunk);
	return status;
}

/* Until the limits are reached, or there are no more. */
static enum get_status
select_entries(struct reader_files *files, struct selection *it, const struct read_work *work)
{
	enum get_status status = GET_OK;

	while (!it->full && status == GET_OK) {
		status = select_waiting(it, work);
		if (status == GET_NONE)
			status = select_in_blocks(files, it, work);
	}
	return it->ended ? GET_NONE : status;
}

/* ---- with a filter on properties ------------------------------------- */

/* A cold pull whose filter wants to see the records. */
struct filtered {
	struct reader_files *files;
	struct read_work *work;
	struct selection it;     /* what to look at next */
	struct pull_count count; /* of what was looked at */
	struct chunk *chunk;     /* what passed; room for one more behind it */
	size_t cap;
	int64_t n_bytes; /* that were read */
	enum get_status status;
};

/* Room for one more record. What passed fits, or it is the first one, which may have any size. */
static char *
room_for(struct filtered *reading, uint32_t size)
{
	if (reading->chunk == NULL || reading->chunk->len + size > reading->cap) {
		size_t cap = (size_t)reading->work->job.in_queue.limits.max_bytes;
		struct chunk *larger = chunk_new(-1, cap > size ? cap : size);

		reading->cap = larger->len;
		larger->len = 0;
		chunk_unref(reading->chunk);
		reading->chunk = larger;
	}
	return reading->chunk->data + reading->chunk->len;
}

/* Copies the record behind what passed, and leaves it there if it passes too. False: the end. */
static bool
read_pick(struct filtered *reading, size_t i)
{
	struct queue_read *read = &reading->work->job.in_queue;
	const struct pick *pick = &reading->it.picks[i];

	read->next_offset = pick->offset;
	if (pull_is_full(&read->limits, &reading->count, pick->size))
		return false;
	char *record = room_for(reading, pick->size);

	reading->status = reader_copy(
	    reading->files, pick->position, pick->size, is_dense(&reading->it, i), record);
	if (reading->status != GET_OK) {
		/* Alone it is damage that the next pull passes; else that pull meets it first. */
		if (pick->offset == read->offset && reading->status == GET_CORRUPT)
			read->next_offset++;
		return false;
	}
	enum pull_verdict verdict =
	    pull_next_filtered(&read->limits, &reading->count, record, pick->size);

	if (verdict == PULL_STOP)
		return false;
	if (verdict == PULL_TAKE)
		reading->chunk->len += pick->size;
	reading->n_bytes += pick->size;
	read->next_offset = pick->offset + 1;
	return true;
}

/* The next so many records; false when no more are to be read. */
static bool
read_round(struct filtered *reading, int32_t max_records)
{
	struct selection *it = &reading->it;
	struct queue_read *read = &reading->work->job.in_queue;
	const struct pull_limits all = { .max_messages = max_records, .max_bytes = ROUND_BYTES };
	enum get_status selected;

	*it = (struct selection){
		.limits = &all,
		.picks = it->picks,
		.cap = it->cap,
		.next_offset = read->next_offset,
		.end_offset = read->end_offset,
	};
	selected = select_entries(reading->files, it, reading->work);
	for (size_t i = 0; i < it->n; i++)
		if (!read_pick(reading, i))
			return false;
	read->next_offset = it->next_offset;
	if (it->n == 0)
		reading->status = selected;
	return selected == GET_OK && reading->n_bytes < FILTERED_BYTES;
}

/*
 * Properties are in the records, so these are read first: as many as would do if all passed, then
 * twice as many, and so on.
 */
static void
read_filtered(struct reader_files *files, struct read_work *work)
{
	struct queue_read *read = &work->job.in_queue;
	struct filtered reading = { .files = files, .work = work };
	int32_t max_records = read->limits.max_messages;

	read->next_offset = read->offset;
	while (read_round(&reading, max_records) &&
	       reading.count.n_messages < read->limits.max_messages)
		if (max_records < ROUND_RECORDS)
			max_records *= 2;
	free(reading.it.picks);
	if (reading.count.n_messages > 0) {
		work->job.status = READ_FOUND;
		work->job.n_records = reading.count.n_messages;
		work->job.chunk = reading.chunk;
		return;
	}
	chunk_unref(reading.chunk);
	work->job.status =
	    reading.count.n_scanned > 0 ? READ_NO_MATCH : read_status_of(reading.status);
}

enum read_reply
read_queue(struct reader_files *files, struct read_work *work)
{
	struct selection it = { .limits = &work->job.in_queue.limits,
		.next_offset = work->job.in_queue.offset,
		.end_offset = work->job.in_queue.end_offset };

	if (it.limits->filter != NULL) {
		read_filtered(files, work);
		return work->job.status == READ_NOTHING && !work->asked_writer ? READ_ASK
		                                                               : READ_DONE;
	}
	enum get_status status = select_entries(files, &it, work);

	work->job.in_queue.next_offset = it.next_offset;
	if (it.n > 0)
		work->job.status = read_status_of(read_picks(files, &it, work));
	else if (it.next_offset > work->job.in_queue.offset)
		work->job.status = READ_NO_MATCH;
	else
		work->job.status = read_status_of(status);
	free(it.picks);
	return work->job.status == READ_NOTHING && !work->asked_writer ? READ_ASK : READ_DONE;
}
