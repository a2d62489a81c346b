#ifndef BROKER_REGISTER_COMPOSE_H
#define BROKER_REGISTER_COMPOSE_H

/* What a broker tells name servers when it registers: its topics. Any thread. */

#include "broker/broker.h"
#include "common/buf.h"

/* The body of a registration, behind what text holds; answers how many topics there are. */
size_t register_compose(const struct broker *broker, struct buf *text);

#endif
