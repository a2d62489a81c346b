#include "config.h"

/* Tools create, change, delete and list topics. */

#include <stdlib.h>

#include "broker/catalog/system_topic.h"
#include "broker/catalog/topic_change.h"
#include "broker/cluster/masters.h"
#include "broker/context.h"
#include "broker/state/limit.h"
#include "broker/state/topic.h"
#include "broker/state/topic_turn.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/name.h"
#include "common/protocol/name_list.h"

/* ---- 17, 18, 215: changes, one after the other for each topic ---------- */

/* What a request wants to change; it may wait for its turn. */
struct change_wish {
	struct topic_turn turn;
	struct broker *broker;
	struct ticket ticket;
	struct arena arena, json; /* json: of the attribute lists */
	struct topic *topics;     /* without attributes */
	size_t n;
	bool removes;                        /* they are to go */
	bool if_absent;                      /* one that is there stays as it is */
	struct slice attributes;             /* changes of the first */
	const struct json **attribute_lists; /* ... of each; NULL: none has any */
};

static void on_turn(struct topic_turn *turn, struct loop *loop);

/* For n topics, whose names are still to be set. */
static struct change_wish *
wish_new(struct request *request, size_t n)
{
	struct change_wish *wish = mem_zalloc(sizeof *wish);

	wish->broker = request_broker(request);
	wish->ticket = request_ticket(request);
	wish->turn.loop = request->loop;
	wish->turn.ready = on_turn;
	wish->topics = arena_zalloc(&wish->arena, (n + 1) * sizeof *wish->topics);
	wish->n = n;
	return wish;
}

static void
wish_free(struct change_wish *wish)
{
	arena_release(&wish->arena);
	arena_release(&wish->json);
	free(wish);
}

static enum verdict
wish_start(struct change_wish *wish)
{
	struct topic_turn *turn = &wish->turn;

	turn->names = arena_alloc(&wish->arena, (wish->n + 1) * sizeof *turn->names);
	turn->n = wish->n;
	for (size_t i = 0; i < wish->n; i++)
		turn->names[i] = slice_of(wish->topics[i].name);
	topic_turns_take(wish->broker->topic_turns, turn);
	return VERDICT_LATER;
}

static void
wish_end(struct change_wish *wish, struct loop *loop, int32_t code, struct slice remark)
{
	ticket_reply(loop, &wish->ticket, &(struct reply){ .code = code, .remark = remark });
	topic_turns_give_back(&wish->turn);
	wish_free(wish);
}

static void
on_changed(void *context, struct loop *loop, int status)
{
	wish_end(context, loop, status == 0 ? RESPONSE_SUCCESS : RESPONSE_SYSTEM_ERROR,
	    status == 0 ? SLICE_NONE
			: SLICE("cannot write the change to disk; nothing has changed"));
}

/* MIXED is a message type only where the settings say so. Source: RocketMQ 5.3.3. */
static bool
becomes_mixed(
    const struct broker *broker, const struct topic *topic, const struct attributes *before)
{
	return !broker->settings->enable_mixed_message_type &&
	       attributes_message_type(&topic->attributes) == MESSAGE_MIXED &&
	       attributes_message_type(before) != MESSAGE_MIXED;
}

/* Its attributes after the change. Absent, or why there is to be none; *code then says more. */
static struct slice
set_attributes(struct change_wish *wish, size_t i, int32_t *code)
{
	struct topic *topic = &wish->topics[i], known;
	bool is_new = !topics_find(wish->broker->topics, slice_of(topic->name), &known);
	struct attributes before = is_new ? (struct attributes){ 0 } : known.attributes;
	struct slice why;

	topic->attributes = before;
	if (wish->attribute_lists != NULL)
		why = attributes_change_json(
		    &topic->attributes, wish->attribute_lists[i], is_new, &wish->arena);
	else
		why = attributes_change(&topic->attributes, wish->attributes, is_new, &wish->arena);
	*code = RESPONSE_SYSTEM_ERROR;
	if (why.data == NULL && becomes_mixed(wish->broker, topic, &before)) {
		*code = RESPONSE_INVALID_PARAMETER;
		why = SLICE("MIXED message type is not supported.");
	}
	return why;
}

