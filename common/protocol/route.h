#ifndef COMMON_ROUTE_H
#define COMMON_ROUTE_H

/*
 * Where a topic is: TopicRouteData (105) and ClusterInfo (106), written by the
 * name server and read by our client library. Source: protocol description
 * 3.1, 3.2. What is read lives in the arena or points into the body. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/json/json.h"

#define MASTER_ID 0

/* How the ids of brokerAddrs are written: {0:"a"} for clients before 4.9.4, {"0":"a"} since. */
enum route_dialect {
	ROUTE_BARE_KEYS,
	ROUTE_QUOTED_KEYS,
	ROUTE_DIALECTS, /* how many */
};

#define VERSION_QUOTED_KEYS 401 /* V4_9_4 and later read strict JSON */

struct queue_data {
	struct slice broker_name;
	int32_t read_queues;
	int32_t write_queues;
	int32_t perm;
	int32_t sys_flag;
};

struct broker_address {
	int64_t id; /* MASTER_ID, or that of a slave */
	struct slice address;
};

/* Whether a slave may be shown as master: 5.x brokers say so, others say nothing. */
enum acting_master {
	ACTING_MASTER_UNSAID,
	ACTING_MASTER_NO,
	ACTING_MASTER_YES,
};

struct broker_data {
	struct slice cluster;
	struct slice name;
	struct slice zone; /* absent when there is none */
	enum acting_master acting_master;
	const struct broker_address *addresses;
	size_t n_addresses;
};

struct route_filter_server { /* of the old class filters: broker address to its filter servers */
	struct slice broker_address;
	const struct slice *servers;
	size_t n_servers;
};

struct route {
	struct slice order_conf; /* absent when there is none */
	const struct queue_data *queues;
	size_t n_queues;
	const struct broker_data *brokers;
	size_t n_brokers;
	const struct route_filter_server *filter_servers;
	size_t n_filter_servers;
};

struct cluster_members {
	struct slice name;
	const struct slice *broker_names;
	size_t n_broker_names;
};

struct cluster_info {
	const struct broker_data *brokers;
	size_t n_brokers;
	const struct cluster_members *clusters;
	size_t n_clusters;
};

void route_write(struct json_out *out, const struct route *route, enum route_dialect dialect);
/* 0, or -1 when it is no such body. */
int route_read(struct arena *arena, struct slice body, struct route *route);
/* The master's address, else that of the lowest id; absent when there is none. */
struct slice broker_data_address(const struct broker_data *broker);

/* With bare keys, as every name server writes it to this day. */
void cluster_info_write(struct json_out *out, const struct cluster_info *info);
int cluster_info_read(struct arena *arena, struct slice body, struct cluster_info *info);
void broker_data_write(
    struct json_out *out, const struct broker_data *broker, enum route_dialect dialect);

#endif
