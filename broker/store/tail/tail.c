#include "config.h"

#include "broker/store/tail/tail.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store/base.h"
#include "broker/store/index/queue_index.h"
#include "broker/store/pull_count.h"
#include "broker/store/tail/tail_notice.h"
#include "common/base/mem.h"

/*
 * Memory holds the newest commit notices, whole ones, up to tail_bytes; each queue has a
 * ring of its newest entries, exactly those whose records are held. The oldest notice
 * tells which entries go with it: one entry from the front of a
 * ring for each of its records. A queue without recent records has no ring.
 */

#define RING_MIN 8

struct tail_entry {
	int64_t position;
	uint32_t size;
	int32_t code; /* of the tag */
};

struct tail {
	struct queue_index index;
	struct tail_queue *halves;           /* of half messages; NULL: there was none yet */
	struct commit_notice **held;         /* a ring of n_held from first_held on, oldest first */
	size_t first_held, n_held, held_cap; /* held_cap is a power of two */
	int64_t held_bytes, limit_bytes;
	struct {
		void (*grew)(void *arg, struct tail_queue *queue);
		void *arg;
	} listeners[TAIL_LISTENERS];
	size_t n_listeners;
	struct tail_queue **grown; /* by the notice at hand, each once */
	size_t n_grown, grown_cap;
};

/* ---- queues ---------------------------------------------------------- */

static bool
is_queue(const void *queue, struct slice topic, int32_t queue_id)
{
	const struct tail_queue *it = queue;

	return it->queue_id == queue_id && slice_equal(it->topic, topic);
}

static struct tail_queue *
add_queue(struct tail *tail, const struct commit_notice_queue *notice)
{
	struct tail_queue *queue = mem_zalloc(sizeof *queue + notice->topic.len);
	char *text = (char *)(queue + 1);

	memcpy(text, notice->topic.data, notice->topic.len);
	queue->topic = (struct slice){ text, notice->topic.len };
	queue->number = notice->number;
	queue->queue_id = notice->queue_id;
	queue->min_offset = queue->max_offset = notice->first;
	queue_index_add(
	    &tail->index, queue_hash(queue->topic, queue->queue_id), queue->number, queue);
	if (is_queue(queue, SLICE(HALF_TOPIC), 0))
		tail->halves = queue;
	return queue;
}

static void
free_queue(struct tail_queue *queue)
{
	free(queue->ring);
	free(queue);
}

struct tail *
tail_new(struct store *store)
{
	const struct store_base *base = store_base(store);
	struct tail *tail = mem_zalloc(sizeof *tail);
	size_t number = 0;

	tail->index.is = is_queue;
	tail->limit_bytes = base->options.tail_bytes;
	for (const struct queue *queue;
	     (queue = queue_table_each(&base->queues, &number)) != NULL;) {
		struct tail_queue *added = add_queue(tail, &(struct commit_notice_queue){
							       .number = queue->number,
							       .queue_id = queue->queue_id,
							       .topic = queue->topic,
							       .first = queue->first,
							   });

		added->max_offset = queue->next;
		added->last_timestamp = queue->last_timestamp;
	}
	return tail;
}

void
tail_free(struct tail *tail)
{
	size_t state = 0;

	for (struct tail_queue *queue; (queue = tail_each(tail, &state)) != NULL;)
		free_queue(queue);
	queue_index_release(&tail->index);
	for (size_t i = 0; i < tail->n_held; i++)
		commit_notice_unref(tail->held[(tail->first_held + i) & (tail->held_cap - 1)]);
	free(tail->held);
	free(tail->grown);
	free(tail);
}

void
tail_on_growth(struct tail *tail, void (*grew)(void *arg, struct tail_queue *queue), void *arg)
{
	assert(tail->n_listeners < TAIL_LISTENERS);
	tail->listeners[tail->n_listeners].grew = grew;
	tail->listeners[tail->n_listeners++].arg = arg;
}

