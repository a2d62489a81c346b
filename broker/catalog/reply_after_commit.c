#include "config.h"

#include "broker/catalog/reply_after_commit.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "common/protocol/codes.h"

struct reply_after_commit {
	struct ticket ticket;
};

struct reply_after_commit *
reply_after_commit_new(const struct request *request)
{
	struct reply_after_commit *waiting = mem_alloc(sizeof *waiting);

	waiting->ticket = request_ticket(request);
	return waiting;
}

void
reply_after_commit(void *context, struct loop *loop, int status)
{
	struct reply_after_commit *waiting = context;
	struct reply reply = { .code = RESPONSE_SUCCESS };

	if (status != 0) {
		reply.code = RESPONSE_SYSTEM_ERROR;
		reply.remark = SLICE("cannot write the change to disk; nothing has changed");
	}
	ticket_reply(loop, &waiting->ticket, &reply);
	free(waiting);
}
