#include "config.h"

#include "broker/pop/pop.h"

/*
 * What receipts are for. A message is claimed first, so that it is not revived meanwhile; it is
 * settled when the record that says so is committed.
 */

#include <inttypes.h>
#include <stdlib.h>

#include "broker/consumers/commit_offset.h"
#include "broker/pop/pop_private.h"
#include "broker/state/revive_record.h"
#include "broker/state/offset.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"

#define STALE "the receipt is stale: its message was acknowledged, came again, or was never popped"

struct acked {
	struct group_queue queue; /* in the arena */
	int64_t id;
	uint32_t bits;
	const int64_t *offsets;
	size_t n_offsets;
};

struct ack {
	struct worker *worker;
	struct arena arena;
	ack_done_fn *done;
	void *context;
	struct acked *list;
	size_t n;
	/* of a change of the time */
	struct ack_result result;
	struct checkpoint checkpoint;
	struct kept_checkpoint *reserved; /* NULL: the same checkpoint, ordered */
	int64_t visible_ms;               /* clock_mono_ms */
};

static void
end(struct worker *worker, ack_done_fn *done, void *context, int32_t code, const char *remark)
{
	done(context, worker->loop,
	    &(struct ack_result){ .code = code, .remark = slice_of(remark) });
}

/* Why receipts are not taken now; NULL: they are. */
static const char *
refusal(const struct broker *broker)
{
	if (!atomic_load(&broker->pops->ready))
		return "the broker reads what was popped before its start: try again";
	return store_is_busy(broker->store) ? "too much waits for the disk" : NULL;
}

static enum claim_status
claim(struct broker *broker, const struct pop_receipt *receipt, struct claim *claim)
{
	*claim = (struct claim){
		.queue = receipt->queue,
		.start_offset = receipt->start_offset,
		.pop_time = receipt->pop_time,
		.offsets = receipt->offsets,
		.n_offsets = receipt->n_offsets,
	};
	return checkpoints_claim(broker->checkpoints, claim);
}

static struct ack *
ack_new(struct worker *worker, size_t n, ack_done_fn *done, void *context)
{
	struct ack *ack = mem_zalloc(sizeof *ack);

	ack->worker = worker;
	ack->done = done;
	ack->context = context;
	ack->list = arena_zalloc(&ack->arena, (n + 1) * sizeof *ack->list);
	return ack;
}

static void
ack_free(struct ack *ack)
{
	arena_release(&ack->arena);
	free(ack);
}

static void
add_claimed(struct ack *ack, const struct claim *claim)
{
	struct acked *acked = &ack->list[ack->n++];

	acked->queue = claim->queue;
	acked->queue.group = arena_copy(&ack->arena, claim->queue.group);
	acked->queue.topic = arena_copy(&ack->arena, claim->queue.topic);
	acked->id = claim->id;
	acked->bits = claim->bits;
	acked->n_offsets = claim->n_offsets;
	acked->offsets =
	    memcpy(arena_alloc(&ack->arena, (claim->n_offsets + 1) * sizeof *claim->offsets),
		claim->offsets, claim->n_offsets * sizeof *claim->offsets);
}

static void
unclaim(struct ack *ack)
{
	for (size_t i = 0; i < ack->n; i++)
		checkpoints_unclaim(
		    ack->worker->broker->checkpoints, ack->list[i].id, ack->list[i].bits);
}

/* For message traces: neighbours in one. */
static void
note_acked(const struct ack *ack, const struct acked *acked)
{
	const struct group_queue *queue = &acked->queue;

	for (size_t i = 0, k; i < acked->n_offsets; i = k) {
		for (k = i + 1;
		     k < acked->n_offsets && acked->offsets[k] == acked->offsets[k - 1] + 1;)
			k++;
		note_acknowledged(ack->worker,
		    &(struct offset_row){
			queue->group, queue->topic, queue->queue_id, acked->offsets[k - 1] + 1 },
		    acked->offsets[i]);
	}
}

/* The group goes on behind what is acknowledged without a gap. */
static void
settle(struct ack *ack, const struct acked *acked)
{
	struct broker *broker = ack->worker->broker;
	struct settled settled;
	const char *why;

	if (!checkpoints_settle(broker->checkpoints, acked->id, acked->bits, &settled))
		return;
	if (!settled.ordered)
		return;
	struct offset_row row = { acked->queue.group, acked->queue.topic, acked->queue.queue_id,
		settled.next_offset };

	if (offsets_find(broker->offsets, row.group, row.topic, row.queue_id) < row.offset)
		commit_taken(ack->worker, &row, true, &why);
	if (settled.unblocked)
		pop_wake(broker, ack->worker->loop, row.group, row.topic);
}

static void
on_acked(struct append *append, struct loop *loop)
{
	struct ack *ack = append->context;
	bool stored = append->status == APPEND_OK;

	append_free(append);
	for (size_t i = 0; stored && i < ack->n; i++) {
		note_acked(ack, &ack->list[i]);
		settle(ack, &ack->list[i]);
	}
	if (!stored)
		unclaim(ack);
	end(ack->worker, ack->done, ack->context, stored ? RESPONSE_SUCCESS : RESPONSE_SYSTEM_ERROR,
	    stored ? NULL : "the acknowledgement could not be written to disk");
	ack_free(ack);
	arena_reset(&loop->arena);
}

