#ifndef BROKER_ADDRESS_H
#define BROKER_ADDRESS_H

/*
 * The address under which clients reach this broker: brokerIP1, else the one
 * from which the name servers are reached, never that of a container bridge
 * when there is another. Connecting back to it at start shows whether it works.
 */

#include "broker/context.h"

/* Sets broker->host and broker->address. -1 after the line that says what to set. */
int address_choose(struct broker *broker, int port);
/* Connects to our own address from loop 0; one line when that fails. */
void address_check(struct broker *broker);

#endif
