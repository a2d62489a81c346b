#include "config.h"

#include "common/protocol/headers.h"

/* ---- Sending ------------------------------------------------------------------- */

const struct field send_header_fields[] = {
	FIELD_ROW("producerGroup", FIELD_GROUP, send_header, producer_group, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, send_header, topic, true, 0),
	FIELD_ROW("defaultTopic", FIELD_TOPIC, send_header, default_topic, true, 0),
	FIELD_ROW("defaultTopicQueueNums", FIELD_INT32, send_header, default_topic_queues, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, send_header, queue_id, true, 0),
	FIELD_ROW("sysFlag", FIELD_INT32, send_header, sys_flag, true, 0),
	FIELD_ROW("bornTimestamp", FIELD_INT64, send_header, born_timestamp, true, 0),
	FIELD_ROW("flag", FIELD_INT32, send_header, flag, true, 0),
	FIELD_ROW("properties", FIELD_TEXT, send_header, properties, false, 0),
	FIELD_ROW("reconsumeTimes", FIELD_INT32, send_header, reconsume_times, false, 0),
	FIELD_ROW("unitMode", FIELD_BOOL, send_header, unit_mode, false, 0),
	FIELD_ROW("maxReconsumeTimes", FIELD_INT32, send_header, max_reconsume_times, false, -1),
	FIELD_ROW("batch", FIELD_BOOL, send_header, batch, false, 0),
	FIELD_ROW("bname", FIELD_BROKER, send_header, broker_name, false, 0),
	FIELD_END,
};

const struct field send_header_v2_fields[] = {
	FIELD_ROW("a", FIELD_GROUP, send_header, producer_group, true, 0),
	FIELD_ROW("b", FIELD_TOPIC, send_header, topic, true, 0),
	FIELD_ROW("c", FIELD_TOPIC, send_header, default_topic, true, 0),
	FIELD_ROW("d", FIELD_INT32, send_header, default_topic_queues, true, 0),
	FIELD_ROW("e", FIELD_INT32, send_header, queue_id, true, 0),
	FIELD_ROW("f", FIELD_INT32, send_header, sys_flag, true, 0),
	FIELD_ROW("g", FIELD_INT64, send_header, born_timestamp, true, 0),
	FIELD_ROW("h", FIELD_INT32, send_header, flag, true, 0),
	FIELD_ROW("i", FIELD_TEXT, send_header, properties, false, 0),
	FIELD_ROW("j", FIELD_INT32, send_header, reconsume_times, false, 0),
	FIELD_ROW("k", FIELD_BOOL, send_header, unit_mode, false, 0),
	FIELD_ROW("l", FIELD_INT32, send_header, max_reconsume_times, false, -1),
	FIELD_ROW("m", FIELD_BOOL, send_header, batch, false, 0),
	FIELD_ROW("n", FIELD_BROKER, send_header, broker_name, false, 0),
	FIELD_END,
};

const struct field send_reply_fields[] = {
	FIELD_ROW("msgId", FIELD_TEXT, send_answer, msg_id, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, send_answer, queue_id, true, 0),
	FIELD_ROW("queueOffset", FIELD_INT64, send_answer, queue_offset, true, 0),
	FIELD_ROW("transactionId", FIELD_TEXT, send_answer, transaction_id, false, 0),
	FIELD_ROW("MSG_REGION", FIELD_TEXT, send_answer, msg_region, false, 0),
	FIELD_ROW("TRACE_ON", FIELD_TEXT, send_answer, trace_on, false, 0),
	FIELD_ROW("batchUniqId", FIELD_TEXT, send_answer, batch_uniq_id, false, 0),
	FIELD_ROW("recallHandle", FIELD_TEXT, send_answer, recall_handle, false, 0),
	FIELD_END,
};

const struct field send_refusal_fields[] = {
	FIELD_ROW("MSG_REGION", FIELD_TEXT, send_answer, msg_region, false, 0),
	FIELD_ROW("TRACE_ON", FIELD_TEXT, send_answer, trace_on, false, 0),
	FIELD_END,
};

const struct field recall_header_fields[] = {
	FIELD_ROW("producerGroup", FIELD_GROUP, recall_header, producer_group, false, 0),
	FIELD_ROW("topic", FIELD_TOPIC, recall_header, topic, true, 0),
	FIELD_ROW("recallHandle", FIELD_TEXT, recall_header, recall_handle, true, 0),
	FIELD_ROW("bname", FIELD_BROKER, recall_header, broker_name, false, 0),
	FIELD_END,
};

const struct field recall_reply_fields[] = {
	FIELD_ROW("msgId", FIELD_TEXT, recall_answer, msg_id, true, 0),
	FIELD_ROW("MSG_REGION", FIELD_TEXT, recall_answer, msg_region, false, 0),
	FIELD_END,
};

const struct field recall_refusal_fields[] = {
	FIELD_ROW("MSG_REGION", FIELD_TEXT, recall_answer, msg_region, false, 0),
	FIELD_END,
};

