#ifndef BROKER_SUBSCRIPTION_H
#define BROKER_SUBSCRIPTION_H

/*
 * What one member of a consumer group subscribes to: a table from topic to
 * struct subscription, each a block of its own. Guarded by who owns the table.
 */

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/protocol/heartbeat.h"
#include "common/base/strmap.h"

/*
 * The table becomes what the list says. True when it names other topics than before; *moved
 * is set when there is any difference.
 */
bool subscriptions_replace(
    struct strmap *table, const struct subscription *list, size_t n, bool *moved);

/* Two members disagree about a topic; NULL: does not subscribe to it. */
struct subscription_difference {
	struct slice topic;
	const struct subscription *wishes[2];
};

bool subscriptions_differ(
    const struct strmap *a, const struct strmap *b, struct subscription_difference *difference);
struct subscription subscription_copy(struct arena *arena, const struct subscription *from);

#endif
