#ifndef BROKER_APACHE_META_H
#define BROKER_APACHE_META_H

/*
 * The tables of a RocketMQ master, which a slave asks for by requests: topics (21), offsets (43),
 * the progress of the delay levels (45), groups (201). Topics and groups are replaced, offsets
 * merged, as RocketMQ's slaves do. Loop 0.
 */

#include "broker/context.h"
#include "common/net/conn.h"

/*
 * Asks for all of them over the connection; what comes is applied. An answer that does not come, or
 * is a refusal, changes nothing.
 */
void apache_meta_ask(struct broker *broker, struct conn *conn);

#endif
