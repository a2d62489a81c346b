#include "config.h"

/* Every request that the broker knows: one row each. */

#include "broker/handlers.h"

#include "broker/context.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

const struct handler broker_handlers[] = {
	/* messages */
	HANDLER_TYPED(SEND_MESSAGE, send_header, send_message_begin, HANDLER_WRITE),
	{ REQUEST_SEND_MESSAGE_V2, "SEND_MESSAGE_V2", send_header_v2_fields,
	    sizeof(struct send_header), send_message_begin, HANDLER_WRITE },
	{ REQUEST_SEND_BATCH_MESSAGE, "SEND_BATCH_MESSAGE", send_header_v2_fields,
	    sizeof(struct send_header), send_message_begin, HANDLER_WRITE },
	HANDLER_TYPED(
	    END_TRANSACTION, end_transaction_header, end_transaction_begin, HANDLER_WRITE),
	HANDLER_TYPED(PULL_MESSAGE, pull_header, pull_message_begin, HANDLER_MAIN_PORT),
	HANDLER_TYPED(LITE_PULL_MESSAGE, pull_header, pull_message_begin, HANDLER_MAIN_PORT),
	HANDLER_TYPED(QUERY_MESSAGE, query_message_header, query_message_begin, 0),
	HANDLER_TYPED(VIEW_MESSAGE_BY_ID, view_message_header, view_message_begin, 0),

	/* offsets */
	HANDLER_TYPED(QUERY_CONSUMER_OFFSET, query_offset_header, query_offset_begin, 0),
	HANDLER_TYPED(UPDATE_CONSUMER_OFFSET, update_offset_header, update_offset_begin, 0),
	HANDLER_TYPED(SEARCH_OFFSET_BY_TIMESTAMP, search_offset_header, search_offset_begin, 0),
	HANDLER_TYPED(GET_MAX_OFFSET, queue_header, get_max_offset_begin, 0),
	HANDLER_TYPED(GET_MIN_OFFSET, queue_header, get_min_offset_begin, 0),
	HANDLER_TYPED(GET_EARLIEST_MSG_STORETIME, queue_header, get_earliest_time_begin, 0),
	HANDLER_PLAIN(GET_ALL_CONSUMER_OFFSET, get_all_offsets_begin, 0),

	/* clients */
	HANDLER_PLAIN(HEART_BEAT, heart_beat_begin, 0),
	HANDLER_TYPED(UNREGISTER_CLIENT, unregister_client_header, unregister_client_begin, 0),
	HANDLER_TYPED(
	    GET_CONSUMER_LIST_BY_GROUP, consumer_group_header, get_consumer_list_begin, 0),
	HANDLER_PLAIN(CHECK_CLIENT_CONFIG, check_client_config_begin, 0),
	HANDLER_TYPED(
	    GET_CONSUMER_CONNECTION_LIST, consumer_group_header, get_consumer_connections_begin, 0),
	HANDLER_TYPED(
	    GET_PRODUCER_CONNECTION_LIST, producer_group_header, get_producer_connections_begin, 0),
	HANDLER_PLAIN(GET_ALL_PRODUCER_INFO, get_all_producers_begin, 0),
	HANDLER_TYPED(GET_CONSUMER_RUNNING_INFO, running_info_header, get_running_info_begin, 0),

	HANDLER_TYPED(CONSUMER_SEND_MSG_BACK, send_back_header, send_back_begin, HANDLER_WRITE),

	/* topics */
	HANDLER_TYPED(
	    UPDATE_AND_CREATE_TOPIC, create_topic_header, update_topic_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(UPDATE_AND_CREATE_TOPIC_LIST, update_topic_list_begin, HANDLER_ADMIN),
	HANDLER_TYPED(DELETE_TOPIC_IN_BROKER, topic_header, delete_topic_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(GET_ALL_TOPIC_CONFIG, get_all_topics_begin, 0),
	HANDLER_TYPED(GET_TOPIC_CONFIG, topic_header, get_topic_begin, 0),
	HANDLER_PLAIN(GET_SYSTEM_TOPIC_LIST_FROM_BROKER, get_system_topics_begin, 0),
	HANDLER_TYPED(GET_TOPIC_STATS_INFO, topic_header, get_topic_stats_begin, 0),

	/* groups */
	HANDLER_PLAIN(UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, update_group_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(
	    UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, update_group_list_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(GET_ALL_SUBSCRIPTIONGROUP_CONFIG, get_all_groups_begin, 0),
	HANDLER_TYPED(GET_SUBSCRIPTIONGROUP_CONFIG, group_header, get_group_begin, 0),
	HANDLER_TYPED(
	    DELETE_SUBSCRIPTIONGROUP, delete_group_header, delete_group_begin, HANDLER_ADMIN),
	HANDLER_TYPED(GET_CONSUME_STATS, consume_stats_header, get_consume_stats_begin, 0),
	HANDLER_TYPED(GET_BROKER_CONSUME_STATS, broker_consume_stats_header,
	    get_broker_consume_stats_begin, 0),
	HANDLER_TYPED(QUERY_TOPIC_CONSUME_BY_WHO, topic_header, query_topic_groups_begin, 0),

	/* the broker itself */
	HANDLER_PLAIN(GET_BROKER_RUNTIME_INFO, get_runtime_info_begin, 0),
	HANDLER_TYPED(VIEW_BROKER_STATS_DATA, view_stats_header, view_stats_begin, 0),
	HANDLER_PLAIN(GET_BROKER_CONFIG, daemon_get_config, 0),
	HANDLER_PLAIN(UPDATE_BROKER_CONFIG, daemon_update_config, HANDLER_ADMIN),
	HANDLER_PLAIN(CLEAN_EXPIRED_CONSUMEQUEUE, clean_expired_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(CLEAN_UNUSED_TOPIC, clean_expired_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(DELETE_EXPIRED_COMMITLOG, clean_expired_begin, HANDLER_ADMIN),

	/* transactions, as people see them */
	HANDLER_TYPED(
	    RESUME_CHECK_HALF_MESSAGE, resume_check_header, resume_check_begin, HANDLER_ADMIN),
	HANDLER_TYPED(LIST_TRANSACTIONS, list_transactions_header, list_transactions_begin, 0),
	HANDLER_TYPED(SHOW_TRANSACTION, transaction_header, show_transaction_begin, 0),
	HANDLER_TYPED(
	    RESUME_TRANSACTION, transaction_header, resume_transaction_begin, HANDLER_ADMIN),
	HANDLER_TYPED(RESOLVE_TRANSACTION, resolve_transaction_header, resolve_transaction_begin,
	    HANDLER_ADMIN),
	HANDLER_TYPED(UPDATE_PRODUCER_GROUP, producer_group_settings_header,
	    update_producer_group_begin, HANDLER_ADMIN),
	HANDLER_TYPED(DELETE_PRODUCER_GROUP, producer_group_settings_header,
	    delete_producer_group_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(LIST_PRODUCER_GROUPS, list_producer_groups_begin, 0),

	/* between masters */
	HANDLER_TYPED(RELAY_CHECK, relay_check_header, relay_check_begin, HANDLER_ADMIN),

	{ .name = NULL },
};
