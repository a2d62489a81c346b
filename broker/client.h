#ifndef BROKER_CLIENT_H
#define BROKER_CLIENT_H

/*
 * Who is connected: producers and consumers by group, as heartbeats tell, and
 * what each consumer subscribed to. One lock (a leaf). Any thread; connections
 * are named by conn_id, answers are copied out.
 *
 * Subscriptions are kept per client, not only per group: two members of one
 * group that ask for different things are the classic way to lose messages, and are
 * reported with both addresses and both expressions.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/conn.h"
#include "common/heartbeat.h"
#include "common/slice.h"

struct clients;

/* What a pull needs to know of its group and topic. */
enum client_lookup {
	CLIENT_NO_GROUP,        /* nobody of this group is known */
	CLIENT_NO_SUBSCRIPTION, /* the group does not subscribe to the topic */
	CLIENT_FOUND,
};

struct clients *clients_new(void);
void clients_free(struct clients *clients);

/*
 * The subscription that counts for a pull that comes over `conn`: that client's own if it
 * has one, else the newest of its group. broadcasting tells the group's model.
 */
enum client_lookup clients_find_subscription(struct clients *clients, struct conn_id conn, struct slice group,
    struct slice topic, struct arena *arena, struct subscription *out, bool *broadcasting);

#endif