const struct field end_transaction_header_fields[] = {
	FIELD_ROW("producerGroup", FIELD_GROUP, end_transaction_header, producer_group, true, 0),
	FIELD_ROW("tranStateTableOffset", FIELD_INT64, end_transaction_header,
	    tran_state_table_offset, true, 0),
	FIELD_ROW(
	    "commitLogOffset", FIELD_INT64, end_transaction_header, commit_log_offset, true, 0),
	FIELD_ROW(
	    "commitOrRollback", FIELD_INT32, end_transaction_header, commit_or_rollback, true, 0),
	FIELD_ROW("fromTransactionCheck", FIELD_BOOL, end_transaction_header, from_check, false, 0),
	FIELD_ROW("msgId", FIELD_TEXT, end_transaction_header, msg_id, true, 0),
	FIELD_ROW("transactionId", FIELD_TEXT, end_transaction_header, transaction_id, false, 0),
	FIELD_ROW("topic", FIELD_TOPIC, end_transaction_header, topic, false, 0),
	FIELD_ROW("bname", FIELD_BROKER, end_transaction_header, broker_name, false, 0),
	FIELD_END,
};

/* ---- Consuming ----------------------------------------------------------------- */

const struct field pull_header_fields[] = {
	FIELD_ROW("consumerGroup", FIELD_GROUP, pull_header, consumer_group, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, pull_header, topic, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, pull_header, queue_id, true, 0),
	FIELD_ROW("queueOffset", FIELD_INT64, pull_header, queue_offset, true, 0),
	FIELD_ROW("maxMsgNums", FIELD_INT32, pull_header, max_messages, true, 0),
	FIELD_ROW("sysFlag", FIELD_INT32, pull_header, sys_flag, true, 0),
	FIELD_ROW("commitOffset", FIELD_INT64, pull_header, commit_offset, true, 0),
	FIELD_ROW("suspendTimeoutMillis", FIELD_INT64, pull_header, suspend_timeout_ms, true, 0),
	FIELD_ROW("subscription", FIELD_TEXT, pull_header, subscription, false, 0),
	FIELD_ROW("subVersion", FIELD_INT64, pull_header, sub_version, true, 0),
	FIELD_ROW("expressionType", FIELD_LABEL, pull_header, expression_type, false, 0),
	FIELD_ROW("maxMsgBytes", FIELD_INT32, pull_header, max_bytes, false, -1),
	FIELD_ROW("requestSource", FIELD_INT32, pull_header, request_source, false, -1),
	FIELD_ROW("proxyFrowardClientId", FIELD_CLIENT_ID, pull_header, proxy_client_id, false, 0),
	FIELD_ROW("bname", FIELD_BROKER, pull_header, broker_name, false, 0),
	FIELD_END,
};

const struct field pull_reply_fields[] = {
	FIELD_ROW("suggestWhichBrokerId", FIELD_INT64, pull_reply, suggest_broker_id, true, 0),
	FIELD_ROW("nextBeginOffset", FIELD_INT64, pull_reply, next_begin_offset, true, 0),
	FIELD_ROW("minOffset", FIELD_INT64, pull_reply, min_offset, true, 0),
	FIELD_ROW("maxOffset", FIELD_INT64, pull_reply, max_offset, true, 0),
	FIELD_ROW("offsetDelta", FIELD_INT64, pull_reply, offset_delta, false, 0),
	FIELD_ROW("topicSysFlag", FIELD_INT32, pull_reply, topic_sys_flag, false, -1),
	FIELD_ROW("groupSysFlag", FIELD_INT32, pull_reply, group_sys_flag, false, -1),
	FIELD_ROW("forbiddenType", FIELD_INT32, pull_reply, forbidden_type, false, -1),
	FIELD_END,
};

const struct field send_back_header_fields[] = {
	FIELD_ROW("offset", FIELD_INT64, send_back_header, offset, true, 0),
	FIELD_ROW("group", FIELD_GROUP, send_back_header, group, true, 0),
	FIELD_ROW("delayLevel", FIELD_INT32, send_back_header, delay_level, true, 0),
	FIELD_ROW("originMsgId", FIELD_TEXT, send_back_header, origin_msg_id, false, 0),
	FIELD_ROW("originTopic", FIELD_TOPIC, send_back_header, origin_topic, false, 0),
	FIELD_ROW("unitMode", FIELD_BOOL, send_back_header, unit_mode, false, 0),
	FIELD_ROW(
	    "maxReconsumeTimes", FIELD_INT32, send_back_header, max_reconsume_times, false, -1),
	FIELD_ROW("bname", FIELD_BROKER, send_back_header, broker_name, false, 0),
	FIELD_END,
};

const struct field query_offset_header_fields[] = {
	FIELD_ROW("consumerGroup", FIELD_GROUP, query_offset_header, consumer_group, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, query_offset_header, topic, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, query_offset_header, queue_id, true, 0),
	FIELD_ROW("setZeroIfNotFound", FIELD_BOOL, query_offset_header, set_zero, false, 1),
	FIELD_ROW("bname", FIELD_BROKER, query_offset_header, broker_name, false, 0),
	FIELD_END,
};

