#include "config.h"

#include "broker/store/reader/read.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define KEY_RESULTS_MAX 1024

static void
set_chunk(struct read_work *work, struct slice bytes)
{
	work->job.chunk = chunk_new(-1, bytes.len);
	memcpy(work->job.chunk->data, bytes.data, bytes.len);
	work->job.n_records = 1;
}

enum read_reply
read_position(struct reader_files *files, struct read_work *work)
{
	struct slice bytes;
	enum get_status status = reader_record(files, work->job.position, 0, &bytes, NULL);

	if (status == GET_OK)
		set_chunk(work, bytes);
	work->job.status = read_status_of(status);
	return READ_DONE;
}

/* ---- by time --------------------------------------------------------- */

static bool
first_entry(void *arg, int64_t offset, struct queue_entry entry)
{
	(void)offset;
	*(struct queue_entry *)arg = entry;
	return false;
}

static enum get_status
reader_entry(struct reader_files *files, int32_t number, int64_t offset, struct queue_entry *entry)
{
	struct segment_reader *file;
	size_t index;
	enum get_status status = reader_locate(files, number, offset, &index);

	if (status == GET_OK)
		status = reader_file(files, files->segments->list[index], &file);
	return status == GET_OK ? segment_each_entry(file, number, offset, first_entry, entry)
	                        : status;
}

/* The store time of a queue's record. */
static enum get_status
stamp_of(struct reader_files *files, const struct read_work *work, int32_t number, int64_t offset,
    int64_t *timestamp)
{
	struct queue_entry entry;
	struct record record;
	struct slice bytes;
	int64_t waiting = offset - work->entries_offset;

	enum get_status status = GET_OK;

	if (work->job.kind == READ_TIME && waiting >= 0 && waiting < (int64_t)work->n_entries)
		entry = work->entries[waiting];
	else
		status = reader_entry(files, number, offset, &entry);
	if (status == GET_OK)
		status = reader_record(files, entry.position, entry.size, &bytes, &record);
	if (status == GET_OK)
		*timestamp = record.store_timestamp;
	return status;
}

/*
 * Store times never go back along a queue, so its offsets can be halved. low
 * becomes the first offset whose time is >= begin_ms (upper: > begin_ms).
 */
enum read_reply
read_time(struct reader_files *files, struct read_work *work)
{
	int64_t low = work->min_offset, high = work->max_offset;

	work->job.by_time.offset = work->max_offset;
	work->job.status = low < high ? READ_FOUND : READ_NOTHING;
	while (low < high) {
		int64_t middle = low + (high - low) / 2;
		int64_t timestamp = 0;
		enum get_status status =
		    stamp_of(files, work, work->job.by_time.queue, middle, &timestamp);

		if (status != GET_OK) {
			work->job.status = read_status_of(status);
			return READ_DONE;
		}
		if (timestamp < work->job.by_time.ms ||
		    (work->job.by_time.upper && timestamp == work->job.by_time.ms))
			low = middle + 1;
		else
			high = middle;
	}
	if (work->job.status != READ_FOUND)
		return READ_DONE;
	if (!work->job.by_time.upper)
		work->job.by_time.offset = low;
	else
		work->job.by_time.offset = low > work->min_offset ? low - 1 : 0;
	return READ_DONE;
}

enum read_reply
read_stamps(struct reader_files *files, struct read_work *work)
{
	work->job.status = READ_FOUND;
	for (size_t i = 0; i < work->job.stamps.n; i++) {
		struct stamp_query *query = &work->job.stamps.list[i];
		struct record record;
		struct slice bytes;

		query->timestamp = 0;
		if (query->position >= 0) {
			if (reader_record(files, query->position, 0, &bytes, &record) == GET_OK)
				query->timestamp = record.store_timestamp;
		} else if (query->offset >= 0) {
			stamp_of(files, work, query->queue, query->offset, &query->timestamp);
		}
	}
	return READ_DONE;
}

/* ---- by key ---------------------------------------------------------- */

struct key_search {
	struct reader_files *files;
	struct read_work *work;
	struct slice topic, key;
	int64_t *candidates; /* of one place */
	size_t n_candidates, cap;
	int64_t *found; /* newest first */
	size_t n_found;
	size_t bytes;
	bool failed;
};

static void
add_candidate(void *arg, int64_t position)
{
	struct key_search *search = arg;

	if (search->n_candidates == search->cap) {
		search->cap = search->cap != 0 ? 2 * search->cap : 16;
		search->candidates =
		    mem_realloc(search->candidates, search->cap * sizeof search->candidates[0]);
	}
	search->candidates[search->n_candidates++] = position;
}

