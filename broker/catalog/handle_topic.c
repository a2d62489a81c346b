#include "config.h"

/* Tools create, change, delete and list topics. */

#include <stdlib.h>

#include "broker/catalog/reply_after_commit.h"
#include "broker/catalog/system_topic.h"
#include "broker/catalog/topic_change.h"
#include "broker/cluster/masters.h"
#include "broker/context.h"
#include "broker/state/limit.h"
#include "broker/state/topic.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/name.h"
#include "common/protocol/name_list.h"

/* ---- 17, 18 ---------------------------------------------------------- */

static enum verdict
refuse(struct request *request, struct slice why)
{
	return request_refuse(request, RESPONSE_SYSTEM_ERROR, "%.*s", (int)why.len, why.data);
}

static enum verdict
change(struct request *request, const struct topic *list, size_t n, bool tell)
{
	struct broker *broker = request_broker(request);

	if (!topics_fit(broker, list, n))
		return refuse(request, slice_of(limit_remark(LIMIT_TOPICS)));
	topic_change(broker, list, n, tell,
	    &(struct change_done){
		request->loop, reply_after_commit, reply_after_commit_new(request) });
	return VERDICT_LATER;
}

/* The attributes that the topic has before a request changes them; true when there is none yet. */
static bool
attributes_now(const struct request *request, struct topic *topic)
{
	struct topic known;
	bool is_new = !topics_find(request_broker(request)->topics, slice_of(topic->name), &known);

	topic->attributes = is_new ? (struct attributes){ 0 } : known.attributes;
	return is_new;
}

/* MIXED is a message type only where the settings say so. Source: RocketMQ 5.3.3. */
static bool
becomes_mixed(
    const struct request *request, const struct topic *topic, const struct attributes *before)
{
	return !request_broker(request)->settings->enable_mixed_message_type &&
	       attributes_message_type(&topic->attributes) == MESSAGE_MIXED &&
	       attributes_message_type(before) != MESSAGE_MIXED;
}

static enum verdict
refuse_mixed(struct request *request)
{
	return request_refuse(
	    request, RESPONSE_INVALID_PARAMETER, "MIXED message type is not supported.");
}

static enum verdict
update_topic_begin(struct request *request)
{
	const struct create_topic_header *header = request->header;
	struct broker *broker = request_broker(request);
	struct slice why = topic_name_refusal(broker, header->topic, request->arena);
	bool if_absent = slice_is(command_ext(request->command, MASTERS_IF_ABSENT), "true");
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

	bool is_new = attributes_now(request, &topic);
	struct attributes before = topic.attributes;

	if (!is_new && if_absent)
		return VERDICT_REPLY;
	why = attributes_change(&topic.attributes, header->attributes, is_new, request->arena);
	if (why.data != NULL)
		return refuse(request, why);
	if (becomes_mixed(request, &topic, &before))
		return refuse_mixed(request);
	return change(request, &topic, 1, !if_absent);
}

static enum verdict
update_topic_list_begin(struct request *request)
{
	struct broker *broker = request_broker(request);
	const struct json *json = json_parse(request->arena, request->body);
	const struct json *list = json_member(json, "topicConfigList");
	size_t n = list != NULL ? list->n_children : 0, i = 0;

	if (list == NULL || list->type != JSON_ARRAY)
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "the body has no topicConfigList");
	if (!limits_allow(broker->limits, LIMIT_TOPICS, n))
		return refuse(request, slice_of(limit_remark(LIMIT_TOPICS)));
	struct topic *topics = arena_alloc(request->arena, n * sizeof *topics);

	for (const struct json *at = list->first; at != NULL; at = at->next, i++) {
		struct topic_config config;
		int read = topic_config_read(at, &config);
		struct slice why = read == 0
		                       ? topic_name_refusal(broker, config.name, request->arena)
		                       : SLICE_NONE;

		if (why.data != NULL)
			return refuse(request, why);
		if (read == -1 || topic_from_config(&config, &topics[i]) == -1)
			return request_refuse(request, RESPONSE_SYSTEM_ERROR,
			    "element %zu of topicConfigList is no topic", i);

		bool is_new = attributes_now(request, &topics[i]);
		struct attributes before = topics[i].attributes;

		why = attributes_change_json(
		    &topics[i].attributes, json_member(at, "attributes"), is_new, request->arena);
		if (why.data != NULL)
			return refuse(request, why);
		if (becomes_mixed(request, &topics[i], &before))
			return refuse_mixed(request);
	}
	return change(request, topics, n, true);
}

/* ---- 215 ------------------------------------------------------------- */

static enum verdict
delete_topic_begin(struct request *request)
{
	const struct topic_header *header = request->header;
	struct broker *broker = request_broker(request);
	struct slice why = topic_name_refusal(broker, header->topic, request->arena);

	if (why.data != NULL)
		return refuse(request, why);
	topic_delete(broker, header->topic,
	    &(struct change_done){
		request->loop, reply_after_commit, reply_after_commit_new(request) });
	return VERDICT_LATER;
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