struct tail_queue *
tail_find(struct tail *tail, struct slice topic, int32_t queue_id)
{
	return queue_index_find(&tail->index, queue_hash(topic, queue_id), topic, queue_id);
}

struct tail_queue *
tail_each(struct tail *tail, size_t *state)
{
	while (*state < tail->index.n_numbers) {
		struct tail_queue *queue = tail->index.by_number[(*state)++];

		if (queue != NULL)
			return queue;
	}
	return NULL;
}

/* ---- rings of entries ------------------------------------------------ */

static struct tail_entry *
ring_at(const struct tail_queue *queue, uint32_t i)
{
	return &queue->ring[(queue->ring_first + i) & (queue->ring_cap - 1)];
}

static void
ring_resize(struct tail_queue *queue, uint32_t cap)
{
	struct tail_entry *ring = mem_alloc(cap * sizeof ring[0]);

	for (uint32_t i = 0; i < queue->ring_len; i++)
		ring[i] = *ring_at(queue, i);
	free(queue->ring);
	queue->ring = ring;
	queue->ring_first = 0;
	queue->ring_cap = cap;
}

static void
ring_push(struct tail_queue *queue, struct tail_entry entry)
{
	if (queue->ring_len == queue->ring_cap)
		ring_resize(queue, queue->ring_cap != 0 ? 2 * queue->ring_cap : RING_MIN);
	queue->ring_len++;
	*ring_at(queue, queue->ring_len - 1) = entry;
}

static void
ring_pop(struct tail_queue *queue)
{
	queue->ring_first = (queue->ring_first + 1) & (queue->ring_cap - 1);
	if (--queue->ring_len == 0) {
		free(queue->ring);
		queue->ring = NULL;
		queue->ring_first = queue->ring_cap = 0;
	} else if (queue->ring_cap > RING_MIN && queue->ring_len <= queue->ring_cap / 8) {
		ring_resize(queue, queue->ring_cap / 4);
	}
}

/* ---- notices held ---------------------------------------------------- */

static struct commit_notice *
held_at(const struct tail *tail, size_t i)
{
	return tail->held[(tail->first_held + i) & (tail->held_cap - 1)];
}

static int64_t
held_size(const struct commit_notice *notice)
{
	return (
	    int64_t)(sizeof *notice + sizeof *notice->chunk + notice->chunk->len +
		     notice->n_entries * (sizeof notice->entries[0] + sizeof(struct tail_entry)));
}

static void
hold(struct tail *tail, struct commit_notice *notice)
{
	if (tail->n_held == tail->held_cap) {
		size_t cap = tail->held_cap != 0 ? 2 * tail->held_cap : 64;
		struct commit_notice **held = mem_alloc(cap * sizeof(struct commit_notice *));

		for (size_t i = 0; i < tail->n_held; i++)
			held[i] = held_at(tail, i);
		free(tail->held);
		tail->held = held;
		tail->held_cap = cap;
		tail->first_held = 0;
	}
	tail->held[(tail->first_held + tail->n_held++) & (tail->held_cap - 1)] =
	    commit_notice_ref(notice);
	tail->held_bytes += held_size(notice);
}

static void
let_go_oldest(struct tail *tail)
{
	struct commit_notice *notice = held_at(tail, 0);

	for (size_t i = 0; i < notice->n_entries; i++) {
		struct tail_queue *queue = queue_index_at(&tail->index, notice->entries[i].queue);

		if (queue != NULL)
			ring_pop(queue);
	}
	tail->held_bytes -= held_size(notice);
	tail->first_held = (tail->first_held + 1) & (tail->held_cap - 1);
	tail->n_held--;
	commit_notice_unref(notice);
}

/* The chunk that holds the position, which is one of a ring's. */
static struct chunk *
find_chunk(const struct tail *tail, int64_t position)
{
	size_t low = 0, high = tail->n_held;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (held_at(tail, middle)->chunk->position <= position)
			low = middle;
		else
			high = middle;
	}
	return held_at(tail, low)->chunk;
}

/* ---- applying a notice ------------------------------------------- */

