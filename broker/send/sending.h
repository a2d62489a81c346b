#ifndef BROKER_SENDING_H
#define BROKER_SENDING_H

/*
 * The sends of one loop that are with the writer, in the order in which they
 * went: so that one the writer does not reach in time is refused (and is then
 * not stored), and one whose sync takes too long is answered as such. One per
 * loop; only that loop's thread.
 */

#include "broker/store/store.h"
#include "common/net/loop.h"
#include "common/net/server.h"

struct sendings;

/* One send on its way; append->context points here. */
struct sending {
	struct sending *next, *prev;
	struct append *append;
	struct ticket ticket;
	int64_t since_us; /* clock_mono_us */
	int32_t queue_id;
	bool answered; /* a flush time-out was told already */
};

struct sending_limits {
	int64_t wait_ms;  /* in the queue to the writer */
	int64_t flush_ms; /* until the commit */
	/* Told once for a sending whose commit takes longer than flush_ms. */
	void (*on_flush_timeout)(struct loop *loop, struct sending *sending);
};

struct sendings *sendings_new(struct loop *loop, const struct sending_limits *limits);
void sendings_free(struct sendings *sendings);
struct sending *sendings_add(
    struct sendings *sendings, struct append *append, const struct ticket *ticket);
size_t sendings_count(const struct sendings *sendings);
/* It came home: forgets and frees the sending (not the append). */
void sendings_remove(struct sendings *sendings, struct sending *sending);

#endif