const struct field update_offset_header_fields[] = {
	FIELD_ROW("consumerGroup", FIELD_GROUP, update_offset_header, consumer_group, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, update_offset_header, topic, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, update_offset_header, queue_id, true, 0),
	FIELD_ROW("commitOffset", FIELD_INT64, update_offset_header, commit_offset, true, 0),
	FIELD_ROW("bname", FIELD_BROKER, update_offset_header, broker_name, false, 0),
	FIELD_END,
};

const struct field search_offset_header_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, search_offset_header, topic, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, search_offset_header, queue_id, true, 0),
	FIELD_ROW("timestamp", FIELD_INT64, search_offset_header, timestamp, true, 0),
	FIELD_ROW("boundaryType", FIELD_LABEL, search_offset_header, boundary_type, false, 0),
	FIELD_ROW("bname", FIELD_BROKER, search_offset_header, broker_name, false, 0),
	FIELD_END,
};

const struct field queue_header_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, queue_header, topic, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, queue_header, queue_id, true, 0),
	FIELD_ROW("committed", FIELD_BOOL, queue_header, committed, false, 0),
	FIELD_ROW("bname", FIELD_BROKER, queue_header, broker_name, false, 0),
	FIELD_END,
};

const struct field offset_reply_fields[] = {
	FIELD_ROW("offset", FIELD_INT64, offset_reply, offset, true, 0),
	FIELD_END,
};

const struct field store_time_reply_fields[] = {
	FIELD_ROW("timestamp", FIELD_INT64, store_time_reply, timestamp, true, 0),
	FIELD_END,
};

const struct field view_message_header_fields[] = {
	FIELD_ROW("offset", FIELD_INT64, view_message_header, offset, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, view_message_header, topic, false, 0),
	FIELD_END,
};

const struct field query_message_header_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, query_message_header, topic, true, 0),
	FIELD_ROW("key", FIELD_TEXT, query_message_header, key, true, 0),
	FIELD_ROW("maxNum", FIELD_INT32, query_message_header, max_messages, true, 0),
	FIELD_ROW("beginTimestamp", FIELD_INT64, query_message_header, begin_timestamp, true, 0),
	FIELD_ROW("endTimestamp", FIELD_INT64, query_message_header, end_timestamp, true, 0),
	FIELD_ROW("_UNIQUE_KEY_QUERY", FIELD_BOOL, query_message_header, unique_key, false, 0),
	FIELD_END,
};

const struct field query_message_reply_fields[] = {
	FIELD_ROW("indexLastUpdateTimestamp", FIELD_INT64, query_message_reply,
	    last_update_timestamp, true, 0),
	FIELD_ROW("indexLastUpdatePhyoffset", FIELD_INT64, query_message_reply, last_update_offset,
	    true, 0),
	FIELD_END,
};

/* ---- Popping ------------------------------------------------------------------- */

const struct field pop_header_fields[] = {
	FIELD_ROW("consumerGroup", FIELD_GROUP, pop_header, consumer_group, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, pop_header, topic, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, pop_header, queue_id, true, 0),
	FIELD_ROW("maxMsgNums", FIELD_INT32, pop_header, max_messages, true, 0),
	FIELD_ROW("invisibleTime", FIELD_INT64, pop_header, invisible_time, true, 0),
	FIELD_ROW("pollTime", FIELD_INT64, pop_header, poll_time, true, 0),
	FIELD_ROW("bornTime", FIELD_INT64, pop_header, born_time, false, 0),
	FIELD_ROW("initMode", FIELD_INT32, pop_header, init_mode, true, 0),
	FIELD_ROW("expType", FIELD_LABEL, pop_header, expression_type, false, 0),
	FIELD_ROW("exp", FIELD_TEXT, pop_header, expression, false, 0),
	FIELD_ROW("order", FIELD_BOOL, pop_header, order, false, 0),
	FIELD_ROW("attemptId", FIELD_TEXT, pop_header, attempt_id, false, 0),
	FIELD_ROW("bname", FIELD_BROKER, pop_header, broker_name, false, 0),
	FIELD_END,
};

const struct field pop_reply_fields[] = {
	FIELD_ROW("popTime", FIELD_INT64, pop_reply, pop_time, true, 0),
	FIELD_ROW("invisibleTime", FIELD_INT64, pop_reply, invisible_time, true, 0),
	FIELD_ROW("reviveQid", FIELD_INT32, pop_reply, revive_queue, true, 0),
	FIELD_ROW("restNum", FIELD_INT64, pop_reply, rest, true, 0),
	FIELD_ROW("startOffsetInfo", FIELD_TEXT, pop_reply, start_offset_info, false, 0),
	FIELD_ROW("msgOffsetInfo", FIELD_TEXT, pop_reply, msg_offset_info, false, 0),
	FIELD_ROW("orderCountInfo", FIELD_TEXT, pop_reply, order_count_info, false, 0),
	FIELD_END,
};

const struct field ack_header_fields[] = {
	FIELD_ROW("consumerGroup", FIELD_GROUP, ack_header, consumer_group, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, ack_header, topic, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, ack_header, queue_id, true, 0),
	FIELD_ROW("extraInfo", FIELD_TEXT, ack_header, extra_info, true, 0),
	FIELD_ROW("offset", FIELD_INT64, ack_header, offset, true, 0),
	FIELD_ROW("bname", FIELD_BROKER, ack_header, broker_name, false, 0),
	FIELD_END,
};

