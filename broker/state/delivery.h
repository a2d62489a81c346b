#ifndef BROKER_DELIVERY_H
#define BROKER_DELIVERY_H

/*
 * Which client got which messages when, and when their group acknowledged them: the last so many
 * events, in memory. A pull that finds messages notes one event, a commit that moves an offset
 * another; one that goes on where the last one of its queue ended within EVENT_MERGE_MS widens it,
 * so its time is known to a second. Each worker notes into a ring of its own, below a lock that is
 * a leaf; questions look at all rings. Groups are kept as hashes.
 *
 * Client ids come from the table of clients; of connections that closed, the last GONE_CLIENTS ids
 * are kept here. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/slice.h"
#include "common/net/conn.h"

#define EVENT_MERGE_MS 1000
#define GONE_CLIENTS 1024

struct deliveries;

enum delivery_kind {
	DELIVERY_SENT,         /* the messages went to a client */
	DELIVERY_ACKNOWLEDGED, /* the group's offset moved past them */
};

struct delivery_event {
	enum delivery_kind kind;
	int32_t queue;             /* its number in the store, which no other queue gets */
	uint64_t group;            /* hash_of */
	int64_t from, to;          /* queue offsets; to is the first that is not meant */
	int64_t first_ms, last_ms; /* wall clock */
	struct conn_id conn;       /* of the client, with DELIVERY_SENT */
	struct host peer;
};

/* n_events: of all rings together; 0: nothing is noted. */
struct deliveries *deliveries_new(int n_workers, size_t n_events);
void deliveries_free(struct deliveries *deliveries);
/* The times of the event are those of now. `worker`: index of the loop. */
void deliveries_note(struct deliveries *deliveries, int worker, const struct delivery_event *event);
bool deliveries_are_noted(const struct deliveries *deliveries);

struct delivery_list {
	const struct delivery_event *list; /* oldest first of each ring */
	size_t n;
	bool cut; /* there are more */
};

/* The events of all groups about the message at this offset; at most max. */
struct delivery_list deliveries_find(
    struct deliveries *deliveries, int32_t queue, int64_t offset, size_t max, struct arena *arena);
/* Since when every event is remembered, wall clock; 0: since the start. */
int64_t deliveries_since(struct deliveries *deliveries);

/* The client of a connection that closes. */
void deliveries_client_gone(
    struct deliveries *deliveries, struct conn_id conn, struct slice client_id);
/* Absent when it is not known any more. */
struct slice deliveries_gone_client(
    struct deliveries *deliveries, struct conn_id conn, struct arena *arena);

#endif
