#include "config.h"

#include "broker/pull/reset_offset.h"

#include <inttypes.h>
#include <stdlib.h>

#include "broker/consumers/push.h"
#include "broker/pull/pull.h"
#include "broker/state/client.h"
#include "broker/state/group.h"
#include "broker/state/limit.h"
#include "broker/state/offset.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define FUTURE_MAX_MS INT64_C(86400000) /* clocks differ; a later time is a mistake */
#define VERSION_THAT_FOLLOWS_220 28     /* V3_0_7_SNAPSHOT */
#define VERSION_WITHOUT_220 413         /* V5_0_0: told by the reply to a pull */

struct reset {
	struct worker *worker;
	struct reset_wish wish; /* its texts are in the arena */
	struct queue_offset *offsets;
	size_t n_offsets;
	size_t n_known; /* offsets that are found */
	reset_done_fn *done;
	void *context;
	struct arena arena;
};

static void
finish(struct reset *reset, struct reset_result *result)
{
	reset->done(reset->context, reset->worker->loop, result);
	arena_release(&reset->arena);
	free(reset);
}

static void __attribute__((format(printf, 3, 4)))
refuse(struct reset *reset, int32_t code, const char *format, ...)
{
	struct reset_result result = { .code = code };
	va_list args;

	va_start(args, format);
	result.remark = arena_vprintf(&reset->arena, format, args);
	va_end(args);
	finish(reset, &result);
}

/* ---- telling consumers ----------------------------------------------- */

static struct slice
compose(struct reset *reset, bool as_array)
{
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	if (as_array)
		queue_offsets_write_array(&out, reset->offsets, reset->n_offsets);
	else
		queue_offsets_write(&out, "offsetTable", reset->offsets, reset->n_offsets);
	return json_finish(&out, &reset->arena);
}

static void
tell_members(struct reset *reset, const struct client_group *group)
{
	const struct reset_wish *wish = &reset->wish;
	bool all = group->model == MODEL_BROADCASTING; /* each has offsets of its own */
	struct reset_offset_header header = { .topic = wish->topic,
		.group = wish->group,
		.timestamp = wish->timestamp,
		.is_force = true,
		.queue_id = wish->queue_id,
		.offset = wish->offset };
	struct command command = { 0 };
	struct slice body = compose(reset, false), array = compose(reset, true);

	fields_encode(reset_offset_header_fields, &header, &reset->arena, &command);
	for (size_t i = 0; i < group->n_members; i++) {
		const struct client *member = &group->members[i];

		if (member->version < VERSION_THAT_FOLLOWS_220 ||
		    (member->version >= VERSION_WITHOUT_220 && !all))
			continue;
		push_tell(reset->worker->broker, reset->worker->loop,
		    &(struct push_call){
			.to = member->conn,
			.code = REQUEST_RESET_CONSUMER_CLIENT_OFFSET,
			.ext = command.ext,
			.n_ext = command.n_ext,
			.body = member->language == LANGUAGE_CPP ? array : body,
		    });
	}
}

/* Pulls that wait for a message get their reply at once. */
static void
wake_pulls(struct reset *reset)
{
	int32_t *ids = arena_alloc(&reset->arena, reset->n_offsets * sizeof *ids);

	for (size_t i = 0; i < reset->n_offsets; i++)
		ids[i] = reset->offsets[i].queue.id;
	pull_look_again(reset->worker->broker, reset->wish.topic, ids, reset->n_offsets);
}

/* ---- the commit ------------------------------------------------------ */

static void
on_committed(struct meta_job *job, struct loop *loop)
{
	struct reset *reset = job->context;
	struct broker *broker = reset->worker->broker;
	struct client_group online;
	int status = job->status;

	(void)loop;
	if (status != 0)
		offsets_keep_changed(broker->offsets, job);
	meta_job_free(job);
	if (clients_find_group(broker->clients, reset->wish.group, &reset->arena, &online)) {
		tell_members(reset, &online);
		wake_pulls(reset);
	}
	if (status != 0) {
		refuse(reset, RESPONSE_SYSTEM_ERROR,
		    "the offsets are reset but cannot be written yet, see the broker's log");
		return;
	}
	finish(reset, &(struct reset_result){ .code = RESPONSE_SUCCESS,
			  .offsets = reset->offsets,
			  .n_offsets = reset->n_offsets });
}