static bool
carries_key(const struct record *record, struct slice key)
{
	struct slice keys = property_find(record->properties, "KEYS");

	if (slice_equal(property_find(record->properties, "UNIQ_KEY"), key))
		return true;
	for (struct slice one; slice_next(&keys, ' ', &one);)
		if (slice_equal(one, key))
			return true;
	return false;
}

/* There is an older one that the reply has no room for, or the search failed. */
static bool
is_complete(const struct key_search *search)
{
	return search->failed || search->work->job.by_key.more;
}

/* A record with one key twice, or one whose keys were packed since the writer was asked. */
static bool
is_found(const struct key_search *search, int64_t position)
{
	for (size_t i = 0; i < search->n_found; i++)
		if (search->found[i] == position)
			return true;
	return false;
}

static void
add_found(struct key_search *search, int64_t position, size_t size)
{
	struct read_work *work = search->work;

	work->job.by_key.more =
	    (int64_t)search->n_found >= work->job.by_key.max_messages ||
	    (search->n_found > 0 && search->bytes + size > work->job.by_key.max_bytes);
	if (work->job.by_key.more)
		return;
	search->found[search->n_found++] = position;
	search->bytes += size;
}

/* Keeps the candidates that match the question; they came in order of the log. */
static void
check_candidates(struct key_search *search)
{
	const struct read_work *work = search->work;

	for (size_t i = search->n_candidates; i-- > 0 && !is_complete(search);) {
		int64_t position = search->candidates[i];
		struct record record;
		struct slice bytes;

		if (position < work->born ||
		    (work->job.by_key.before != 0 && position >= work->job.by_key.before) ||
		    is_found(search, position))
			continue;
		enum get_status status = reader_record(search->files, position, 0, &bytes, &record);

		if (status == GET_FAILED)
			search->failed = true;
		if (status != GET_OK || !slice_equal(record.topic, search->topic) ||
		    record.store_timestamp < work->job.by_key.begin_ms ||
		    record.store_timestamp > work->job.by_key.end_ms ||
		    !carries_key(&record, search->key))
			continue;
		add_found(search, position, bytes.len);
	}
	search->n_candidates = 0;
}

static void
search_segment(struct key_search *search, struct segment *segment, uint64_t hash)
{
	struct segment_reader *file;
	int64_t run = -1;
	enum get_status status = reader_file(search->files, segment, &file);

	if (status == GET_OK)
		status = segment_get_run(file, &run);
	for (; run >= 0 && status == GET_OK && !is_complete(search); run--) {
		/* Reading candidates may have closed the file that was least used: ask again. */
		status = reader_file(search->files, segment, &file);
		if (status == GET_OK)
			status = segment_each_key(file, run, hash, add_candidate, search);
		if (status == GET_OK)
			check_candidates(search);
	}
	if (status != GET_OK && status != GET_NONE)
		search->failed = true;
}

static void
collect_found(struct key_search *search)
{
	struct read_work *work = search->work;
	size_t at = 0;

	work->job.chunk = chunk_new(-1, search->bytes);
	for (size_t i = search->n_found; i-- > 0;) {
		struct slice bytes;

		if (reader_record(search->files, search->found[i], 0, &bytes, NULL) != GET_OK)
			continue;
		memcpy(work->job.chunk->data + at, bytes.data, bytes.len);
		at += bytes.len;
		work->job.n_records++;
	}
	work->job.chunk->len = at;
}

enum read_reply
read_key(struct reader_files *files, struct read_work *work)
{
	struct key_search search = {
		.files = files,
		.work = work,
		.topic = slice_of(work->job.by_key.topic),
		.key = slice_of(work->job.by_key.key),
	};
	uint64_t hash = key_hash(key_topic_hash(search.topic), search.key);

	if (work->job.by_key.max_messages < 1)
		work->job.by_key.max_messages = 1;
	if (work->job.by_key.max_messages > KEY_RESULTS_MAX)
		work->job.by_key.max_messages = KEY_RESULTS_MAX;
	search.found = mem_alloc((size_t)work->job.by_key.max_messages * sizeof search.found[0]);
	for (size_t i = 0; i < work->n_positions; i++)
		add_candidate(&search, work->positions[i]);
	check_candidates(&search);
	for (size_t i = files->segments->n; i-- > 0 && !is_complete(&search);)
		search_segment(&search, files->segments->list[i], hash);
	if (search.n_found > 0)
		collect_found(&search);
	if (work->job.n_records > 0)
		work->job.status = READ_FOUND;
	else
		work->job.status = search.failed ? READ_FAILED : READ_NOTHING;
	free(search.candidates);
	free(search.found);
	return READ_DONE;
}
