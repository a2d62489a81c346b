#ifndef BROKER_SHIP_H
#define BROKER_SHIP_H

/*
 * The master's side of copies: a thread that listens on listenPort + 1 and sends the log, and
 * meta.db, to slaves (common/protocol/ha.h). Slaves are TwinMQ's, which asked HA_HELLO, and
 * RocketMQ's, which get the log only and ask the rest by requests.
 *
 * No slave holds memory for long: what it is not sent at once it is sent from the store later.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/context.h"
#include "common/protocol/ha.h"

#define SHIP_LINKS_MAX 64 /* the most that maxSlaveLinks can be */

struct ship;

/* Takes the socket, which listens. Before store_start: nothing is accepted yet. */
struct ship *ship_new(struct broker *broker, int listen_fd);
/* After store_start. */
void ship_start(struct ship *ship);
/* Ends the links and the thread; before store_stop. NULL is ignored, as in the next two. */
void ship_stop(struct ship *ship);
/* Runs what the store's threads have posted; after ship_stop. False: there was nothing. */
bool ship_drain(struct ship *ship);
/* After store_stop. */
void ship_free(struct ship *ship);

/* A slave, as the master sees it. */
struct slave_view {
	char address[64];
	int64_t broker_id; /* -1: a RocketMQ slave, which does not say */
	int64_t position;  /* committed there */
	int64_t sent;      /* up to here */
	int64_t lag_bytes;
	int64_t lag_ms;   /* since it had all */
	int64_t since_ms; /* wall: the link began */
	int64_t bytes_per_second;
	bool in_sync;
};

/* Copies at most SHIP_LINKS_MAX of them; *max_position is the end of the log. Any thread. */
size_t ship_views(struct ship *ship, struct slave_view *views, int64_t *max_position);
/* Connections that were closed for lack of room. Any thread. */
uint64_t ship_n_refused(const struct ship *ship);

/* A slave that may open a stream. */
struct ship_guest {
	char token[HA_TOKEN_BYTES + 1];
	char host[64]; /* its address, without port */
	int64_t broker_id;
	int64_t stream_from;
	int64_t until_ms; /* monotonic */
	bool wants_meta;
};

/*
 * Lets one more slave in: makes the token, good for a minute. NULL, or why not: a sentence. Any
 * thread.
 */
const char *ship_invite(struct ship *ship, struct ship_guest *guest);

#endif