/* Where the group is, as its progress shows it: a queue without an offset is read from the start.
 */
static void
finish_dry_run(struct reset *reset)
{
	const struct reset_wish *wish = &reset->wish;
	size_t n = reset->n_offsets;
	struct queue_offset *before = arena_alloc(&reset->arena, n * sizeof *before);

	for (size_t i = 0; i < n; i++) {
		const struct tail_queue *queue =
		    tail_find(reset->worker->tail, wish->topic, reset->offsets[i].queue.id);
		int64_t end = queue != NULL ? queue->max_offset : 0;
		int64_t now = offsets_find(reset->worker->broker->offsets, wish->group, wish->topic,
		    reset->offsets[i].queue.id);

		before[i] = reset->offsets[i];
		before[i].offset = now < end ? now : end;
		if (queue != NULL && before[i].offset < queue->min_offset)
			before[i].offset = queue->min_offset; /* what is gone does not come */
	}
	finish(reset, &(struct reset_result){ .code = RESPONSE_SUCCESS,
			  .offsets = reset->offsets,
			  .before = before,
			  .n_offsets = n });
}

static void
commit(struct reset *reset)
{
	const struct reset_wish *wish = &reset->wish;
	struct broker *broker = reset->worker->broker;
	struct offset_limits limits = {
		.max = (size_t)limits_value(broker->limits, LIMIT_CONSUMER_OFFSETS),
	};
	struct client_group online;

	if (wish->dry_run) {
		finish_dry_run(reset);
		return;
	}
	bool announced = clients_find_group(broker->clients, wish->group, &reset->arena, &online) &&
	                 online.model == MODEL_CLUSTERING;

	for (size_t i = 0; i < reset->n_offsets; i++) {
		struct offset_row row = { wish->group, wish->topic, reset->offsets[i].queue.id,
			reset->offsets[i].offset };

		if (offsets_reset(broker->offsets, &row, announced, &limits) == OFFSET_KEPT)
			continue;
		limits_refuse(broker->limits, LIMIT_CONSUMER_OFFSETS, 1);
		refuse(reset, RESPONSE_SYSTEM_ERROR, "%s", limit_remark(LIMIT_CONSUMER_OFFSETS));
		return;
	}
	log_info("offsets are reset group=%.*s topic=%.*s queues=%zu timestamp=%" PRId64,
	    (int)wish->group.len, wish->group.data, (int)wish->topic.len, wish->topic.data,
	    reset->n_offsets, wish->timestamp);
	struct meta_job *job = offsets_changed(broker->offsets);

	if (job == NULL)
		job = meta_job_new(); /* a flush was faster: behind it */
	job->reply_loop = reset->worker->loop;
	job->done = on_committed;
	job->context = reset;
	store_meta(broker->store, job);
}

/* ---- which offsets --------------------------------------------------- */

static void find_offsets(struct reset *reset);

/* Without `forward` only backwards. A group without an offset may go anywhere. */
static void
set_found(struct reset *reset, int64_t found)
{
	struct queue_offset *row = &reset->offsets[reset->n_known++];
	int64_t now = offsets_find(
	    reset->worker->broker->offsets, reset->wish.group, reset->wish.topic, row->queue.id);

	row->offset = !reset->wish.forward && now >= 0 && now < found ? now : found;
}

static void
on_time_found(struct read_job *job, struct loop *loop)
{
	struct reset *reset = job->context;
	enum read_status status = job->status;
	int64_t found = job->by_time.offset;
	const struct queue_offset *row = &reset->offsets[reset->n_known];
	const struct tail_queue *queue =
	    tail_find(reset->worker->tail, reset->wish.topic, row->queue.id);

	(void)loop;
	read_job_free(job);
	if (status == READ_CORRUPT || status == READ_FAILED) {
		refuse(reset, RESPONSE_SYSTEM_ERROR,
		    "cannot read the messages of queue %" PRId32 ", see the broker's log",
		    row->queue.id);
		return;
	}
	if (status == READ_NOTHING)
		found = queue != NULL ? queue->max_offset : 0;
	set_found(reset, found);
	find_offsets(reset);
}

