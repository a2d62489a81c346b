#ifndef T_LIB_HALF_RIG_H
#define T_LIB_HALF_RIG_H

/* Half messages in a store of store_rig.h, and what the log says that the table of them has to be.
 */

#include "t/lib/store_rig.h"

#define HALF_REAL_TOPIC "T" /* what is committed goes there */

struct half_outcome {
	enum append_status status;
	enum half_state found; /* of APPEND_NOT_OPEN */
	int64_t
	    position; /* STORE: of the half message; else of the first record of the operation */
};

/*
 * Sends the operation with the records that belong to it; *outcome is there after rig_wait.
 * n_asked: ASK: how many times by now.
 */
void half_submit(struct rig *rig, const struct half_change *change, int32_t n_asked,
    struct half_outcome *outcome);
/* Waits, and knows how often it was asked. */
struct half_outcome half_change(struct rig *rig, const struct half_change *change);
/* The short forms: one operation on the half message at `position`. */
struct half_outcome half_op(struct rig *rig, enum half_op op, int64_t position);
/* The position of a new one; ends the process when it is not stored. */
int64_t half_store(struct rig *rig, int64_t due_in_ms);

/* The job comes back with its answer; the caller frees it. */
struct half_job *half_ask(
    struct rig *rig, enum half_query query, int64_t position, size_t max, int64_t retry_delay_ms);
/* state HALF_NONE when it is not in the table. */
struct half half_find(struct rig *rig, int64_t position);
/* All of the table by position; the caller frees them. */
struct half *half_list(struct rig *rig, size_t *n);

/*
 * Reads the half messages, their events and the deliveries from the log, and compares the table,
 * its counts and the deliveries with them. Answers what does not fit, a line; NULL: all does. The
 * caller frees it.
 */
char *half_check(struct rig *rig);
/* Deliveries of the one at `position`. */
size_t half_deliveries(struct rig *rig, int64_t position);

#endif
