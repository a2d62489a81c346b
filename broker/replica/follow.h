#ifndef BROKER_FOLLOW_H
#define BROKER_FOLLOW_H

/*
 * The slave's side of copies: finds the master, copies its log and its tables, and begins again
 * when the link is lost. The master is TwinMQ's (HA_HELLO, then common/protocol/ha.h's own stream)
 * or RocketMQ's (its stream, and requests for topics, groups and offsets). Loop 0.
 *
 *   follow.c        who the master is, when to begin again
 *   ha_stream.c     the stream: bytes to records, records to the store, reports
 *   meta_apply.c    changes of meta.db
 *   apache_meta.c   the tables of a RocketMQ master
 *   cut.c           an end of the log that the master does not have
 */

#include "broker/context.h"

struct follower;

/* At a slave; after store_start. */
struct follower *follower_new(struct broker *broker);
/* The link ends; before store_stop. NULL is ignored, as in the next one. */
void follower_stop(struct follower *follower);
/* The tables of a RocketMQ master are asked for within a second. Any thread. */
void follower_refresh(struct follower *follower);
/* After the last task of the store ran. */
void follower_free(struct follower *follower);

#endif
