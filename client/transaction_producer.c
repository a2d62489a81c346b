#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "client/error.h"
#include "client/handle.h"
#include "client/producer.h"
#include "client/transaction_half.h"
#include "client/wait.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/name.h"

struct transaction_producer {
	struct twinmq *mq;       /* NULL: closed */
	struct peer_watch watch; /* what brokers ask */
	struct producer *producer;
	char *group;
	struct transaction_options options; /* its texts are not valid any more */
	bool ready;                         /* masters know the group */
	LIST_HEAD(, transaction) asked;     /* undecided checks */
	struct transaction_counts counts;
};

struct transaction {
	struct transaction_producer *producer;
	struct arena arena; /* of all texts */
	struct transaction_half half;
	bool in_callback;
	/* Of our own: */
	struct message message;
	struct send_result stored;
	enum transaction_decision decision;
	transaction_sent_fn *done; /* NULL: a check */
	void *arg;                 /* of done */
	void *execute_arg;
	/* Of a check: */
	LIST_ENTRY(transaction) entry;
	struct end_transaction_header end;
};

static void
transaction_free(struct transaction *transaction)
{
	if (transaction->done == NULL)
		LIST_REMOVE(transaction, entry);
	arena_release(&transaction->arena);
	free(transaction);
}

void
transaction_producer_get_counts(
    const struct transaction_producer *producer, struct transaction_counts *counts)
{
	*counts = producer->counts;
}

const struct transaction_half *
transaction_half_of(const struct transaction *transaction)
{
	return &transaction->half;
}

void
transaction_producer_ready_async(
    struct transaction_producer *producer, transaction_ready_fn *done, void *arg)
{
	membership_when_told(&producer->mq->membership, done, arg);
}

/* ---- ours: half message, execute, end ---- */

static void
fail(struct transaction *transaction, const struct twinmq_error *error)
{
	if (transaction->done != NULL)
		transaction->done(transaction->arg, error, NULL);
	transaction_free(transaction);
}

static void
on_ended(void *arg, const struct twinmq_error *error, int32_t code, struct slice remark)
{
	struct transaction *transaction = arg;
	struct transaction_result result = {
		.send = transaction->stored,
		.half = transaction->half,
		.decision = transaction->decision,
		.end_code = code,
	};
	struct twinmq_error own;

	if (error == NULL && code != RESPONSE_SUCCESS) {
		twinmq_error_of_reply(&own, slice_of(transaction->half.address),
		    &(struct command){ .code = code, .remark = remark });
		error = &own;
	}
	result.end_text = error != NULL ? slice_of(error->text) : SLICE("");
	transaction->done(transaction->arg, NULL, &result);
	transaction_free(transaction);
}

static void
end_own(struct transaction *transaction, enum transaction_decision decision)
{
	struct transaction_producer *producer = transaction->producer;
	struct end_transaction_header header =
	    transaction_end_header(slice_of(producer->group), &transaction->half, decision);

	producer->counts.decided[decision]++;
	header.topic = transaction->message.topic;
	header.broker_name = transaction->stored.queue.broker_name;
	transaction->decision = decision;
	transaction_end_send(producer->mq, slice_of(transaction->half.address), &header, SLICE_NONE,
	    !producer->options.wait_for_end, on_ended, transaction);
}

static void
on_stored(void *arg, const struct twinmq_error *error, const struct transaction_half *half,
    const struct send_result *result)
{
	struct transaction *transaction = arg;
	struct transaction_producer *producer = transaction->producer;
	enum transaction_decision decision = DECISION_UNKNOWN;

	if (error != NULL) {
		fail(transaction, error);
		return;
	}
	producer->counts.n_sent++;
	transaction->half = *half;
	send_result_copy(&transaction->stored, result, &transaction->arena);
	if (result->code != RESPONSE_SUCCESS) {
		/* The half message may be lost, so do not execute. */
		decision = DECISION_ROLLBACK;
	} else if (producer->options.execute != NULL) {
		transaction->in_callback = true;
		decision = producer->options.execute(transaction->execute_arg,
		    &transaction->message, slice_of(half->unique_id), transaction);
		transaction->in_callback = false;
	}
	if (decision != DECISION_LATER)
		transaction_decide(transaction, decision);
}

