#ifndef BROKER_SLAVE_COMMANDS_H
#define BROKER_SLAVE_COMMANDS_H

/*
 * What a slave answers to each request. It serves what reads, and refuses what would store
 * something: a write with SERVICE_NOT_AVAILABLE, so that producers go elsewhere, a change by a
 * person with SYSTEM_ERROR. Source: protocol description 7, RocketMQ 4.9.7 and 5.3.3.
 */

#include "common/net/server.h"

/* The rows of the families with the slave's answers, as one table; the caller frees it. */
struct handler *slave_commands_new(const struct handler *const *families);

#endif
