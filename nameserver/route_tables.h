#ifndef NAMESERVER_ROUTE_TABLES_H
#define NAMESERVER_ROUTE_TABLES_H

/*
 * The tables behind routes.h. routes.c changes them; routes_reply.c composes
 * replies from them and keeps these in the topics. Neither calls the other.
 *
 * A placement is one topic on one broker. It is in the broker's table, which
 * finds it by name, and in the topic's list, which routes are composed from.
 * So each step walks only what it changes or replies with.
 */

#include "nameserver/routes.h"

#include <sys/queue.h>

#include "common/base/buf.h"
#include "common/base/strmap.h"

struct placement {
	LIST_ENTRY(placement) of_topic;
	struct strmap_entry *entry; /* in broker->placements */
	struct route_topic *topic;
	struct route_broker *broker;
	int32_t read_queues;
	int32_t write_queues;
	int32_t perm; /* as registered; write_forbidden of the broker masks it */
	int32_t sys_flag;
	uint64_t seen; /* the last round of registration that named it */
};

/* A topic without a broker stays a while, so that a query can be told why. */
struct route_topic {
	struct strmap_entry *entry; /* in routes->topics; its key is the name */
	LIST_HEAD(, placement) placements;
	size_t n_placements;
	struct buf replies[ROUTE_DIALECTS];    /* len 0: to be composed */
	uint64_t reply_epochs[ROUTE_DIALECTS]; /* of routes, when they were composed */
	uint64_t listed;                       /* round of listing that took it last */
	int64_t lost_wall_ms;
	int64_t lost_ms;
	enum leave_reason lost_why;
	char *lost_broker; /* its last one */
};

struct route_member {
	struct route_member *next; /* of the same broker, by id */
	struct route_broker *broker;
	struct strmap_entry *entry; /* in routes->members; its key is the address */
	char *ha_address;
	int64_t id;
	int64_t timeout_ms;
	int64_t seen_ms;
	uint64_t connection;
	int32_t epoch;
	struct data_version version;
	char **filter_servers; /* NULL: none */
	size_t n_filter_servers;
};

struct route_broker {
	struct strmap_entry *entry; /* in routes->brokers; its key is the name */
	char *cluster;
	char *zone; /* NULL: none */
	enum acting_master acting_master;
	bool write_forbidden;
	bool told_by_master;          /* which topics it has */
	struct route_member *members; /* by id, so the master is the first */
	struct strmap placements;     /* topic name -> struct placement */
};

struct routes {
	struct strmap topics;              /* name -> struct route_topic */
	struct strmap brokers;             /* name -> struct route_broker */
	struct strmap members;             /* address -> struct route_member */
	const struct route_limits *limits; /* the owner of the settings changes them */
	size_t n_placements;               /* of all brokers */
	size_t n_lost;                     /* topics without a placement */
	uint64_t n_refused;                /* registrations over a limit */
	/*
	 * Counts changes of brokers, which concern all their topics. A composed reply of an
	 * earlier epoch is composed again at the next query, so that a change costs
	 * the same for a broker of one topic and of 100,000.
	 */
	uint64_t epoch;
	uint64_t round;
	int64_t started_wall_ms;
	int64_t swept_ms;
	struct buf cluster_info; /* len 0: to be composed */
};

#endif
