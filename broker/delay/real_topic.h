#ifndef BROKER_REAL_TOPIC_H
#define BROKER_REAL_TOPIC_H

/*
 * Messages that wait on a system topic before they go where they belong:
 * delayed ones and half messages. Their own topic and queue are kept in the properties
 * REAL_TOPIC and REAL_QID, as RocketMQ does.
 */

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/protocol/record.h"

/* Adds the record's topic and queue to its properties (arena). */
void real_topic_keep(struct record *record, struct arena *arena);
/*
 * Gives them back, known from its properties, and drops a set of these (see properties_drop).
 * False when the record does not say where it belongs.
 */
bool real_topic_restore(struct record *record, const struct known_properties *known,
    unsigned dropped, struct arena *arena);

#endif
