#ifndef COMMON_HEADERS_H
#define COMMON_HEADERS_H

/*
 * The ext fields of each request and answer as a struct and the table that
 * fields_decode and fields_encode read. A comment names the requests that use
 * it. An absent text is an absent slice; an absent number is 0, or -1 where 0
 * means something else (see the table). Source: protocol descriptions 2, 5, 6 and
 * the admin requests; the *Header classes of apache/rocketmq. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "common/protocol/fields.h"

/* ---- Sending ------------------------------------------------------------------- */

/*
 * SEND_MESSAGE, SEND_REPLY_MESSAGE; with the short names of V2: SEND_MESSAGE_V2,
 * SEND_REPLY_MESSAGE_V2, SEND_BATCH_MESSAGE
 */
struct send_header {
	struct slice producer_group;
	struct slice topic;
	struct slice default_topic;
	int32_t default_topic_queues;
	int32_t queue_id;
	int32_t sys_flag;
	int64_t born_timestamp;
	int32_t flag;
	struct slice properties;
	int32_t reconsume_times;
	bool unit_mode;
	int32_t max_reconsume_times;
	bool batch;
	struct slice broker_name;
};
extern const struct field send_header_fields[];
extern const struct field send_header_v2_fields[];

/* With the success-like codes 0, 10, 11, 12. */
struct send_answer {
	struct slice msg_id;
	int32_t queue_id;
	int64_t queue_offset;
	struct slice transaction_id;
	struct slice msg_region;
	struct slice trace_on;
	struct slice batch_uniq_id;
	struct slice recall_handle;
};
extern const struct field send_reply_fields[];
extern const struct field send_refusal_fields[];

/* RECALL_MESSAGE (5.3) */
struct recall_header {
	struct slice producer_group;
	struct slice topic;
	struct slice recall_handle;
	struct slice broker_name;
};
extern const struct field recall_header_fields[];

struct recall_answer {
	struct slice msg_id;
	struct slice msg_region;
};
extern const struct field recall_reply_fields[];
extern const struct field recall_refusal_fields[];

/* END_TRANSACTION */
struct end_transaction_header {
	struct slice producer_group;
	int64_t tran_state_table_offset;
	int64_t commit_log_offset;
	int32_t commit_or_rollback;
	bool from_check;
	struct slice msg_id;
	struct slice transaction_id;
	struct slice topic;
	struct slice broker_name;
};
extern const struct field end_transaction_header_fields[];

/* ---- Consuming ----------------------------------------------------------------- */

/* PULL_MESSAGE, LITE_PULL_MESSAGE */
struct pull_header {
	struct slice consumer_group;
	struct slice topic;
	int32_t queue_id;
	int64_t queue_offset;
	int32_t max_messages;
	int32_t sys_flag;
	int64_t commit_offset;
	int64_t suspend_timeout_ms;
	struct slice subscription;
	int64_t sub_version;
	struct slice expression_type;
	int32_t max_bytes;
	int32_t request_source;
	struct slice proxy_client_id;
	struct slice broker_name;
};
extern const struct field pull_header_fields[];

/* With every outcome that reached the store. */
struct pull_reply {
	int64_t suggest_broker_id;
	int64_t next_begin_offset;
	int64_t min_offset;
	int64_t max_offset;
	int64_t offset_delta;
	int32_t topic_sys_flag;
	int32_t group_sys_flag;
	int32_t forbidden_type;
};
extern const struct field pull_reply_fields[];

/* CONSUMER_SEND_MSG_BACK */
struct send_back_header {
	int64_t offset;
	struct slice group;
	int32_t delay_level;
	struct slice origin_msg_id;
	struct slice origin_topic;
	bool unit_mode;
	int32_t max_reconsume_times;
	struct slice broker_name;
};
extern const struct field send_back_header_fields[];

/*
 * QUERY_CONSUMER_OFFSET; set_zero is true when the field is absent: only an explicit false
 * asks for 22.
 */
struct query_offset_header {
	struct slice consumer_group;
	struct slice topic;
	int32_t queue_id;
	bool set_zero;
	struct slice broker_name;
};
extern const struct field query_offset_header_fields[];

/* UPDATE_CONSUMER_OFFSET */
struct update_offset_header {
	struct slice consumer_group;
	struct slice topic;
	int32_t queue_id;
	int64_t commit_offset;
	struct slice broker_name;
};
extern const struct field update_offset_header_fields[];

