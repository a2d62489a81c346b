#ifndef CLIENT_PEER_H
#define CLIENT_PEER_H

/*
 * Connections of a handle: one for each address, made when it is needed. Floors above learn of
 * connections and of what peers ask through watches.
 */

#include <stdbool.h>
#include <sys/queue.h>

#include "common/net/conn.h"
#include "common/protocol/command.h"

struct twinmq;

struct client_peer {
	struct twinmq *mq;
	struct conn *conn; /* NULL: not connected */
	char *address;     /* "host:port" */
	char why[200];     /* the reason why it is not connected */
};

/* Embedded in what wants to know. A function may be NULL. */
struct peer_watch {
	TAILQ_ENTRY(peer_watch) entry;
	/* A new connection; what is sent now goes out before anything else. */
	void (*on_connect)(struct peer_watch *watch, const struct client_peer *peer);
	void (*on_lost)(struct peer_watch *watch, const struct client_peer *peer);
	/* A request of the peer; true when it is served, and no other watch is asked. */
	bool (*on_request)(struct peer_watch *watch, const struct client_peer *peer,
	    const struct command *command, struct slice body);
	/* The handle closes; the connections are gone, and the watch is removed. */
	void (*on_close)(struct peer_watch *watch);
};

TAILQ_HEAD(peer_watch_list, peer_watch);

void peer_watch_add(struct twinmq *mq, struct peer_watch *watch);
void peer_watch_remove(struct twinmq *mq, struct peer_watch *watch);

/* Made at the first call; lives as long as the handle. */
struct client_peer *peer_find(struct twinmq *mq, struct slice address);
/* The connection, which may still be under way; NULL and peer->why when there can be none. */
struct conn *peer_connect(struct client_peer *peer);

void peers_init(struct twinmq *mq);
/* Closes the connections. */
void peers_release(struct twinmq *mq);
/* Tells the watches, in the order in which they were added. */
void peers_close_watches(struct twinmq *mq);

#endif
