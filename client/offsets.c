#include "config.h"

#include "client/error.h"
#include "client/handle.h"
#include "client/route_cache.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

/* A request about a queue to its broker; the reply is one number. */
struct queue_question {
	enum request_code code;
	const struct field *fields;
	const void *header;
	const struct field *reply_fields; /* of a struct whose only member is an int64_t; NULL: the
	                                     reply has no header */
};

static int
find_address(struct twinmq *mq, const struct message_queue *queue, struct arena *arena,
    struct slice *address)
{
	struct route route;

	if (twinmq_route(mq, queue->topic, arena, &route) == -1)
		return -1;
	*address = route_address(&route, queue->broker_name, false);
	if (address->data != NULL)
		return 0;
	twinmq_error_set(&mq->error, TWINMQ_NO_QUEUE, "no broker called %.*s has topic %.*s",
	    (int)queue->broker_name.len, queue->broker_name.data, (int)queue->topic.len,
	    queue->topic.data);
	return -1;
}

static int
ask(struct twinmq *mq, const struct message_queue *queue, const struct queue_question *question,
    int64_t *number)
{
	struct arena arena = { 0 };
	struct command request = { .code = (int32_t)question->code };
	struct twinmq_reply reply;
	struct slice address;
	const char *bad;
	int result = -1;

	if (find_address(mq, queue, &arena, &address) == -1)
		goto out;
	fields_encode(question->fields, question->header, &arena, &request);
	if (twinmq_call(mq, address, &request, SLICE(""), &arena, &reply) == -1)
		goto out;
	if (question->reply_fields != NULL &&
	    fields_decode(question->reply_fields, &reply.command, number, &bad) == -1) {
		twinmq_error_set(&mq->error, TWINMQ_BAD_ANSWER,
		    "the answer of %.*s to %s has no %s", (int)address.len, address.data,
		    request_code_name(request.code), bad);
		goto out;
	}
	result = 0;
out:
	arena_release(&arena);
	return result;
}

static int
ask_of_queue(struct twinmq *mq, const struct message_queue *queue, enum request_code code,
    const struct field *reply_fields, int64_t *number)
{
	struct queue_header header = {
		.topic = queue->topic,
		.queue_id = queue->id,
		.broker_name = queue->broker_name,
	};

	return ask(mq, queue,
	    &(struct queue_question){ code, queue_header_fields, &header, reply_fields }, number);
}

int
twinmq_min_offset(struct twinmq *mq, const struct message_queue *queue, int64_t *offset)
{
	return ask_of_queue(mq, queue, REQUEST_GET_MIN_OFFSET, offset_reply_fields, offset);
}

int
twinmq_max_offset(struct twinmq *mq, const struct message_queue *queue, int64_t *offset)
{
	return ask_of_queue(mq, queue, REQUEST_GET_MAX_OFFSET, offset_reply_fields, offset);
}

int
twinmq_earliest_time(struct twinmq *mq, const struct message_queue *queue, int64_t *time_ms)
{
	return ask_of_queue(
	    mq, queue, REQUEST_GET_EARLIEST_MSG_STORETIME, store_time_reply_fields, time_ms);
}

int
twinmq_offset_at(
    struct twinmq *mq, const struct message_queue *queue, int64_t time_ms, int64_t *offset)
{
	struct search_offset_header header = {
		.topic = queue->topic,
		.queue_id = queue->id,
		.timestamp = time_ms,
		.broker_name = queue->broker_name,
	};

	return ask(mq, queue,
	    &(struct queue_question){ REQUEST_SEARCH_OFFSET_BY_TIMESTAMP,
		search_offset_header_fields, &header, offset_reply_fields },
	    offset);
}

int
twinmq_group_offset(
    struct twinmq *mq, const struct message_queue *queue, struct slice group, int64_t *offset)
{
	struct query_offset_header header = {
		.consumer_group = group,
		.topic = queue->topic,
		.queue_id = queue->id,
		.broker_name = queue->broker_name,
	};
	int result = ask(mq, queue,
	    &(struct queue_question){ REQUEST_QUERY_CONSUMER_OFFSET, query_offset_header_fields,
		&header, offset_reply_fields },
	    offset);

	if (result == -1 && mq->error.code == RESPONSE_QUERY_NOT_FOUND) {
		*offset = -1;
		return 0;
	}
	return result;
}

int
twinmq_set_group_offset(
    struct twinmq *mq, const struct message_queue *queue, struct slice group, int64_t offset)
{
	struct update_offset_header header = {
		.consumer_group = group,
		.topic = queue->topic,
		.queue_id = queue->id,
		.commit_offset = offset,
		.broker_name = queue->broker_name,
	};

	return ask(mq, queue,
	    &(struct queue_question){
		REQUEST_UPDATE_CONSUMER_OFFSET, update_offset_header_fields, &header, NULL },
	    NULL);
}
