#ifndef NAMESERVER_QUORUM_PEERS_H
#define NAMESERVER_QUORUM_PEERS_H

/*
 * quorumPeers: the servers of the quorum, this one included, as ID-HOST:PORT[:QUORUMPORT] separated
 * by semicolons. PORT is where brokers and tools reach the server (listenPort), QUORUMPORT where
 * the servers reach each other; PORT + 2 when it is absent. An IPv6 address stands in brackets. One
 * thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

enum { QUORUM_SERVERS_MAX = 7 };

struct quorum_peer {
	int64_t id; /* from 1 on */
	char *host; /* without brackets */
	int port, quorum_port;
	char *address;        /* host:port, with brackets */
	char *quorum_address; /* host:quorum_port */
};

struct quorum_peers {
	size_t n;
	struct quorum_peer peers[QUORUM_SERVERS_MAX];
	uint64_t digest; /* of ids and addresses: the same in the files of all servers */
};

/* 0, or -1 with the fault as the end of a sentence; nothing is kept then. */
int quorum_peers_parse(struct quorum_peers *peers, struct slice text, const char **fault);
void quorum_peers_release(struct quorum_peers *peers);
/* NULL: not there. */
const struct quorum_peer *quorum_peers_find(const struct quorum_peers *peers, int64_t id);

#endif
