#include "config.h"

#include "broker/store/ahead.h"

#include <stddef.h>
#include <stdlib.h>

#include "broker/store/store_private.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/mem.h"

#define KEPT_MS 5000 /* for a consumer that stopped */

struct stream {
	int32_t queue;
	int32_t n_left;      /* records */
	int64_t offset;      /* of the next one */
	struct chunk *chunk; /* NULL: nothing is left, or the stream was never used */
	size_t at;           /* of the next record in the chunk */
	int64_t used_ms;
	uint64_t used; /* when, in calls; 0: never */
};

struct ahead {
	struct loop *loop;
	struct deadline rest;
	uint64_t n_calls;
	struct stream streams[AHEAD_STREAMS];
};

static void
empty(struct stream *stream)
{
	chunk_unref(stream->chunk);
	stream->chunk = NULL;
	stream->n_left = 0;
}

/* Nobody came for it: what was read ahead goes. */
static void
on_rest(struct deadline *deadline)
{
	struct ahead *ahead = (void *)((char *)deadline - offsetof(struct ahead, rest));
	int64_t now_ms = clock_mono_ms();
	bool any = false;

	for (size_t i = 0; i < AHEAD_STREAMS; i++) {
		struct stream *stream = &ahead->streams[i];

		if (now_ms - stream->used_ms >= KEPT_MS)
			empty(stream);
		any |= stream->chunk != NULL;
	}
	if (any)
		loop_set_deadline(ahead->loop, &ahead->rest, now_ms + KEPT_MS);
}

struct ahead *
ahead_new(struct loop *loop)
{
	struct ahead *ahead = mem_zalloc(sizeof *ahead);

	ahead->loop = loop;
	ahead->rest.due = on_rest;
	return ahead;
}

void
ahead_free(struct ahead *ahead)
{
	loop_drop_deadline(ahead->loop, &ahead->rest);
	for (size_t i = 0; i < AHEAD_STREAMS; i++)
		empty(&ahead->streams[i]);
	free(ahead);
}

static struct stream *
find(const struct ahead *ahead, int32_t queue, int64_t offset)
{
	for (size_t i = 0; i < AHEAD_STREAMS; i++) {
		const struct stream *stream = &ahead->streams[i];

		if (stream->queue == queue && stream->offset == offset && stream->used != 0)
			return (struct stream *)(uintptr_t)stream;
	}
	return NULL;
}

static void
use(struct ahead *ahead, struct stream *stream)
{
	stream->used = ++ahead->n_calls;
	stream->used_ms = clock_mono_ms();
}

bool
ahead_take(struct ahead *ahead, int32_t queue, int64_t offset, const struct pull_limits *limits,
    struct body_part *part, int32_t *n_messages)
{
	struct stream *stream = find(ahead, queue, offset);
	struct pull_count count = { 0 };

	if (stream == NULL || stream->chunk == NULL || limits->tag_codes != NULL)
		return false;
	struct chunk *chunk = stream->chunk;
	size_t begin = stream->at;

	while (stream->n_left > 0) {
		uint32_t size = be32_get(chunk->data + stream->at + RECORD_AT_SIZE);

		if (pull_next(limits, &count, size, 0) != PULL_TAKE)
			break;
		stream->at += size;
		stream->n_left--;
	}
	*part = (struct body_part){ chunk->data + begin, stream->at - begin, chunk_ref(chunk),
		chunk_release };
	*n_messages = count.n_messages;
	stream->offset += count.n_messages;
	if (stream->n_left == 0)
		empty(stream);
	use(ahead, stream);
	return true;
}

bool
ahead_expects(const struct ahead *ahead, int32_t queue, int64_t offset)
{
	return find(ahead, queue, offset) != NULL;
}

void
ahead_put(
    struct ahead *ahead, int32_t queue, int64_t offset, struct chunk *chunk, int32_t n_records)
{
	struct stream *stream = find(ahead, queue, offset);

	if (stream == NULL) {
		stream = &ahead->streams[0];
		for (size_t i = 1; i < AHEAD_STREAMS; i++)
			if (ahead->streams[i].used < stream->used)
				stream = &ahead->streams[i];
	}
	empty(stream);
	*stream = (struct stream){
		.queue = queue,
		.n_left = n_records,
		.offset = offset,
		.chunk = chunk_ref(chunk),
	};
	use(ahead, stream);
	if (ahead->rest.place == 0)
		loop_set_deadline(ahead->loop, &ahead->rest, stream->used_ms + KEPT_MS);
}
