#ifndef BROKER_KEPT_H
#define BROKER_KEPT_H

/*
 * The end of requests that change topics or groups: the answer leaves when the
 * change is on disk.
 */

#include "broker/catalog/topic_change.h"
#include "common/net/server.h"

struct kept;

/* In begin; kept_reply, a topic_changed_fn, frees it. */
struct kept *kept_new(const struct request *request);
void kept_reply(void *context, struct loop *loop, int status);

#endif
