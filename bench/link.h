#ifndef BENCH_LINK_H
#define BENCH_LINK_H

/*
 * The generator's connections. Each has a slot for every request that it may have in flight. The
 * slot's index and its use count make up the opaque: a reply finds its slot without a search, and a
 * late reply to an earlier request is not taken for the current one. One loop.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "bench/stencil.h"
#include "common/net/conn.h"

struct slot;
STAILQ_HEAD(slot_list, slot);

/*
 * code: of the reply, or TWINMQ_TIMEOUT or TWINMQ_UNREACHABLE with reply == NULL. reply and body
 * are lent until the function returns.
 */
typedef void slot_done_fn(
    struct slot *slot, int32_t code, const struct command *reply, struct slice body);

struct slot {
	struct link *link;
	STAILQ_ENTRY(slot) entry; /* in a list of the load */
	slot_done_fn *done;
	int64_t sent_us;
	int32_t opaque; /* 0: no request is in flight */
	uint32_t index;
	uint32_t uses;
	/* The operation at hand: */
	uint32_t queue;
	int64_t due_us;
	uint64_t number;
	void *context;
};

struct link {
	struct links *links;
	struct conn *conn;   /* NULL: not connected */
	bool opening;        /* links_open waits for the connection */
	const char *address; /* NULL: it never connects */
	uint32_t broker;
	uint32_t turn; /* of the queues */
	uint32_t n_slots;
	struct slot *slots;
	void *context;
	/* May be NULL. A request of the peer. */
	void (*on_request)(struct link *link, const struct command *command, struct slice body);
	/* May be NULL. A new connection; what is sent here goes out first. */
	void (*on_open)(struct link *link);
};

struct links {
	struct loop *loop;
	int timeout_ms;
	struct link *all;
	size_t n;
	uint64_t n_lost; /* connections that were closed or could not be made */
	struct timer tick;
	/* Called LINKS_TICKS_PER_S times a second; may be NULL. */
	void (*on_tick)(struct links *links);
	void *context;
	size_t next_open, n_opening; /* while links_open runs */
};

#define LINKS_TICKS_PER_S 10

/* Makes n links with n_slots slots each; the caller fills in their other members. */
void links_init(struct links *links, struct loop *loop, int timeout_ms, size_t n, uint32_t n_slots);
void links_release(struct links *links);
/* Connects all links, some at a time; runs the loop until each is connected or failed. */
void links_open(struct links *links);
/* 0, or -1 when the address cannot be resolved. The text is lent as long as the link lives. */
int link_set_address(struct link *link, const char *address);
/* The connection, made when there is none; NULL when it cannot be made. */
struct conn *link_connect(struct link *link);
/* The slot must have no request in flight. */
void slot_send(struct slot *slot, struct stencil *stencil, struct slice body, slot_done_fn *done);
/* Sends without a slot: the stencil is of a oneway request. */
void link_send_oneway(struct link *link, struct stencil *stencil, struct slice body);

#endif
