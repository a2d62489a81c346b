#ifndef BROKER_OPTIONS_H
#define BROKER_OPTIONS_H

/*
 * The broker's settings, as values and as a table. A member is named like its
 * key (brokerIP1 is broker_ip1). The table knows every key that a broker file
 * of RocketMQ 4.2.0, 4.9.8 or 5.3.3 may carry: the rows of options.c have a
 * member here, those of options_ignored.c say why they have no effect.
 *
 * Read by any thread. Members whose row is OPTION_LIVE are changed on loop 0
 * while others read them: numbers and switches only, never texts.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/config/option.h"
#include "common/http/http_settings.h"

enum broker_role {
	BROKER_ASYNC_MASTER,
	BROKER_SYNC_MASTER,
	BROKER_SLAVE,
};

enum flush_disk_type {
	FLUSH_SYNC,
	FLUSH_ASYNC,
};

struct broker_settings {
	/* names and addresses */
	char *broker_cluster_name;
	char *broker_name; /* default: the host's name */
	int64_t broker_id;
	int broker_role;  /* enum broker_role */
	char *broker_ip1; /* NULL: the interface that reaches the name servers */
	char *broker_ip2; /* NULL: as broker_ip1 */
	int64_t listen_port;
	char *bind_address;
	char *namesrv_addr; /* host:port, separated by ';'; NULL: none */
	bool connect_back_check;
	char *region_id;
	int64_t broker_permission;
	int64_t register_name_server_period; /* ms */
	int64_t register_broker_timeout_mills;
	int64_t broker_heartbeat_interval; /* ms */
	int64_t broker_not_active_timeout_millis;

	/* copies */
	char *controller_addr;   /* the servers of the quorum; NULL: namesrv_addr */
	char *ha_master_address; /* host:port of the replication port; NULL: name servers tell it */
	bool slave_read_enable;
	int64_t ha_send_heartbeat_interval; /* ms */
	int64_t ha_housekeeping_interval;   /* ms */
	int64_t slave_timeout;              /* ms */
	int64_t in_sync_replicas;           /* with the master */
	int64_t min_in_sync_replicas;
	int64_t ha_max_gap_not_in_sync; /* bytes */
	int64_t max_slave_links;

	/* topics and groups */
	bool auto_create_topic_enable;
	bool auto_create_topic_on_all_brokers;
	int64_t default_topic_queue_nums;
	bool auto_create_subscription_group;
	bool cluster_topic_enable;
	bool broker_topic_enable;
	bool enable_topic_message_type_check;
	bool enable_mixed_message_type;
	bool trace_on;
	bool trace_topic_enable;
	char *msg_trace_topic_name;
	int64_t message_trace_entries;
	int64_t sql_time_limit; /* ms; 0: no queries */
	int64_t sql_max_rows;
	bool trend_enable;
	int64_t alarm_lag;       /* messages; 0: no alarm, as of the next two */
	int64_t alarm_disk_used; /* percent */
	int64_t alarm_parked_transactions;
	bool store_reply_message_enable;
	int64_t max_reply_memory;

	/* what requests may create */
	int64_t max_topics;
	int64_t max_groups;
	int64_t max_producer_groups;
	int64_t max_heartbeat_entries; /* groups and subscriptions of one connection */
	int64_t max_client_memory;     /* bytes that all heartbeats are kept in */
	int64_t max_consumer_offsets;
	int64_t max_unknown_group_offsets;
	int64_t max_timers;
	int64_t max_statistics;
	int64_t max_trend_series;
	int64_t http_max_streams;
	int64_t dedup_max_keys;
	int64_t max_queue_locks;
	int64_t max_message_request_modes;

	/* store */
	char *store_path_root_dir;
	char *store_path_commit_log;            /* NULL: store_path_root_dir/log */
	int64_t mapped_file_size_commit_log;    /* bytes of a segment */
	int flush_disk_type;                    /* enum flush_disk_type */
	int64_t flush_interval_commit_log;      /* ms */
	int64_t commit_gather_time;             /* us */
	int64_t sync_flush_timeout;             /* ms */
	char *delete_when;                      /* hours, separated by ';' */
	int64_t file_reserved_time;             /* hours */
	int64_t disk_max_used_space_ratio;      /* percent */
	int64_t flush_consumer_offset_interval; /* ms */
	int64_t tail_cache_size;                /* bytes */

	/* sending */
	int64_t max_message_size;                /* bytes of body */
	int64_t send_thread_pool_queue_capacity; /* requests waiting for the writer */
	int64_t wait_time_mills_in_send_queue;
	int64_t start_accept_send_request_time_stamp; /* ms since 1970 */

	/* pulling and querying */
	bool long_polling_enable;
	int64_t short_polling_time_mills;
	bool notify_consumer_ids_changed_enable;
	int64_t rebalance_lock_max_live_time; /* ms */
	int64_t rebalance_lock_restart_wait;  /* ms */
	bool enable_property_filter;
	int64_t max_transfer_bytes_on_message_in_memory;
	int64_t max_transfer_count_on_message_in_memory;
	int64_t default_query_max_num;
	int64_t max_msgs_num_batch;
	int64_t access_message_in_memory_max_ratio; /* percent of the machine's memory */

	/* dividing queues, and popping */
	bool server_load_balancer_enable;
	int default_message_request_mode; /* enum request_mode */
	int64_t default_pop_share_queue_num;
	int64_t max_pop_polling_size;
	int64_t pop_polling_size;
	bool enable_pop_message_threshold;
	int64_t pop_inflight_message_threshold;
	int64_t pop_ck_max_buffer_size;

	/* delayed and transaction messages */
	char *message_delay_level;
	bool timer_wheel_enable;
	int64_t timer_max_delay_sec;
	int64_t timer_window; /* timed messages in memory */
	bool recall_message_enable;
	bool reject_transaction_message;
	int64_t transaction_time_out; /* ms */
	int64_t transaction_check_max;
	int64_t transaction_check_interval; /* ms */
	int64_t transaction_check_rate;     /* asks a second */
	int transaction_policy; /* enum transaction_policy, of groups for which none is set */
	char *transaction_check_url_allow;     /* host:port, separated by ';'; NULL: none */
	int64_t transaction_check_url_timeout; /* ms */

	/* the process */
	int64_t io_threads; /* loops */
	int64_t read_threads;
	int64_t max_connections;
	int64_t max_connections_per_address;
	int64_t server_channel_max_silent_time_seconds;
	int64_t server_write_buffer_max_bytes;
	int64_t server_channel_max_idle_time_seconds;
	struct http_settings http;
	char *http_token_file; /* NULL: http-token in store_path_root_dir */
	char *log_file;        /* NULL: stderr */
	int log_level;         /* enum log_level */

	/* switches of RocketMQ that broker_options_check refuses when they are on */
	bool acl_enable;
	bool authentication_enabled;
	bool authorization_enabled;
	bool enable_dleger_commit_log;
	bool enable_controller_mode;
	bool use_tls;
};

extern const struct option broker_options[];
/* A word of brokerRole; static. */
const char *broker_role_name(int role);
extern const char *const broker_sections[];

/* For struct program: what one row alone cannot say; and the computed defaults. */
void broker_options_check(const void *settings, struct diagnostics *diagnostics);
void broker_options_complete(void *settings);

#endif
