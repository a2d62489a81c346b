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
/* With a filter on properties, bytes of records: at once, and for one pull that finds nothing. */
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
	int64_t next_offset;
	bool full;
};

static bool
select_entry(void *arg, int64_t offset, struct queue_entry entry)
{
	struct selection *it = arg;
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
	return status;
}

/* ---- with a filter on properties ------------------------------------- */

/*
 * What the filter says of the records that were read: those that pass move together in the chunk.
 * False when the pull ends there; next_offset says where to go on.
 */
static bool
keep_matching(const struct selection *it, struct read_work *work, struct pull_count *count)
{
	struct queue_read *read = &work->job.in_queue;
	char *from = work->job.chunk->data, *to = from;
	enum pull_verdict verdict = PULL_SKIP;

	for (int32_t i = 0; i < work->job.n_records && verdict != PULL_STOP; i++) {
		uint32_t size = it->picks[i].size;

		verdict = pull_next_filtered(&read->limits, count, from, size);
		if (verdict == PULL_STOP)
			read->next_offset = it->picks[i].offset;
		if (verdict == PULL_TAKE) {
			memmove(to, from, size);
			to += size;
		}
		from += size;
	}
	work->job.chunk->len = (size_t)(to - work->job.chunk->data);
	return verdict != PULL_STOP;
}

/* The next records of any kind; false when no more are to be read. */
static bool
read_round(struct reader_files *files, struct selection *it, struct read_work *work,
    struct pull_count *count, enum get_status *status)
{
	struct queue_read *read = &work->job.in_queue;

	*status = select_entries(files, it, work);
	if (it->n == 0)
		return false;
	read->next_offset = it->next_offset;
	work->job.n_records = 0;
	*status = read_picks(files, it, work);
	if (*status != GET_OK)
		return false;
	bool more = (size_t)work->job.n_records == it->n;

	more = keep_matching(it, work, count) && more && count->n_messages == 0;
	if (count->n_messages == 0) {
		chunk_unref(work->job.chunk);
		work->job.chunk = NULL;
	}
	work->job.n_records = count->n_messages;
	return more;
}

/* Properties are in the records, so these are read first, some at a time. */
static void
read_filtered(struct reader_files *files, struct read_work *work)
{
	struct queue_read *read = &work->job.in_queue;
	struct pull_limits all = { .max_messages = INT32_MAX, .max_bytes = ROUND_BYTES };
	struct pull_count count = { 0 };
	struct selection it = { .limits = &all };
	enum get_status status = GET_OK;
	int64_t begin = read->offset, n_bytes = 0;
	bool more = true;

	read->next_offset = begin;
	while (more && n_bytes < FILTERED_BYTES) {
		begin = read->next_offset;
		all.max_scan = read->limits.max_scan - count.n_scanned;
		it = (struct selection){
			.limits = &all, .picks = it.picks, .cap = it.cap, .next_offset = begin
		};
		more = read_round(files, &it, work, &count, &status) &&
		       count.n_scanned < read->limits.max_scan;
		n_bytes += it.count.n_bytes;
	}
	free(it.picks);
	if (count.n_messages > 0) {
		work->job.status = READ_FOUND;
		return;
	}
	if (status != GET_OK && begin > read->offset)
		read->next_offset = begin; /* the next pull meets this first */
	bool passed =
	    read->next_offset > read->offset && (status == GET_OK || begin > read->offset);

	work->job.status = passed ? READ_NO_MATCH : read_status_of(status);
}

enum read_reply
read_queue(struct reader_files *files, struct read_work *work)
{
	struct selection it = { .limits = &work->job.in_queue.limits,
		.next_offset = work->job.in_queue.offset };

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
