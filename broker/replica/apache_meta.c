#include "config.h"

#include "broker/replica/apache_meta.h"

#include <string.h>

#include "broker/replica/meta_apply.h"
#include "broker/replica/move_in.h"
#include "broker/replica/move_scan.h"
#include "broker/state/attribute.h"
#include "broker/state/offset.h"
#include "broker/store/store.h"
#include "common/base/log.h"
#include "common/base/wire.h"
#include "common/protocol/codes.h"

#define TIMEOUT_MS 5000
#define DELAY_TOPIC "SCHEDULE_TOPIC_XXXX"
#define WHEEL_TOPIC "rmq_sys_wheel_timer"

static void
on_kept(struct meta_job *job, struct loop *loop)
{
	(void)loop;
	if (job->status != 0)
		log_error("tables of the master could not be stored, they are asked for again");
	meta_job_free(job);
}

static void
keep(struct broker *broker, struct meta_apply *apply)
{
	struct meta_job *job = meta_apply_take(apply);

	if (job != NULL) {
		job->reply_loop = broker_main_loop(broker);
		job->done = on_kept;
		store_meta(broker->store, job);
	}
	meta_apply_free(apply);
}

/* A table of objects by name, which replaces ours. */
static void
take_table(struct broker *broker, const struct json *rows, enum ha_table table)
{
	if (rows == NULL || rows->type != JSON_OBJECT)
		return;
	struct meta_apply *apply = meta_apply_new(broker);

	meta_apply_begin(apply, 1u << table);
	for (const struct json *row = rows->first; row != NULL; row = row->next)
		meta_apply_change(apply,
		    &(struct ha_change){
			.op = HA_SET, .table = table, .key = row->name, .value = row->text });
	meta_apply_rest(apply);
	keep(broker, apply);
}

/* How many topics have a message.type that RocketMQ 5.3.3 does not have. */
static int64_t
count_unknown_types(const struct json *rows)
{
	int64_t n = 0;

	for (const struct json *row = rows != NULL && rows->type == JSON_OBJECT ? rows->first
	                                                                        : NULL;
	     row != NULL; row = row->next) {
		struct slice type =
		    json_member_text(json_member(row, "attributes"), "message.type");
		bool known = type.len == 0;

		for (int i = MESSAGE_UNSPECIFIED; i <= MESSAGE_MIXED && !known; i++)
			known = slice_is(type, message_type_name((enum message_type)i));
		n += !known;
	}
	return n;
}

static void
take_topics(struct broker *broker, const struct json *body)
{
	const struct json *rows = json_member(body, "topicConfigTable");

	move_in_note_types(broker->move_in, count_unknown_types(rows));
	take_table(broker, rows, HA_TOPIC);
}

static void
take_groups(struct broker *broker, const struct json *body)
{
	take_table(broker, json_member(body, "subscriptionGroupTable"), HA_GROUP);
}

static void
add_offset(struct meta_apply *apply, struct slice group, struct slice topic,
    const struct json *queue, int32_t step)
{
	int32_t queue_id;
	int64_t offset;

	if (slice_to_int32(queue->name, &queue_id) == 0 && queue_id + step >= 0 &&
	    json_int64(queue, &offset) == 0 && offset >= 0)
		meta_apply_change(apply, &(struct ha_change){ .op = HA_SET,
					     .table = HA_OFFSET,
					     .key = group,
					     .topic = topic,
					     .queue_id = queue_id + step,
					     .offset = offset });
}

/* {"topic@group":{0:7,1:9},..} */
static void
take_offsets(struct broker *broker, const struct json *body)
{
	const struct json *table = json_member(body, "offsetTable");
	struct meta_apply *apply = meta_apply_new(broker);

	for (const struct json *row = table != NULL ? table->first : NULL; row != NULL;
	     row = row->next) {
		struct slice rest = row->name, topic, group;

		if (rest.len == 0 || !slice_next(&rest, '@', &topic) ||
		    !slice_next(&rest, '@', &group) || topic.len == 0 || group.len == 0)
			continue;
		for (const struct json *queue = row->first; queue != NULL; queue = queue->next)
			add_offset(apply, group, topic, queue, 0);
	}
	keep(broker, apply);
	move_in_note_offsets(broker->move_in);
}

