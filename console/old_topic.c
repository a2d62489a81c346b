#include "config.h"

/* /topic of the old console. */

#include "common/protocol/queue_stats.h"
#include "common/protocol/topic_config.h"
#include "console/old.h"

#define TEST_GROUP "SELF_TEST_P_GROUP" /* of MixAll: producers of test messages */

static int
list_topics(struct old_call *call)
{
	static const struct old_member members[] = { { "topicList", "[]" },
		{ "brokerAddr", "null" }, { NULL, NULL } };
	struct admin_request ask = { .code = REQUEST_GET_ALL_TOPIC_LIST_FROM_NAMESERVER };
	const struct json *list = old_ask(call, &ask);

	if (list == NULL)
		return -1;
	old_put_members(&call->data, list, members);
	return 0;
}

/* ---- offsets ---------------------------------------------------------- */

static void
put_queue_key(struct json_out *out, struct arena *arena, const struct message_queue *queue)
{
	json_key_slice(
	    out, arena_printf(arena, "MessageQueue [topic=%.*s, brokerName=%.*s, queueId=%d]",
		     (int)queue->topic.len, queue->topic.data, (int)queue->broker_name.len,
		     queue->broker_name.data, (int)queue->id));
}

static int
put_offsets(struct old_call *call, struct slice topic, struct slice address)
{
	struct topic_header header = { topic };
	struct admin_request ask = { address, REQUEST_GET_TOPIC_STATS_INFO, topic_header_fields,
		&header, SLICE("") };
	struct json_out *out = &call->data;
	const struct queue_stats *stats;
	struct twinmq_reply reply;
	size_t n;

	if (admin_must(call->admin, &ask, &reply) == -1)
		return -1;
	if (topic_stats_read(&call->admin->arena, reply.body, &stats, &n) == -1)
		return admin_bad_body(call->admin, &ask);
	for (size_t i = 0; i < n; i++) {
		put_queue_key(out, &call->admin->arena, &stats[i].queue);
		json_open_object(out);
		json_member_put_int(out, "minOffset", stats[i].min_offset);
		json_member_put_int(out, "maxOffset", stats[i].max_offset);
		json_member_put_int(out, "lastUpdateTimestamp", stats[i].last_update);
		json_close_object(out);
	}
	return 0;
}

static int
show_stats(struct old_call *call)
{
	struct targets brokers;
	struct slice topic;

	if (old_need(call, "topic", &topic) == -1 ||
	    admin_topic_brokers(call->admin, topic, &brokers) == -1)
		return -1;
	json_open_object(&call->data);
	json_key(&call->data, "offsetTable");
	json_open_object(&call->data);
	for (size_t i = 0; i < brokers.n; i++)
		if (put_offsets(call, topic, brokers.list[i].address) == -1)
			return -1;
	json_close_object(&call->data);
	json_close_object(&call->data);
	return 0;
}

/* ---- the route and the settings --------------------------------------- */

static void
put_list(struct json_out *out, const char *name, const struct json *list,
    const struct old_member *members)
{
	json_key(out, name);
	json_open_array(out);
	for (const struct json *one = list != NULL ? list->first : NULL; one != NULL;
	     one = one->next)
		old_put_members(out, one, members);
	json_close_array(out);
}

static int
show_route(struct old_call *call)
{
	static const struct old_member route[] = { { "orderTopicConf", "null" },
		{ "filterServerTable", "{}" }, { NULL, NULL } };
	static const struct old_member queue[] = { { "brokerName", "null" },
		{ "readQueueNums", "0" }, { "writeQueueNums", "0" }, { "perm", "0" },
		{ "topicSynFlag", "0" }, { NULL, NULL } };
	static const struct old_member broker[] = { { "cluster", "null" }, { "brokerName", "null" },
		{ "brokerAddrs", "{}" }, { NULL, NULL } };
	struct route_header header = { .accept_standard_json = true };
	struct admin_request ask = { .code = REQUEST_GET_ROUTEINFO_BY_TOPIC,
		.fields = route_header_fields,
		.header = &header };
	const struct json *body;

	if (old_need(call, "topic", &header.topic) == -1 || (body = old_ask(call, &ask)) == NULL)
		return -1;
	json_open_object(&call->data);
	old_put_inner(&call->data, body, route);
	put_list(&call->data, "queueDatas", json_member(body, "queueDatas"), queue);
	put_list(&call->data, "brokerDatas", json_member(body, "brokerDatas"), broker);
	json_close_object(&call->data);
	return 0;
}