const struct field change_invisible_header_fields[] = {
	FIELD_ROW("consumerGroup", FIELD_GROUP, ack_header, consumer_group, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, ack_header, topic, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, ack_header, queue_id, true, 0),
	FIELD_ROW("extraInfo", FIELD_TEXT, ack_header, extra_info, true, 0),
	FIELD_ROW("offset", FIELD_INT64, ack_header, offset, true, 0),
	FIELD_ROW("invisibleTime", FIELD_INT64, ack_header, invisible_time, true, 0),
	FIELD_ROW("bname", FIELD_BROKER, ack_header, broker_name, false, 0),
	FIELD_END,
};

const struct field change_invisible_reply_fields[] = {
	FIELD_ROW("popTime", FIELD_INT64, change_invisible_reply, pop_time, true, 0),
	FIELD_ROW("invisibleTime", FIELD_INT64, change_invisible_reply, invisible_time, true, 0),
	FIELD_ROW("reviveQid", FIELD_INT32, change_invisible_reply, revive_queue, true, 0),
	FIELD_END,
};

const struct field notification_header_fields[] = {
	FIELD_ROW("consumerGroup", FIELD_GROUP, notification_header, consumer_group, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, notification_header, topic, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, notification_header, queue_id, true, 0),
	FIELD_ROW("pollTime", FIELD_INT64, notification_header, poll_time, true, 0),
	FIELD_ROW("bornTime", FIELD_INT64, notification_header, born_time, false, 0),
	FIELD_ROW("order", FIELD_BOOL, notification_header, order, false, 0),
	FIELD_ROW("attemptId", FIELD_TEXT, notification_header, attempt_id, false, 0),
	FIELD_ROW("bname", FIELD_BROKER, notification_header, broker_name, false, 0),
	FIELD_END,
};

const struct field notification_reply_fields[] = {
	FIELD_ROW("hasMsg", FIELD_BOOL, notification_reply, has_message, true, 0),
	FIELD_ROW("pollingFull", FIELD_BOOL, notification_reply, polling_full, true, 0),
	FIELD_END,
};

const struct field polling_info_header_fields[] = {
	FIELD_ROW("consumerGroup", FIELD_GROUP, polling_info_header, consumer_group, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, polling_info_header, topic, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, polling_info_header, queue_id, true, 0),
	FIELD_ROW("bname", FIELD_BROKER, polling_info_header, broker_name, false, 0),
	FIELD_END,
};

const struct field polling_info_reply_fields[] = {
	FIELD_ROW("pollingNum", FIELD_INT32, polling_info_reply, n_polling, true, 0),
	FIELD_END,
};

/* ---- Being known --------------------------------------------------------------- */

const struct field unregister_client_header_fields[] = {
	FIELD_ROW("clientID", FIELD_CLIENT_ID, unregister_client_header, client_id, true, 0),
	FIELD_ROW("producerGroup", FIELD_GROUP, unregister_client_header, producer_group, false, 0),
	FIELD_ROW("consumerGroup", FIELD_GROUP, unregister_client_header, consumer_group, false, 0),
	FIELD_END,
};

const struct field heartbeat_reply_fields[] = {
	FIELD_ROW("IS_SUPPORT_HEART_BEAT_V2", FIELD_BOOL, heartbeat_reply, supports_v2, false, 0),
	FIELD_ROW("IS_SUB_CHANGE", FIELD_BOOL, heartbeat_reply, sub_changed, false, 0),
	FIELD_END,
};

const struct field consumer_group_header_fields[] = {
	FIELD_ROW("consumerGroup", FIELD_GROUP, consumer_group_header, consumer_group, true, 0),
	FIELD_END,
};

const struct field producer_group_header_fields[] = {
	FIELD_ROW("producerGroup", FIELD_GROUP, producer_group_header, producer_group, true, 0),
	FIELD_END,
};

/* ---- Pushed to clients by the broker ------------------------------------------- */

const struct field check_transaction_header_fields[] = {
	FIELD_ROW("tranStateTableOffset", FIELD_INT64, check_transaction_header,
	    tran_state_table_offset, true, 0),
	FIELD_ROW(
	    "commitLogOffset", FIELD_INT64, check_transaction_header, commit_log_offset, true, 0),
	FIELD_ROW("msgId", FIELD_TEXT, check_transaction_header, msg_id, false, 0),
	FIELD_ROW("transactionId", FIELD_TEXT, check_transaction_header, transaction_id, false, 0),
	FIELD_ROW("offsetMsgId", FIELD_TEXT, check_transaction_header, offset_msg_id, false, 0),
	FIELD_ROW("topic", FIELD_TOPIC, check_transaction_header, topic, false, 0),
	FIELD_ROW("bname", FIELD_BROKER, check_transaction_header, broker_name, false, 0),
	FIELD_END,
};

