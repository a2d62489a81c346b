#ifndef NAMESERVER_NAMESRV_H
#define NAMESERVER_NAMESRV_H

/*
 * The name server as a program: what its handlers reach. Everything runs on
 * one loop, so nothing here needs a lock.
 */

#include "common/daemon/daemon.h"
#include "common/net/server.h"
#include "nameserver/kv.h"
#include "nameserver/options.h"
#include "nameserver/routes.h"

struct namesrv {
	struct daemon *daemon;
	const struct namesrv_settings *settings;
	struct routes *routes;
	struct kv *kv;
	struct server *server;
	struct event *scan;
};

extern const struct program namesrv_program;
extern const struct handler namesrv_handlers[];

static inline struct namesrv *
namesrv_of(const struct request *request)
{
	return ((struct daemon *)server_context(request->server))->context;
}

/* The ordered queues of a topic that its route tells; absent: none. */
struct slice namesrv_order_conf(const struct namesrv *namesrv, struct slice topic);

/* Request families, one file each. */
enum verdict get_route_begin(struct request *request);

enum verdict register_broker_begin(struct request *request);
enum verdict unregister_broker_begin(struct request *request);
enum verdict query_data_version_begin(struct request *request);
enum verdict broker_heartbeat_begin(struct request *request);
enum verdict get_member_group_begin(struct request *request);
enum verdict register_topic_begin(struct request *request);

enum verdict put_kv_begin(struct request *request);
enum verdict get_kv_begin(struct request *request);
enum verdict delete_kv_begin(struct request *request);
enum verdict list_kv_begin(struct request *request);

enum verdict get_cluster_info_begin(struct request *request);
enum verdict get_all_topics_begin(struct request *request);
enum verdict get_cluster_topics_begin(struct request *request);
enum verdict get_system_topics_begin(struct request *request);
enum verdict get_unit_topics_begin(struct request *request);
enum verdict get_unit_sub_topics_begin(struct request *request);
enum verdict get_unit_sub_ununit_topics_begin(struct request *request);
enum verdict wipe_write_perm_begin(struct request *request);
enum verdict add_write_perm_begin(struct request *request);
enum verdict delete_topic_begin(struct request *request);

#endif
