#include "config.h"

#include "broker/store/reader/reader_files.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/mem.h"

static void
close_file(struct reader_files *files, size_t i)
{
	if (files->list[i] == NULL)
		return;
	segment_reader_close(files->list[i]);
	free(files->list[i]);
	memmove(
	    &files->list[i], &files->list[i + 1], (READER_FILES - 1 - i) * sizeof files->list[0]);
	files->list[READER_FILES - 1] = NULL;
}

static bool
is_stale(const struct segment_reader *file)
{
	return atomic_load(&file->segment->gone) ||
	       (!file->immutable &&
		   atomic_load_explicit(&file->segment->sealed, memory_order_acquire));
}

static void
move_to_front(struct reader_files *files, size_t i)
{
	struct segment_reader *file = files->list[i];

	memmove(&files->list[1], &files->list[0], i * sizeof files->list[0]);
	files->list[0] = file;
}

enum get_status
reader_file(struct reader_files *files, struct segment *segment, struct segment_reader **found)
{
	for (size_t i = 0; i < READER_FILES && files->list[i] != NULL; i++) {
		if (files->list[i]->segment != segment)
			continue;
		if (is_stale(files->list[i])) {
			close_file(files, i);
			break;
		}
		move_to_front(files, i);
		*found = files->list[0];
		return GET_OK;
	}
	if (atomic_load(&segment->gone))
		return GET_NONE;
	struct segment_reader *file = mem_alloc(sizeof *file);
	int rc = segment_reader_open(file, files->dir, segment);

	if (rc != SQLITE_OK) {
		free(file);
		if (atomic_load(&segment->gone))
			return GET_NONE;
		log_error(
		    "store could not open file=%s error=%s", segment->path, sqlite3_errstr(rc));
		return GET_FAILED;
	}
	close_file(files, READER_FILES - 1);
	files->list[READER_FILES - 1] = file;
	move_to_front(files, READER_FILES - 1);
	*found = file;
	return GET_OK;
}

enum get_status
reader_locate(struct reader_files *files, int32_t number, int64_t offset, size_t *index)
{
	size_t low = 0, high = files->segments->n; /* the answer is low - 1 */

	/*
	 * A segment that does not know the queue is older than it, and so is one
	 * that retention has just taken. Every later one has its bounds; what the live one has yet
	 * to write, it holds.
	 */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct segment_reader *file;
		int64_t first = 0;
		enum get_status status = reader_file(files, files->segments->list[middle], &file);

		if (status == GET_OK)
			status = segment_get_first(file, number, &first);
		if (status != GET_OK && status != GET_NONE)
			return status;
		if (status == GET_NONE || first <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return GET_NONE;
	*index = low - 1;
	return GET_OK;
}

static enum get_status
file_at(struct reader_files *files, int64_t position, struct segment_reader **file)
{
	struct segment *segment = segment_array_find(files->segments, position);

	return segment != NULL ? reader_file(files, segment, file) : GET_NONE;
}

enum get_status
reader_record(struct reader_files *files, int64_t position, uint32_t size, struct slice *bytes,
    struct record *decoded)
{
	struct segment_reader *file;
	enum get_status status = file_at(files, position, &file);

	if (status != GET_OK)
		return status;
	return segment_get_record(file, position, size, bytes, decoded);
}

int64_t
reader_segment_end(const struct reader_files *files, const struct segment *segment)
{
	for (size_t i = 0; i + 1 < files->segments->n; i++)
		if (files->segments->list[i] == segment)
			return files->segments->list[i + 1]->first;
	return 0;
}

enum get_status
reader_copy(struct reader_files *files, int64_t position, uint32_t size, bool dense, char *to)
{
	struct segment_reader *file;
	enum get_status status = file_at(files, position, &file);

	if (status != GET_OK)
		return status;
	const struct row *row = row_cache_find(&files->rows, position);

	/* A longer record has a row of its own: no other record is in it. */
	if (row == NULL && dense && size <= SEGMENT_ROW_BYTES) {
		int64_t start;
		struct slice bytes;

		status = segment_get_row(file, position, &start, &bytes);
		if (status != GET_OK)
			return status;
		if (start == files->row_end)
			segment_hint(file, start, reader_segment_end(files, file->segment));
		row = row_cache_put(&files->rows, start, bytes);
		files->row_end = row->end;
	}
	if (row == NULL)
		return segment_copy_record(file, position, size, to);
	const struct slice rest = { row->data + (position - row->position),
		(size_t)(row->end - position) };

	return segment_copy_from_row(file, position, size, rest, to);
}

void
reader_files_rest(struct reader_files *files, bool sealed_too)
{
	for (size_t i = 0; i < READER_FILES && files->list[i] != NULL; i++)
		if (sealed_too || !files->list[i]->immutable)
			segment_rest(files->list[i]);
}

void
reader_files_sweep(struct reader_files *files)
{
	for (size_t i = READER_FILES; i-- > 0;)
		if (files->list[i] != NULL && is_stale(files->list[i]))
			close_file(files, i);
}

void
reader_files_close(struct reader_files *files)
{
	while (files->list[0] != NULL)
		close_file(files, 0);
	row_cache_release(&files->rows);
}
