#include "config.h"

#include "broker/replica/apache_meta.h"

#include "broker/replica/meta_apply.h"
#include "broker/state/offset.h"
#include "broker/store/store.h"
#include "common/base/log.h"
#include "common/protocol/codes.h"

#define TIMEOUT_MS 5000
#define DELAY_TOPIC "SCHEDULE_TOPIC_XXXX"

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

static void
take_topics(struct broker *broker, const struct json *body)
{
	take_table(broker, json_member(body, "topicConfigTable"), HA_TOPIC);
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
	};

	for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
		struct command command = command_request(questions[i].code);

		conn_request(conn, &command, SLICE(""), TIMEOUT_MS, questions[i].done, broker);
	}
}
