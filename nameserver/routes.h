#ifndef NAMESERVER_ROUTES_H
#define NAMESERVER_ROUTES_H

/*
 * The routes: the topics of each broker, the addresses of its members, and
 * whether these are alive. They come from registrations and live in memory
 * only, because brokers register again every 30 seconds.
 *
 * A broker is a name with members: the master (id 0) and slaves, each with an
 * address. The master's table names the broker's topics. A reply to a route
 * query is composed once per change and kept as bytes.
 *
 * One thread. Lent memory is valid until the next call.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/slice.h"
#include "common/protocol/registration.h"
#include "common/protocol/route.h"

struct routes;

/* What strangers can make the tables hold; more is refused. */
struct route_limits {
	int64_t max_brokers; /* members: masters and slaves */
	int64_t max_topics;  /* over all brokers: a topic counts once for each broker that has it */
};

/* What a registration says of its sender. */
struct member_identity {
	struct slice cluster;
	struct slice broker_name;
	struct slice address;
	struct slice ha_address;
	struct slice zone; /* absent: none */
	int64_t id;
	enum acting_master acting_master;
	int64_t timeout_ms;  /* the member leaves after this much silence */
	uint64_t connection; /* its number; the member leaves when it closes */
	int32_t
	    epoch; /* of a master, from the quorum: a higher one takes the place of a lower one */
};

enum join_status {
	JOIN_OK,
	JOIN_DUPLICATE,     /* the same name and id are alive under another address */
	JOIN_OTHER_CLUSTER, /* a slave of a master that is in another cluster */
	JOIN_MANY_BROKERS,  /* over max_brokers */
	JOIN_MANY_TOPICS,   /* over max_topics */
};

enum leave_reason {
	LEAVE_UNREGISTERED,
	LEAVE_CLOSED,  /* its connection closed */
	LEAVE_SILENT,  /* it sent nothing for its timeout */
	LEAVE_MOVED,   /* its address joined as another broker */
	LEAVE_DROPPED, /* a topic, not a member: its brokers no longer have it */
};

enum route_status {
	ROUTE_FOUND,
	ROUTE_NO_BROKER, /* no broker is registered */
	ROUTE_NO_TOPIC,  /* no broker has this topic */
	ROUTE_LOST,      /* the last broker with this topic left, or dropped it */
};

struct route_counts {
	size_t brokers; /* members */
	size_t topics;  /* as max_topics counts them */
	size_t lost;    /* topics that no broker has any more; they explain themselves for a day */
	uint64_t refused; /* registrations over a limit, since the start */
};

/* The limits are lent and may change between calls. */
struct routes *routes_new(const struct route_limits *limits);
void routes_free(struct routes *routes);

/*
 * A member registers, for the first time or again. A master's topics are taken if the version
 * of its table is new; with drop_missing, topics that are not in the table leave the broker. A
 * slave's topics are taken as long as no master has told its own. With JOIN_DUPLICATE, *other is
 * the address of the live member, with JOIN_OTHER_CLUSTER the master's cluster; lent.
 */
enum join_status routes_join(struct routes *routes, const struct member_identity *sender,
    const struct registration *registration, bool drop_missing, int64_t now_ms,
    struct slice *other);
/* False when there is no such member. */
bool routes_leave(
    struct routes *routes, struct slice broker_name, int64_t id, struct slice address);
/* All members that registered over this connection leave. */
void routes_connection_closed(struct routes *routes, uint64_t connection);
/* Marks the member as alive now. False: it is unknown. timeout_ms 0: as before. */
bool routes_touch(struct routes *routes, struct slice address, int64_t timeout_ms, int64_t now_ms);
/* Members that were silent for too long leave. on_silent is called for each, after the walk. */
void routes_expire(struct routes *routes, int64_t now_ms,
    void (*on_silent)(void *arg, uint64_t connection), void *arg);

/* The version of the table of the member with this address; NULL: unknown. */
const struct data_version *routes_version(const struct routes *routes, struct slice address);
/* The addresses of the live master of a broker, lent. False: it has none. */
bool routes_master(const struct routes *routes, struct slice broker_name, struct slice *address,
    struct slice *ha_address);
size_t routes_broker_count(const struct routes *routes);
struct route_counts routes_counts(const struct routes *routes);
/* The address of any live member; absent: there is none. */
struct slice routes_any_address(const struct routes *routes);

/*
 * The reply to a route query, lent. order_conf (may be absent) is part of the kept bytes, so
 * call routes_forget when it changes. When there is no route, *why explains, in the arena.
 */
enum route_status routes_reply(struct routes *routes, struct arena *arena, struct slice topic,
    struct slice order_conf, enum route_dialect dialect, struct slice *body, struct slice *why);
/*
 * The same for clients that want only the brokers of one zone, and those without a master. In
 * the arena.
 */
enum route_status routes_reply_zone(struct routes *routes, struct arena *arena, struct slice topic,
    struct slice order_conf, enum route_dialect dialect, struct slice zone, struct slice *body,
    struct slice *why);
void routes_forget(struct routes *routes, struct slice topic);
void routes_forget_all(struct routes *routes);

/* ClusterInfo (106), lent. */
struct slice routes_cluster_info(struct routes *routes);
/* BrokerMemberGroup (901), in the arena. */
struct slice routes_member_group(
    struct routes *routes, struct arena *arena, struct slice cluster, struct slice broker_name);

/* Lists of topic names, sorted; the array is in the arena, the names are lent. */
const struct slice *routes_topics(struct routes *routes, struct arena *arena, size_t *n);
const struct slice *routes_topics_of_cluster(
    struct routes *routes, struct arena *arena, struct slice cluster, size_t *n);
/* Topics whose flags, masked, equal `flags`. */
const struct slice *routes_topics_flagged(
    struct routes *routes, struct arena *arena, int32_t mask, int32_t flags, size_t *n);
/* Names of brokers, then of clusters. */
const struct slice *routes_system_topics(struct routes *routes, struct arena *arena, size_t *n);

/*
 * Takes the write permission from a broker, or gives it back; it also comes back when the master
 * leaves. Returns the number of the broker's topics.
 */
int32_t routes_forbid_write(struct routes *routes, struct slice broker_name);
int32_t routes_allow_write(struct routes *routes, struct slice broker_name);
/* Deletes the topic from all brokers, or from those of a cluster. */
void routes_delete_topic(struct routes *routes, struct slice topic, struct slice cluster);
/* Adds queues to brokers that are known (217). False, and nothing is added: over max_topics. */
bool routes_add_topic(
    struct routes *routes, struct slice topic, const struct queue_data *queues, size_t n_queues);

#endif
