#include "config.h"

#include "client/transaction_half.h"

#include <stdlib.h>

#include "client/error.h"
#include "client/handle.h"
#include "client/producer.h"
#include "client/wait.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"

const char *
transaction_decision_name(enum transaction_decision decision)
{
	static const char *const names[] = {
		[DECISION_UNKNOWN] = "unknown",
		[DECISION_COMMIT] = "commit",
		[DECISION_ROLLBACK] = "rollback",
		[DECISION_LATER] = "later",
	};

	return names[decision];
}

/* ---- storing ---- */

struct half_call {
	half_stored_fn *done;
	void *arg;
};

static void
on_stored(void *arg, const struct twinmq_error *error, const struct send_result *result)
{
	struct half_call call = *(struct half_call *)arg;
	struct transaction_half half = { 0 };
	struct twinmq_error own;
	struct host host;

	free(arg);
	if (error == NULL) {
		half.address = result->address;
		half.queue_offset = result->queue_offset;
		memcpy(half.unique_id, result->unique_id, sizeof half.unique_id);
		if (message_id_parse(result->message_id, &host, &half.position) == -1) {
			twinmq_error_set(&own, TWINMQ_BAD_ANSWER,
			    "%s took the half message, but its answer does not say where it is",
			    result->address);
			error = &own;
		}
	}
	call.done(call.arg, error, error == NULL ? &half : NULL, error == NULL ? result : NULL);
}

void
transaction_half_async(
    struct producer *producer, const struct message *message, half_stored_fn *done, void *arg)
{
	struct message half = *message;
	struct half_call *call = mem_alloc(sizeof *call);

	half.half = true;
	*call = (struct half_call){ done, arg };
	producer_send_async(producer, &half, on_stored, call);
}

/* ---- ending ---- */

static int32_t
sys_flag_of(enum transaction_decision decision)
{
	switch (decision) {
	case DECISION_COMMIT:
		return SYS_FLAG_COMMIT;
	case DECISION_ROLLBACK:
		return SYS_FLAG_ROLLBACK;
	case DECISION_UNKNOWN:
	case DECISION_LATER:
		break;
	}
	return 0;
}

struct end_call {
	end_done_fn *done;
	void *arg;
};

static void
on_ended(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct end_call call = *(struct end_call *)arg;

	(void)body;
	free(arg);
	if (call.done == NULL)
		return;
	if (error != NULL)
		call.done(call.arg, error, error->code, SLICE(""));
	else
		call.done(call.arg, NULL, reply->code, reply->remark);
}

void
transaction_end_send(struct twinmq *mq, struct slice address,
    const struct end_transaction_header *header, struct slice reason, bool oneway,
    end_done_fn *done, void *arg)
{
	struct command request = { .code = REQUEST_END_TRANSACTION, .remark = reason };
	struct arena arena = { 0 };

	fields_encode(end_transaction_header_fields, header, &arena, &request);
	if (oneway) {
		twinmq_send_oneway(mq, address, &request, SLICE(""));
		if (done != NULL)
			done(arg, NULL, RESPONSE_SUCCESS, SLICE(""));
	} else {
		struct end_call *call = mem_alloc(sizeof *call);

		*call = (struct end_call){ done, arg };
		twinmq_call_async(mq, address, &request, SLICE(""), mq->timeout_ms, on_ended, call);
	}
	arena_release(&arena);
}

struct end_transaction_header
transaction_end_header(
    struct slice group, const struct transaction_half *half, enum transaction_decision decision)
{
	return (struct end_transaction_header){
		.producer_group = group,
		.tran_state_table_offset = half->queue_offset,
		.commit_log_offset = half->position,
		.commit_or_rollback = sys_flag_of(decision),
		.msg_id = slice_of(half->unique_id),
		.transaction_id = slice_of(half->unique_id),
	};
}

void
transaction_end_async(
    struct twinmq *mq, const struct transaction_end *end, end_done_fn *done, void *arg)
{
	struct end_transaction_header header =
	    transaction_end_header(end->group, &end->half, end->decision);

	header.from_check = end->from_check;
	transaction_end_send(
	    mq, slice_of(end->half.address), &header, end->reason, end->oneway, done, arg);
}

/* ---- blocking ---- */

struct blocking_half {
	struct waiting waiting;
	struct arena *arena;
	struct transaction_half *half;
	struct send_result *result;
};

static void
on_blocking_half(void *arg, const struct twinmq_error *error, const struct transaction_half *half,
    const struct send_result *result)
{
	struct blocking_half *call = arg;

	if (error == NULL) {
		*call->half = *half;
		send_result_copy(call->result, result, call->arena);
	}
	waiting_done(&call->waiting, error);
}

int
transaction_half(struct producer *producer, const struct message *message, struct arena *arena,
    struct transaction_half *half, struct send_result *result)
{
	struct blocking_half call = { { .mq = producer_handle(producer) }, arena, half, result };

	transaction_half_async(producer, message, on_blocking_half, &call);
	return waiting_wait(&call.waiting);
}

struct blocking_end {
	struct waiting waiting;
	struct slice address;
	int32_t *code;
};

static void
on_blocking_end(void *arg, const struct twinmq_error *error, int32_t code, struct slice remark)
{
	struct blocking_end *call = arg;
	struct twinmq_error own;

	*call->code = code;
	if (error == NULL && code != RESPONSE_SUCCESS) {
		twinmq_error_of_reply(
		    &own, call->address, &(struct command){ .code = code, .remark = remark });
		error = &own;
	}
	waiting_done(&call->waiting, error);
}

int
transaction_end(struct twinmq *mq, const struct transaction_end *end, int32_t *code)
{
	struct blocking_end call = { { .mq = mq }, slice_of(end->half.address), code };

	transaction_end_async(mq, end, on_blocking_end, &call);
	return waiting_wait(&call.waiting);
}
