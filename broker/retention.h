#ifndef BROKER_RETENTION_H
#define BROKER_RETENTION_H

/*
 * What is deleted and when: messages older than fileReservedTime at the hours
 * of deleteWhen, at once when the partition is fuller than
 * diskMaxUsedSpaceRatio, whatever their age when it is nearly full. Loop 0.
 */

#include "broker/broker.h"
#include "common/arena.h"

#define DISK_FORCE_PERCENT 85  /* the oldest segment goes whatever its age */
#define DISK_REFUSE_PERCENT 90 /* sends are refused */

/* The last hour that was cleaned is remembered here. { .hour = -1 } at start. */
struct retention {
	int64_t hour;
};

/* Every ten seconds or so. */
void retention_tick(struct broker *broker, struct retention *retention);
/* CLEAN_EXPIRED_..., now. */
void retention_clean(struct broker *broker);
/* Why sends are refused: partition, how full, limit, oldest message, what goes when. Any thread. */
struct slice retention_disk_text(const struct broker *broker, struct arena *arena);

#endif