const struct field reset_offset_header_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, reset_offset_header, topic, true, 0),
	FIELD_ROW("group", FIELD_GROUP, reset_offset_header, group, true, 0),
	FIELD_ROW("timestamp", FIELD_INT64, reset_offset_header, timestamp, true, 0),
	FIELD_ROW("isForce", FIELD_BOOL, reset_offset_header, is_force, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, reset_offset_header, queue_id, false, -1),
	FIELD_ROW("offset", FIELD_INT64, reset_offset_header, offset, false, -1),
	FIELD_END,
};

const struct field consumer_status_header_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, consumer_status_header, topic, true, 0),
	FIELD_ROW("group", FIELD_GROUP, consumer_status_header, group, true, 0),
	FIELD_ROW("clientAddr", FIELD_CLIENT_ID, consumer_status_header, client_addr, false, 0),
	FIELD_END,
};

const struct field group_topic_header_fields[] = {
	FIELD_ROW("group", FIELD_GROUP, group_topic_header, group, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, group_topic_header, topic, false, 0),
	FIELD_ROW("readable", FIELD_LABEL, group_topic_header, readable, false, 0),
	FIELD_END,
};

const struct field running_info_header_fields[] = {
	FIELD_ROW("consumerGroup", FIELD_GROUP, running_info_header, consumer_group, true, 0),
	FIELD_ROW("clientId", FIELD_CLIENT_ID, running_info_header, client_id, true, 0),
	FIELD_ROW("jstackEnable", FIELD_BOOL, running_info_header, jstack, true, 0),
	FIELD_END,
};

const struct field consume_directly_header_fields[] = {
	FIELD_ROW("consumerGroup", FIELD_GROUP, consume_directly_header, consumer_group, true, 0),
	FIELD_ROW("clientId", FIELD_CLIENT_ID, consume_directly_header, client_id, false, 0),
	FIELD_ROW("msgId", FIELD_TEXT, consume_directly_header, msg_id, false, 0),
	FIELD_ROW("brokerName", FIELD_BROKER, consume_directly_header, broker_name, false, 0),
	FIELD_ROW("topic", FIELD_TOPIC, consume_directly_header, topic, false, 0),
	FIELD_ROW("topicSysFlag", FIELD_INT32, consume_directly_header, topic_sys_flag, false, -1),
	FIELD_ROW("groupSysFlag", FIELD_INT32, consume_directly_header, group_sys_flag, false, -1),
	FIELD_END,
};

const struct field push_reply_header_fields[] = {
	FIELD_ROW("producerGroup", FIELD_GROUP, push_reply_header, producer_group, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, push_reply_header, topic, true, 0),
	FIELD_ROW("defaultTopic", FIELD_TOPIC, push_reply_header, default_topic, true, 0),
	FIELD_ROW(
	    "defaultTopicQueueNums", FIELD_INT32, push_reply_header, default_topic_queues, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, push_reply_header, queue_id, true, 0),
	FIELD_ROW("sysFlag", FIELD_INT32, push_reply_header, sys_flag, true, 0),
	FIELD_ROW("bornTimestamp", FIELD_INT64, push_reply_header, born_timestamp, true, 0),
	FIELD_ROW("flag", FIELD_INT32, push_reply_header, flag, true, 0),
	FIELD_ROW("properties", FIELD_TEXT, push_reply_header, properties, false, 0),
	FIELD_ROW("reconsumeTimes", FIELD_INT32, push_reply_header, reconsume_times, true, 0),
	FIELD_ROW("unitMode", FIELD_BOOL, push_reply_header, unit_mode, true, 0),
	FIELD_ROW("bornHost", FIELD_ADDRESS, push_reply_header, born_host, true, 0),
	FIELD_ROW("storeHost", FIELD_ADDRESS, push_reply_header, store_host, true, 0),
	FIELD_ROW("storeTimestamp", FIELD_INT64, push_reply_header, store_timestamp, true, 0),
	FIELD_END,
};

/* ---- Name server --------------------------------------------------------------- */

const struct field route_header_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, route_header, topic, true, 0),
	FIELD_ROW(
	    "acceptStandardJsonOnly", FIELD_BOOL, route_header, accept_standard_json, false, 0),
	FIELD_ROW("__ZONE_MODE", FIELD_BOOL, route_header, zone_mode, false, 0),
	FIELD_ROW("__ZONE_NAME", FIELD_LABEL, route_header, zone_name, false, 0),
	FIELD_END,
};

const struct field kv_header_fields[] = {
	FIELD_ROW("namespace", FIELD_LABEL, kv_header, space, true, 0),
	FIELD_ROW("key", FIELD_LABEL, kv_header, key, true, 0),
	FIELD_END,
};

const struct field put_kv_header_fields[] = {
	FIELD_ROW("namespace", FIELD_LABEL, kv_header, space, true, 0),
	FIELD_ROW("key", FIELD_LABEL, kv_header, key, true, 0),
	FIELD_ROW("value", FIELD_TEXT, kv_header, value, true, 0),
	FIELD_END,
};

const struct field kv_reply_fields[] = {
	FIELD_ROW("value", FIELD_TEXT, kv_reply, value, false, 0),
	FIELD_END,
};

