#ifndef BROKER_UPKEEP_H
#define BROKER_UPKEEP_H

/*
 * What the broker does now and then, on loop 0: counters each second, expired
 * clients and retention each ten, offsets to disk each flushConsumerOffsetInterval.
 */

#include "broker/broker.h"

struct upkeep;

struct upkeep *upkeep_start(struct broker *broker);
void upkeep_free(struct upkeep *upkeep);

#endif
