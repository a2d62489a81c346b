#ifndef NAMESERVER_QUORUM_TRANSPORT_H
#define NAMESERVER_QUORUM_TRANSPORT_H

/*
 * Connections between the servers of a quorum, for raft_uv. libraft's own transport believes the
 * lengths that any peer names, and reads an address without its end, so it cannot stand on a port
 * that strangers reach. This one takes a connection only from an address of quorumPeers, after a
 * greeting of 40 bytes that names both ids and the digest of quorumPeers, within a second; and one
 * connection of each server. What comes behind the greeting is libraft's, which trusts it: a
 * program on a host of the quorum that forges the greeting can fell or mislead a server.
 *
 * All of it on the thread of the loop.
 */

#include <raft/uv.h>

#include "nameserver/quorum/quorum_peers.h"

struct quorum_transport;

/*
 * bind_address: a literal, NULL for all of IPv4. The peers are lent. Fills `transport`; resolves
 * the names of the peers once, waiting for that.
 */
struct quorum_transport *quorum_transport_new(struct raft_uv_transport *transport, uv_loop_t *loop,
    const struct quorum_peers *peers, const char *bind_address);
/* After transport->close has called back. */
void quorum_transport_free(struct quorum_transport *transport);
/* How many connections were refused. */
uint64_t quorum_transport_refused(const struct quorum_transport *transport);

#endif
