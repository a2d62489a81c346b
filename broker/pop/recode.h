#ifndef BROKER_RECODE_H
#define BROKER_RECODE_H

/* Messages of a retry topic, as a pop returns them. */

#include "broker/pop/pop_private.h"

/*
 * Their topic becomes that of the pop, and the property POP_CK has the receipt, as RocketMQ does
 * without popResponseReturnActualRetryTopic. The parts are others afterwards. One that cannot be
 * changed, as its properties are too long, stays as it is; clients take it, too.
 */
void recode_retry(struct pop *pop, struct taken *taken, const struct checkpoint *checkpoint);

#endif