/* Of one broker; a broker of before 4.9 does not tell. */
static bool
is_ordered(struct old_call *call, struct slice topic, struct slice address)
{
	struct topic_header header = { topic };
	struct admin_request ask = { address, REQUEST_GET_TOPIC_CONFIG, topic_header_fields,
		&header, SLICE("") };
	struct twinmq_reply reply;

	return admin_ask(call->admin, &ask, &reply) == 0 &&
	       json_member_bool(
		   json_parse(&call->admin->arena, arena_copy(&call->admin->arena, reply.body)),
		   "order", false);
}

static void
put_config(struct old_call *call, struct slice topic, const struct queue_data *queues, bool order)
{
	struct json_out *out = &call->data;

	json_open_object(out);
	json_key(out, "clusterNameList");
	json_put_null(out);
	json_key(out, "brokerNameList");
	json_open_array(out);
	json_put_slice(out, queues->broker_name);
	json_close_array(out);
	json_member_put_slice(out, "topicName", topic);
	json_member_put_int(out, "writeQueueNums", queues->write_queues);
	json_member_put_int(out, "readQueueNums", queues->read_queues);
	json_member_put_int(out, "perm", queues->perm);
	json_member_put_bool(out, "order", order);
	json_close_object(out);
}

static int
show_configs(struct old_call *call)
{
	struct slice topic;
	struct route route;

	if (old_need(call, "topic", &topic) == -1)
		return -1;
	if (twinmq_route(call->admin->mq, topic, &call->admin->arena, &route) == -1)
		return admin_fail_call(call->admin);
	json_open_array(&call->data);
	for (size_t i = 0; i < route.n_queues; i++)
		for (size_t j = 0; j < route.n_brokers; j++) {
			struct slice address = broker_data_address(&route.brokers[j]);

			if (slice_equal(route.queues[i].broker_name, route.brokers[j].name))
				put_config(call, topic, &route.queues[i],
				    address.data != NULL && is_ordered(call, topic, address));
		}
	json_close_array(&call->data);
	return 0;
}

/* ---- changes ---------------------------------------------------------- */

static int
update_topic(struct old_call *call)
{
	const struct json *body = call->body;
	const char *flags[] = { "topic", old_text(call, json_member_text(body, "topicName")),
		"readQueueNums", old_text(call, json_member_text(body, "readQueueNums")),
		"writeQueueNums", old_text(call, json_member_text(body, "writeQueueNums")), "perm",
		old_text(call, json_member_text(body, "perm")), "order",
		json_member_bool(body, "order", false) ? "true" : NULL, "brokerAddr", NULL, NULL };
	const size_t broker = sizeof flags / sizeof *flags - 2;
	struct targets masters;

	if (old_named_masters(call, &masters) == -1)
		return -1;
	for (size_t i = 0; i < masters.n; i++) {
		flags[broker] = old_text(call, masters.list[i].name);
		if (old_command(call, NULL, "updateTopic", flags) == -1)
			return -1;
	}
	json_put_bool(&call->data, true);
	return 0;
}

static int
delete_in_cluster(struct old_call *call, struct slice topic, struct slice cluster)
{
	return old_command(call, NULL, "deleteTopic",
	    (const char *const[]){
		"topic", old_text(call, topic), "clusterName", old_text(call, cluster), NULL });
}

/* Without clusterName: in all clusters. */
static int
delete_topic(struct old_call *call)
{
	struct slice topic, cluster = slice_trim(old_parameter(call, "clusterName"));
	struct cluster_info info;

	if (old_need(call, "topic", &topic) == -1)
		return -1;
	if (cluster.len != 0) {
		if (delete_in_cluster(call, topic, cluster) == -1)
			return -1;
	} else if (twinmq_cluster_info(call->admin->mq, &call->admin->arena, &info) == -1) {
		return admin_fail_call(call->admin);
	} else {
		for (size_t i = 0; i < info.n_clusters; i++)
			if (delete_in_cluster(call, topic, info.clusters[i].name) == -1)
				return -1;
	}
	json_put_bool(&call->data, true);
	return 0;
}