static void
note_growth(struct tail *tail, struct tail_queue *queue)
{
	if (tail->n_grown == tail->grown_cap) {
		tail->grown_cap = tail->grown_cap != 0 ? 2 * tail->grown_cap : 64;
		tail->grown =
		    mem_realloc(tail->grown, tail->grown_cap * sizeof(struct tail_queue *));
	}
	tail->grown[tail->n_grown++] = queue;
}

static void
apply_growth(struct tail *tail, struct commit_notice *notice)
{
	tail->n_grown = 0;
	for (size_t i = 0; i < notice->n_queues; i++)
		add_queue(tail, &notice->queues[i]);
	hold(tail, notice);
	for (size_t i = 0; i < notice->n_entries; i++) {
		const struct commit_notice_entry *it = &notice->entries[i];
		struct tail_queue *queue = queue_index_at(&tail->index, it->queue);

		if (queue == NULL)
			continue; /* of a topic deleted meanwhile: never, the writer tells in order
			           */
		ring_push(
		    queue, (struct tail_entry){ it->position, it->size, (int32_t)it->tag_hash });
		queue->max_offset++;
		queue->last_timestamp = notice->timestamp;
		if (!queue->grown) {
			queue->grown = true;
			note_growth(tail, queue);
		}
	}
	while (tail->held_bytes > tail->limit_bytes && tail->n_held > 1)
		let_go_oldest(tail);
	for (size_t i = 0; i < tail->n_grown; i++) {
		tail->grown[i]->grown = false;
		for (size_t k = 0; k < tail->n_listeners; k++)
			tail->listeners[k].grew(tail->listeners[k].arg, tail->grown[i]);
	}
}

static void
apply_first(struct tail *tail, struct commit_notice *notice)
{
	for (size_t i = 0; i < notice->n_queues; i++) {
		struct tail_queue *queue = queue_index_at(&tail->index, notice->queues[i].number);

		if (queue != NULL)
			queue->min_offset = notice->queues[i].first;
	}
}

static void
apply_drop(struct tail *tail, struct commit_notice *notice)
{
	for (size_t i = 0; i < notice->n_queues; i++) {
		struct tail_queue *queue = queue_index_at(&tail->index, notice->queues[i].number);

		if (queue == NULL)
			continue;
		queue_index_remove(
		    &tail->index, queue_hash(queue->topic, queue->queue_id), queue->number, queue);
		if (queue == tail->halves)
			tail->halves = NULL;
		free_queue(queue);
	}
}

void
tail_apply(struct tail *tail, struct commit_notice *notice)
{
	static void (*const kinds[])(struct tail *, struct commit_notice *) = {
		[COMMIT_NOTICE_GROWTH] = apply_growth,
		[COMMIT_NOTICE_FIRST] = apply_first,
		[COMMIT_NOTICE_DROP] = apply_drop,
	};

	kinds[notice->kind](tail, notice);
}

struct notice_task {
	struct task task;
	struct tail *tail;
	struct commit_notice *notice;
};

static void
run_notice(struct task *self, void *loop)
{
	struct notice_task *task = (struct notice_task *)self;

	(void)loop;
	tail_apply(task->tail, task->notice);
	commit_notice_unref(task->notice);
	free(task);
}

struct task *
tail_notice_task(struct tail *tail, struct commit_notice *notice)
{
	struct notice_task *task = mem_alloc(sizeof *task);

	*task = (struct notice_task){ { .run = run_notice }, tail, commit_notice_ref(notice) };
	return &task->task;
}

void
tail_notice_drop(struct task *self)
{
	struct notice_task *task = (struct notice_task *)self;

	commit_notice_unref(task->notice);
	free(task);
}

/* ---- reading --------------------------------------------------------- */

/* The parts of an answer as they come together. */
struct reply_parts {
	struct tail *tail;
	struct body_part *parts;
	size_t n;
	struct chunk *chunk; /* of the last part */
};