/* SEARCH_OFFSET_BY_TIMESTAMP */
struct search_offset_header {
	struct slice topic;
	int32_t queue_id;
	int64_t timestamp;
	struct slice boundary_type;
	struct slice broker_name;
};
extern const struct field search_offset_header_fields[];

/* GET_MAX_OFFSET, GET_MIN_OFFSET, GET_EARLIEST_MSG_STORETIME */
struct queue_header {
	struct slice topic;
	int32_t queue_id;
	bool committed;
	struct slice broker_name;
};
extern const struct field queue_header_fields[];

/* QUERY_CONSUMER_OFFSET, SEARCH_OFFSET_BY_TIMESTAMP, GET_MAX_OFFSET, GET_MIN_OFFSET */
struct offset_reply {
	int64_t offset;
};
extern const struct field offset_reply_fields[];

/* GET_EARLIEST_MSG_STORETIME */
struct store_time_reply {
	int64_t timestamp;
};
extern const struct field store_time_reply_fields[];

/* VIEW_MESSAGE_BY_ID */
struct view_message_header {
	int64_t offset;
	struct slice topic;
};
extern const struct field view_message_header_fields[];

/* QUERY_MESSAGE */
struct query_message_header {
	struct slice topic;
	struct slice key;
	int32_t max_messages;
	int64_t begin_timestamp;
	int64_t end_timestamp;
	bool unique_key;
};
extern const struct field query_message_header_fields[];

struct query_message_reply {
	int64_t last_update_timestamp;
	int64_t last_update_offset;
};
extern const struct field query_message_reply_fields[];

/* ---- Popping ------------------------------------------------------------------- */

/* POP_MESSAGE */
struct pop_header {
	struct slice consumer_group;
	struct slice topic;
	int32_t queue_id; /* -1: any */
	int32_t max_messages;
	int64_t invisible_time; /* ms */
	int64_t poll_time;      /* ms */
	int64_t born_time;
	int32_t init_mode; /* 0: from the first message, 1: from the last */
	struct slice expression_type;
	struct slice expression;
	bool order;
	struct slice attempt_id;
	struct slice broker_name;
};
extern const struct field pop_header_fields[];

struct pop_reply {
	int64_t pop_time;
	int64_t invisible_time; /* ms */
	int32_t revive_queue;
	int64_t rest;
	struct slice start_offset_info;
	struct slice msg_offset_info;
	struct slice order_count_info;
};
extern const struct field pop_reply_fields[];

/* ACK_MESSAGE; CHANGE_MESSAGE_INVISIBLETIME wants the time too */
struct ack_header {
	struct slice consumer_group;
	struct slice topic;
	int32_t queue_id;
	struct slice extra_info;
	int64_t offset;
	int64_t invisible_time; /* ms */
	struct slice broker_name;
};
extern const struct field ack_header_fields[];
extern const struct field change_invisible_header_fields[];

struct change_invisible_reply {
	int64_t pop_time;
	int64_t invisible_time; /* ms */
	int32_t revive_queue;
};
extern const struct field change_invisible_reply_fields[];

/* NOTIFICATION */
struct notification_header {
	struct slice consumer_group;
	struct slice topic;
	int32_t queue_id;
	int64_t poll_time; /* ms */
	int64_t born_time;
	bool order;
	struct slice attempt_id;
	struct slice broker_name;
};
extern const struct field notification_header_fields[];

struct notification_reply {
	bool has_message;
	bool polling_full;
};
extern const struct field notification_reply_fields[];

/* POLLING_INFO */
struct polling_info_header {
	struct slice consumer_group;
	struct slice topic;
	int32_t queue_id;
	struct slice broker_name;
};
extern const struct field polling_info_header_fields[];

struct polling_info_reply {
	int32_t n_polling;
};
extern const struct field polling_info_reply_fields[];

/* ---- Being known --------------------------------------------------------------- */

/* UNREGISTER_CLIENT */
struct unregister_client_header {
	struct slice client_id;
	struct slice producer_group;
	struct slice consumer_group;
};
extern const struct field unregister_client_header_fields[];

/* HEART_BEAT, brokers of 5.x */
struct heartbeat_reply {
	bool supports_v2;
	bool sub_changed;
};
extern const struct field heartbeat_reply_fields[];

/*
 * GET_CONSUMER_LIST_BY_GROUP, GET_CONSUMER_CONNECTION_LIST, and the push
 * NOTIFY_CONSUMER_IDS_CHANGED
 */
