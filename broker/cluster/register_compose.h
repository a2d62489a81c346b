#ifndef BROKER_REGISTER_COMPOSE_H
#define BROKER_REGISTER_COMPOSE_H

/* The contents of a registration: the topics of this broker. Any thread. */

#include "broker/context.h"
#include "common/base/buf.h"
#include "common/protocol/headers.h"

/* { 0 } is empty. The caller releases the body. */
struct register_message {
	struct buf body;
	bool compressed; /* the plain form would not fit into a frame */
	size_t n_topics;
	int64_t told; /* the counter of the data version that it tells of */
};

/* The header of such a message; it lends from the broker. */
struct register_broker_header register_header(
    const struct broker *broker, const struct register_message *message);
/* All topics. */
void register_compose(const struct broker *broker, struct register_message *message);
/*
 * The topics that changed since the counter `told`: without SELF_TEST_TOPIC, name servers take it
 * for an increment. False, with nothing written, when only the whole table tells it.
 */
bool register_compose_changes(
    const struct broker *broker, int64_t told, struct register_message *message);
/* Whether name servers can read it: it fits into a frame. */
bool register_fits(const struct register_message *message);

#endif
