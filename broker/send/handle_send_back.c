#include "config.h"

/*
 * CONSUMER_SEND_MSG_BACK: a consumer could not use a message. It is stored
 * once more for its group, after a delay that grows with each try, or with the dead
 * letters when it came back too often. Source: protocol description 5.6.
 */

#include <inttypes.h>
#include <stdlib.h>

#include "broker/catalog/system_topic.h"
#include "broker/catalog/topic_create.h"
#include "broker/context.h"
#include "broker/delay/delay.h"
#include "broker/state/group.h"
#include "broker/state/stats.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define FIRST_RETRY_LEVEL 3
#define VERSION_WITH_MAX_RECONSUME 121 /* V3_4_9 */

/* What is known before the message was read. */
struct send_back {
	struct ticket ticket;
	struct group group;
	int32_t delay_level;
	int32_t max_times;
	int64_t position;
};

static void
finish(struct loop *loop, struct send_back *back, int32_t code, struct slice remark)
{
	struct reply reply = { .code = code, .remark = remark };

	ticket_reply(loop, &back->ticket, &reply);
	free(back);
}

static void
on_stored(struct append *append, struct loop *loop)
{
	struct send_back *back = append->context;
	bool stored = append->status == APPEND_OK;

	append_free(append);
	finish(loop, back, stored ? RESPONSE_SUCCESS : RESPONSE_SYSTEM_ERROR,
	    stored ? SLICE_NONE : SLICE("putMessageResult is null"));
}

/* The properties of the copy: where it came from, and which message it once was. */
static struct slice
retry_properties(struct arena *arena, const struct record *record, const struct send_back *back)
{
	static const char *const replaced[] = { "DELAY", "RETRY_TOPIC", "ORIGIN_MESSAGE_ID", "WAIT",
		NULL };
	struct slice retry_topic = property_find(record->properties, "RETRY_TOPIC");
	struct slice origin = property_find(record->properties, "ORIGIN_MESSAGE_ID");
	struct buf text = { 0 };

	property_copy_without(&text, record->properties, replaced);
	property_append(
	    &text, SLICE("RETRY_TOPIC"), retry_topic.len != 0 ? retry_topic : record->topic);
	property_append(&text, SLICE("ORIGIN_MESSAGE_ID"),
	    origin.len != 0 ? origin : message_id(arena, &record->store_host, back->position));
	property_append(&text, SLICE("WAIT"), SLICE("false"));

	struct slice copy = arena_copy(arena, buf_slice(&text));

	buf_release(&text);
	return copy;
}

static bool
is_dead(const struct send_back *back, const struct record *record)
{
	return record->reconsume_times >= back->max_times || back->delay_level < 0;
}

/* Turns the message into its copy; false when the group's topics cannot be made. */
static bool
make_copy(struct worker *worker, struct send_back *back, struct record *record, int *level,
    const char **why)
{
	struct broker *broker = worker->broker;
	struct arena *arena = &worker->loop->arena;
	struct slice group = slice_of(back->group.name);
	struct topic topic;

	*level = 0;
	record->properties = retry_properties(arena, record, back);
	if (is_dead(back, record)) {
		if (!topic_find_or_create_dead(broker, group, &topic, why))
			return false;
		record->queue_id = 0;
	} else {
		if (!topic_find_or_create_retry(
			broker, group, back->group.retry_queues, &topic, why))
			return false;
		*level = back->delay_level != 0 ? back->delay_level
		                                : FIRST_RETRY_LEVEL + record->reconsume_times;
		record->queue_id =
		    (int32_t)(worker->next_queue++ % (uint32_t)back->group.retry_queues);
	}
	record->topic = arena_copy(arena, slice_of(topic.name));
	record->reconsume_times++;
	return true;
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct worker *worker = loop->context;
	struct broker *broker = worker->broker;
	struct send_back *back = job->context;
	const char *why;
	struct record record;
	int level;

	/*
	 * A record of a topic that is closed to senders is no message that a consumer received: an
	 * undecided transaction, a delayed message that is not due, an event.
	 */
	if (job->status != READ_FOUND ||
	    record_decode(job->chunk->data, job->chunk->len, &record) == -1 ||
	    topic_is_forbidden(record.topic)) {
		read_job_free(job);
		finish(loop, back, RESPONSE_SYSTEM_ERROR,
		    arena_printf(
			&loop->arena, "look message by offset failed, %" PRId64, back->position));
		return;
	}
	if (!make_copy(worker, back, &record, &level, &why)) {
		read_job_free(job);
		finish(loop, back, RESPONSE_SYSTEM_ERROR,
		    arena_printf(&loop->arena, "topic of the group not exist: %s", why));
		return;
	}
	int64_t due = 0;

	if (level > 0) {
		level = delay_level(broker->delays, arena_printf(&loop->arena, "%d", level));
		due = delay_divert(broker->delays, level, &record, &loop->arena);
	}
	/* The added properties say where the message came from; a copy without them is useless. */
	if (record.properties.len > RECORD_PROPERTIES_MAX) {
		read_job_free(job);
		finish(loop, back, RESPONSE_MESSAGE_ILLEGAL,
		    SLICE("the message is illegal, its properties are too long to be sent back"));
		return;
	}
	struct append *append = append_new(broker->store, &record, 1);

	if (level > 0)
		append_set_tag_hash(append, due);
	append->reply_loop = loop;
	append->done = on_stored;
	append->context = back;
	store_append(broker->store, append);
	read_job_free(job);
}

static enum verdict
send_back_begin(struct request *request)
{
	const struct send_back_header *header = request->header;
	struct broker *broker = request_broker(request);
	const char *why;
	struct topic topic;
	struct group group;

	if (!group_find_or_create(broker, header->group, &group, &why))
		return request_refuse(request, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST,
		    "subscription group not exist, %.*s: %s", (int)header->group.len,
		    header->group.data, why);
	if (group.retry_queues <= 0)
		return VERDICT_REPLY; /* the group wants no retries: success, and nothing is kept */
	if (topics_find(broker->topics, header->origin_topic, &topic))
		stats_send_back(
		    broker->stats, request->loop->index, header->origin_topic, header->group);

	struct send_back *back = mem_alloc(sizeof *back);
	bool own_max = request->command->version >= VERSION_WITH_MAX_RECONSUME &&
	               header->max_reconsume_times >= 0;

	*back = (struct send_back){
		.ticket = request_ticket(request),
		.group = group,
		.delay_level = header->delay_level,
		.max_times = own_max ? header->max_reconsume_times : group.retry_max,
		.position = header->offset,
	};
	struct read_job *job = read_position_new(header->offset);

	job->reply_loop = request->loop;
	job->done = on_read;
	job->context = back;
	store_read(broker->store, job);
	return VERDICT_LATER;
}

const struct handler send_back_handlers[] = {
	HANDLER_TYPED(CONSUMER_SEND_MSG_BACK, send_back_header, send_back_begin, HANDLER_WRITE),
	{ .name = NULL },
};
