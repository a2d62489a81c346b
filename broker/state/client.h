#ifndef BROKER_CLIENT_H
#define BROKER_CLIENT_H

/*
 * Connected clients, as their heartbeats describe them: producers and
 * consumers by group, and the subscriptions of each consumer. One lock (a
 * leaf). Any thread; connections are named by conn_id, results are copied into
 * the caller's arena.
 *
 * Subscriptions belong to a client, not only to its group: members of one
 * group with different subscriptions miss messages. The log names the first
 * two of them, with addresses and expressions.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/slice.h"
#include "common/net/conn.h"
#include "common/protocol/heartbeat.h"

#define CLIENT_EXPIRE_MS 120000 /* without a heartbeat for so long: gone */

struct clients;

/* One connection of one client. */
struct client {
	struct conn_id conn;
	struct slice id;      /* as the client calls itself */
	struct slice address; /* "ip:port" */
	enum command_language language;
	int32_t version;
	int64_t last_seen_ms; /* wall clock */
};

/* A group whose members have to divide the queues again. */
struct client_change {
	struct slice group;
	const struct conn_id *members;
	size_t n_members;
	struct slice left; /* the client that is no member any more; absent: nobody left */
};

struct client_changes {
	const struct client_change *list;
	size_t n;
};

struct clients *clients_new(void);
void clients_free(struct clients *clients);

/* What heartbeats may bring. */
struct client_limits {
	size_t max_groups; /* of one connection */
	size_t max_bytes;  /* of memory for all clients; one heartbeat may exceed it */
};

enum client_status {
	CLIENT_ACCEPTED,
	CLIENT_TOO_MANY_GROUPS, /* the connection would be in more than max_groups */
	CLIENT_NO_MEMORY,       /* max_bytes are in use, and the heartbeat wants more */
};

/*
 * `from` names the connection of the heartbeat; its id and last_seen_ms are not read. *changes has
 * the groups with a new member, or with one that subscribes to other topics than before. A refused
 * heartbeat changes nothing.
 */
enum client_status clients_heartbeat(struct clients *clients, const struct client *from,
    const struct heartbeat *heartbeat, const struct client_limits *limits, struct arena *arena,
    struct client_changes *changes);
/* The client leaves these groups (absent: none) on all its connections. */
struct client_changes clients_unregister(struct clients *clients, struct slice client_id,
    struct slice producer_group, struct slice consumer_group, struct arena *arena);
struct client_changes clients_close(
    struct clients *clients, struct conn_id conn, struct arena *arena);
/* Forgets clients that were silent for CLIENT_EXPIRE_MS; *stale has the connections to close. */
struct client_changes clients_expire(
    struct clients *clients, struct arena *arena, const struct conn_id **stale, size_t *n_stale);

/* What a pull needs to know of its group and topic. */
enum client_lookup {
	CLIENT_NO_GROUP,        /* no member of this group is known */
	CLIENT_NO_SUBSCRIPTION, /* the group does not subscribe to the topic */
	CLIENT_FOUND,
};

struct client_subscription {
	struct subscription
	    subscription;  /* if CLIENT_FOUND; its filter is the caller's reference */
	bool broadcasting; /* the group's model, unless CLIENT_NO_GROUP */
};

/*
 * The subscription that counts for a pull on `conn`: that of its client if it has one, else the
 * newest of the group.
 */
enum client_lookup clients_find_subscription(struct clients *clients, struct conn_id conn,
    struct slice group, struct slice topic, struct arena *arena, struct client_subscription *out);

/* A consumer group as it is now: members in order of client ids, the newest subscription to each
 * topic. */
struct client_group {
	enum consume_type type;
	enum message_model model;
	enum consume_from from;
	const struct client *members;
	size_t n_members;
	const struct subscription *subscriptions;
	size_t n_subscriptions;
};

/* False when no member of the group is connected. */
bool clients_find_group(
    struct clients *clients, struct slice group, struct arena *arena, struct client_group *out);
/*
 * About which topic two members of the group disagree now: both with address and expression, as in
 * the log; absent when they agree.
 */
struct slice clients_find_conflict(
    struct clients *clients, struct slice group, struct arena *arena);
bool clients_find_member(struct clients *clients, struct slice group, struct slice client_id,
    struct arena *arena, struct client *out);
/* The client of a connection that sent a heartbeat. */
bool clients_find_conn(
    struct clients *clients, struct conn_id conn, struct arena *arena, struct client *out);
/* The connection by which the client sent its last heartbeat, whatever its groups. */
bool clients_find_id(struct clients *clients, struct slice id, struct conn_id *conn);
/* Ids of a group's members, sorted, each once; NULL when there are none. */
const struct slice *clients_list_ids(
    struct clients *clients, struct slice group, struct arena *arena, size_t *n);
/* Consumer groups that subscribe to the topic now, sorted. */
const struct slice *clients_list_subscribers(
    struct clients *clients, struct slice topic, struct arena *arena, size_t *n);
/* Members of a producer group in order of client ids; NULL when there are none. */
const struct client *clients_list_producers(
    struct clients *clients, struct slice group, struct arena *arena, size_t *n);
/* Names of all producer groups, sorted. */
const struct slice *clients_list_producer_groups(
    struct clients *clients, struct arena *arena, size_t *n);

struct producers_count {
	struct slice group;
	size_t n_members;
};
/* All producer groups with their members, in no order. */
const struct producers_count *clients_count_producers(
    struct clients *clients, struct arena *arena, size_t *n);

struct client_counts {
	size_t n_connections; /* that sent a heartbeat */
	size_t n_producer_groups;
	size_t n_consumer_groups;
	uint64_t n_conflicts; /* how often members of a group began to disagree, since the start */
	size_t n_memberships; /* of connections in groups */
	size_t bytes;         /* of memory for all of this */
};

void clients_get_counts(struct clients *clients, struct client_counts *counts);

#endif
