#ifndef BROKER_SUBSCRIPTION_H
#define BROKER_SUBSCRIPTION_H

/*
 * The subscriptions of one member of a consumer group: a table from topic to
 * struct subscription, each a block of its own that holds its filter. No lock: the owner's.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/strmap.h"
#include "common/protocol/heartbeat.h"

/* { 0 } is empty. */
struct subscriptions {
	struct strmap table;
	uint64_t hash; /* of topics and expressions, in any order; 0 for none */
	size_t bytes;  /* of memory */
};

void subscriptions_release(struct subscriptions *subscriptions);
/* True when it names other topics than before. */
bool subscriptions_replace(
    struct subscriptions *subscriptions, const struct subscription *list, size_t n);
/* The memory that a list would take. */
size_t subscriptions_size(const struct subscription *list, size_t n);

/* Two members disagree about a topic; NULL: does not subscribe to it. */
struct subscription_difference {
	struct slice topic;
	const struct subscription *wishes[2];
};

bool subscriptions_differ(const struct subscriptions *a, const struct subscriptions *b,
    struct subscription_difference *difference);
/* Into the arena, without its filter. */
struct subscription subscription_copy(struct arena *arena, const struct subscription *from);

#endif