const struct field namespace_header_fields[] = {
	FIELD_ROW("namespace", FIELD_LABEL, namespace_header, space, true, 0),
	FIELD_END,
};

const struct field register_broker_header_fields[] = {
	FIELD_ROW("brokerName", FIELD_BROKER, register_broker_header, broker_name, true, 0),
	FIELD_ROW("brokerAddr", FIELD_ADDRESS, register_broker_header, broker_addr, true, 0),
	FIELD_ROW("clusterName", FIELD_CLUSTER, register_broker_header, cluster_name, true, 0),
	FIELD_ROW("haServerAddr", FIELD_ADDRESS, register_broker_header, ha_server_addr, true, 0),
	FIELD_ROW("brokerId", FIELD_INT64, register_broker_header, broker_id, true, 0),
	FIELD_ROW("compressed", FIELD_BOOL, register_broker_header, compressed, false, 0),
	FIELD_ROW("bodyCrc32", FIELD_INT32, register_broker_header, body_crc32, false, 0),
	FIELD_ROW("heartbeatTimeoutMillis", FIELD_INT64, register_broker_header,
	    heartbeat_timeout_ms, false, -1),
	FIELD_ROW("enableActingMaster", FIELD_BOOL, register_broker_header, enable_acting_master,
	    false, 0),
	FIELD_ROW("__ZONE_NAME", FIELD_LABEL, register_broker_header, zone_name, false, 0),
	FIELD_ROW("masterEpoch", FIELD_INT32, register_broker_header, master_epoch, false, 0),
	FIELD_END,
};

const struct field register_broker_reply_fields[] = {
	FIELD_ROW("haServerAddr", FIELD_ADDRESS, register_broker_reply, ha_server_addr, false, 0),
	FIELD_ROW("masterAddr", FIELD_ADDRESS, register_broker_reply, master_addr, false, 0),
	FIELD_END,
};

const struct field broker_identity_header_fields[] = {
	FIELD_ROW("brokerName", FIELD_BROKER, broker_identity_header, broker_name, true, 0),
	FIELD_ROW("brokerAddr", FIELD_ADDRESS, broker_identity_header, broker_addr, true, 0),
	FIELD_ROW("clusterName", FIELD_CLUSTER, broker_identity_header, cluster_name, true, 0),
	FIELD_ROW("brokerId", FIELD_INT64, broker_identity_header, broker_id, true, 0),
	FIELD_END,
};

const struct field data_version_reply_fields[] = {
	FIELD_ROW("changed", FIELD_BOOL, data_version_reply, changed, true, 0),
	FIELD_END,
};

const struct field broker_heartbeat_header_fields[] = {
	FIELD_ROW("clusterName", FIELD_CLUSTER, broker_heartbeat_header, cluster_name, true, 0),
	FIELD_ROW("brokerAddr", FIELD_ADDRESS, broker_heartbeat_header, broker_addr, true, 0),
	FIELD_ROW("brokerName", FIELD_BROKER, broker_heartbeat_header, broker_name, true, 0),
	FIELD_ROW("brokerId", FIELD_INT64, broker_heartbeat_header, broker_id, false, -1),
	FIELD_ROW("epoch", FIELD_INT32, broker_heartbeat_header, epoch, false, -1),
	FIELD_ROW("maxOffset", FIELD_INT64, broker_heartbeat_header, max_offset, false, -1),
	FIELD_ROW("confirmOffset", FIELD_INT64, broker_heartbeat_header, confirm_offset, false, -1),
	FIELD_ROW("heartbeatTimeoutMills", FIELD_INT64, broker_heartbeat_header,
	    heartbeat_timeout_ms, false, -1),
	FIELD_ROW(
	    "electionPriority", FIELD_INT32, broker_heartbeat_header, election_priority, false, -1),
	FIELD_END,
};

const struct field member_group_header_fields[] = {
	FIELD_ROW("clusterName", FIELD_CLUSTER, member_group_header, cluster_name, true, 0),
	FIELD_ROW("brokerName", FIELD_BROKER, member_group_header, broker_name, true, 0),
	FIELD_END,
};

const struct field cluster_header_fields[] = {
	FIELD_ROW("cluster", FIELD_CLUSTER, cluster_header, cluster, true, 0),
	FIELD_END,
};

const struct field broker_name_header_fields[] = {
	FIELD_ROW("brokerName", FIELD_BROKER, broker_name_header, broker_name, true, 0),
	FIELD_END,
};

const struct field wipe_write_perm_reply_fields[] = {
	FIELD_ROW("wipeTopicCount", FIELD_INT32, write_perm_reply, topic_count, true, 0),
	FIELD_END,
};

const struct field add_write_perm_reply_fields[] = {
	FIELD_ROW("addTopicCount", FIELD_INT32, write_perm_reply, topic_count, true, 0),
	FIELD_END,
};

const struct field delete_route_header_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, delete_route_header, topic, true, 0),
	FIELD_ROW("clusterName", FIELD_CLUSTER, delete_route_header, cluster_name, false, 0),
	FIELD_END,
};

/* ---- Admin requests to the broker ---------------------------------------------- */

const struct field topic_header_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, topic_header, topic, true, 0),
	FIELD_END,
};

