#include "config.h"

#include "broker/store/reader/read.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/wire.h"

/*
 * The log as it is, for a slave: whole records back to back, of one segment. The memory is taken
 * once, for as much as the job wants.
 */

struct log_copy {
	struct segment_reader *file;
	struct log_read *read;
	struct chunk *chunk;
	size_t room;
	int32_t n_records;
};

/* The records at the front that fit; *size is their bytes. */
static enum get_status
count_records(struct log_copy *copy, int64_t position, struct slice rest, size_t *size)
{
	struct record record;

	*size = 0;
	for (; rest.len != 0; rest.data += record.size, rest.len -= record.size) {
		if (record_decode(rest.data, rest.len, &record) == -1 ||
		    record.position != position + (int64_t)*size) {
			/* A position that is not the begin of a record shows here. */
			if (copy->n_records == 0)
				return GET_NONE;
			log_error("store is corrupt file=%s position=%lld",
			    copy->file->segment->path, (long long)(position + (int64_t)*size));
			return GET_CORRUPT;
		}
		if (!record_check(&record)) {
			log_error("store is corrupt file=%s position=%lld",
			    copy->file->segment->path, (long long)record.position);
			return GET_CORRUPT;
		}
		if (*size + record.size > copy->room && (copy->chunk != NULL || *size != 0))
			return GET_OK;
		*size += record.size;
		copy->n_records++;
	}
	return GET_OK;
}

static void
copy_bytes(struct log_copy *copy, const char *bytes, size_t size)
{
	if (copy->chunk == NULL) {
		if (copy->room < size)
			copy->room = size;
		copy->chunk = chunk_new(copy->read->position, copy->room);
		copy->chunk->len = 0;
	}
	memcpy(copy->chunk->data + copy->chunk->len, bytes, size);
	copy->chunk->len += size;
	copy->room -= size;
}

/* Copies rows from read->next_position on. NONE: there is nothing. */
static enum get_status
copy_rows(struct log_copy *copy)
{
	int64_t *next = &copy->read->next_position;
	size_t size = 0;

	for (;;) {
		int64_t start;
		struct slice row;
		enum get_status status = segment_get_row(copy->file, *next, &start, &row);

		if (status == GET_NONE && copy->chunk != NULL)
			return GET_OK;
		if (status != GET_OK)
			return status;
		struct slice rest = { row.data + (*next - start),
			row.len - (size_t)(*next - start) };

		if (record_is_blank(rest)) {
			if (copy->chunk != NULL)
				return GET_OK;
			copy_bytes(copy, rest.data, RECORD_BLANK_BYTES);
			*next += be32_get(rest.data);
			return GET_OK;
		}
		status = count_records(copy, *next, rest, &size);
		if (status != GET_OK || size == 0)
			return status;
		copy_bytes(copy, rest.data, size);
		*next += (int64_t)size;
		if (size < rest.len)
			return GET_OK;
	}
}

static void
add_tag(void *arg, int64_t position, int64_t hash)
{
	struct log_read *read = arg;

	/* A power of two: full. */
	if ((read->n_tags & (read->n_tags - 1)) == 0)
		read->tags = mem_realloc(
		    read->tags, (read->n_tags != 0 ? 2 * read->n_tags : 1) * sizeof read->tags[0]);
	read->tags[read->n_tags++] = (struct ha_tag){ position, hash };
}

enum read_reply
read_log(struct reader_files *files, struct read_work *work)
{
	struct log_read *read = &work->job.in_log;
	struct log_copy copy = { .read = read, .room = read->max_bytes };
	struct segment *segment = segment_array_find(files->segments, read->position);
	enum get_status status =
	    segment != NULL ? reader_file(files, segment, &copy.file) : GET_NONE;

	read->next_position = read->position;
	if (status == GET_OK) {
		segment_hint(copy.file, read->position, reader_segment_end(files, segment));
		status = copy_rows(&copy);
	}
	if (status == GET_OK)
		status =
		    segment_each_tag(copy.file, read->position, read->next_position, add_tag, read);
	if (status != GET_OK) {
		chunk_unref(copy.chunk);
		copy.chunk = NULL;
	}
	work->job.chunk = copy.chunk;
	work->job.n_records = copy.n_records;
	work->job.status = read_status_of(status);
	return READ_DONE;
}
