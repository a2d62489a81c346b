#ifndef BROKER_CUT_H
#define BROKER_CUT_H

/*
 * A slave whose log has an end that its master's does not have: a master that was replaced and
 * comes back, or one that lost what it had not synced. That end is kept as cut-EPOCH-POSITION.log
 * beside the store, records back to back; then the broker starts again, and that start cuts the log
 * (log_cut.h of the store). From there on the master's log is copied. Loop 0.
 */

#include "broker/context.h"

struct cut;

/*
 * Keeps what the log has from `position` on, then lets a new start cut it. When that fails `failed`
 * is called, and may free the cut; `why` is the end of a sentence.
 */
struct cut *cut_new(
    struct broker *broker, int64_t position, void (*failed)(void *arg, const char *why), void *arg);
void cut_start(struct cut *cut);
/* Before store_stop: nothing more is read. NULL is ignored, as in the next one. */
void cut_stop(struct cut *cut);
/* After the last task of the store ran, or when it failed. */
void cut_free(struct cut *cut);
/* At the start: counts what earlier cuts left beside the store, for brokerStatus. */
void cut_count(struct broker *broker);

#endif