static void
on_ready(void *arg, const struct twinmq_error *error)
{
	struct transaction *transaction = arg;

	if (error != NULL) {
		fail(transaction, error);
		return;
	}
	transaction->producer->ready = true;
	transaction_half_async(
	    transaction->producer->producer, &transaction->message, on_stored, transaction);
}

/* Deep copy, because execute runs after the caller has returned. */
static struct message
copy_message(const struct message *message, struct arena *arena)
{
	struct message copy = *message;
	struct ext *properties =
	    arena_alloc(arena, (message->n_properties + 1) * sizeof *properties);

	copy.topic = arena_copy(arena, message->topic);
	copy.tags = arena_copy(arena, message->tags);
	copy.keys = arena_copy(arena, message->keys);
	copy.body = arena_copy(arena, message->body);
	if (message->sharding_key.data != NULL)
		copy.sharding_key = arena_copy(arena, message->sharding_key);
	if (message->broker_name.data != NULL)
		copy.broker_name = arena_copy(arena, message->broker_name);
	for (size_t i = 0; i < message->n_properties; i++) {
		properties[i].key = arena_copy(arena, message->properties[i].key);
		properties[i].value = arena_copy(arena, message->properties[i].value);
	}
	copy.properties = properties;
	return copy;
}

static void
begin(struct transaction_producer *producer, const struct message *message, void *execute_arg,
    transaction_sent_fn *done, void *arg)
{
	struct transaction *transaction = mem_zalloc(sizeof *transaction);

	transaction->producer = producer;
	transaction->message = copy_message(message, &transaction->arena);
	transaction->execute_arg = execute_arg;
	transaction->done = done;
	transaction->arg = arg;
	if (producer->ready)
		on_ready(transaction, NULL);
	else
		membership_when_told(&producer->mq->membership, on_ready, transaction);
}

void
transaction_send_async(struct transaction_producer *producer, const struct message *message,
    transaction_sent_fn *done, void *arg)
{
	begin(producer, message, arg, done, arg);
}

/* ---- asked by a broker ---- */

static void
end_asked(struct transaction *transaction, enum transaction_decision decision)
{
	struct transaction_producer *producer = transaction->producer;
	struct end_transaction_header *end = &transaction->end;

	producer->counts.answered[decision]++;
	end->commit_or_rollback =
	    transaction_end_header(SLICE(""), &transaction->half, decision).commit_or_rollback;
	transaction_end_send(
	    producer->mq, slice_of(transaction->half.address), end, SLICE_NONE, true, NULL, NULL);
	transaction_free(transaction);
}

void
transaction_decide(struct transaction *transaction, enum transaction_decision decision)
{
	struct twinmq_error closed;

	assert(!transaction->in_callback && decision < DECISION_LATER);
	if (transaction->producer->mq == NULL) {
		twinmq_error_set(&closed, TWINMQ_CLOSED, "the handle was closed");
		fail(transaction, &closed);
	} else if (transaction->done != NULL)
		end_own(transaction, decision);
	else
		end_asked(transaction, decision);
}

/* The answer repeats the fields of the check. */
static struct transaction *
asked_new(struct transaction_producer *producer, const struct client_peer *peer,
    const struct check_transaction_header *header, struct slice transaction_id)
{
	struct transaction *transaction = mem_zalloc(sizeof *transaction);
	struct arena *arena = &transaction->arena;

	transaction->producer = producer;
	transaction->half.address = peer->address;
	transaction->half.position = header->commit_log_offset;
	transaction->half.queue_offset = header->tran_state_table_offset;
	if (transaction_id.len <= UNIQUE_ID_LEN && transaction_id.len != 0)
		memcpy(transaction->half.unique_id, transaction_id.data, transaction_id.len);
	transaction->end = (struct end_transaction_header){
		.producer_group = slice_of(producer->group),
		.tran_state_table_offset = header->tran_state_table_offset,
		.commit_log_offset = header->commit_log_offset,
		.from_check = true,
		.msg_id = arena_copy(arena, transaction_id),
	};
	if (header->transaction_id.data != NULL)
		transaction->end.transaction_id = arena_copy(arena, header->transaction_id);
	if (header->topic.data != NULL)
		transaction->end.topic = arena_copy(arena, header->topic);
	if (header->broker_name.data != NULL)
		transaction->end.broker_name = arena_copy(arena, header->broker_name);
	LIST_INSERT_HEAD(&producer->asked, transaction, entry);
	return transaction;
}