/* Where an entry's record is; *near: the chunk of the entry before, or NULL. */
static const char *
record_at(const struct tail *tail, const struct tail_entry *entry, struct chunk **near)
{
	const struct chunk *chunk = *near;

	if (chunk == NULL || entry->position < chunk->position ||
	    entry->position >= chunk->position + (int64_t)chunk->len)
		chunk = *near = find_chunk(tail, entry->position);
	return chunk->data + (entry->position - chunk->position);
}

/* Records that lie behind each other leave as one part. Inlined: it is half of what a pull costs.
 */
static inline void __attribute__((always_inline))
add_record(struct reply_parts *it, const struct tail_entry *entry)
{
	struct chunk *chunk = it->chunk;

	if (chunk == NULL || entry->position >= chunk->position + (int64_t)chunk->len)
		chunk = find_chunk(it->tail, entry->position);
	const char *at = chunk->data + (entry->position - chunk->position);

	if (chunk == it->chunk && it->parts[it->n - 1].data + it->parts[it->n - 1].len == at) {
		it->parts[it->n - 1].len += entry->size;
		return;
	}
	it->chunk = chunk;
	it->parts[it->n++] = (struct body_part){ at, entry->size, chunk_ref(chunk), chunk_release };
}

/* With a filter on properties: it reads each record. Returns where to go on. */
static int64_t
read_filtered(struct reply_parts *it, const struct tail_queue *queue, int64_t offset,
    const struct pull_limits *limits, struct pull_count *count)
{
	int64_t first = queue->max_offset - queue->ring_len;
	struct chunk *near = NULL;

	for (; offset < queue->max_offset; offset++) {
		const struct tail_entry *entry = ring_at(queue, (uint32_t)(offset - first));
		enum pull_verdict verdict = pull_next_filtered(
		    limits, count, record_at(it->tail, entry, &near), entry->size);

		if (verdict == PULL_STOP)
			break;
		if (verdict == PULL_TAKE)
			add_record(it, entry);
	}
	return offset;
}

enum tail_status
tail_read(struct tail *tail, struct tail_queue *queue, int64_t offset,
    const struct pull_limits *limits, struct arena *arena, struct pull_parts *result)
{
	int64_t first = queue->max_offset - queue->ring_len;
	struct pull_count count = { 0 };

	if (offset < first || offset < queue->min_offset)
		return TAIL_COLD;
	int64_t left = queue->max_offset - offset;
	size_t most = limits->max_messages < 1 ? 1 : (size_t)limits->max_messages;
	if ((int64_t)most > left)
		most = (size_t)left;
	struct reply_parts it = {
		.tail = tail,
		.parts = arena_alloc(arena, most * sizeof it.parts[0]),
	};

	int64_t end = queue->max_offset;

	if (limits->filter != NULL)
		end = offset = read_filtered(&it, queue, offset, limits, &count);
	for (; offset < end; offset++) {
		const struct tail_entry *entry = ring_at(queue, (uint32_t)(offset - first));
		enum pull_verdict verdict = pull_next(limits, &count, entry->size, entry->code);

		if (verdict == PULL_STOP)
			break;
		if (verdict == PULL_TAKE)
			add_record(&it, entry);
	}
	arena_trim(arena, it.parts, most * sizeof it.parts[0], it.n * sizeof it.parts[0]);
	*result = (struct pull_parts){ it.parts, it.n, count.n_messages, offset };
	return count.n_messages > 0 ? TAIL_FOUND : TAIL_NO_MATCH;
}

bool
tail_half(const struct tail *tail, int64_t offset, struct slice *record)
{
	const struct tail_queue *queue = tail->halves;
	struct chunk *near = NULL;

	if (queue == NULL || offset < queue->min_offset ||
	    offset < queue->max_offset - queue->ring_len || offset >= queue->max_offset)
		return false;
	const struct tail_entry *entry =
	    ring_at(queue, (uint32_t)(offset - (queue->max_offset - queue->ring_len)));

	*record = (struct slice){ record_at(tail, entry, &near), entry->size };
	return true;
}