static void
on_turn(struct topic_turn *turn, struct loop *loop)
{
	struct change_wish *wish = container_of(turn, struct change_wish, turn);
	struct broker *broker = wish->broker;
	struct change_done done = { loop, on_changed, wish };
	struct topic known;
	int32_t code;

	if (wish->removes) {
		topic_delete(broker, slice_of(wish->topics[0].name), &done);
		return;
	}
	if (wish->if_absent &&
	    topics_find(broker->topics, slice_of(wish->topics[0].name), &known)) {
		wish_end(wish, loop, RESPONSE_SUCCESS, SLICE_NONE);
		return;
	}
	for (size_t i = 0; i < wish->n; i++) {
		struct slice why = set_attributes(wish, i, &code);

		if (why.data != NULL) {
			wish_end(wish, loop, code, why);
			return;
		}
	}
	if (!topics_fit(broker, wish->topics, wish->n))
		wish_end(wish, loop, RESPONSE_SYSTEM_ERROR, slice_of(limit_remark(LIMIT_TOPICS)));
	else
		topic_change(broker, wish->topics, wish->n, !wish->if_absent, &done);
}

static enum verdict
refuse(struct request *request, struct slice why)
{
	return request_refuse(request, RESPONSE_SYSTEM_ERROR, "%.*s", (int)why.len, why.data);
}

static enum verdict
update_topic_begin(struct request *request)
{
	const struct create_topic_header *header = request->header;
	struct slice why =
	    topic_name_refusal(request_broker(request), header->topic, request->arena);
	struct topic topic;
	struct topic_config config = {
		.name = header->topic,
		.read_queues = header->read_queues,
		.write_queues = header->write_queues,
		.perm = header->perm,
		.sys_flag = header->topic_sys_flag,
		.order = header->order,
		.multi_tag = slice_is(header->topic_filter_type, "MULTI_TAG"),
	};

	if (why.data != NULL)
		return refuse(request, why);
	if (!config.multi_tag && !slice_is(header->topic_filter_type, "SINGLE_TAG"))
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "topicFilterType = [%.*s] value invalid", (int)header->topic_filter_type.len,
		    header->topic_filter_type.data);
	if (topic_from_config(&config, &topic) == -1)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "the topic's queues are 0 to %d each, its perm is 0 to 7", TOPIC_QUEUES_MAX);

	struct change_wish *wish = wish_new(request, 1);

	wish->topics[0] = topic;
	wish->if_absent = slice_is(command_ext(request->command, MASTERS_IF_ABSENT), "true");
	if (header->attributes.data != NULL)
		wish->attributes = arena_copy(&wish->arena, header->attributes);
	return wish_start(wish);
}

/* One element of the list; absent, or why it is none. */
static struct slice
read_element(struct change_wish *wish, const struct json *json, size_t i)
{
	struct topic_config config;
	int read = topic_config_read(json, &config);
	struct slice why =
	    read == 0 ? topic_name_refusal(wish->broker, config.name, &wish->arena) : SLICE_NONE;

	if (why.data != NULL)
		return why;
	if (read == -1 || topic_from_config(&config, &wish->topics[i]) == -1)
		return arena_printf(&wish->arena, "element %zu of topicConfigList is no topic", i);
	wish->attribute_lists[i] = json_member(json, "attributes");
	return SLICE_NONE;
}

