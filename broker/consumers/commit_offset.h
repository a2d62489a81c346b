#ifndef BROKER_COMMIT_OFFSET_H
#define BROKER_COMMIT_OFFSET_H

/*
 * Commits of consumer offsets, whatever protocol they come by. An offset beyond
 * the end of its queue becomes the end; limits are kept. On any loop.
 */

#include "broker/context.h"
#include "broker/state/offset.h"

enum commit_status {
	COMMIT_KEPT,
	COMMIT_REFUSED,
	COMMIT_BEYOND_END, /* as far as this loop knows; nothing was done: see commit_offset_later
	                    */
};

/*
 * group_exists: whether it is a consumer group of this broker. *why, static, is set when the commit
 * is refused.
 */
enum commit_status commit_offset(
    struct worker *worker, const struct offset_row *row, bool group_exists, const char **why);

/* The same, when messages were taken and not acknowledged: a pop. */
enum commit_status commit_taken(
    struct worker *worker, const struct offset_row *row, bool group_exists, const char **why);
/* For message traces: the group of the row acknowledged what is from here to its offset. */
void note_acknowledged(struct worker *worker, const struct offset_row *row, int64_t from);

/* On the loop of the worker; why is NULL unless the commit was refused. */
typedef void commit_done_fn(void *context, struct loop *loop, const char *why);
/*
 * For a commit beyond the end that this loop knows. A message that another loop has delivered may
 * not be known here yet, so the end is asked for again behind the writer. done may be NULL.
 */
void commit_offset_later(struct worker *worker, const struct offset_row *row, bool group_exists,
    commit_done_fn *done, void *context);

#endif
