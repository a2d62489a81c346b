#include "config.h"

#include "broker/transaction/transaction.h"

#include <inttypes.h>

#include "broker/transaction/check/check.h"

void
transaction_end_refused(struct broker *broker)
{
	atomic_fetch_add_explicit(
	    &broker->transactions->counters.outcomes[TRANSACTION_REFUSED], 1, memory_order_relaxed);
}

void
transaction_end(
    struct worker *worker, const struct end_question *end, transaction_done_fn *done, void *context)
{
	const struct transaction_decision decision = {
		.kind = end->decision,
		.source = end->from_check ? SOURCE_CHECK : SOURCE_SENDER,
		.position = end->position,
		.half_offset = end->half_offset,
		.group = end->group,
		.who = end->who,
		.by = end->relayed_for,
	};

	if (end->from_check && transaction_relay_end(worker, &decision, end->id, done, context))
		return;
	if (end->position < 0 || end->half_offset < 0) {
		transaction_end_refused(worker->broker);
		done(context, worker->loop, TRANSACTION_REFUSED,
		    arena_printf(&worker->loop->arena,
			"commitLogOffset %" PRId64 " and tranStateTableOffset %" PRId64
			" name no half message",
			end->position, end->half_offset));
		return;
	}
	if (end->from_check)
		transaction_checks_answered(worker->broker, worker->loop, end->position);
	transaction_decide(worker, &decision, done, context);
}