/* One queue after the other; the writer commits when all are known. */
static void
find_offsets(struct reset *reset)
{
	while (reset->n_known < reset->n_offsets) {
		const struct tail_queue *queue = tail_find(reset->worker->tail, reset->wish.topic,
		    reset->offsets[reset->n_known].queue.id);

		if (queue == NULL || reset->wish.timestamp == -1 ||
		    queue->min_offset == queue->max_offset) {
			set_found(reset, queue != NULL ? queue->max_offset : 0);
			continue;
		}
		struct read_job *job = read_time_new(queue->number, reset->wish.timestamp, false);

		job->reply_loop = reset->worker->loop;
		job->done = on_time_found;
		job->context = reset;
		store_read(reset->worker->broker->store, job);
		return;
	}
	commit(reset);
}

/* ---- the checks ------------------------------------------------------ */

static bool
is_refused_time(struct reset *reset)
{
	int64_t timestamp = reset->wish.timestamp;

	if (timestamp >= -1 && timestamp <= clock_wall_ms() + FUTURE_MAX_MS)
		return false;
	refuse(reset, RESPONSE_SYSTEM_ERROR,
	    "the timestamp %" PRId64 " is no time of a message: ms since 1970, not in the future, "
	    "or -1 for the end",
	    timestamp);
	return true;
}

static bool
is_refused_offset(struct reset *reset)
{
	const struct reset_wish *wish = &reset->wish;
	const struct tail_queue *queue =
	    tail_find(reset->worker->tail, wish->topic, wish->queue_id);
	int64_t min = queue != NULL ? queue->min_offset : 0;
	int64_t max = queue != NULL ? queue->max_offset : 0;

	if (wish->queue_id == -1) {
		refuse(
		    reset, RESPONSE_SYSTEM_ERROR, "an offset is of one queue: queueId is missing");
		return true;
	}
	if (wish->offset >= min && wish->offset <= max)
		return false;
	refuse(reset, RESPONSE_SYSTEM_ERROR,
	    "Target offset %" PRId64 " not in consume queue range [%" PRId64 "-%" PRId64 "]",
	    wish->offset, min, max);
	return true;
}

/* True: it is over. */
static bool
is_refused(struct reset *reset, struct topic *topic)
{
	const struct reset_wish *wish = &reset->wish;
	struct broker *broker = reset->worker->broker;
	struct group group;

	if (!topics_find(broker->topics, wish->topic, topic)) {
		refuse(reset, RESPONSE_TOPIC_NOT_EXIST, "Topic %.*s does not exist",
		    (int)wish->topic.len, wish->topic.data);
		return true;
	}
	if (!groups_find(broker->groups, wish->group, &group)) {
		refuse(reset, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST, "Group %.*s does not exist",
		    (int)wish->group.len, wish->group.data);
		return true;
	}
	if (group_is_internal(wish->group)) {
		refuse(reset, RESPONSE_NO_PERMISSION,
		    "it is a group of the broker itself: its offsets cannot be set");
		return true;
	}
	if (wish->queue_id < -1 || wish->queue_id >= topic->read_queues) {
		refuse(reset, RESPONSE_SYSTEM_ERROR,
		    "queueId[%" PRId32
		    "] is illegal, topic:[%s] topicConfig.readQueueNums:[%" PRId32 "]",
		    wish->queue_id, topic->name, topic->read_queues);
		return true;
	}
	return wish->offset != -1 ? is_refused_offset(reset) : is_refused_time(reset);
}

void
reset_offsets(
    struct worker *worker, const struct reset_wish *wish, reset_done_fn *done, void *context)
{
	struct reset *reset = mem_zalloc(sizeof *reset);
	bool all = wish->queue_id == -1;
	struct topic topic;

	reset->worker = worker;
	reset->wish = *wish;
	reset->wish.group = arena_copy(&reset->arena, wish->group);
	reset->wish.topic = arena_copy(&reset->arena, wish->topic);
	reset->done = done;
	reset->context = context;
	if (is_refused(reset, &topic))
		return;
	reset->n_offsets = all ? (size_t)topic.read_queues : 1;
	reset->offsets = arena_zalloc(&reset->arena, reset->n_offsets * sizeof *reset->offsets);
	for (size_t i = 0; i < reset->n_offsets; i++)
		reset->offsets[i].queue = (struct message_queue){ reset->wish.topic,
			slice_of(worker->broker->settings->broker_name),
			all ? (int32_t)i : wish->queue_id };
	if (wish->offset != -1) {
		reset->offsets[0].offset = wish->offset;
		commit(reset);
	} else {
		find_offsets(reset);
	}
}
