#ifndef BROKER_REGISTER_COMPOSE_H
#define BROKER_REGISTER_COMPOSE_H

/* What a broker tells name servers when it registers: its topics. Any thread. */

#include "broker/context.h"
#include "common/base/buf.h"
#include "common/protocol/headers.h"

/* The header that goes with such a body; it lends from the broker. */
struct register_broker_header register_header(const struct broker *broker, struct slice body);

/*
 * The body of a registration, behind what text holds; answers how many topics it names. *told is
 * the counter of the data version that it tells of.
 */
size_t register_compose(const struct broker *broker, struct buf *text, int64_t *told);
/*
 * The same, of the topics that changed since the counter *told: without SELF_TEST_TOPIC, name
 * servers take it for an increment. Answers 0, with nothing written, when only the whole table
 * tells it.
 */
size_t register_compose_changes(const struct broker *broker, struct buf *text, int64_t *told);

#endif
