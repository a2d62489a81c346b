#include "config.h"

#include "client/twinmq_private.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

static void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	struct peer *peer = conn_context(conn);

	if (peer->mq->on_request != NULL)
		peer->mq->on_request(peer->mq->context, conn, command, body);
}

static void
lost(struct conn *conn, const char *why)
{
	struct peer *peer = conn_context(conn);

	if (peer == NULL || peer->conn != conn)
		return;
	peer->conn = NULL;
	snprintf(peer->why, sizeof peer->why, "%s", why);
}

static void
on_connect(struct conn *conn, const char *why)
{
	if (why != NULL)
		lost(conn, why);
}

static const struct conn_events events = {
	.on_request = on_request,
	.on_close = lost,
	.on_connect = on_connect,
};

struct peer *
peer_find(struct twinmq *mq, struct slice address)
{
	struct peer *peer = table_find(&mq->peers, address);

	if (peer == NULL) {
		peer = mem_zalloc(sizeof *peer);
		peer->mq = mq;
		peer->address = slice_dup(address);
		table_put(&mq->peers, address, peer);
	}
	return peer;
}

/* The first address that the name has; 0, or -1 with peer->why. */
static int
resolve(struct peer *peer, struct addrinfo **found)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	const char *colon = strrchr(peer->address, ':');

	if (colon == NULL || colon == peer->address) {
		snprintf(peer->why, sizeof peer->why, "no host:port");
		return -1;
	}
	char *host = mem_strndup(peer->address, (size_t)(colon - peer->address));
	int error = getaddrinfo(host, colon + 1, &hints, found);
	free(host);
	if (error != 0)
		snprintf(peer->why, sizeof peer->why, "the name does not resolve: %s", gai_strerror(error));
	return error == 0 ? 0 : -1;
}

struct conn *
peer_connect(struct peer *peer)
{
	struct addrinfo *found;

	if (peer->conn != NULL)
		return peer->conn;
	if (resolve(peer, &found) == -1)
		return NULL;
	snprintf(peer->why, sizeof peer->why, "not connected");
	peer->conn = conn_connect(peer->mq->loop, found->ai_addr, found->ai_addrlen,
	    peer->mq->timeout_ms, &events, peer);
	freeaddrinfo(found);
	return peer->conn;
}

void
peer_free(void *self)
{
	struct peer *peer = self;

	if (peer->conn != NULL)
		conn_close(peer->conn, "handle closed");
	free(peer->address);
	free(peer);
}
