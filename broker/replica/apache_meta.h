#ifndef BROKER_APACHE_META_H
#define BROKER_APACHE_META_H

/*
 * The tables of a RocketMQ master, which a slave asks for by requests: topics (21), offsets (43),
 * the progress of the delay levels (45) and of the wheel of timed messages (60), groups (201), and
 * for the delays of the levels its settings (26). Topics and groups are replaced, offsets merged,
 * as RocketMQ's slaves do. The progress of the wheel is kept as an offset (move_scan.h). Loop 0.
 */

#include "broker/context.h"
#include "common/net/conn.h"

/*
 * Asks for all of them over the connection; what comes is applied. An answer that does not come, or
 * is a refusal, changes nothing.
 */
void apache_meta_ask(struct broker *broker, struct conn *conn);

#endif
