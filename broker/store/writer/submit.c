#include "config.h"

#include "broker/store/writer/submit.h"

#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "broker/store/append/append.h"
#include "broker/store/writer/apply.h"
#include "broker/store/writer/batch.h"
#include "broker/store/writer/gather.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

/*
 * More than this is no work for a loop (writer_commit_inline), and is worth waking the writer for
 * while the loop reads on. Not with SYNC_FLUSH: 64 in flight were then synced in two goes, 1,580
 * fdatasyncs for 60,000 messages and not 955.
 */
#define PASS_ON_BYTES (144 << 10)
#define PASS_ON_RECORDS 128
#define ENOUGH_BYTES 32768 /* waiting for more would save few bytes each */

/* Appends of one loop that wait for the end of its turn, or longer (gather.h). */
struct append_queue {
	struct turn_end turn_end;
	struct task_chain chain;
	size_t n_bytes, n_records;
	size_t n_new; /* records of this turn */
	struct gather gather;
	int timer_fd;          /* a loop's own timers are too coarse */
	struct event *on_time; /* NULL: nothing ever waits longer than its turn */
	int64_t wakes_us;      /* when the timer fires; INT64_MAX: it is not set */
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
	queue->n_new = 0;
	return chain;
}

static void
post(struct append_queue *queue, struct task_chain chain)
{
	if (chain.first != NULL)
		mailbox_post_chain(&queue->writer->base->inboxes.writer, chain.first, chain.last);
}

static void
set_timer(struct append_queue *queue, int64_t wait_us)
{
	const struct itimerspec timer = {
		.it_value = { wait_us / 1000000, wait_us % 1000000 * 1000 },
	};

	if (timerfd_settime(queue->timer_fd, 0, &timer, NULL) == -1)
		fatal("timer cannot be set");
}

/* There is no reason to wait for more, whoever may come. */
static bool
is_enough(const struct append_queue *queue)
{
	const struct store_options *options = &queue->writer->base->options;

	return queue->n_bytes >= ENOUGH_BYTES || queue->loop->pressed ||
	       (options->flush == STORE_FLUSH_SYNC && writer_is_busy(queue->writer));
}

/* Whether its appends wait for more; their turn ends again when they have waited long enough. */
static bool
gathers(struct append_queue *queue)
{
	int64_t now_us = clock_mono_us();

	if (queue->n_new != 0)
		gather_add(&queue->gather, queue->n_new, now_us);
	queue->n_new = 0;
	int64_t until_us = gather_until(&queue->gather, now_us);
	if (until_us <= now_us) {
		gather_end(&queue->gather, now_us);
		return false;
	}
	if (is_enough(queue)) {
		gather_cut(&queue->gather);
		return false;
	}
	if (until_us < queue->wakes_us) {
		queue->wakes_us = until_us;
		set_timer(queue, until_us - now_us);
	}
	return true;
}

static void
on_turn_end(struct turn_end *self)
{
	struct append_queue *queue = (struct append_queue *)self;

	if (queue->chain.first == NULL || (queue->on_time != NULL && gathers(queue)))
		return;
	struct task_chain chain = take_queued(queue);

	if (!writer_commit_inline(queue->writer, queue->loop, chain.first))
		post(queue, chain);
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	struct append_queue *queue = arg;
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof n) != sizeof n)
		return;
	queue->wakes_us = INT64_MAX;
	loop_at_turn_end(queue->loop, &queue->turn_end);
}

static void
start_gathering(struct append_queue *queue, int window_us)
{
	gather_init(&queue->gather, window_us);
	queue->wakes_us = INT64_MAX;
	queue->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (queue->timer_fd == -1)
		fatal("timer cannot be made");
	queue->on_time =
	    event_new(queue->loop->base, queue->timer_fd, EV_READ | EV_PERSIST, on_time, queue);
	if (queue->on_time == NULL || event_add(queue->on_time, NULL) == -1)
		fatal("event cannot be made");
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
		if (base->options.gather_us > 0)
			start_gathering(&queues->list[i], base->options.gather_us);
	}
	return queues;
}

void
append_queues_free(struct append_queues *queues)
{
	for (int i = 0; queues != NULL && i < queues->base->n_loops; i++) {
		if (queues->list[i].on_time == NULL)
			continue;
		event_free(queues->list[i].on_time);
		close(queues->list[i].timer_fd);
	}
	free(queues);
}

/* Those that wait are with the writer now. */
static void
pass_on(struct append_queue *queue)
{
	if (queue->on_time != NULL)
		gather_cut(&queue->gather);
	post(queue, take_queued(queue));
}

void
append_queues_flush(struct append_queues *queues, int n_loops)
{
	for (int i = 0; i < n_loops; i++)
		pass_on(&queues->list[i]);
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
	queue->n_new += append->n_records;
	task_chain_add(&queue->chain, &append->task);
	loop_at_turn_end(append->reply_loop, &queue->turn_end);
	if (base->options.flush == STORE_FLUSH_ASYNC &&
	    (queue->n_bytes >= PASS_ON_BYTES || queue->n_records >= PASS_ON_RECORDS))
		pass_on(queue);
}

void
apply_submit(struct writer *writer, struct apply_job *job)
{
	job->task.run = dequeue_apply;
	if (job->chunk->len > PASS_ON_BYTES || !writer_apply_inline(writer, job))
		writer_post(&writer->base->inboxes, &job->task);
}
