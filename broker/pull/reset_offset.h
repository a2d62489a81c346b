#ifndef BROKER_RESET_OFFSET_H
#define BROKER_RESET_OFFSET_H

/*
 * Resets of a group's offsets in a topic, while its consumers are at work or not. The new offsets
 * are committed first. Then those at work are told: consumers of RocketMQ 5 by the reply to their
 * next pull, which they get at once, older and broadcasting ones by a request (220). Commits of an
 * old offset are forgotten until then. On the loop of the worker.
 */

#include "broker/context.h"
#include "common/protocol/queue_offset.h"

/* Texts are lent for the call. */
struct reset_wish {
	struct slice group;
	struct slice topic;
	int32_t queue_id;  /* -1: all of this broker */
	int64_t offset;    /* of the one queue; -1: by time */
	int64_t timestamp; /* ms since 1970: the first message from then on; -1: the end */
	bool forward;      /* also to a later offset than the group's */
	bool dry_run;      /* nothing is changed; the result says what would be */
};

struct reset_result {
	int32_t code; /* of common/protocol/codes.h */
	struct slice remark;
	const struct queue_offset *offsets; /* with code 0 */
	const struct queue_offset *before;  /* a dry run's: where the group is now; -1: nowhere */
	size_t n_offsets;
};

/* Called once, perhaps before reset_offsets returns. The result is lent. */
typedef void reset_done_fn(void *context, struct loop *loop, const struct reset_result *result);
void reset_offsets(
    struct worker *worker, const struct reset_wish *wish, reset_done_fn *done, void *context);

#endif