const struct field create_topic_header_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, create_topic_header, topic, true, 0),
	FIELD_ROW("defaultTopic", FIELD_TOPIC, create_topic_header, default_topic, true, 0),
	FIELD_ROW("readQueueNums", FIELD_INT32, create_topic_header, read_queues, true, 0),
	FIELD_ROW("writeQueueNums", FIELD_INT32, create_topic_header, write_queues, true, 0),
	FIELD_ROW("perm", FIELD_INT32, create_topic_header, perm, true, 0),
	FIELD_ROW("topicFilterType", FIELD_LABEL, create_topic_header, topic_filter_type, true, 0),
	FIELD_ROW("topicSysFlag", FIELD_INT32, create_topic_header, topic_sys_flag, false, 0),
	FIELD_ROW("order", FIELD_BOOL, create_topic_header, order, false, 0),
	FIELD_ROW("attributes", FIELD_TEXT, create_topic_header, attributes, false, 0),
	FIELD_ROW("force", FIELD_BOOL, create_topic_header, force, false, 0),
	FIELD_END,
};

const struct field group_header_fields[] = {
	FIELD_ROW("group", FIELD_GROUP, group_header, group, true, 0),
	FIELD_END,
};

const struct field delete_group_header_fields[] = {
	FIELD_ROW("groupName", FIELD_GROUP, delete_group_header, group_name, true, 0),
	FIELD_ROW("removeOffset", FIELD_BOOL, delete_group_header, remove_offset, false, 0),
	FIELD_ROW("cleanOffset", FIELD_BOOL, delete_group_header, clean_offset, false, 0),
	FIELD_END,
};

const struct field config_reply_fields[] = {
	FIELD_ROW("version", FIELD_TEXT, config_reply, version, true, 0),
	FIELD_END,
};

const struct field consume_stats_header_fields[] = {
	FIELD_ROW("consumerGroup", FIELD_GROUP, consume_stats_header, consumer_group, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, consume_stats_header, topic, false, 0),
	FIELD_END,
};

const struct field broker_consume_stats_header_fields[] = {
	FIELD_ROW("isOrder", FIELD_BOOL, broker_consume_stats_header, is_order, true, 0),
	FIELD_END,
};

const struct field topic_group_header_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, topic_group_header, topic, true, 0),
	FIELD_ROW("group", FIELD_GROUP, topic_group_header, group, true, 0),
	FIELD_END,
};

const struct field correction_offset_header_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, correction_offset_header, topic, true, 0),
	FIELD_ROW("compareGroup", FIELD_GROUP, correction_offset_header, compare_group, true, 0),
	FIELD_ROW("filterGroups", FIELD_TEXT, correction_offset_header, filter_groups, false, 0),
	FIELD_END,
};

const struct field clone_offset_header_fields[] = {
	FIELD_ROW("srcGroup", FIELD_GROUP, clone_offset_header, src_group, true, 0),
	FIELD_ROW("destGroup", FIELD_GROUP, clone_offset_header, dest_group, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, clone_offset_header, topic, false, 0),
	FIELD_ROW("offline", FIELD_BOOL, clone_offset_header, offline, false, 0),
	FIELD_END,
};

const struct field view_stats_header_fields[] = {
	FIELD_ROW("statsName", FIELD_LABEL, view_stats_header, stats_name, true, 0),
	FIELD_ROW("statsKey", FIELD_LABEL, view_stats_header, stats_key, true, 0),
	FIELD_END,
};

const struct field query_queue_header_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, query_queue_header, topic, true, 0),
	FIELD_ROW("queueId", FIELD_INT32, query_queue_header, queue_id, true, 0),
	FIELD_ROW("index", FIELD_INT64, query_queue_header, index, true, 0),
	FIELD_ROW("count", FIELD_INT32, query_queue_header, count, true, 0),
	FIELD_ROW("consumerGroup", FIELD_GROUP, query_queue_header, consumer_group, false, 0),
	FIELD_END,
};

const struct field resume_check_header_fields[] = {
	FIELD_ROW("msgId", FIELD_TEXT, resume_check_header, msg_id, true, 0),
	FIELD_ROW("topic", FIELD_TOPIC, resume_check_header, topic, false, 0),
	FIELD_END,
};

/* ---- Transactions: TwinMQ's own ------------------------------------------------ */

#define LIST_TIMERS_LIMIT 100
#define LIST_TRANSACTIONS_LIMIT 100 /* when the client does not say */

const struct field list_timers_header_fields[] = {
	FIELD_ROW("topic", FIELD_TOPIC, list_timers_header, topic, false, 0),
	FIELD_ROW("from", FIELD_INT64, list_timers_header, from_ms, false, 0),
	FIELD_ROW("to", FIELD_INT64, list_timers_header, to_ms, false, 0),
	FIELD_ROW("limit", FIELD_INT32, list_timers_header, limit, false, LIST_TIMERS_LIMIT),
	FIELD_ROW("cursor", FIELD_TEXT, list_timers_header, cursor, false, 0),
	FIELD_END,
};

