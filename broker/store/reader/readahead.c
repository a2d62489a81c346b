#include "config.h"

#include "broker/store/reader/readahead.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store/pull_count.h"
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/base/wire.h"

#define KEPT_MS 5000 /* for a consumer that stopped */

/* The rest of a read. */
struct run {
	struct chunk *chunk; /* NULL: nothing */
	size_t at;           /* of the next record in the chunk */
	int32_t n_left;      /* records */
};

struct stream {
	int32_t queue;
	int64_t offset;                  /* of the next record */
	struct run runs[READAHEAD_RUNS]; /* one follows the other */
	int64_t used_ms;
	uint64_t used; /* when, in calls; 0: never */
};

struct readahead {
	struct loop *loop;
	struct timer rest;
	uint64_t n_calls;
	struct stream streams[READAHEAD_STREAMS];
	struct readahead_trip reads[READAHEAD_STREAMS];
};

/* The next run moves up. */
static void
drop_run(struct stream *stream)
{
	chunk_unref(stream->runs[0].chunk);
	memmove(&stream->runs[0], &stream->runs[1], (READAHEAD_RUNS - 1) * sizeof stream->runs[0]);
	stream->runs[READAHEAD_RUNS - 1] = (struct run){ 0 };
}

static void
empty(struct stream *stream)
{
	while (stream->runs[0].chunk != NULL)
		drop_run(stream);
}

/* Drops records that no pull came for. */
static void
on_rest(struct timer *timer)
{
	struct readahead *readahead = container_of(timer, struct readahead, rest);
	int64_t now_ms = clock_mono_ms();
	bool any = false;

	for (size_t i = 0; i < READAHEAD_STREAMS; i++) {
		struct stream *stream = &readahead->streams[i];

		if (now_ms - stream->used_ms >= KEPT_MS)
			empty(stream);
		any |= stream->runs[0].chunk != NULL;
	}
	if (any)
		loop_set_timer(readahead->loop, &readahead->rest, now_ms + KEPT_MS);
}

struct readahead *
readahead_new(struct loop *loop)
{
	struct readahead *readahead = mem_zalloc(sizeof *readahead);

	readahead->loop = loop;
	readahead->rest.due = on_rest;
	return readahead;
}

void
readahead_free(struct readahead *readahead)
{
	loop_drop_timer(readahead->loop, &readahead->rest);
	for (size_t i = 0; i < READAHEAD_STREAMS; i++)
		empty(&readahead->streams[i]);
	free(readahead);
}

static struct stream *
find(const struct readahead *readahead, int32_t queue, int64_t offset)
{
	for (size_t i = 0; i < READAHEAD_STREAMS; i++) {
		const struct stream *stream = &readahead->streams[i];

		if (stream->queue == queue && stream->offset == offset && stream->used != 0)
			return (struct stream *)(uintptr_t)stream;
	}
	return NULL;
}

/* The offset behind all that the stream has. */
static int64_t
end_of(const struct stream *stream)
{
	int64_t end = stream->offset;

	for (size_t i = 0; i < READAHEAD_RUNS; i++)
		end += stream->runs[i].n_left;
	return end;
}

static bool
has_room(const struct stream *stream)
{
	return stream->used != 0 && stream->runs[READAHEAD_RUNS - 1].chunk == NULL;
}

static void
use(struct readahead *readahead, struct stream *stream)
{
	stream->used = ++readahead->n_calls;
	stream->used_ms = clock_mono_ms();
	if (readahead->rest.place == 0)
		loop_set_timer(readahead->loop, &readahead->rest, stream->used_ms + KEPT_MS);
}

/* ---- records at hand --------------------------------------------------- */

/* True when the run has nothing left. */
static bool
take_run(struct run *run, const struct pull_limits *limits, struct pull_count *count,
    struct body_part *part)
{
	size_t begin = run->at;

