#include "config.h"

#include "broker/store/writer/copy_gate.h"

#include <stdlib.h>
#include <string.h>

#include "broker/store/tail/tail_notice.h"
#include "common/base/clock.h"
#include "common/base/mem.h"

/* The replies of one commit, or its notices. */
struct held_replies {
	struct held_replies *next;
	int64_t until;  /* copied */
	int64_t due_ms; /* monotonic */
	int64_t queued_bytes;
	struct task_chain replies[]; /* for each loop */
};

static void
queue_init(struct held_queue *queue)
{
	*queue = (struct held_queue){ 0 };
	queue->last = &queue->first;
}

void
copy_gate_init(struct copy_gate *gate, struct store_base *base)
{
	gate->base = base;
	pthread_mutex_init(&gate->lock, NULL);
	queue_init(&gate->appends);
	queue_init(&gate->metas);
	queue_init(&gate->notices);
}

void
copy_gate_release(struct copy_gate *gate)
{
	pthread_mutex_destroy(&gate->lock);
}

bool
copy_gate_holds(const struct copy_gate *gate)
{
	return atomic_load_explicit(&gate->enough, memory_order_acquire);
}

/* ---- letting go ------------------------------------------------------ */

/* Takes what is copied, or was due at now_ms, off the queue. */
static struct held_replies *
take(struct held_queue *queue, int64_t now_ms)
{
	struct held_replies *first = queue->first, **end = &queue->first;

	while (*end != NULL && ((*end)->until <= queue->copied || (*end)->due_ms <= now_ms))
		end = &(*end)->next;
	if (end == &queue->first)
		return NULL;
	queue->first = *end;
	*end = NULL;
	if (queue->first == NULL)
		queue->last = &queue->first;
	return first;
}

static void
post(const struct copy_gate *gate, struct held_replies *held)
{
	for (int i = 0; i < gate->base->n_loops; i++) {
		const struct task_chain *chain = &held->replies[i];

		if (chain->first != NULL)
			mailbox_post_chain(&gate->base->loops[i].inbox, chain->first, chain->last);
	}
	free(held);
}

static void
let_appends_go(struct copy_gate *gate, struct held_replies *held, enum append_copy copy)
{
	for (int i = 0; i < gate->base->n_loops; i++)
		for (struct task *task = held->replies[i].first; task != NULL; task = task->next)
			((struct append *)task)->copy = copy;
	atomic_fetch_sub_explicit(
	    &gate->base->counters.queued_bytes, held->queued_bytes, memory_order_relaxed);
	post(gate, held);
}

static void
let_metas_go(struct copy_gate *gate, struct held_replies *held, bool copied)
{
	for (int i = 0; i < gate->base->n_loops; i++)
		for (struct task *task = held->replies[i].first; task != NULL; task = task->next)
			((struct meta_job *)task)->copy_timeout = !copied;
	post(gate, held);
}

/* Those that are copied have come in time, whenever that is seen. */
static void
let_go(struct copy_gate *gate, struct held_replies *appends, struct held_replies *metas,
    int64_t copied, int64_t copied_metas)
{
	for (struct held_replies *next; appends != NULL; appends = next) {
		next = appends->next;
		let_appends_go(gate, appends, appends->until <= copied ? COPY_DONE : COPY_TIMEOUT);
	}
	for (struct held_replies *next; metas != NULL; metas = next) {
		next = metas->next;
		let_metas_go(gate, metas, metas->until <= copied_metas);
	}
}

static void
drop(const struct copy_gate *gate, struct held_replies *held)
{
	for (int i = 0; i < gate->base->n_loops; i++)
		for (struct task *task = held->replies[i].first, *next; task != NULL; task = next) {
			next = task->next;
			tail_notice_drop(task);
		}
	free(held);
}

/* With the lock, for two threads that post would mix up the order. The broker stops: nobody reads.
 */
static void
let_notices_go(struct copy_gate *gate)
{
	bool all = gate->closed || !copy_gate_holds(gate);
	struct held_replies *held = take(&gate->notices, all ? INT64_MAX : INT64_MIN);

	for (struct held_replies *next; held != NULL; held = next) {
		next = held->next;
		if (gate->closed)
			drop(gate, held);
		else
			post(gate, held);
	}
}

/* With the lock, which is free afterwards. Answers when the next is due. */
static int64_t
release_unlock(struct copy_gate *gate, int64_t now_ms)
{
	int64_t next_ms = INT64_MAX;

	let_notices_go(gate);
	struct held_replies *appends = take(&gate->appends, now_ms);
	struct held_replies *metas = take(&gate->metas, now_ms);
	int64_t copied = gate->appends.copied, copied_metas = gate->metas.copied;

	if (gate->appends.first != NULL)
		next_ms = gate->appends.first->due_ms;
	if (gate->metas.first != NULL && gate->metas.first->due_ms < next_ms)
		next_ms = gate->metas.first->due_ms;
	pthread_mutex_unlock(&gate->lock);
	let_go(gate, appends, metas, copied, copied_metas);
	return next_ms;
}

void
copy_gate_copied(struct copy_gate *gate, int64_t position, int64_t meta_seq)
{
	pthread_mutex_lock(&gate->lock);
	gate->appends.copied = gate->notices.copied = position;
	gate->metas.copied = meta_seq;
	release_unlock(gate, INT64_MIN);
}

int64_t
copy_gate_expire(struct copy_gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	return release_unlock(gate, clock_mono_ms());
}

void
copy_gate_set_enough(struct copy_gate *gate, bool enough)
{
	bool was = atomic_exchange(&gate->enough, enough);

	if (!was || enough || !gate->hides)
		return;
	pthread_mutex_lock(&gate->lock);
	release_unlock(gate, INT64_MIN);
}

void
copy_gate_close(struct copy_gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->closed = true;
	atomic_store(&gate->enough, false);
	release_unlock(gate, INT64_MAX);
}

/* ---- holding --------------------------------------------------------- */

static void
hold(struct copy_gate *gate, struct held_queue *queue, const struct task_chain *replies,
    const struct held_replies *what)
{
	size_t size = (size_t)gate->base->n_loops * sizeof replies[0];
	struct held_replies *held = mem_alloc(sizeof *held + size);

	*held = *what;
	memcpy(held->replies, replies, size);
	pthread_mutex_lock(&gate->lock);
	*queue->last = held;
	queue->last = &held->next;
	/* A slave may have been faster than this thread; or nobody lets it go any more. */
	release_unlock(gate, gate->closed ? INT64_MAX : INT64_MIN);
}

static int64_t
reply_due_ms(const struct copy_gate *gate)
{
	return clock_mono_ms() + atomic_load_explicit(&gate->timeout_ms, memory_order_relaxed);
}

void
copy_gate_hold_appends(struct copy_gate *gate, const struct task_chain *replies, int64_t position,
    int64_t queued_bytes)
{
	hold(gate, &gate->appends, replies,
	    &(struct held_replies){
		.until = position, .due_ms = reply_due_ms(gate), .queued_bytes = queued_bytes });
}

void
copy_gate_hold_metas(struct copy_gate *gate, const struct task_chain *replies, int64_t meta_seq)
{
	hold(gate, &gate->metas, replies,
	    &(struct held_replies){ .until = meta_seq, .due_ms = reply_due_ms(gate) });
}

void
copy_gate_publish(struct copy_gate *gate, const struct task_chain *notices, int64_t position)
{
	hold(gate, &gate->notices, notices,
	    &(struct held_replies){ .until = position, .due_ms = INT64_MAX });
}