/* Takes checks of our own group only. */
static bool
on_check(struct peer_watch *watch, const struct client_peer *peer, const struct command *command,
    struct slice body)
{
	struct transaction_producer *producer =
	    container_of(watch, struct transaction_producer, watch);
	struct check_transaction_header header;
	struct record record;
	const char *bad;

	if (command->code != REQUEST_CHECK_TRANSACTION_STATE ||
	    fields_decode(check_transaction_header_fields, command, &header, &bad) == -1 ||
	    record_decode(body.data, body.len, &record) == -1)
		return false;
	if (producer->options.check == NULL ||
	    !slice_is(property_find(record.properties, "PGROUP"), producer->group))
		return false;
	struct slice id = property_find(record.properties, "UNIQ_KEY");
	if (id.len == 0)
		id = header.offset_msg_id.len != 0 ? header.offset_msg_id : header.msg_id;
	struct transaction *transaction = asked_new(producer, peer, &header, id);
	producer->counts.n_asked++;
	transaction->in_callback = true;
	enum transaction_decision decision =
	    producer->options.check(producer->options.context, &record, id, transaction);
	transaction->in_callback = false;
	if (decision != DECISION_LATER)
		transaction_decide(transaction, decision);
	return true;
}

/* ---- the producer ---- */

static void
on_close(struct peer_watch *watch)
{
	container_of(watch, struct transaction_producer, watch)->mq = NULL;
}

struct transaction_producer *
transaction_producer_new(
    struct twinmq *mq, const struct transaction_options *options, struct twinmq_error *error)
{
	struct slice group = slice_of(options->producer.group);

	if (!name_is_valid(group)) {
		twinmq_error_set(error, TWINMQ_BAD_ARGUMENT,
		    "\"%.*s\" is no name for a group of producers",
		    group.len > 200 ? 200 : (int)group.len, group.len != 0 ? group.data : "");
		return NULL;
	}
	struct transaction_producer *producer = mem_zalloc(sizeof *producer);
	if (membership_join(&mq->membership, group) == -1) {
		twinmq_error_set(error, TWINMQ_BAD_ARGUMENT,
		    "this handle has a transaction producer of group %s already", group.data);
		free(producer);
		return NULL;
	}
	producer->mq = mq;
	producer->producer = producer_new(mq, &options->producer);
	producer->group = slice_dup(group);
	producer->options = *options;
	LIST_INIT(&producer->asked);
	producer->watch = (struct peer_watch){ .on_request = on_check, .on_close = on_close };
	peer_watch_add(mq, &producer->watch);
	return producer;
}

void
transaction_producer_free(struct transaction_producer *producer)
{
	struct twinmq *mq = producer->mq;

	if (mq != NULL) {
		peer_watch_remove(mq, &producer->watch);
		membership_leave(&mq->membership, slice_of(producer->group));
		/* Send oneway decisions before the handle is closed. */
		if (mq->owns_loop)
			twinmq_run(mq, 0);
	}
	while (!LIST_EMPTY(&producer->asked))
		transaction_free(LIST_FIRST(&producer->asked));
	producer_free(producer->producer);
	free(producer->group);
	free(producer);
}

/* ---- blocking ---- */

static void
on_blocking_ready(void *arg, const struct twinmq_error *error)
{
	waiting_done(arg, error);
}

int
transaction_producer_ready(struct transaction_producer *producer)
{
	struct waiting waiting = { .mq = producer->mq };

	transaction_producer_ready_async(producer, on_blocking_ready, &waiting);
	return waiting_wait(&waiting);
}

struct blocking_transaction {
	struct waiting waiting;
	struct arena *arena;
	struct transaction_result *result;
};

static void
on_blocking_sent(
    void *arg, const struct twinmq_error *error, const struct transaction_result *result)
{
	struct blocking_transaction *send = arg;

	if (error == NULL) {
		*send->result = *result;
		send_result_copy(&send->result->send, &result->send, send->arena);
		send->result->end_text = arena_copy(send->arena, result->end_text);
	}
	waiting_done(&send->waiting, error);
}

int
transaction_send(struct transaction_producer *producer, const struct message *message, void *arg,
    struct arena *arena, struct transaction_result *result)
{
	struct blocking_transaction send = { { .mq = producer->mq }, arena, result };

	begin(producer, message, arg, on_blocking_sent, &send);
	return waiting_wait(&send.waiting);
}
