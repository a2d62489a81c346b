#ifndef BROKER_CONSUMERS_HEARTBEAT_H
#define BROKER_CONSUMERS_HEARTBEAT_H

/*
 * Clients that arrive and leave, whatever protocol they speak: their groups and
 * retry topics are made, limits are kept, the other members of their consumer
 * groups are told. On the loop of the client's connection.
 */

#include "broker/context.h"
#include "broker/state/client.h"

struct client_refusal {
	int32_t code;
	const char *why; /* NULL: none; else in the loop's arena */
};

/*
 * A heartbeat of the client `from`. Groups that cannot be created are left out of it, and SQL92
 * subscriptions with a bad expression have no filter: then the rest counts, and the refusal is
 * about the first of them. Over a limit nothing of it counts.
 */
struct client_refusal client_beat(struct broker *broker, struct loop *loop,
    const struct client *from, const struct heartbeat *heartbeat);
/* The client leaves these groups (absent: none) on all its connections. */
void client_leave(struct broker *broker, struct loop *loop, struct slice client_id,
    struct slice producer_group, struct slice consumer_group);
/* A connection of the loop ended: its clients leave all their groups. */
void client_connection_closed(struct broker *broker, struct conn *conn);
/* Clients that were silent for CLIENT_EXPIRE_MS leave, and their connections close. On loop 0. */
void clients_drop_silent(struct broker *broker, struct loop *loop);
/*
 * What follows from changes of groups: the locks of a member that left end, and the members are
 * told (40), but for groups that do not want to be told.
 */
void clients_changed(
    struct broker *broker, struct loop *loop, const struct client_changes *changes);

#endif