struct consumer_group_header {
	struct slice consumer_group;
};
extern const struct field consumer_group_header_fields[];

/* GET_PRODUCER_CONNECTION_LIST */
struct producer_group_header {
	struct slice producer_group;
};
extern const struct field producer_group_header_fields[];

/* ---- Pushed to clients by the broker ------------------------------------------- */

/* CHECK_TRANSACTION_STATE */
struct check_transaction_header {
	int64_t tran_state_table_offset;
	int64_t commit_log_offset;
	struct slice msg_id;
	struct slice transaction_id;
	struct slice offset_msg_id;
	struct slice topic;
	struct slice broker_name;
};
extern const struct field check_transaction_header_fields[];

/*
 * INVOKE_BROKER_TO_RESET_OFFSET and the push RESET_CONSUMER_CLIENT_OFFSET; queue_id -1: all
 * queues; offset -1: by timestamp; timestamp -1: to the end.
 */
struct reset_offset_header {
	struct slice topic;
	struct slice group;
	int64_t timestamp;
	bool is_force;
	int32_t queue_id;
	int64_t offset;
};
extern const struct field reset_offset_header_fields[]; /* and of PREVIEW_RESET, ours */

/* INVOKE_BROKER_TO_GET_CONSUMER_STATUS and the push GET_CONSUMER_STATUS_FROM_CLIENT */
struct consumer_status_header {
	struct slice topic;
	struct slice group;
	struct slice client_addr;
};
extern const struct field consumer_status_header_fields[];

/*
 * QUERY_TOPICS_BY_CONSUMER (without a topic), QUERY_SUBSCRIPTION_BY_CONSUMER,
 * QUERY_CONSUME_TIME_SPAN, UPDATE_AND_GET_GROUP_FORBIDDEN
 */
struct group_topic_header {
	struct slice group;
	struct slice topic;    /* absent: not said */
	struct slice readable; /* absent, or a boolean; of the last one only */
};
extern const struct field group_topic_header_fields[];

/* GET_CONSUMER_RUNNING_INFO, from tools and to clients */
struct running_info_header {
	struct slice consumer_group;
	struct slice client_id;
	bool jstack;
};
extern const struct field running_info_header_fields[];

/* CONSUME_MESSAGE_DIRECTLY, from tools and to clients */
struct consume_directly_header {
	struct slice consumer_group;
	struct slice client_id;
	struct slice msg_id;
	struct slice broker_name;
	struct slice topic;
	int32_t topic_sys_flag;
	int32_t group_sys_flag;
};
extern const struct field consume_directly_header_fields[];

/* PUSH_REPLY_MESSAGE_TO_CLIENT */
struct push_reply_header {
	struct slice producer_group;
	struct slice topic;
	struct slice default_topic;
	int32_t default_topic_queues;
	int32_t queue_id;
	int32_t sys_flag;
	int64_t born_timestamp;
	int32_t flag;
	struct slice properties;
	int32_t reconsume_times;
	bool unit_mode;
	struct slice born_host;
	struct slice store_host;
	int64_t store_timestamp;
};
extern const struct field push_reply_header_fields[];

/* ---- Name server --------------------------------------------------------------- */

/* GET_ROUTEINFO_BY_TOPIC; zone_mode and zone_name come from brokers and clients of 5.x */
struct route_header {
	struct slice topic;
	bool accept_standard_json;
	bool zone_mode;
	struct slice zone_name;
};
extern const struct field route_header_fields[];

/* PUT_KV_CONFIG wants the value too; GET_KV_CONFIG, DELETE_KV_CONFIG */
struct kv_header {
	struct slice space;
	struct slice key;
	struct slice value;
};
extern const struct field kv_header_fields[];
extern const struct field put_kv_header_fields[];

/* GET_KV_CONFIG */
struct kv_reply {
	struct slice value;
};
extern const struct field kv_reply_fields[];

/* GET_KVLIST_BY_NAMESPACE */
struct namespace_header {
	struct slice space;
};
extern const struct field namespace_header_fields[];

/* REGISTER_BROKER */
struct register_broker_header {
	struct slice broker_name;
	struct slice broker_addr;
	struct slice cluster_name;
	struct slice ha_server_addr;
	int64_t broker_id;
	bool compressed;
	int32_t body_crc32;
	int64_t heartbeat_timeout_ms;
	bool enable_acting_master;
	struct slice zone_name;
	int32_t master_epoch; /* ours: that the quorum gave to this master; 0: none */
};
extern const struct field register_broker_header_fields[];

