#include "config.h"

#include "broker/send/dead_letter.h"

#include <inttypes.h>

#include "broker/catalog/topic_create.h"
#include "broker/send/send_back.h"
#include "broker/store/tail/tail.h"
#include "common/base/log.h"
#include "common/protocol/codes.h"

#define FIRST_POP_TIME "1ST_POP_TIME" /* a property of what was popped */
#define RECORD_BYTES_MAX (64 << 20)   /* the first message is read whatever its size */

static void __attribute__((format(printf, 4, 5)))
refuse(struct loop *loop, struct letter_replay *replay, int32_t code, const char *format, ...)
{
	struct replay_outcome outcome = { .code = code };
	va_list args;

	va_start(args, format);
	outcome.remark = arena_vprintf(&loop->arena, format, args);
	va_end(args);
	replay->done(loop, replay, &outcome);
}

static void
on_stored(struct append *append, struct loop *loop)
{
	const struct worker *worker = loop->context;
	struct letter_replay *replay = append->context;
	struct replay_outcome outcome = {
		.topic = arena_copy(&loop->arena, append->topic),
		.msg_id = message_id(&loop->arena, &worker->broker->host, append->position),
	};
	enum append_status status = append->status;
	struct store_stats stats;

	append_free(append);
	if (status == APPEND_OK) {
		log_info("dead letter replayed group=%s offset=%" PRId64 " topic=%.*s",
		    replay->group.name, replay->offset, (int)outcome.topic.len, outcome.topic.data);
		replay->done(loop, replay, &outcome);
		return;
	}
	store_get_stats(worker->broker->store, &stats);
	refuse(loop, replay, RESPONSE_SERVICE_NOT_AVAILABLE, "%s",
	    stats.writable ? "The disk reported an error, see the broker's log."
			   : stats.write_block);
}

/*
 * The retry topic of a group that pops, which a dead letter shows that was popped; absent: it was
 * not, or the topic cannot be made. Its name is as revive.c makes it.
 */
static struct slice
pop_retry_topic(struct worker *worker, const char *group, const struct record *record)
{
	struct slice origin = property_find(record->properties, "RETRY_TOPIC");
	struct slice name =
	    arena_printf(&worker->loop->arena, "%s_%.*s", group, (int)origin.len, origin.data);
	struct topic topic;
	const char *why;

	if (property_find(record->properties, FIRST_POP_TIME).len == 0 || origin.len == 0 ||
	    !topic_find_or_create_retry(worker->broker, name, 1, false, &topic, &why))
		return SLICE_NONE;
	return arena_copy(&worker->loop->arena, slice_of(topic.name));
}

static void
store_copy(struct worker *worker, struct letter_replay *replay, struct record *record)
{
	struct back_outcome outcome;
	struct append *append;

	record->reconsume_times = 0;
	append = send_back_append(worker, record,
	    &(struct back_wish){
		.group = &replay->group,
		.max_times = INT32_MAX,
		.at_once = true,
		.retry_topic = pop_retry_topic(worker, replay->group.name, record),
	    },
	    &outcome);
	if (append == NULL) {
		refuse(worker->loop, replay, outcome.code, "%.*s", (int)outcome.remark.len,
		    outcome.remark.data);
		return;
	}
	append->done = on_stored;
	append->context = replay;
	store_append(worker->broker->store, append);
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct letter_replay *replay = job->context;
	struct record record;

	if (job->status == READ_FAILED || job->status == READ_CORRUPT)
		refuse(loop, replay, RESPONSE_SYSTEM_ERROR,
		    "The dead letter cannot be read; the broker's log says why.");
	else if (job->status != READ_FOUND ||
		 record_decode(job->chunk->data, job->chunk->len, &record) == -1 ||
		 record.queue_offset != replay->offset)
		refuse(loop, replay, RESPONSE_TOPIC_NOT_EXIST, "There is no such dead letter.");
	else
		store_copy(loop->context, replay, &record);
	read_job_free(job);
}

struct tail_queue *
dead_letters_find(struct worker *worker, struct slice group)
{
	return tail_find(worker->tail,
	    arena_printf(
		&worker->loop->arena, "%s%.*s", TOPIC_DEAD_PREFIX, (int)group.len, group.data),
	    0);
}

void
dead_letter_replay(
    struct worker *worker, const struct group *group, int64_t offset, struct letter_replay *replay)
{
	static const struct pull_limits one = {
		.max_messages = 1, .max_bytes = RECORD_BYTES_MAX, .max_scan = 1
	};
	const struct tail_queue *queue = dead_letters_find(worker, slice_of(group->name));
	struct read_job *job;

	replay->group = *group;
	replay->offset = offset;
	if (queue == NULL || offset < queue->min_offset || offset >= queue->max_offset) {
		refuse(worker->loop, replay, RESPONSE_TOPIC_NOT_EXIST,
		    "There is no such dead letter.");
		return;
	}
	job = read_queue_new(queue->number, offset, &one);
	job->reply_loop = worker->loop;
	job->done = on_read;
	job->context = replay;
	store_read(worker->broker->store, job);
}
