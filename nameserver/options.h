#ifndef NAMESERVER_OPTIONS_H
#define NAMESERVER_OPTIONS_H

/*
 * The settings of the name server, as values and as a table. A member is named
 * like its key. The table has every key that a file for RocketMQ's name server
 * 4.2.0, 4.9.8 or 5.3.3 may contain. One thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/config/option.h"
#include "common/http/http_settings.h"
#include "nameserver/routes.h"

struct namesrv_settings {
	int64_t listen_port;
	char *bind_address;
	char *store_path;
	char *kv_config_path; /* NULL: nothing to import */
	bool order_message_enable;
	bool return_order_topic_config_to_broker;
	bool delete_topic_with_broker_registration;
	bool enable_topic_list;
	bool enable_all_topic_list;
	int64_t scan_not_active_broker_interval; /* ms */
	int64_t broker_channel_expired_time;     /* ms */
	int64_t server_channel_max_idle_time_seconds;
	int64_t max_connections;
	int64_t max_connections_per_address;
	int64_t server_channel_max_silent_time_seconds;
	int64_t server_write_buffer_max_bytes;
	struct route_limits limits;
	int64_t max_kv_pairs;
	int64_t max_kv_bytes;
	struct http_settings http;
	struct {
		int64_t port; /* 0: no console */
		char *bind_address;
		char *allowed_hosts;  /* NULL: none */
		char *name_servers;   /* NULL: this one */
		int64_t session_idle; /* ms */
		int64_t session_max;  /* ms */
	} console;
	struct {
		char *peers; /* NULL: no quorum */
		int64_t id;
		char *store_path; /* NULL: quorum below store_path */
		bool elect_unclean_master;
		bool recover;
	} quorum;
	bool witness;
	char *log_file; /* NULL: stderr */
	int log_level;  /* enum log_level */
};

extern const struct option namesrv_options[];
extern const char *const namesrv_sections[];

/* Computes the defaults of unset members. For struct program. */
void namesrv_options_complete(void *settings);

#endif
