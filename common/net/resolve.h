#ifndef COMMON_RESOLVE_H
#define COMMON_RESOLVE_H

/*
 * Names of peers. A list of HOST:PORT, as in namesrvAddr, becomes socket
 * addresses without holding up the loop: names are looked up by a thread of
 * the resolver's own, again every 30 seconds (so an edited hosts file counts
 * without a restart) and when asked. Numeric addresses are there at once and
 * cost no thread. One line is logged when a name does not resolve, and when it
 * resolves to something new.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "common/net/loop.h"

struct resolved {
	const char *text; /* HOST:PORT as it was given */
	struct sockaddr_storage address;
	socklen_t len; /* 0: not known (yet, or any more) */
};

struct resolver;

/*
 * changed is called on the loop when an address became known or another one;
 * not for those that were numeric. One that stops resolving keeps its last address.
 */
struct resolver *resolver_new(
    struct loop *loop, const char *addresses, void (*changed)(void *arg, size_t index), void *arg);
/* On the loop; changed is not called after it. */
void resolver_free(struct resolver *resolver);
size_t resolver_count(const struct resolver *resolver);
/* Lent; the address may change in later turns of the loop. */
const struct resolved *resolver_get(const struct resolver *resolver, size_t index);
/* Look up again now, since a peer could not be reached. */
void resolver_ask(struct resolver *resolver);

/*
 * One HOST:PORT, waiting for the answer; numeric: only if no look-up is
 * needed. 0, or -1 and *why (static text, or NULL when why is NULL).
 */
int resolve(const char *text, bool numeric, struct sockaddr_storage *address, socklen_t *len,
    const char **why);

#endif