struct register_broker_reply {
	struct slice ha_server_addr;
	struct slice master_addr;
};
extern const struct field register_broker_reply_fields[];

/* UNREGISTER_BROKER, QUERY_DATA_VERSION */
struct broker_identity_header {
	struct slice broker_name;
	struct slice broker_addr;
	struct slice cluster_name;
	int64_t broker_id;
};
extern const struct field broker_identity_header_fields[];

/* QUERY_DATA_VERSION */
struct data_version_reply {
	bool changed;
};
extern const struct field data_version_reply_fields[];

/* BROKER_HEARTBEAT */
struct broker_heartbeat_header {
	struct slice cluster_name;
	struct slice broker_addr;
	struct slice broker_name;
	int64_t broker_id;
	int32_t epoch;
	int64_t max_offset;
	int64_t confirm_offset;
	int64_t heartbeat_timeout_ms;
	int32_t election_priority;
};
extern const struct field broker_heartbeat_header_fields[];

/* GET_BROKER_MEMBER_GROUP */
struct member_group_header {
	struct slice cluster_name;
	struct slice broker_name;
};
extern const struct field member_group_header_fields[];

/* GET_TOPICS_BY_CLUSTER */
struct cluster_header {
	struct slice cluster;
};
extern const struct field cluster_header_fields[];

/* WIPE_WRITE_PERM_OF_BROKER, ADD_WRITE_PERM_OF_BROKER */
struct broker_name_header {
	struct slice broker_name;
};
extern const struct field broker_name_header_fields[];

/* How many topics were changed; the two requests name it differently. */
struct write_perm_reply {
	int32_t topic_count;
};
extern const struct field wipe_write_perm_reply_fields[];
extern const struct field add_write_perm_reply_fields[];

/* DELETE_TOPIC_IN_NAMESRV */
struct delete_route_header {
	struct slice topic;
	struct slice cluster_name;
};
extern const struct field delete_route_header_fields[];

/* ---- Admin requests to the broker ---------------------------------------------- */

/*
 * DELETE_TOPIC_IN_BROKER, GET_TOPIC_STATS_INFO, QUERY_TOPIC_CONSUME_BY_WHO,
 * GET_TOPIC_CONFIG, REGISTER_TOPIC_IN_NAMESRV
 */
struct topic_header {
	struct slice topic;
};
extern const struct field topic_header_fields[];

/* UPDATE_AND_CREATE_TOPIC; Go and C++ leave order out */
struct create_topic_header {
	struct slice topic;
	struct slice default_topic;
	int32_t read_queues;
	int32_t write_queues;
	int32_t perm;
	struct slice topic_filter_type;
	int32_t topic_sys_flag;
	bool order;
	struct slice attributes;
	bool force;
};
extern const struct field create_topic_header_fields[];

/* GET_SUBSCRIPTIONGROUP_CONFIG, QUERY_TOPICS_BY_CONSUMER */
struct group_header {
	struct slice group;
};
extern const struct field group_header_fields[];

/* DELETE_SUBSCRIPTIONGROUP; the flag is called removeOffset in 4.9 and cleanOffset in 5.x */
struct delete_group_header {
	struct slice group_name;
	bool remove_offset;
	bool clean_offset;
};
extern const struct field delete_group_header_fields[];

/* GET_BROKER_CONFIG */
struct config_reply {
	struct slice version;
};
extern const struct field config_reply_fields[];

/* GET_CONSUME_STATS */
struct consume_stats_header {
	struct slice consumer_group;
	struct slice topic;
};
extern const struct field consume_stats_header_fields[];

/* GET_BROKER_CONSUME_STATS */
struct broker_consume_stats_header {
	bool is_order;
};
extern const struct field broker_consume_stats_header_fields[];

/* QUERY_CONSUME_TIME_SPAN, QUERY_SUBSCRIPTION_BY_CONSUMER */
struct topic_group_header {
	struct slice topic;
	struct slice group;
};
extern const struct field topic_group_header_fields[];

/* QUERY_CORRECTION_OFFSET */
struct correction_offset_header {
	struct slice topic;
	struct slice compare_group;
	struct slice filter_groups;
};
extern const struct field correction_offset_header_fields[];

/* CLONE_GROUP_OFFSET */
struct clone_offset_header {
	struct slice src_group;
	struct slice dest_group;
	struct slice topic;
	bool offline;
};
extern const struct field clone_offset_header_fields[];

