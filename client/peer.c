#include "config.h"

#include "client/twinmq_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/net/resolve.h"

static void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	struct peer *peer = conn_context(conn);

	if (transaction_check_take(peer, command, body))
		return;
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
	membership_on_lost(&peer->mq->membership, slice_of(peer->address));
}

static const struct conn_events events = {
	.on_request = on_request,
	.on_close = lost,
};

struct peer *
peer_find(struct twinmq *mq, struct slice address)
{
	struct peer *peer = strmap_find(&mq->peers, address);

	if (peer == NULL) {
		peer = mem_zalloc(sizeof *peer);
		peer->mq = mq;
		peer->address = slice_dup(address);
		strmap_put(&mq->peers, address, peer);
	}
	return peer;
}

struct conn *
peer_connect(struct peer *peer)
{
	struct sockaddr_storage address;
	socklen_t len;
	const char *why;

	if (peer->conn != NULL)
		return peer->conn;
	if (resolve(peer->address, false, &address, &len, &why) == -1) {
		snprintf(peer->why, sizeof peer->why, "%s", why);
		return NULL;
	}
	snprintf(peer->why, sizeof peer->why, "not connected");
	peer->conn = conn_connect(peer->mq->loop, (const struct sockaddr *)&address, len,
	    peer->mq->timeout_ms, &events, peer);
	/* Whatever is asked over it, the broker first hears whose connection it is. */
	membership_on_connect(&peer->mq->membership, slice_of(peer->address));
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
