#include "config.h"

#include "broker/store/writer/submit.h"

#include <stdlib.h>

#include "broker/store/append/append.h"
#include "broker/store/writer/batch.h"
#include "common/base/mem.h"

/*
 * More than this is no work for a loop (writer_commit_inline), and is worth waking the writer for
 * while the loop reads on. Not with SYNC_FLUSH: 64 in flight were then synced in two goes, 1,580
 * fdatasyncs for 60,000 messages and not 955.
 */
#define PASS_ON_BYTES (144 << 10)
#define PASS_ON_RECORDS 128

/* Appends of one loop in one turn of its events. */
struct append_queue {
	struct turn_end turn_end;
	struct task_chain chain;
	size_t n_bytes, n_records;
	struct writer *writer;
	struct loop *loop;
};

struct append_queues {
	struct store_base *base;
	struct append_queue list[]; /* one per loop */
};

static struct task_chain
take_queued(struct append_queue *queue)
{
	struct task_chain chain = queue->chain;

	queue->chain = (struct task_chain){ 0 };
	queue->n_bytes = 0;
	queue->n_records = 0;
	return chain;
}

static void
post(struct append_queue *queue, struct task_chain chain)
{
	if (chain.first != NULL)
		mailbox_post_chain(&queue->writer->base->inboxes.writer, chain.first, chain.last);
}

static void
on_turn_end(struct turn_end *self)
{
	struct append_queue *queue = (struct append_queue *)self;
	struct task_chain chain = take_queued(queue);

	if (chain.first != NULL && !writer_commit_inline(queue->writer, queue->loop, chain.first))
		post(queue, chain);
}

struct append_queues *
append_queues_new(struct writer *writer)
{
	struct store_base *base = writer->base;
	size_t n = (size_t)base->n_loops;
	struct append_queues *queues = mem_zalloc(sizeof *queues + n * sizeof queues->list[0]);

	queues->base = base;
	for (size_t i = 0; i < n; i++) {
		queues->list[i].turn_end.run = on_turn_end;
		queues->list[i].writer = writer;
		queues->list[i].loop = &base->loops[i];
	}
	return queues;
}

void
append_queues_free(struct append_queues *queues)
{
	free(queues);
}

void
append_queues_flush(struct append_queues *queues)
{
	for (int i = 0; i < queues->base->n_loops; i++)
		post(&queues->list[i], take_queued(&queues->list[i]));
}

void
append_submit(struct append_queues *queues, struct append *append)
{
	struct store_base *base = queues->base;
	struct append_queue *queue = &queues->list[append->reply_loop->index];
	int64_t size = append_queued_bytes(append);

	append->task.run = dequeue_append;
	atomic_fetch_add_explicit(&base->counters.queued_bytes, size, memory_order_relaxed);
	queue->n_bytes += (size_t)size;
	queue->n_records += append->n_records;
	task_chain_add(&queue->chain, &append->task);
	loop_at_turn_end(append->reply_loop, &queue->turn_end);
	if (base->options.flush == STORE_FLUSH_ASYNC &&
	    (queue->n_bytes >= PASS_ON_BYTES || queue->n_records >= PASS_ON_RECORDS))
		post(queue, take_queued(queue));
}
