#ifndef BROKER_INFLIGHT_H
#define BROKER_INFLIGHT_H

/*
 * The sends of one loop that the writer has not finished, oldest first. A send that waits too long
 * in the writer's queue is cancelled: it is refused and not stored. A send whose sync takes too
 * long is answered with FLUSH_DISK_TIMEOUT. One per loop; only that loop's thread.
 */

#include "broker/store/store.h"
#include "common/net/loop.h"
#include "common/net/server.h"

struct inflight;

/* One send; append->context points here. */
struct inflight_send {
	struct inflight_send *next, *prev;
	struct append *append;
	struct ticket ticket;
	int64_t since_us; /* clock_mono_us */
	int32_t queue_id;
	bool replied; /* FLUSH_DISK_TIMEOUT was sent; no second reply */
};

struct inflight_limits {
	int64_t wait_ms;  /* in the writer's queue */
	int64_t flush_ms; /* until the commit */
	/* Called once for a send whose commit takes longer than flush_ms. */
	void (*on_flush_timeout)(struct loop *loop, struct inflight_send *send);
};

struct inflight *inflight_new(struct loop *loop, const struct inflight_limits *limits);
void inflight_free(struct inflight *inflight);
struct inflight_send *inflight_add(
    struct inflight *inflight, struct append *append, const struct ticket *ticket);
size_t inflight_count(const struct inflight *inflight);
/* The writer is done with it: frees the send, not its append. */
void inflight_remove(struct inflight *inflight, struct inflight_send *send);

#endif
