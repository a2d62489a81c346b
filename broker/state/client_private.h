#ifndef BROKER_CLIENT_PRIVATE_H
#define BROKER_CLIENT_PRIVATE_H

/*
 * What client.c (who comes and goes) and client_find.c (who is there) share.
 * All of it below the lock of struct clients.
 */

#include <pthread.h>

#include "broker/state/client.h"
#include "common/base/strmap.h"

/* A connection that sent a heartbeat. Freed when it is in no group any more. */
struct peer {
	struct conn_id conn;
	char *id;
	char *address;
	enum command_language language;
	int32_t version;
	int64_t last_seen_mono_ms;
	int64_t last_seen_ms;
	struct membership *memberships;
};

struct group_of_clients {
	struct strmap members; /* key of conn_id -> struct membership */
	bool consumers;
	/* of consumers: as the newest heartbeat said */
	enum consume_type type;
	enum message_model model;
	enum consume_from from;
	bool in_conflict; /* it was reported */
	char name[];
};

/* One peer in one group. */
struct membership {
	struct membership *next_of_peer;
	struct peer *peer;
	struct group_of_clients *group;
	int64_t last_seen_mono_ms;
	struct strmap subscriptions; /* topic -> struct subscription, one block each */
};

struct clients {
	pthread_mutex_t lock;
	struct strmap peers;     /* key of conn_id -> struct peer */
	struct strmap consumers; /* group -> struct group_of_clients */
	struct strmap producers;
	uint64_t n_conflicts;
};

struct conn_key {
	char bytes[sizeof(uint32_t) + sizeof(uint64_t)];
};

static inline struct slice
key_of(struct conn_id conn, struct conn_key *key)
{
	memcpy(key->bytes, &conn.loop, sizeof conn.loop);
	memcpy(key->bytes + sizeof conn.loop, &conn.number, sizeof conn.number);
	return (struct slice){ key->bytes, sizeof key->bytes };
}

static inline struct strmap *
groups_of(struct clients *clients, bool consumers)
{
	return consumers ? &clients->consumers : &clients->producers;
}

#endif