	while (run->n_left > 0) {
		uint32_t size = be32_get(run->chunk->data + run->at + RECORD_AT_SIZE);

		if (pull_next(limits, count, size, 0) != PULL_TAKE)
			break;
		run->at += size;
		run->n_left--;
	}
	*part = (struct body_part){ run->chunk->data + begin, run->at - begin, run->chunk,
		chunk_release };
	return run->n_left == 0;
}

bool
readahead_take(struct readahead *readahead, int32_t queue, int64_t offset,
    const struct pull_limits *limits, struct pull_parts *result)
{
	struct stream *stream = find(readahead, queue, offset);
	struct pull_count count = { 0 };
	bool more = true;

	if (stream == NULL || stream->runs[0].chunk == NULL || pull_has_filter(limits))
		return false;
	for (result->n_parts = 0; more && stream->runs[0].chunk != NULL;) {
		struct body_part *part = &result->parts[result->n_parts];

		more = take_run(&stream->runs[0], limits, &count, part);
		if (part->len > 0) {
			chunk_ref(part->owner);
			result->n_parts++;
		}
		if (more)
			drop_run(stream);
	}
	stream->offset += count.n_messages;
	result->n_messages = count.n_messages;
	result->next_offset = stream->offset;
	use(readahead, stream);
	return true;
}

bool
readahead_expects(const struct readahead *readahead, int32_t queue, int64_t offset)
{
	return find(readahead, queue, offset) != NULL;
}

void
readahead_put(struct readahead *readahead, int32_t queue, int64_t offset, struct chunk *chunk,
    int32_t n_records)
{
	struct stream *stream = find(readahead, queue, offset);

	if (stream == NULL) {
		stream = &readahead->streams[0];
		for (size_t i = 1; i < READAHEAD_STREAMS; i++)
			if (readahead->streams[i].used < stream->used)
				stream = &readahead->streams[i];
	}
	empty(stream);
	*stream = (struct stream){
		.queue = queue,
		.offset = offset,
		.runs = { { chunk_ref(chunk), 0, n_records } },
	};
	use(readahead, stream);
}

/* ---- reads under way ---------------------------------------------- */

struct readahead_trip *
readahead_begin(struct readahead *readahead, int32_t queue, int64_t offset, int64_t max_offset)
{
	const struct stream *stream = find(readahead, queue, offset);
	struct readahead_trip *free_one = NULL;

	if (stream == NULL || stream->runs[0].chunk == NULL || !has_room(stream))
		return NULL;
	int64_t end = end_of(stream);

	if (end >= max_offset)
		return NULL;
	for (size_t i = 0; i < READAHEAD_STREAMS; i++) {
		struct readahead_trip *read = &readahead->reads[i];

		if (!read->under_way)
			free_one = read;
		else if (read->queue == queue && read->offset == end)
			return NULL;
	}
	if (free_one != NULL)
		*free_one = (struct readahead_trip){ queue, end, true, NULL };
	return free_one;
}

bool
readahead_wait(struct readahead *readahead, int32_t queue, int64_t offset, void *waiting)
{
	for (size_t i = 0; i < READAHEAD_STREAMS; i++) {
		struct readahead_trip *read = &readahead->reads[i];

		if (read->under_way && read->queue == queue && read->offset == offset &&
		    read->waiting == NULL) {
			read->waiting = waiting;
			return true;
		}
	}
	return false;
}

void *
readahead_end(struct readahead_trip *read)
{
	read->under_way = false;
	return read->waiting;
}

void
readahead_add(struct readahead *readahead, int32_t queue, int64_t offset, struct chunk *chunk,
    int32_t n_records)
{
	for (size_t i = 0; i < READAHEAD_STREAMS; i++) {
		struct stream *stream = &readahead->streams[i];
		struct run *run = &stream->runs[0];

		if (stream->queue != queue || end_of(stream) != offset || !has_room(stream))
			continue;
		while (run->chunk != NULL)
			run++;
		*run = (struct run){ chunk_ref(chunk), 0, n_records };
		use(readahead, stream);
		return;
	}
}
