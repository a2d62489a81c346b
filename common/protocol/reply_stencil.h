#ifndef COMMON_REPLY_STENCIL_H
#define COMMON_REPLY_STENCIL_H

/*
 * A reply that is written again and again in JSON, with few values that differ: the text between
 * them is made once, by command_encode from a sample, and copied. The reply has the same bytes as
 * command_encode writes. Immutable once it is made: any thread.
 */

#include "common/base/buf.h"
#include "common/protocol/command.h"

#define REPLY_STENCIL_VALUES 4 /* fields that differ, at most */

struct reply_stencil {
	struct buf text; /* of the header, without the values */
	const struct field *fields[REPLY_STENCIL_VALUES + 1]; /* in order; NULL ends them */
	uint32_t ends[REPLY_STENCIL_VALUES + 2];              /* of the pieces between */
};

/*
 * From a sample: a command with a typed header, all of whose values are those of each reply, but
 * for the opaque and for the fields whose keys are listed, in the table's order, NULL at the end.
 */
void reply_stencil_init(
    struct reply_stencil *stencil, const struct command *sample, const char *const *keys);
void reply_stencil_release(struct reply_stencil *stencil);
/*
 * Appends the frame, which has no body. The values come from `header`. They are there, and need no
 * escapes.
 */
void reply_stencil_put(
    const struct reply_stencil *stencil, struct buf *buf, int32_t opaque, const void *header);

#endif
