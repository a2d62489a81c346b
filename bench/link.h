#ifndef BENCH_LINK_H
#define BENCH_LINK_H

/*
 * The generator's connections. Each has slots, one for each request that it may have in
 * flight; a slot's place and use number make the opaque, so that an answer finds
 * its slot without a search, and none of an earlier use is taken for it. All belong to
 * one loop.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bench/stencil.h"
#include "common/net/conn.h"

struct slot;

/*
 * code is the answer's, or TWINMQ_TIMEOUT or TWINMQ_UNREACHABLE, and then answer is NULL. What
 * answer and body point to is lent until it returns.
 */
typedef void slot_done_fn(
    struct slot *slot, int32_t code, const struct command *reply, struct slice body);

struct slot {
	struct link *link;
	struct slot *next; /* on a list of the load's */
	slot_done_fn *done;
	int64_t sent_us;
	int32_t opaque; /* 0: no answer is awaited */
	uint32_t index;
	uint32_t uses;
	/* What the operation at hand is about. */
	uint32_t queue;
	int64_t due_us;
	uint64_t number;
	void *context;
};

struct link {
	struct links *links;
	struct conn *conn;   /* NULL: not connected */
	bool opening;        /* links_open waits for it */
	const char *address; /* NULL: it never connects */
	uint32_t broker;
	uint32_t turn; /* of the queues */
	uint32_t n_slots;
	struct slot *slots;
	void *context;
	/* May be NULL. A request of the peer. */
	void (*on_request)(struct link *link, const struct command *command, struct slice body);
	/* May be NULL. Connected: what must go first over the new connection. */
	void (*on_open)(struct link *link);
};

struct links {
	struct loop *loop;
	int timeout_ms;
	struct link *all;
	size_t n;
	uint64_t n_lost; /* connections that closed or could not be made */
	struct timer tick;
	/* Called LINKS_TICKS_PER_S times a second; may be NULL. */
	void (*on_tick)(struct links *links);
	void *context;
	size_t next_open, n_opening; /* while links_open runs */
};

#define LINKS_TICKS_PER_S 10

/* n links with slots each, whose other members the caller then fills. */
void links_init(struct links *links, struct loop *loop, int timeout_ms, size_t n, uint32_t n_slots);
void links_release(struct links *links);
/* Connects all that can be, some at a time; runs the loop until that is done. */
void links_open(struct links *links);
/* -1 when the address cannot be resolved. The address is lent. */
int link_set_address(struct link *link, const char *address);
/* Connects when it is not; NULL when that cannot be. */
struct conn *link_connect(struct link *link);
/* A slot has one request in flight at most. */
void slot_send(struct slot *slot, struct stencil *stencil, struct slice body, slot_done_fn *done);
/* Without an answer; the stencil's flag says so to the peer. */
void link_send_oneway(struct link *link, struct stencil *stencil, struct slice body);

#endif
