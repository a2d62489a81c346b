#ifndef COMMON_CALLS_H
#define COMMON_CALLS_H

/*
 * Requests of our own that wait for a reply, by opaque. { 0 } is an empty
 * table. Belongs to a connection, on the thread of its loop.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/u64map.h"
#include "common/net/loop.h"
#include "common/protocol/command.h"

/* reply == NULL: none came. reply and body are lent until the function returns. */
typedef void call_done_fn(void *arg, const struct command *reply, struct slice body);

struct calls {
	struct u64map waiting;
	int32_t last_opaque;
};

/* An opaque that no waiting request has. */
int32_t calls_opaque(struct calls *calls);
/* The opaque waits for timeout_ms from now on; done is called exactly once. */
void calls_add(struct calls *calls, struct loop *loop, int32_t opaque, int timeout_ms,
    call_done_fn *done, void *arg);
/* Calls done. False: no request with this opaque waits, or it timed out. */
bool calls_reply(
    struct calls *calls, int32_t opaque, const struct command *reply, struct slice body);
/* Fails all waiting requests. Requests that their callbacks add stay. */
void calls_fail(struct calls *calls);
/* The table must be empty of waiting ones. */
void calls_release(struct calls *calls);

#endif