static enum verdict
update_topic_list_begin(struct request *request)
{
	struct broker *broker = request_broker(request);
	struct arena arena = { 0 }; /* the wish's: it may wait longer than the request lives */
	const struct json *json = json_parse(&arena, arena_copy(&arena, request->body));
	const struct json *list = json_member(json, "topicConfigList");
	size_t n = list != NULL ? list->n_children : 0, i = 0;
	struct slice why = SLICE_NONE;

	if (list == NULL || list->type != JSON_ARRAY)
		why = SLICE("the body has no topicConfigList");
	else if (!limits_allow(broker->limits, LIMIT_TOPICS, n))
		why = slice_of(limit_remark(LIMIT_TOPICS));
	if (why.data != NULL) {
		arena_release(&arena);
		return refuse(request, why);
	}
	struct change_wish *wish = wish_new(request, n);

	wish->json = arena;
	wish->attribute_lists = arena_alloc(&wish->arena, (n + 1) * sizeof *wish->attribute_lists);
	for (const struct json *at = list->first; at != NULL && why.data == NULL; at = at->next)
		why = read_element(wish, at, i++);
	if (why.data == NULL)
		return wish_start(wish);
	enum verdict verdict = refuse(request, why);

	wish_free(wish);
	return verdict;
}

static enum verdict
delete_topic_begin(struct request *request)
{
	const struct topic_header *header = request->header;
	struct slice why =
	    topic_name_refusal(request_broker(request), header->topic, request->arena);

	if (why.data != NULL)
		return refuse(request, why);
	struct change_wish *wish = wish_new(request, 1);

	topic_init(&wish->topics[0], header->topic);
	wish->removes = true;
	return wish_start(wish);
}

/* ---- 21, 351, 305 ---------------------------------------------------- */

static enum verdict
get_all_topics_begin(struct request *request)
{
	struct broker *broker = request_broker(request);
	size_t n;
	struct data_version version;
	struct topic *topics = topics_list(broker->topics, &n, &version);
	struct topic_config *configs = arena_alloc(request->arena, n * sizeof *configs);
	struct topic_table table = { version, configs, n };
	struct buf text = { 0 };
	struct json_out out;

	for (size_t i = 0; i < n; i++)
		configs[i] = topic_to_config(&topics[i], request->arena);
	json_out_init(&out, &text);
	topic_table_write(&out, &table);
	free(topics);
	return request_reply_body(request, json_finish(&out, request->arena));
}

static enum verdict
get_topic_begin(struct request *request)
{
	const struct topic_header *header = request->header;
	struct topic topic;
	struct buf text = { 0 };
	struct json_out out;

	if (!topics_find(request_broker(request)->topics, header->topic, &topic))
		return request_refuse(request, RESPONSE_TOPIC_NOT_EXIST,
		    "No topic in this broker. topic: %.*s", (int)header->topic.len,
		    header->topic.data);
	struct topic_config config = topic_to_config(&topic, request->arena);

	config.attributes = attributes_json(&topic.attributes, request->arena);
	json_out_init(&out, &text);
	topic_config_write(&out, &config);
	return request_reply_body(request, json_finish(&out, request->arena));
}

static enum verdict
get_system_topics_begin(struct request *request)
{
	struct topic_list list = { 0 };
	struct buf text = { 0 };
	struct json_out out;

	list.topics = system_topic_names(request_broker(request), request->arena, &list.n_topics);
	json_out_init(&out, &text);
	topic_list_write(&out, &list);
	return request_reply_body(request, json_finish(&out, request->arena));
}

const struct handler topic_handlers[] = {
	HANDLER_TYPED(
	    UPDATE_AND_CREATE_TOPIC, create_topic_header, update_topic_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(UPDATE_AND_CREATE_TOPIC_LIST, update_topic_list_begin, HANDLER_ADMIN),
	HANDLER_TYPED(DELETE_TOPIC_IN_BROKER, topic_header, delete_topic_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(GET_ALL_TOPIC_CONFIG, get_all_topics_begin, 0),
	HANDLER_TYPED(GET_TOPIC_CONFIG, topic_header, get_topic_begin, 0),
	HANDLER_PLAIN(GET_SYSTEM_TOPIC_LIST_FROM_BROKER, get_system_topics_begin, 0),
	{ .name = NULL },
};