/* VIEW_BROKER_STATS_DATA */
struct view_stats_header {
	struct slice stats_name;
	struct slice stats_key;
};
extern const struct field view_stats_header_fields[];

/* QUERY_CONSUME_QUEUE */
struct query_queue_header {
	struct slice topic;
	int32_t queue_id;
	int64_t index;
	int32_t count;
	struct slice consumer_group;
};
extern const struct field query_queue_header_fields[];

/* RESUME_CHECK_HALF_MESSAGE */
struct resume_check_header {
	struct slice msg_id;
	struct slice topic;
};
extern const struct field resume_check_header_fields[];

/* LIST_TIMERS, TwinMQ's own; all but limit narrow it down. */
struct list_timers_header {
	struct slice topic;
	int64_t from_ms, to_ms; /* due times, wall clock; to_ms 0: no end */
	int32_t limit;
	struct slice cursor; /* of the last answer: goes on behind it */
};
extern const struct field list_timers_header_fields[];

/* MOVE_IN; see move_in.h */
struct move_in_header {
	struct slice action; /* "look", "move" */
	struct slice role;   /* move: "ASYNC_MASTER" (when absent), "SYNC_MASTER" */
	bool force;          /* move: although the master has more, or does not answer */
};
extern const struct field move_in_header_fields[];

/* ---- Transactions: TwinMQ's own ------------------------------------------------ */

/* LIST_TRANSACTIONS; all but limit narrow it down. */
struct list_transactions_header {
	struct slice state; /* of transaction_state_name, "contradiction" or "all" */
	struct slice group;
	struct slice topic;
	struct slice key;
	int64_t older_than_ms;
	int32_t limit;
	struct slice cursor; /* of the last answer: goes on behind it */
};
extern const struct field list_transactions_header_fields[];

/* QUERY_SQL; the statement is the body. */
struct query_sql_header {
	int32_t max_rows; /* below 1: as many as the broker allows */
};
extern const struct field query_sql_header_fields[];

/* REPLAY_DEAD_LETTER, TwinMQ's own */
struct replay_dead_letter_header {
	struct slice group;
	int64_t offset; /* in its queue of dead letters */
};
extern const struct field replay_dead_letter_header_fields[];

/* QUERY_TREND, TwinMQ's own */
struct query_trend_header {
	struct slice kind;  /* "broker", "topic" or "group" */
	struct slice name;  /* one or more, separated by ','; absent: all of the kind */
	struct slice after; /* all: those behind this name */
	int32_t points;     /* 0: each step of five minutes */
	int32_t limit;      /* 0: as many series as the reply has room for */
};
extern const struct field query_trend_header_fields[];

/* GET_HOST_VIEW, of brokers and name servers */
struct host_view_header {
	struct slice names; /* of hosts, separated by ; */
};
extern const struct field host_view_header_fields[];

/* SHOW_TRANSACTION, RESUME_TRANSACTION: a transaction id, an offset id or a log position */
struct transaction_header {
	struct slice id;
	struct slice by; /* the person; SHOW: not used */
};
extern const struct field transaction_header_fields[];

/* RESOLVE_TRANSACTION */
struct resolve_transaction_header {
	struct slice id;
	struct slice decision; /* "commit" or "rollback" */
	struct slice by;
	struct slice reason;
};
extern const struct field resolve_transaction_header_fields[];

/* The answer to RESUME_TRANSACTION and RESOLVE_TRANSACTION. */
struct resolve_transaction_reply {
	int64_t position;
	struct slice outcome;
};
extern const struct field resolve_transaction_reply_fields[];

/* UPDATE_PRODUCER_GROUP: what is absent stays as it is; DELETE_PRODUCER_GROUP: the name alone */
struct producer_group_settings_header {
	struct slice group;
	struct slice policy;
	struct slice check_url; /* empty: none */
};
extern const struct field producer_group_settings_header_fields[];

/* RELAY_CHECK, from master to master: the fields of CHECK_TRANSACTION_STATE, and whom to ask. */
struct relay_check_header {
	struct slice group;
	struct slice born_host; /* "ip:port" of the producer that sent the half message */
	bool probe;             /* only whether a member is there */
	struct slice relay_key; /* shows which master sends this; absent: none does */
	bool confirm;           /* only whether the receiver sends relay_key to the master bname */
	struct check_transaction_header check;
};
extern const struct field relay_check_header_fields[];

#endif
