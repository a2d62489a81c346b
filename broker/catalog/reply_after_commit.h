#ifndef BROKER_REPLY_AFTER_COMMIT_H
#define BROKER_REPLY_AFTER_COMMIT_H

/*
 * Sends the reply of a request that changes topics or groups after meta.db has
 * committed the change. Any loop.
 */

#include "broker/catalog/topic_change.h"
#include "common/net/server.h"

struct reply_after_commit;

/* In begin, on the request's loop; reply_after_commit frees it. */
struct reply_after_commit *reply_after_commit_new(const struct request *request);
/* A topic_changed_fn, on the same loop: code 0, or 1 when status is not 0. */
void reply_after_commit(void *context, struct loop *loop, int status);

#endif
