#include "config.h"

/* Cleaning at once, for the tools. Queues and topics that nobody needs go with their segments. */

#include "broker/handlers.h"

#include "broker/context.h"
#include "broker/retention/retention.h"

enum verdict
clean_expired_begin(struct request *request)
{
	retention_clean(request_broker(request));
	return VERDICT_REPLY;
}
