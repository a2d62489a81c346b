#include "config.h"

/*
 * END_TRANSACTION: the producer says what became of its transaction, unasked or as the reply to a
 * check. Clients send it oneway; a two-way one is answered with what it did. Source: protocol
 * description 5.9.
 */

#include <inttypes.h>

#include "broker/transaction/check/check.h"
#include "broker/transaction/transaction.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

/* commitOrRollback, as in sysFlag. */
static int
kind_of(int32_t commit_or_rollback, enum half_event_kind *kind)
{
	switch (commit_or_rollback) {
	case 0:
		*kind = EVENT_UNKNOWN;
		return 0;
	case SYS_FLAG_COMMIT:
		*kind = EVENT_COMMIT;
		return 0;
	case SYS_FLAG_ROLLBACK:
		*kind = EVENT_ROLLBACK;
		return 0;
	default:
		return -1;
	}
}

/* A request that waits for the outcome. */
struct ending {
	struct ticket ticket;
	enum half_event_kind kind;
};

static void
on_outcome(void *context, struct loop *loop, enum transaction_outcome outcome, struct slice why)
{
	static const int32_t codes[N_TRANSACTION_OUTCOMES] = {
		[TRANSACTION_REFUSED] = RESPONSE_SYSTEM_ERROR,
		[TRANSACTION_FAILED] = RESPONSE_SYSTEM_ERROR,
	};
	struct ending *ending = context;
	struct reply reply = { .code = codes[outcome] };

	if (outcome == TRANSACTION_CONTRADICTED)
		reply.code = ending->kind == EVENT_COMMIT ? RESPONSE_TRANSACTION_SHOULD_ROLLBACK
		                                          : RESPONSE_TRANSACTION_SHOULD_COMMIT;
	if (reply.code != RESPONSE_SUCCESS)
		reply.remark = why;
	ticket_reply(loop, &ending->ticket, &reply);
	pool_free(&loop->pool, ending);
}

static enum verdict
end_transaction_begin(struct request *request)
{
	const struct end_transaction_header *header = request->header;
	struct end_question end = {
		.from_check = header->from_check,
		.position = header->commit_log_offset,
		.half_offset = header->tran_state_table_offset,
		.group = header->producer_group,
		.id = header->transaction_id.len != 0 ? header->transaction_id : header->msg_id,
		.who = conn_peer_host(request->conn),
		.relayed_for = header->from_check
		                   ? command_ext(request->command, TRANSACTION_RELAYED_FOR)
		                   : SLICE_NONE,
	};

	if (kind_of(header->commit_or_rollback, &end.decision) == -1) {
		transaction_end_refused(request_broker(request));
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "commitOrRollback %" PRId32
		    " is none of 0 (unknown), %d (commit), %d (rollback)",
		    header->commit_or_rollback, SYS_FLAG_COMMIT, SYS_FLAG_ROLLBACK);
	}
	struct ending *ending = pool_alloc(&request->loop->pool, sizeof *ending);

	*ending = (struct ending){ request_ticket(request), end.decision };
	transaction_end(request_worker(request), &end, on_outcome, ending);
	return VERDICT_LATER;
}

const struct handler transaction_handlers[] = {
	/* ext fields are looked at for one that no row has: it does not come with a typed header */
	HANDLER_TYPED(END_TRANSACTION, end_transaction_header, end_transaction_begin,
	    HANDLER_WRITE | HANDLER_FREQUENT),
	{ .name = NULL },
};
