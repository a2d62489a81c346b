#ifndef STORE_SYNCER_H
#define STORE_SYNCER_H

/*
 * ASYNC_FLUSH's thread: syncs the live segment's WAL every flush_interval_ms with a handle of its
 * own, so that neither commits nor the writer's connection wait.
 */

#include "broker/store/base.h"

struct syncer;

struct syncer *syncer_start(struct store_base *base);
void syncer_stop(struct syncer *syncer); /* and frees it */
/* The writer has left this segment, whose records end at position. Any thread. */
void syncer_leave(struct syncer *syncer, struct segment *segment, int64_t end);

#endif