void
ack_messages(struct worker *worker, const struct pop_receipt *list, size_t n, ack_done_fn *done,
    void *context)
{
	struct broker *broker = worker->broker;
	const char *why = refusal(broker);
	size_t n_done = 0;

	if (why != NULL) {
		end(worker, done, context, RESPONSE_SYSTEM_BUSY, why);
		return;
	}
	struct ack *ack = ack_new(worker, n, done, context);
	struct buf *bodies = arena_zalloc(&ack->arena, (n + 1) * sizeof *bodies);

	for (size_t i = 0; i < n; i++) {
		struct claim claimed;
		enum claim_status status = claim(broker, &list[i], &claimed);

		n_done += status != CLAIM_UNKNOWN;
		if (status != CLAIM_YES)
			continue;
		revive_record_write(&bodies[ack->n],
		    &(struct revive_record){
			.kind = REVIVE_SETTLED, .id = claimed.id, .bits = claimed.bits });
		add_claimed(ack, &claimed);
	}
	if (ack->n == 0) {
		ack_free(ack);
		end(worker, done, context, n_done != 0 ? RESPONSE_SUCCESS : RESPONSE_NO_MESSAGE,
		    n_done != 0 ? NULL : STALE);
		return;
	}
	struct append *append = revive_append(broker, worker->loop, bodies, ack->n);

	for (size_t i = 0; i < ack->n; i++)
		buf_release(&bodies[i]);
	append->done = on_acked;
	append->context = ack;
	store_append(broker->store, append);
}

/* ---- another time ----------------------------------------------------- */

/* The message goes to a checkpoint of its own. */
static bool
move(struct ack *ack, const struct append *append)
{
	struct broker *broker = ack->worker->broker;
	struct settled settled;

	checkpoints_settle(broker->checkpoints, ack->list[0].id, ack->list[0].bits, &settled);
	return checkpoints_activate(broker->checkpoints, ack->reserved, append->queue_offset);
}

static void
on_changed(struct append *append, struct loop *loop)
{
	struct ack *ack = append->context;
	struct checkpoints *table = ack->worker->broker->checkpoints;
	const struct acked *acked = &ack->list[0];

	if (append->status != APPEND_OK) {
		unclaim(ack);
		if (ack->reserved != NULL)
			checkpoints_abandon(table, ack->reserved);
		ack->result = (struct ack_result){ .code = RESPONSE_SYSTEM_ERROR,
			.remark = SLICE("the new time could not be written to disk") };
	} else if (ack->reserved != NULL
		       ? move(ack, append)
		       : checkpoints_set_visible(table, acked->id, acked->bits, ack->visible_ms)) {
		revive_hint(ack->worker->broker, loop);
	}
	append_free(append);
	ack->done(ack->context, loop, &ack->result);
	ack_free(ack);
	arena_reset(&loop->arena);
}

static void
set_visible(
    struct ack *ack, const struct pop_receipt *receipt, int64_t invisible_ms, struct buf *body)
{
	int64_t at_ms = clock_wall_ms() + invisible_ms;

	ack->visible_ms = clock_mono_ms() + invisible_ms;
	ack->result.pop_time = receipt->pop_time;
	ack->result.invisible_ms = at_ms - receipt->pop_time;
	revive_record_write(body, &(struct revive_record){ .kind = REVIVE_VISIBLE,
				      .id = ack->list[0].id,
				      .bits = ack->list[0].bits,
				      .visible_ms = at_ms });
}

static void
reserve(
    struct ack *ack, const struct pop_receipt *receipt, int64_t invisible_ms, struct buf bodies[2])
{
	struct worker *worker = ack->worker;

	ack->checkpoint = (struct checkpoint){
		.queue = ack->list[0].queue,
		.id = -1,
		.start_offset = receipt->offsets[0],
		.next_offset = receipt->offsets[0] + 1,
		.invisible_ms = invisible_ms,
		.n = 1,
	};
	checkpoints_reserve(worker->broker->checkpoints, &ack->checkpoint, &ack->reserved, 1,
	    clock_wall_ms(), revive_end(worker));
	ack->result.pop_time = ack->checkpoint.pop_time;
	ack->result.invisible_ms = invisible_ms;
	revive_record_write(&bodies[0],
	    &(struct revive_record){ .kind = REVIVE_CHECKPOINT, .checkpoint = ack->checkpoint });
	revive_record_write(&bodies[1],
	    &(struct revive_record){
		.kind = REVIVE_SETTLED, .id = ack->list[0].id, .bits = ack->list[0].bits });
}

void
change_invisible(struct worker *worker, const struct pop_receipt *receipt, int64_t invisible_ms,
    ack_done_fn *done, void *context)
{
	struct broker *broker = worker->broker;
	struct buf bodies[2] = { { 0 }, { 0 } };
	const char *why = refusal(broker);
	struct claim claimed;

	if (why != NULL) {
		end(worker, done, context, RESPONSE_SYSTEM_BUSY, why);
		return;
	}
	if (invisible_ms < 0 || invisible_ms > POP_INVISIBLE_MAX_MS) {
		end(worker, done, context, RESPONSE_INVALID_PARAMETER,
		    "a message is invisible for 0 ms to 12 hours");
		return;
	}
	if (claim(broker, receipt, &claimed) != CLAIM_YES) {
		end(worker, done, context, RESPONSE_NO_MESSAGE, STALE);
		return;
	}
	struct ack *ack = ack_new(worker, 1, done, context);

	add_claimed(ack, &claimed);
	if (claimed.ordered)
		set_visible(ack, receipt, invisible_ms, &bodies[0]);
	else
		reserve(ack, receipt, invisible_ms, bodies);
	struct append *append =
	    revive_append(broker, worker->loop, bodies, claimed.ordered ? 1 : 2);

	buf_release(&bodies[0]);
	buf_release(&bodies[1]);
	append->done = on_changed;
	append->context = ack;
	store_append(broker->store, append);
}
