#ifndef BROKER_RETENTION_H
#define BROKER_RETENTION_H

/*
 * Retention deletes messages older than fileReservedTime at the hours of
 * deleteWhen, and at any hour if the partition is fuller than
 * diskMaxUsedSpaceRatio. On a nearly full partition it deletes the oldest
 * messages, whatever their age. Loop 0.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/context.h"
#include "common/base/arena.h"

#define DISK_FORCE_PERCENT 85  /* the oldest segment is removed, whatever its age */
#define DISK_REFUSE_PERCENT 90 /* sends are refused */

/* { 0 } at start. */
struct retention {
	bool was_full;          /* and the log has a warning */
	_Atomic uint32_t hours; /* of deleteWhen, a bit each; a text that changes is no other
	                           thread's business */
};

/* Once a second. */
void retention_tick(struct broker *broker, struct retention *retention);
/* CLEAN_EXPIRED_..., now. Any thread. */
void retention_clean(struct broker *broker);
/* The remark of a refused send: partition, usage, limits, next deletions. Any thread. */
struct slice retention_disk_text(const struct broker *broker, struct arena *arena);
/* The bits of a list such as "04;16". */
uint32_t retention_hours(const char *list);

#endif
