#include "config.h"

/*
 * Look-ups: messages by key and by id, and the bounds of queues. The loop knows the bounds; a
 * reader fetches messages.
 */

#include <inttypes.h>
#include <stdlib.h>

#include "broker/context.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

/* ---- jobs for a reader ----------------------------------------------- */

/* A read whose answer goes to a ticket. */
struct lookup {
	struct ticket ticket;
	int64_t asked; /* the position, or the number of messages */
};

static void
submit(struct request *request, struct read_job *job,
    void (*done)(struct read_job *job, struct loop *loop), int64_t asked)
{
	struct lookup *lookup = mem_alloc(sizeof *lookup);

	*lookup = (struct lookup){ request_ticket(request), asked };
	if (job->kind == READ_POSITION || job->kind == READ_KEY)
		ticket_reserve(request->loop, &lookup->ticket,
		    (size_t)request_broker(request)->settings->max_message_size);
	job->reply_loop = request->loop;
	job->done = done;
	job->context = lookup;
	store_read(request_broker(request)->store, job);
}

/* Sends the reply; with code 0 its body is the job's records. */
static void
finish(struct read_job *job, struct loop *loop, struct reply *reply)
{
	struct lookup *lookup = job->context;
	struct body_part part;

	if (reply->code == RESPONSE_SUCCESS && job->chunk != NULL) {
		part = (struct body_part){ job->chunk->data, job->chunk->len, job->chunk,
			chunk_release };
		job->chunk = NULL;
		reply->parts = &part;
		reply->n_parts = 1;
	}
	ticket_reply(loop, &lookup->ticket, reply);
	free(lookup);
	read_job_free(job);
}

static bool
is_unreadable(const struct read_job *job, struct reply *reply)
{
	if (job->status != READ_CORRUPT && job->status != READ_FAILED)
		return false;
	reply->code = RESPONSE_SYSTEM_ERROR;
	reply->remark = job->status == READ_CORRUPT
	                    ? SLICE("the stored record is damaged, see the broker's log")
	                    : SLICE("I/O error, see the broker's log");
	return true;
}

/* ---- VIEW_MESSAGE_BY_ID ---------------------------------------------- */

static void
on_message_read(struct read_job *job, struct loop *loop)
{
	const struct lookup *lookup = job->context;
	struct reply reply = { 0 };

	if (!is_unreadable(job, &reply) && job->status != READ_FOUND) {
		reply.code = RESPONSE_SYSTEM_ERROR;
		reply.remark = arena_printf(
		    &loop->arena, "can not find message by the offset, %" PRId64, lookup->asked);
	}
	finish(job, loop, &reply);
}

static enum verdict
view_message_begin(struct request *request)
{
	const struct view_message_header *header = request->header;
	struct read_job *job = read_position_new(header->offset);

	submit(request, job, on_message_read, header->offset);
	return VERDICT_LATER;
}

/* ---- QUERY_MESSAGE --------------------------------------------------- */

/* Absent when the reply has all that was asked for. */
static struct slice
cut_remark(const struct read_job *job, int64_t asked, struct arena *arena)
{
	const struct key_read *read = &job->by_key;
	bool full = job->n_records == read->max_messages;

	if (!read->more || (full && read->max_messages >= asked))
		return SLICE_NONE;
	return arena_printf(arena, "the %" PRId32 " newest; there are older ones, %s",
	    job->n_records,
	    full ? "but one query gets no more (maxMsgsNumBatch, defaultQueryMaxNum)"
		 : "but one reply has no room for them");
}

static void
on_messages_found(struct read_job *job, struct loop *loop)
{
	const struct lookup *lookup = job->context;
	const struct worker *worker = loop->context;
	struct store_stats stats;
	struct reply reply = { 0 };

	store_get_stats(worker->broker->store, &stats);
	struct query_message_reply header = {
		.last_update_timestamp = clock_wall_ms(),
		.last_update_offset = stats.max_position,
	};

	reply.fields = query_message_reply_fields;
	reply.header = &header;
	if (!is_unreadable(job, &reply) && job->status != READ_FOUND) {
		reply.code = RESPONSE_QUERY_NOT_FOUND;
		reply.remark = SLICE("can not find message, maybe time range not correct");
	} else if (reply.code == RESPONSE_SUCCESS) {
		reply.remark = cut_remark(job, lookup->asked, &loop->arena);
	}
	finish(job, loop, &reply);
}

