#ifndef COMMON_RESOLVE_H
#define COMMON_RESOLVE_H

/*
 * Turns a list of HOST:PORT, as in namesrvAddr, into socket addresses without
 * blocking the loop. A thread of the resolver looks names up, every 30 seconds
 * and when asked, so an edited hosts file counts without a restart. Numeric
 * addresses are known at once and need no thread. A line is logged when a name
 * does not resolve, and when it resolves to another address. A port is 1 to
 * 65535.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "common/net/loop.h"

struct resolved {
	const char *text; /* HOST:PORT as it was given */
	struct sockaddr_storage address;
	socklen_t len; /* 0: not known yet */
};

struct resolver;

/*
 * changed is called on the loop when a name got its first or another address, never for numeric
 * ones. A name that no longer resolves keeps its last address.
 */
struct resolver *resolver_new(
    struct loop *loop, const char *addresses, void (*changed)(void *arg, size_t index), void *arg);
/* On the loop; changed is not called after it. */
void resolver_free(struct resolver *resolver);
size_t resolver_count(const struct resolver *resolver);
/* Lent; the address may change in later turns of the loop. */
const struct resolved *resolver_get(const struct resolver *resolver, size_t index);
/* Looks all names up now; for a peer that could not be reached. */
void resolver_ask(struct resolver *resolver);

/*
 * Resolves one HOST:PORT; blocks, unless numeric is set: then a name is an error. 0, or -1 and
 * *why, a static text. why may be NULL.
 */
int resolve(const char *text, bool numeric, struct sockaddr_storage *address, socklen_t *len,
    const char **why);

#endif
