#ifndef BROKER_INFLIGHT_H
#define BROKER_INFLIGHT_H

/*
 * The sends of one loop that the writer has not finished, oldest first. A send that waits too long
 * in the writer's queue is cancelled: it is refused and not stored. A send whose sync takes too
 * long is answered with FLUSH_DISK_TIMEOUT. One per loop; only that loop's thread.
 */

#include <sys/queue.h>

#include "broker/store/store.h"
#include "common/net/loop.h"

struct inflight;

/* One send; embedded in struct send. */
struct inflight_send {
	TAILQ_ENTRY(inflight_send) in_order;
	struct append *append;
	int64_t since_us; /* clock_mono_us */
	bool replied;     /* FLUSH_DISK_TIMEOUT was sent; no second reply */
};

struct inflight_limits {
	int64_t wait_ms;  /* in the writer's queue */
	int64_t flush_ms; /* until the commit */
	/* Called once for a send whose commit takes longer than flush_ms. */
	void (*on_flush_timeout)(struct loop *loop, struct inflight_send *send);
	/* By inflight_free, for each send that is left: the append is the callee's. */
	void (*on_drop)(struct loop *loop, struct inflight_send *send);
};

struct inflight *inflight_new(struct loop *loop, const struct inflight_limits *limits);
void inflight_free(struct inflight *inflight);
/* Sets all members of the send. */
void inflight_add(struct inflight *inflight, struct inflight_send *send, struct append *append);
size_t inflight_count(const struct inflight *inflight);
/* The writer is done with it. */
void inflight_remove(struct inflight *inflight, struct inflight_send *send);

#endif
