#include "config.h"

/* Immediate cleaning for tools. Expired queues and topics disappear with their segments. */

#include "broker/context.h"
#include "broker/retention/retention.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

static enum verdict
clean_expired_begin(struct request *request)
{
	retention_clean(request_broker(request));
	return VERDICT_REPLY;
}

const struct handler retention_handlers[] = {
	HANDLER_PLAIN(CLEAN_EXPIRED_CONSUMEQUEUE, clean_expired_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(CLEAN_UNUSED_TOPIC, clean_expired_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(DELETE_EXPIRED_COMMITLOG, clean_expired_begin, HANDLER_ADMIN),
	{ .name = NULL },
};
