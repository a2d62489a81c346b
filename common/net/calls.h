#ifndef COMMON_CALLS_H
#define COMMON_CALLS_H

/*
 * Requests of our own that wait for their answers, by opaque. { 0 } is an
 * empty table. Belongs to a connection, on its loop's thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/protocol/command.h"
#include "common/base/u64map.h"
#include "common/net/loop.h"

/* answer == NULL: there is none. What answer and body point to is lent until it returns. */
typedef void call_done_fn(void *arg, const struct command *reply, struct slice body);

struct calls {
	struct u64map waiting;
	int32_t last_opaque;
};

/* An opaque that no waiting request has. */
int32_t calls_opaque(struct calls *calls);
/* From now on the opaque waits, for timeout_ms; done is called once. */
void calls_add(struct calls *calls, struct loop *loop, int32_t opaque, int timeout_ms,
    call_done_fn *done, void *arg);
/* false when nobody waits for it (any more). */
bool calls_reply(
    struct calls *calls, int32_t opaque, const struct command *reply, struct slice body);
/* No more answers will come. Requests that are added meanwhile are left. */
void calls_fail(struct calls *calls);
/* The table must be empty of waiting ones. */
void calls_release(struct calls *calls);

#endif
