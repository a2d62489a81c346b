#include "config.h"

/* LIST_TIMERS: which messages wait for a time of their own. For tools. */

#include <stdlib.h>

#include "broker/context.h"
#include "broker/delay/timers_listing.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

struct timers_request {
	struct ticket ticket;
	struct timers_listing *listing;
};

static void
on_listed(void *context, struct loop *loop, struct slice body, bool failed)
{
	struct timers_request *asked = context;
	struct reply reply = { .body = body };

	if (failed)
		reply = (struct reply){ .code = RESPONSE_SYSTEM_ERROR,
			.remark = SLICE("I/O error, see the broker's log") };
	ticket_reply(loop, &asked->ticket, &reply);
	timers_listing_free(asked->listing);
	free(asked);
}

static enum verdict
list_timers_begin(struct request *request)
{
	const char *why;
	struct timers_listing *listing =
	    timers_listing_new(request_worker(request), request->header, &why);
	struct timers_request *asked;

	if (listing == NULL)
		return request_refuse(request, RESPONSE_INVALID_PARAMETER, "%s", why);
	asked = mem_alloc(sizeof *asked);
	*asked = (struct timers_request){ request_ticket(request), listing };
	timers_listing_start(listing, on_listed, asked);
	return VERDICT_LATER;
}

const struct handler timers_handlers[] = {
	HANDLER_TYPED(LIST_TIMERS, list_timers_header, list_timers_begin, 0),
	{ .name = NULL },
};