static int
delete_in_broker(struct old_call *call)
{
	struct topic_header header;
	struct admin_request ask = { .code = REQUEST_DELETE_TOPIC_IN_BROKER,
		.fields = topic_header_fields,
		.header = &header };
	struct twinmq_reply reply;
	struct targets masters;
	struct slice name;

	if (old_need(call, "brokerName", &name) == -1 ||
	    old_need(call, "topic", &header.topic) == -1 ||
	    admin_cluster_brokers(call->admin, SLICE_NONE, TARGET_MASTERS, &masters) == -1)
		return -1;
	for (size_t i = 0; i < masters.n; i++)
		if (slice_equal(masters.list[i].name, name))
			ask.address = masters.list[i].address;
	if (ask.address.data == NULL)
		return admin_fail(
		    call->admin, "no master has the name %.*s", (int)name.len, name.data);
	if (admin_must(call->admin, &ask, &reply) == -1)
		return -1;
	json_put_bool(&call->data, true);
	return 0;
}

/* ---- a test message --------------------------------------------------- */

static void
put_sent(struct json_out *out, const struct send_result *result)
{
	json_open_object(out);
	json_member_put_text(out, "sendStatus", send_status_name(result->code));
	json_member_put_text(out, "msgId", result->unique_id);
	json_key(out, "messageQueue");
	json_open_object(out);
	json_member_put_slice(out, "topic", result->queue.topic);
	json_member_put_slice(out, "brokerName", result->queue.broker_name);
	json_member_put_int(out, "queueId", result->queue.id);
	json_close_object(out);
	json_member_put_int(out, "queueOffset", result->queue_offset);
	json_member_put_slice(out, "transactionId", SLICE_NONE);
	json_member_put_slice(out, "offsetMsgId", result->message_id);
	json_member_put_text(out, "regionId", "DefaultRegion");
	json_member_put_bool(out, "traceOn", true);
	json_close_object(out);
}

static int
send_message(struct old_call *call)
{
	struct message message = {
		.topic = json_member_text(call->body, "topic"),
		.tags = json_member_text(call->body, "tag"),
		.keys = json_member_text(call->body, "key"),
		.body = json_member_text(call->body, "messageBody"),
		.queue_id = MESSAGE_ANY_QUEUE,
	};
	struct admin *admin = call->admin;
	struct send_result result;

	if (message.topic.len == 0 || message.body.data == NULL)
		return admin_fail(admin, "topic and messageBody are needed");
	struct producer *producer =
	    producer_new(admin->mq, &(struct producer_options){ .group = TEST_GROUP });
	int sent = producer_send(producer, &message, &admin->arena, &result);
	producer_free(producer);
	if (sent == -1)
		return admin_fail_call(admin);
	put_sent(&call->data, &result);
	return 0;
}

/* ---- who reads it ----------------------------------------------------- */

/* {"groupList":[..]} of the first broker that has the topic, as mqadmin of RocketMQ asks. */
static int
list_groups(struct old_call *call)
{
	static const struct old_member members[] = { { "groupList", "[]" }, { NULL, NULL } };
	struct topic_header header;
	struct admin_request ask = { .code = REQUEST_QUERY_TOPIC_CONSUME_BY_WHO,
		.fields = topic_header_fields,
		.header = &header };
	const struct json *body;
	struct targets brokers;

	if (old_need(call, "topic", &header.topic) == -1 ||
	    admin_topic_brokers(call->admin, header.topic, &brokers) == -1)
		return -1;
	ask.address = brokers.n != 0 ? brokers.list[0].address : SLICE("");
	body = old_ask(call, &ask);
	if (body == NULL)
		return -1;
	old_put_members(&call->data, body, members);
	return 0;
}

const struct http_route old_topic_routes[] = {
	OLD_QUERY("/topic/list.query", list_topics),
	OLD_QUERY("/topic/stats.query", show_stats),
	OLD_QUERY("/topic/route.query", show_route),
	OLD_QUERY("/topic/examineTopicConfig.query", show_configs),
	OLD_QUERY("/topic/queryTopicConsumerInfo.query", list_groups),
	OLD_DO("/topic/createOrUpdate.do", HTTP_MAY_WRITE, update_topic),
	OLD_DO("/topic/sendTopicMessage.do", HTTP_MAY_WRITE, send_message),
	OLD_DO("/topic/deleteTopic.do", HTTP_MAY_ADMIN, delete_topic),
	OLD_DO("/topic/deleteTopicByBroker.do", HTTP_MAY_ADMIN, delete_in_broker),
	{ NULL },
};