const struct field list_transactions_header_fields[] = {
	FIELD_ROW("state", FIELD_TEXT, list_transactions_header, state, false, 0),
	FIELD_ROW("group", FIELD_GROUP, list_transactions_header, group, false, 0),
	FIELD_ROW("topic", FIELD_TOPIC, list_transactions_header, topic, false, 0),
	FIELD_ROW("key", FIELD_TEXT, list_transactions_header, key, false, 0),
	FIELD_ROW("olderThanMs", FIELD_INT64, list_transactions_header, older_than_ms, false, 0),
	FIELD_ROW(
	    "limit", FIELD_INT32, list_transactions_header, limit, false, LIST_TRANSACTIONS_LIMIT),
	FIELD_ROW("cursor", FIELD_TEXT, list_transactions_header, cursor, false, 0),
	FIELD_END,
};

const struct field move_in_header_fields[] = {
	FIELD_ROW("action", FIELD_TEXT, move_in_header, action, true, 0),
	FIELD_ROW("role", FIELD_TEXT, move_in_header, role, false, 0),
	FIELD_ROW("force", FIELD_BOOL, move_in_header, force, false, 0),
	FIELD_END,
};

const struct field query_sql_header_fields[] = {
	FIELD_ROW("maxRows", FIELD_INT32, query_sql_header, max_rows, false, 0),
	FIELD_END,
};

const struct field replay_dead_letter_header_fields[] = {
	FIELD_ROW("group", FIELD_GROUP, replay_dead_letter_header, group, true, 0),
	FIELD_ROW("offset", FIELD_INT64, replay_dead_letter_header, offset, true, 0),
	FIELD_END,
};

const struct field query_trend_header_fields[] = {
	FIELD_ROW("kind", FIELD_TEXT, query_trend_header, kind, true, 0),
	FIELD_ROW("name", FIELD_TEXT, query_trend_header, name, false, 0),
	FIELD_ROW("after", FIELD_TEXT, query_trend_header, after, false, 0),
	FIELD_ROW("points", FIELD_INT32, query_trend_header, points, false, 0),
	FIELD_ROW("limit", FIELD_INT32, query_trend_header, limit, false, 0),
	FIELD_END,
};

const struct field transaction_header_fields[] = {
	FIELD_ROW("id", FIELD_TEXT, transaction_header, id, true, 0),
	FIELD_ROW("by", FIELD_TEXT, transaction_header, by, false, 0),
	FIELD_END,
};

const struct field resolve_transaction_header_fields[] = {
	FIELD_ROW("id", FIELD_TEXT, resolve_transaction_header, id, true, 0),
	FIELD_ROW("decision", FIELD_TEXT, resolve_transaction_header, decision, true, 0),
	FIELD_ROW("by", FIELD_TEXT, resolve_transaction_header, by, false, 0),
	FIELD_ROW("reason", FIELD_TEXT, resolve_transaction_header, reason, true, 0),
	FIELD_END,
};

const struct field resolve_transaction_reply_fields[] = {
	FIELD_ROW("position", FIELD_INT64, resolve_transaction_reply, position, true, 0),
	FIELD_ROW("outcome", FIELD_TEXT, resolve_transaction_reply, outcome, true, 0),
	FIELD_END,
};

const struct field producer_group_settings_header_fields[] = {
	FIELD_ROW("group", FIELD_GROUP, producer_group_settings_header, group, true, 0),
	FIELD_ROW("policy", FIELD_TEXT, producer_group_settings_header, policy, false, 0),
	FIELD_ROW("checkUrl", FIELD_LABEL, producer_group_settings_header, check_url, false, 0),
	FIELD_END,
};

const struct field relay_check_header_fields[] = {
	FIELD_ROW("group", FIELD_GROUP, relay_check_header, group, true, 0),
	FIELD_ROW("bornHost", FIELD_ADDRESS, relay_check_header, born_host, false, 0),
	FIELD_ROW("probe", FIELD_BOOL, relay_check_header, probe, false, 0),
	FIELD_ROW("relayKey", FIELD_TEXT, relay_check_header, relay_key, false, 0),
	FIELD_ROW("confirm", FIELD_BOOL, relay_check_header, confirm, false, 0),
	FIELD_ROW("tranStateTableOffset", FIELD_INT64, relay_check_header,
	    check.tran_state_table_offset, true, 0),
	FIELD_ROW(
	    "commitLogOffset", FIELD_INT64, relay_check_header, check.commit_log_offset, true, 0),
	FIELD_ROW("msgId", FIELD_TEXT, relay_check_header, check.msg_id, false, 0),
	FIELD_ROW("transactionId", FIELD_TEXT, relay_check_header, check.transaction_id, false, 0),
	FIELD_ROW("offsetMsgId", FIELD_TEXT, relay_check_header, check.offset_msg_id, false, 0),
	FIELD_ROW("topic", FIELD_TOPIC, relay_check_header, check.topic, false, 0),
	FIELD_ROW("bname", FIELD_BROKER, relay_check_header, check.broker_name, true, 0),
	FIELD_END,
};

const struct field host_view_header_fields[] = {
	FIELD_ROW("names", FIELD_TEXT, host_view_header, names, false, 0),
	FIELD_END,
};