/* {1:7,..}: level 1 is queue 0. */
static void
take_levels(struct broker *broker, const struct json *body)
{
	const struct json *table = json_member(body, "offsetTable");
	struct meta_apply *apply = meta_apply_new(broker);

	for (const struct json *level = table != NULL ? table->first : NULL; level != NULL;
	     level = level->next)
		add_offset(apply, SLICE(DELAY_GROUP), SLICE(DELAY_TOPIC), level, -1);
	keep(broker, apply);
}

static void
take(void *arg, const struct command *reply, struct slice body,
    void (*rows)(struct broker *broker, const struct json *body))
{
	struct arena arena = { 0 };

	if (reply == NULL || reply->code != RESPONSE_SUCCESS) {
		log_debug("the master does not tell its tables code=%d",
		    reply != NULL ? reply->code : -1);
		return;
	}
	const struct json *json = json_parse(&arena, body);

	if (json != NULL && json->type == JSON_OBJECT)
		rows(arg, json);
	arena_release(&arena);
}

static void
on_topics(void *arg, const struct command *reply, struct slice body)
{
	take(arg, reply, body, take_topics);
}

static void
on_offsets(void *arg, const struct command *reply, struct slice body)
{
	take(arg, reply, body, take_offsets);
}

static void
on_levels(void *arg, const struct command *reply, struct slice body)
{
	take(arg, reply, body, take_levels);
}

/* TimerCheckpoint: the first of its numbers is the time up to which the wheel was read. */
static void
on_wheel(void *arg, const struct command *reply, struct slice body)
{
	struct broker *broker = arg;
	struct meta_apply *apply;

	if (reply == NULL || reply->code != RESPONSE_SUCCESS || body.len < 8)
		return;
	int64_t read_ms = (int64_t)be64_get(body.data);

	if (read_ms <= 0)
		return;
	apply = meta_apply_new(broker);
	meta_apply_change(apply, &(struct ha_change){ .op = HA_SET,
				     .table = HA_OFFSET,
				     .key = SLICE(WHEEL_GROUP),
				     .topic = SLICE(WHEEL_TOPIC),
				     .offset = read_ms });
	keep(broker, apply);
}

/* A file of properties. */
static void
on_settings(void *arg, const struct command *reply, struct slice body)
{
	static const char name[] = "messageDelayLevel=";
	struct broker *broker = arg;
	struct slice rest = body, line;

	if (reply == NULL || reply->code != RESPONSE_SUCCESS)
		return;
	while (rest.len != 0 && slice_next(&rest, '\n', &line)) {
		line = slice_trim(line);
		if (slice_starts(line, name))
			move_in_note_levels(broker->move_in,
			    (struct slice){ line.data + strlen(name), line.len - strlen(name) });
	}
}

static void
on_groups(void *arg, const struct command *reply, struct slice body)
{
	take(arg, reply, body, take_groups);
}

void
apache_meta_ask(struct broker *broker, struct conn *conn)
{
	static const struct {
		int32_t code;
		call_done_fn *done;
	} questions[] = {
		{ REQUEST_GET_ALL_TOPIC_CONFIG, on_topics },
		{ REQUEST_GET_ALL_SUBSCRIPTIONGROUP_CONFIG, on_groups },
		{ REQUEST_GET_ALL_CONSUMER_OFFSET, on_offsets },
		{ REQUEST_GET_ALL_DELAY_OFFSET, on_levels },
		{ REQUEST_GET_TIMER_CHECK_POINT, on_wheel },
		{ REQUEST_GET_BROKER_CONFIG, on_settings },
	};

	for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
		struct command command = command_request(questions[i].code);

		conn_request(conn, &command, SLICE(""), TIMEOUT_MS, questions[i].done, broker);
	}
}
