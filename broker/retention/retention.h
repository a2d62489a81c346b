#ifndef BROKER_RETENTION_H
#define BROKER_RETENTION_H

/*
 * What is deleted and when: messages older than fileReservedTime at the hours
 * of deleteWhen, at once when the partition is fuller than
 * diskMaxUsedSpaceRatio, whatever their age when it is nearly full. Loop 0.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/context.h"
#include "common/base/arena.h"

#define DISK_FORCE_PERCENT 85  /* the oldest segment goes whatever its age */
#define DISK_REFUSE_PERCENT 90 /* sends are refused */

/* { 0 } at start. */
struct retention {
	bool was_full;          /* and it was said */
	_Atomic uint32_t hours; /* of deleteWhen, a bit each; a text that changes is no other
	                           thread's business */
};

/* Once a second. */
void retention_tick(struct broker *broker, struct retention *retention);
/* CLEAN_EXPIRED_..., now. Any thread. */
void retention_clean(struct broker *broker);
/* Why sends are refused: partition, how full, limit, oldest message, what goes when. Any thread. */
struct slice retention_disk_text(const struct broker *broker, struct arena *arena);
/* Bits of a list as "04;16". */
uint32_t retention_hours(const char *list);

#endif
