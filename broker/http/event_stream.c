#include "config.h"

#include "broker/http/event_stream.h"

#include <stdlib.h>
#include <string.h>

#include "broker/pull/pull.h"
#include "broker/state/offset.h"
#include "broker/state/topic.h"
#include "common/base/container_of.h"
#include "common/net/outbox.h"
#include "common/protocol/codes.h"

#define BATCH_MESSAGES 64
#define BATCH_BYTES (256 << 10) /* the first message is taken whatever its size */
#define WAIT_MS 15000           /* of one pull; a reader that is gone costs it for so long */
#define LOOKS_MAX 16            /* of one turn, when a filter drops all */
#define GROUP "TOOLS_CONSUMER"  /* which every broker has, and which commits nothing */

static void look(struct event_stream *stream);

/* ---- home to the owner ------------------------------------------------ */

static void
run_batch(struct task *task, void *receiver)
{
	struct event_stream *stream = container_of(task, struct event_stream, task);

	(void)receiver;
	stream->on_batch(stream);
}

static void
give(struct event_stream *stream)
{
	stream->wanted = false;
	stream->task.run = run_batch;
	loop_post(stream->owner, &stream->task);
}

static void
fail(struct event_stream *stream, int32_t code, struct slice remark)
{
	stream->code = code;
	stream->remark = arena_copy(&stream->arena, remark);
	give(stream);
}

static void
run_closed(struct task *task, void *receiver)
{
	struct event_stream *stream = container_of(task, struct event_stream, close_task);

	(void)receiver;
	stream->on_closed(stream);
}

static void
end_if_idle(struct event_stream *stream)
{
	if (!stream->closed || stream->n_pulling != 0 || stream->looks_again)
		return;
	stream->close_task.run = run_closed;
	loop_post(stream->owner, &stream->close_task);
}

/* ---- one pull --------------------------------------------------------- */

static void
drop(const struct pulled *pulled)
{
	for (size_t i = 0; i < pulled->n_parts; i++)
		body_part_release(&pulled->parts[i]);
}

static void
take_records(struct event_queue *queue, const struct pulled *pulled)
{
	struct event_stream *stream = queue->stream;

	for (size_t i = 0; i < pulled->n_parts; i++)
		buf_append(&stream->records, pulled->parts[i].data, pulled->parts[i].len);
	drop(pulled);
	queue->offset = pulled->next_offset;
	stream->next = (size_t)(queue - stream->queues) + 1;
	give(stream);
}

/* A result that is wanted. */
static void
take(struct event_queue *queue, const struct pulled *pulled)
{
	switch (pulled->code) {
	case RESPONSE_SUCCESS:
		take_records(queue, pulled);
		break;
	case RESPONSE_PULL_NOT_FOUND:
		break;
	case RESPONSE_PULL_RETRY_IMMEDIATELY:
	case RESPONSE_PULL_OFFSET_MOVED:
		queue->offset = pulled->next_offset;
		break;
	default:
		fail(queue->stream, pulled->code, pulled->remark);
		break;
	}
}

static struct event_queue *
kept_queue(const struct pull *pull)
{
	struct event_queue *queue;

	memcpy(&queue, pull->kept, sizeof queue);
	return queue;
}

static void
keep(struct pull *pull, const void *request)
{
	struct event_queue *queue;

	memcpy(pull->kept, &request, sizeof request);
	queue = kept_queue(pull);
	queue->pulling = true;
	queue->stream->n_pulling++;
}

static void
set_reading(struct event_queue *queue, bool reading)
{
	if (reading != queue->reading)
		queue->stream->n_reading += reading ? 1 : (size_t)-1;
	queue->reading = reading;
}

static void
on_expect(struct loop *loop, struct pull *pull, size_t bytes)
{
	(void)loop;
	set_reading(kept_queue(pull), bytes != 0);
}

static void
on_pulled(struct loop *loop, struct pull *pull, const struct pulled *pulled)
{
	struct event_queue *queue = kept_queue(pull);
	struct event_stream *stream = queue->stream;

	(void)loop;
	queue->pulling = false;
	set_reading(queue, false);
	stream->n_pulling--;
	if (stream->closed) {
		drop(pulled);
		end_if_idle(stream);
	} else if (!stream->wanted) {
		drop(pulled); /* it is pulled once more, when there is room */
	} else {
		take(queue, pulled);
		if (stream->wanted)
			look(stream);
	}
}

