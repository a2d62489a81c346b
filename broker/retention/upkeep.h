#ifndef BROKER_UPKEEP_H
#define BROKER_UPKEEP_H

/*
 * What the broker does now and then, on loop 0: counters each second, expired
 * clients and retention each ten, offsets to disk each flushConsumerOffsetInterval.
 */

#include "broker/context.h"

struct retention;
struct upkeep;

struct upkeep *upkeep_start(struct broker *broker);
void upkeep_free(struct upkeep *upkeep);
/* Lent; its atomic members may be read by any thread. */
const struct retention *upkeep_retention(const struct upkeep *upkeep);

#endif
