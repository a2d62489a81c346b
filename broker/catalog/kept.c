#include "config.h"

#include "broker/catalog/kept.h"

#include <stdlib.h>

#include "common/protocol/codes.h"
#include "common/base/mem.h"

struct kept {
	struct ticket ticket;
};

struct kept *
kept_new(const struct request *request)
{
	struct kept *kept = mem_alloc(sizeof *kept);

	kept->ticket = request_ticket(request);
	return kept;
}

void
kept_reply(void *context, struct loop *loop, int status)
{
	struct kept *kept = context;
	struct reply reply = { .code = RESPONSE_SUCCESS };

	if (status != 0) {
		reply.code = RESPONSE_SYSTEM_ERROR;
		reply.remark =
		    SLICE("the change could not be written to disk, nothing has changed");
	}
	ticket_reply(loop, &kept->ticket, &reply);
	free(kept);
}