/* Where the group is in the queue; below 0: nowhere. */
static int64_t
group_offset(const struct event_queue *queue)
{
	const struct event_stream *stream = queue->stream;
	const struct worker *worker = stream->loop->context;

	return offsets_find(worker->broker->offsets, stream->group, stream->topic, queue->queue_id);
}

/* True: the pull is over, with a result or without. */
static bool
pull(struct event_queue *queue)
{
	static const struct pull_front front = { keep, on_pulled, on_expect };
	const struct event_stream *stream = queue->stream;
	bool has_group = stream->group.data != NULL, done;
	struct pulled pulled;

	/* Somebody else has moved the group. */
	if (has_group && queue->pulled_once && group_offset(queue) != queue->committed &&
	    group_offset(queue) >= 0)
		queue->offset = group_offset(queue);
	done = pull_message(stream->loop->context,
	    &(struct pull_wish){
		.topic = stream->topic,
		.group = has_group ? stream->group : SLICE(GROUP),
		.queue_id = queue->queue_id,
		.offset = queue->offset,
		.max_messages = BATCH_MESSAGES,
		.max_bytes = BATCH_BYTES,
		.wait_ms = WAIT_MS,
		.commit_offset = has_group ? queue->offset : -1,
		.own_filter = true,
		.subscription = stream->filter,
		.expression_type = stream->filter_type,
		.arena = &stream->loop->arena,
		.front = &front,
		.request = queue,
	    },
	    &pulled);
	if (has_group) {
		queue->committed = group_offset(queue);
		queue->pulled_once = true;
	}
	if (!done)
		return false;
	if (pulled.code == RESPONSE_PULL_NOT_FOUND) /* no more pulls may wait */
		fail(queue->stream, RESPONSE_POLLING_FULL, SLICE("Too many pulls wait."));
	else
		take(queue, &pulled);
	return true;
}

/* ---- all queues ------------------------------------------------------- */

static void
run_look(struct task *task, void *receiver)
{
	struct event_stream *stream = container_of(task, struct event_stream, task);

	(void)receiver;
	stream->looks_again = false;
	if (stream->closed)
		end_if_idle(stream);
	else
		look(stream);
}

/* A topic that got more queues, or lost some, needs a new stream. */
static bool
is_as_before(const struct event_stream *stream)
{
	const struct worker *worker = stream->loop->context;
	struct topic topic;

	return !topics_find(worker->broker->topics, stream->topic, &topic) || !stream->all_queues ||
	       (size_t)topic.read_queues == stream->n_queues;
}

/* Until there is a batch, a reader works for one, or a pull waits at each queue. */
static void
look(struct event_stream *stream)
{
	size_t n_waiting = 0;

	if (!is_as_before(stream)) {
		fail(stream, RESPONSE_SYSTEM_BUSY, SLICE("The number of queues changed."));
		return;
	}
	for (size_t looks = 0; looks < stream->n_queues + LOOKS_MAX; looks++) {
		struct event_queue *queue = &stream->queues[stream->next++ % stream->n_queues];

		n_waiting++;
		if (!queue->pulling && pull(queue))
			n_waiting = 0;
		if (!stream->wanted || stream->n_reading != 0 || n_waiting == stream->n_queues)
			return;
	}
	stream->looks_again = true;
	stream->task.run = run_look;
	loop_post(stream->loop, &stream->task);
}

static void
run_next(struct task *task, void *receiver)
{
	struct event_stream *stream = container_of(task, struct event_stream, task);

	(void)receiver;
	stream->wanted = true;
	if (!stream->closed)
		look(stream);
}

void
event_stream_next(struct event_stream *stream)
{
	stream->records.len = 0;
	stream->task.run = run_next;
	loop_post(stream->loop, &stream->task);
}

static void
run_close(struct task *task, void *receiver)
{
	struct event_stream *stream = container_of(task, struct event_stream, close_task);

	(void)receiver;
	stream->closed = true;
	end_if_idle(stream);
}

void
event_stream_close(struct event_stream *stream)
{
	stream->close_task.run = run_close;
	loop_post(stream->loop, &stream->close_task);
}

void
event_stream_release(struct event_stream *stream)
{
	buf_release(&stream->records);
	arena_release(&stream->arena);
}
