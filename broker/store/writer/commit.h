#ifndef STORE_COMMIT_H
#define STORE_COMMIT_H

#include "broker/store/tail/commit_notice.h"
#include "broker/store/writer/writer.h"
#include "common/protocol/ha.h"

/* Records that have their places, from the writer's position on. */
struct placed {
	struct commit_notice *notice;
	struct slice records;
	const struct ha_tag *tags; /* beside those of the batch's appends */
	size_t n_tags;
};

/*
 * The batch's transaction: the records, and index blocks that are due. After a failure all is as
 * before they were placed, and *status is for who waits.
 */
int commit_placed(struct writer *writer, const struct placed *placed, enum append_status *status);
/* Commits the appends of the batch, and index blocks that are due, as one transaction; replies. */
void writer_commit(struct writer *writer);

#endif