static enum verdict
query_message_begin(struct request *request)
{
	const struct query_message_header *header = request->header;
	const struct broker *broker = request_broker(request);
	const struct broker_settings *settings = broker->settings;
	int64_t max =
	    header->unique_key ? settings->default_query_max_num : settings->max_msgs_num_batch;
	bool all = header->unique_key || header->max_messages < 1 || header->max_messages > max;
	struct read_job *job =
	    read_key_new(header->topic, header->key, all ? (int32_t)max : header->max_messages);

	job->by_key.begin_ms = header->begin_timestamp;
	job->by_key.end_ms = header->end_timestamp;
	submit(request, job, on_messages_found, header->max_messages);
	return VERDICT_LATER;
}

/* ---- bounds of a queue ----------------------------------------------- */

static enum verdict
reply_offset(struct request *request, int64_t offset)
{
	struct offset_reply *answer = arena_zalloc(request->arena, sizeof *answer);

	answer->offset = offset;
	return request_reply(request, offset_reply_fields, answer);
}

static struct tail_queue *
find_queue(const struct request *request, const struct queue_header *header)
{
	return tail_find(request_worker(request)->tail, header->topic, header->queue_id);
}

static enum verdict
get_max_offset_begin(struct request *request)
{
	const struct tail_queue *queue = find_queue(request, request->header);

	return reply_offset(request, queue != NULL ? queue->max_offset : 0);
}

static enum verdict
get_min_offset_begin(struct request *request)
{
	const struct tail_queue *queue = find_queue(request, request->header);

	return reply_offset(request, queue != NULL ? queue->min_offset : 0);
}

static void
on_earliest_read(struct read_job *job, struct loop *loop)
{
	struct reply reply = { 0 };
	struct store_time_reply header = { -1 };

	if (!is_unreadable(job, &reply) && job->stamps.list[0].timestamp != 0)
		header.timestamp = job->stamps.list[0].timestamp;
	reply.fields = store_time_reply_fields;
	reply.header = &header;
	finish(job, loop, &reply);
}

static enum verdict
get_earliest_time_begin(struct request *request)
{
	const struct tail_queue *queue = find_queue(request, request->header);
	struct store_time_reply *answer = arena_zalloc(request->arena, sizeof *answer);

	if (queue == NULL || queue->min_offset == queue->max_offset) {
		answer->timestamp = -1;
		return request_reply(request, store_time_reply_fields, answer);
	}
	struct stamp_query *stamp = mem_alloc(sizeof *stamp);

	*stamp = (struct stamp_query){ .queue = queue->number, .offset = queue->min_offset };
	submit(request, read_stamps_new(stamp, 1), on_earliest_read, 0);
	return VERDICT_LATER;
}

static void
on_time_found(struct read_job *job, struct loop *loop)
{
	struct reply reply = { 0 };
	struct offset_reply header = { job->status == READ_FOUND ? job->by_time.offset : 0 };

	reply.fields = offset_reply_fields;
	reply.header = &header;
	is_unreadable(job, &reply);
	finish(job, loop, &reply);
}

static enum verdict
search_offset_begin(struct request *request)
{
	const struct search_offset_header *header = request->header;
	const struct tail_queue *queue =
	    tail_find(request_worker(request)->tail, header->topic, header->queue_id);

	if (queue == NULL || queue->min_offset == queue->max_offset)
		return reply_offset(request, queue != NULL ? queue->max_offset : 0);
	bool upper = slice_equal_nocase(header->boundary_type, SLICE("upper"));
	struct read_job *job = read_time_new(queue->number, header->timestamp, upper);

	submit(request, job, on_time_found, 0);
	return VERDICT_LATER;
}

const struct handler query_handlers[] = {
	HANDLER_TYPED(QUERY_MESSAGE, query_message_header, query_message_begin, 0),
	HANDLER_TYPED(VIEW_MESSAGE_BY_ID, view_message_header, view_message_begin, 0),
	HANDLER_TYPED(SEARCH_OFFSET_BY_TIMESTAMP, search_offset_header, search_offset_begin, 0),
	HANDLER_TYPED(GET_MAX_OFFSET, queue_header, get_max_offset_begin, 0),
	HANDLER_TYPED(GET_MIN_OFFSET, queue_header, get_min_offset_begin, 0),
	HANDLER_TYPED(GET_EARLIEST_MSG_STORETIME, queue_header, get_earliest_time_begin, 0),
	{ .name = NULL },
};
