#include "config.h"

#include "client/peer.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/handle.h"
#include "client/wait.h"
#include "common/base/mem.h"
#include "common/net/resolve.h"

/* ---- watches ---- */

void
peer_watch_add(struct twinmq *mq, struct peer_watch *watch)
{
	TAILQ_INSERT_TAIL(&mq->watches, watch, entry);
}

void
peer_watch_remove(struct twinmq *mq, struct peer_watch *watch)
{
	TAILQ_REMOVE(&mq->watches, watch, entry);
}

void
peers_close_watches(struct twinmq *mq)
{
	struct peer_watch *watch;

	while ((watch = TAILQ_FIRST(&mq->watches)) != NULL) {
		TAILQ_REMOVE(&mq->watches, watch, entry);
		if (watch->on_close != NULL)
			watch->on_close(watch);
	}
}

/* ---- events of connections ---- */

static void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	struct client_peer *peer = conn_context(conn);
	struct peer_watch *watch;

	TAILQ_FOREACH(watch, &peer->mq->watches, entry)
		if (watch->on_request != NULL && watch->on_request(watch, peer, command, body))
			return;
	if (peer->mq->on_request != NULL)
		peer->mq->on_request(peer->mq->context, conn, command, body);
}

static void
lost(struct conn *conn, const char *why)
{
	struct client_peer *peer = conn_context(conn);
	struct peer_watch *watch;

	if (peer == NULL || peer->conn != conn)
		return;
	peer->conn = NULL;
	snprintf(peer->why, sizeof peer->why, "%s", why);
	TAILQ_FOREACH(watch, &peer->mq->watches, entry)
		if (watch->on_lost != NULL)
			watch->on_lost(watch, peer);
}

static const struct conn_events events = {
	.on_request = on_request,
	.on_close = lost,
};

struct client_peer *
peer_find(struct twinmq *mq, struct slice address)
{
	struct client_peer *peer = strmap_find(&mq->peers, address);

	if (peer == NULL) {
		peer = mem_zalloc(sizeof *peer);
		peer->mq = mq;
		peer->address = slice_dup(address);
		strmap_put(&mq->peers, address, peer);
	}
	return peer;
}

struct conn *
peer_connect(struct client_peer *peer)
{
	struct sockaddr_storage address;
	socklen_t len;
	const char *why;
	struct peer_watch *watch;

	if (peer->conn != NULL)
		return peer->conn;
	if (resolve(peer->address, false, &address, &len, &why) == -1) {
		snprintf(peer->why, sizeof peer->why, "%s", why);
		return NULL;
	}
	snprintf(peer->why, sizeof peer->why, "not connected");
	peer->conn = conn_connect(peer->mq->loop, (const struct sockaddr *)&address, len,
	    time_left(peer->mq, peer->mq->timeout_ms), &events, peer);
	TAILQ_FOREACH(watch, &peer->mq->watches, entry)
		if (watch->on_connect != NULL)
			watch->on_connect(watch, peer);
	return peer->conn;
}

static void
peer_free(void *self)
{
	struct client_peer *peer = self;

	if (peer->conn != NULL)
		conn_close(peer->conn, "handle closed");
	free(peer->address);
	free(peer);
}

void
peers_init(struct twinmq *mq)
{
	TAILQ_INIT(&mq->watches);
}

void
peers_release(struct twinmq *mq)
{
	strmap_release(&mq->peers, peer_free);
}
