#include "config.h"

#include "nameserver/quorum/quorum_peers.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"

#define PORT_MAX 65535
#define QUORUM_PORT_BEHIND                                                                         \
	2 /* the port next to listenPort is often the broker's or the console's */

/* Takes the digits before the separator, or all of the rest. */
static int
take_port(struct slice *rest, int *port)
{
	struct slice text;
	int32_t number;

	if (!slice_next(rest, ':', &text) || slice_to_int32(text, &number) == -1 || number < 1 ||
	    number > PORT_MAX)
		return -1;
	*port = number;
	return 0;
}

static int
take_host(struct slice *rest, struct slice *host)
{
	const char *end;

	if (rest->len == 0 || rest->data[0] != '[')
		return slice_next(rest, ':', host) && host->len > 0 ? 0 : -1;
	end = memchr(rest->data, ']', rest->len);
	if (end == NULL || end + 1 == rest->data + rest->len || end[1] != ':')
		return -1;
	*host = (struct slice){ rest->data + 1, (size_t)(end - rest->data) - 1 };
	rest->len -= (size_t)(end + 2 - rest->data);
	rest->data = end + 2;
	return 0;
}

static char *
address_text(const struct quorum_peer *peer, int port)
{
	struct buf text = { 0 };

	buf_printf(&text, strchr(peer->host, ':') != NULL ? "[%s]:%d" : "%s:%d", peer->host, port);
	return buf_take(&text);
}

static int
parse_peer(struct quorum_peer *peer, struct slice text)
{
	struct slice id, host;

	if (!slice_next(&text, '-', &id) || slice_to_int64(id, &peer->id) == -1 || peer->id < 1 ||
	    take_host(&text, &host) == -1 || take_port(&text, &peer->port) == -1)
		return -1;
	peer->quorum_port = peer->port + QUORUM_PORT_BEHIND;
	if (text.data != NULL && text.len > 0 &&
	    (take_port(&text, &peer->quorum_port) == -1 || text.len > 0))
		return -1;
	if (peer->quorum_port > PORT_MAX)
		return -1;
	peer->host = slice_dup(host);
	peer->address = address_text(peer, peer->port);
	peer->quorum_address = address_text(peer, peer->quorum_port);
	return 0;
}

static uint64_t
digest_of(const struct quorum_peers *peers)
{
	struct buf text = { 0 };
	uint64_t digest;

	for (size_t i = 0; i < peers->n; i++)
		buf_printf(&text, "%lld-%s;", (long long)peers->peers[i].id,
		    peers->peers[i].quorum_address);
	digest = slice_hash(buf_slice(&text));
	buf_release(&text);
	return digest;
}

int
quorum_peers_parse(struct quorum_peers *peers, struct slice text, const char **fault)
{
	struct slice part;

	*peers = (struct quorum_peers){ 0 };
	*fault = NULL;
	while (*fault == NULL && slice_next(&text, ';', &part)) {
		struct quorum_peer peer = { 0 };

		part = slice_trim(part);
		if (part.len == 0)
			continue;
		if (peers->n == QUORUM_SERVERS_MAX)
			*fault = "has more than 7 servers";
		else if (parse_peer(&peer, part) == -1)
			*fault = "is no list of ID-HOST:PORT[:QUORUMPORT]";
		else if (quorum_peers_find(peers, peer.id) != NULL)
			*fault = "has an id twice";
		if (*fault == NULL)
			peers->peers[peers->n++] = peer;
		else {
			free(peer.host);
			free(peer.address);
			free(peer.quorum_address);
		}
	}
	if (*fault == NULL && peers->n == 0)
		*fault = "is empty";
	if (*fault != NULL) {
		quorum_peers_release(peers);
		return -1;
	}
	peers->digest = digest_of(peers);
	return 0;
}

void
quorum_peers_release(struct quorum_peers *peers)
{
	for (size_t i = 0; i < peers->n; i++) {
		free(peers->peers[i].host);
		free(peers->peers[i].address);
		free(peers->peers[i].quorum_address);
	}
	peers->n = 0;
}

const struct quorum_peer *
quorum_peers_find(const struct quorum_peers *peers, int64_t id)
{
	for (size_t i = 0; i < peers->n; i++)
		if (peers->peers[i].id == id)
			return &peers->peers[i];
	return NULL;
}
