#include "config.h"

#include "client/twinmq.h"

#include <stdlib.h>

#include "client/call.h"
#include "client/handle.h"
#include "client/name_servers.h"
#include "client/request.h"
#include "client/route_cache.h"
#include "common/base/mem.h"

#define ROUTE_AGE_MS 30000

struct twinmq *
twinmq_open(const struct twinmq_options *options, struct twinmq_error *error)
{
	struct twinmq *mq = mem_zalloc(sizeof *mq);

	mq->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TWINMQ_TIMEOUT_MS;
	mq->route_age_ms = options->route_age_ms > 0 ? options->route_age_ms : ROUTE_AGE_MS;
	mq->on_request = options->on_request;
	mq->context = options->context;
	mq->loop = options->loop;
	if (mq->loop == NULL) {
		mq->loop = &mq->own_loop;
		mq->owns_loop = true;
		loop_init(mq->loop, 0);
	}
	peers_init(mq);
	calls_init(mq);
	membership_init(&mq->membership, mq);
	requests_init(mq);
	if (name_servers_read(mq,
		options->name_servers != NULL ? options->name_servers : TWINMQ_NAME_SERVERS,
		error) == -1) {
		twinmq_close(mq);
		return NULL;
	}
	return mq;
}

void
twinmq_close(struct twinmq *mq)
{
	mq->closing = true;
	peers_release(mq);
	calls_end(mq);
	peers_close_watches(mq);
	route_cache_release(mq);
	if (mq->owns_loop)
		loop_release(&mq->own_loop);
	name_servers_release(mq);
	/* At the end of its turn, a lent loop may still use the handle, and then frees it. */
	if (mq->owns_loop || !mq->tell_failed.asked)
		free(mq);
}
