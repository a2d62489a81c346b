#include "config.h"

#include "broker/state/checkpoint.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/base/timer_heap.h"
#include "common/base/u64map.h"

#define NAME_SEPARATOR '@' /* in no name of a topic or group */

struct kept_message {
	int64_t visible_ms; /* ordered: clock_mono_ms */
	int32_t distance;
	uint16_t count;
};

struct kept_checkpoint {
	struct timer due;    /* clock_mono_ms */
	struct timer logged; /* its at_ms is an offset: of the record, or below it */
	struct u64map_node by_id;
	struct strmap_entry *by_name;
	TAILQ_ENTRY(kept_checkpoint) in_queue;
	struct popped_queue *queue;
	int64_t start_offset, next_offset, pop_time, invisible_ms;
	bool ordered, active, moving;
	char *attempt; /* NULL: none */
	uint32_t n, claimed, settled;
	struct kept_message messages[];
};

/* A queue that is popped from just now, or has checkpoints. */
struct popped_queue {
	struct strmap_entry *entry;
	uint64_t number; /* part of the names of its checkpoints */
	bool busy;
	size_t n_messages; /* not settled */
	size_t group_len;
	TAILQ_HEAD(, kept_checkpoint) checkpoints;
};

struct checkpoints {
	pthread_mutex_t lock;
	struct strmap queues;   /* group@topic@queue -> struct popped_queue */
	struct strmap names;    /* struct checkpoint_name -> struct kept_checkpoint */
	struct u64map ids;      /* of active ones */
	struct timer_heap due;  /* active ones that are due once */
	struct timer_heap logs; /* all */
	uint64_t last_number;
	size_t n, n_messages;
	int64_t ends[N_ENDS];
};

struct checkpoint_name {
	uint64_t queue;
	int64_t start_offset, pop_time;
};

struct checkpoints *
checkpoints_new(void)
{
	struct checkpoints *table = mem_zalloc(sizeof *table);

	pthread_mutex_init(&table->lock, NULL);
	return table;
}

static void
kept_free(struct kept_checkpoint *kept)
{
	free(kept->attempt);
	free(kept);
}

static void
queue_free(void *value)
{
	struct popped_queue *queue = value;

	while (!TAILQ_EMPTY(&queue->checkpoints)) {
		struct kept_checkpoint *kept = TAILQ_FIRST(&queue->checkpoints);

		TAILQ_REMOVE(&queue->checkpoints, kept, in_queue);
		kept_free(kept);
	}
	free(queue);
}

void
checkpoints_free(struct checkpoints *table)
{
	if (table == NULL)
		return;
	strmap_release(&table->names, NULL);
	strmap_release(&table->queues, queue_free);
	u64map_release(&table->ids);
	timer_heap_release(&table->due);
	timer_heap_release(&table->logs);
	pthread_mutex_destroy(&table->lock);
	free(table);
}

/* ---- under the lock: queues and names -------------------------------- */

static struct slice
queue_key(const struct group_queue *queue, struct buf *text)
{
	buf_append_slice(text, queue->group);
	buf_append_char(text, NAME_SEPARATOR);
	buf_append_slice(text, queue->topic);
	buf_append_char(text, NAME_SEPARATOR);
	buf_append_int(text, queue->queue_id);
	return buf_slice(text);
}

static struct popped_queue *
queue_find(struct checkpoints *table, const struct group_queue *queue)
{
	struct buf text = { 0 };
	struct popped_queue *found = strmap_find(&table->queues, queue_key(queue, &text));

	buf_release(&text);
	return found;
}

static struct popped_queue *
queue_get(struct checkpoints *table, const struct group_queue *queue)
{
	struct buf text = { 0 };
	struct strmap_entry *entry = strmap_get(&table->queues, queue_key(queue, &text));
	struct popped_queue *it = entry->value;

	buf_release(&text);
	if (it != NULL)
		return it;
	it = mem_zalloc(sizeof *it);
	it->entry = entry;
	it->number = ++table->last_number;
	it->group_len = queue->group.len;
	TAILQ_INIT(&it->checkpoints);
	entry->value = it;
	return it;
}

/* Lent from its key. */
static struct group_queue
queue_names(const struct popped_queue *queue)
{
	struct slice key = strmap_key(queue->entry);
	const char *end = memrchr(key.data, NAME_SEPARATOR, key.len);
	const char *topic = key.data + queue->group_len + 1;

	return (struct group_queue){
		.group = { key.data, queue->group_len },
		.topic = { topic, (size_t)(end - topic) },
		.queue_id = (int32_t)strtol(end + 1, NULL, 10),
	};
}

static void
queue_tidy(struct checkpoints *table, struct popped_queue *queue)
{
	if (queue->busy || !TAILQ_EMPTY(&queue->checkpoints))
		return;
	strmap_remove(&table->queues, queue->entry);
	free(queue);
}

static struct slice
name_key(const struct checkpoint_name *name)
{
	return (struct slice){ (const char *)name, sizeof *name };
}

static struct kept_checkpoint *
name_find(struct checkpoints *table, const struct popped_queue *queue, int64_t start_offset,
    int64_t pop_time)
{
	struct checkpoint_name name = { queue->number, start_offset, pop_time };

	return strmap_find(&table->names, name_key(&name));
}

/* ---- under the lock: checkpoints ------------------------------------- */

static struct kept_checkpoint *
id_find(struct checkpoints *table, int64_t id)
{
	struct u64map_node *node = u64map_find(&table->ids, (uint64_t)id);

	return node != NULL ? container_of(node, struct kept_checkpoint, by_id) : NULL;
}

static uint32_t
all_bits(const struct kept_checkpoint *kept)
{
	return kept->n == 32 ? UINT32_MAX : (UINT32_C(1) << kept->n) - 1;
}

static size_t
n_open(const struct kept_checkpoint *kept)
{
	return kept->n - (size_t)__builtin_popcount(kept->settled);
}

static struct kept_checkpoint *
add(struct checkpoints *table, const struct checkpoint *from, int64_t offset)
{
	struct popped_queue *queue = queue_get(table, &from->queue);
	struct kept_checkpoint *kept =
	    mem_zalloc(sizeof *kept + from->n * sizeof kept->messages[0]);
	struct checkpoint_name name = { queue->number, from->start_offset, from->pop_time };

	kept->queue = queue;
	kept->start_offset = from->start_offset;
	kept->next_offset = from->next_offset;
	kept->pop_time = from->pop_time;
	kept->invisible_ms = from->invisible_ms;
	kept->ordered = from->ordered;
	kept->attempt = slice_dup(from->attempt);
	kept->n = from->n;
	kept->settled = from->settled;
	for (uint32_t i = 0; i < from->n; i++)
		kept->messages[i] = (struct kept_message){ 0, from->distance[i], from->count[i] };
	kept->by_name = strmap_get(&table->names, name_key(&name));
	kept->by_name->value = kept;
	TAILQ_INSERT_TAIL(&queue->checkpoints, kept, in_queue);
	timer_heap_set(&table->logs, &kept->logged, offset);
	queue->n_messages += n_open(kept);
	table->n_messages += n_open(kept);
	table->n++;
	return kept;
}

static void
take_out(struct checkpoints *table, struct kept_checkpoint *kept)
{
	struct popped_queue *queue = kept->queue;

	timer_heap_drop(&table->due, &kept->due);
	timer_heap_drop(&table->logs, &kept->logged);
	if (kept->active)
		u64map_remove(&table->ids, &kept->by_id);
	strmap_remove(&table->names, kept->by_name);
	TAILQ_REMOVE(&queue->checkpoints, kept, in_queue);
	queue->n_messages -= n_open(kept);
	table->n_messages -= n_open(kept);
	table->n--;
	kept_free(kept);
	queue_tidy(table, queue);
}

static bool
set_due(struct checkpoints *table, struct kept_checkpoint *kept, int64_t at_ms)
{
	struct timer *first = timer_heap_first(&table->due);
	bool earlier = first == NULL || at_ms < first->at_ms;

	timer_heap_set(&table->due, &kept->due, at_ms);
	return earlier;
}

/* Until when an ordered one blocks its queue; 0: it does not. */
static int64_t
blocked_until(const struct kept_checkpoint *kept)
{
	int64_t until = 0;

	for (uint32_t i = 0; i < kept->n; i++) {
		if (!(kept->settled >> i & 1) && kept->messages[i].visible_ms > until)
			until = kept->messages[i].visible_ms;
	}
	return until;
}

static bool
make_active(struct checkpoints *table, struct kept_checkpoint *kept, int64_t id, int64_t due_ms)
{
	kept->active = true;
	kept->by_id.id = (uint64_t)id;
	u64map_add(&table->ids, &kept->by_id);
	for (uint32_t i = 0; i < kept->n; i++)
		kept->messages[i].visible_ms = due_ms;
	return set_due(table, kept, due_ms);
}

/* Other ordered checkpoints of its queue have ended with this one. */
static void
replace_ordered(struct checkpoints *table, struct kept_checkpoint *kept)
{
	struct kept_checkpoint *it = TAILQ_FIRST(&kept->queue->checkpoints);

	for (struct kept_checkpoint *next; it != NULL; it = next) {
		next = TAILQ_NEXT(it, in_queue);
		if (it != kept && it->ordered && it->active)
			take_out(table, it);
	}
}

static void
copy_out(const struct kept_checkpoint *kept, struct checkpoint *out, struct arena *arena)
{
	struct group_queue names = queue_names(kept->queue);

	*out = (struct checkpoint){
		.queue = { arena_copy(arena, names.group), arena_copy(arena, names.topic),
		    names.queue_id },
		.id = (int64_t)kept->by_id.id,
		.start_offset = kept->start_offset,
		.next_offset = kept->next_offset,
		.pop_time = kept->pop_time,
		.invisible_ms = kept->invisible_ms,
		.ordered = kept->ordered,
		.attempt = arena_copy(arena, slice_of(kept->attempt)),
		.n = kept->n,
		.settled = kept->settled,
	};
	for (uint32_t i = 0; i < kept->n; i++) {
		out->distance[i] = kept->messages[i].distance;
		out->count[i] = kept->messages[i].count;
	}
}

/* ---- popping --------------------------------------------------------- */

/* The active ordered checkpoint of the queue; NULL: none. */
static struct kept_checkpoint *
ordered_of(const struct popped_queue *queue)
{
	struct kept_checkpoint *kept;

	TAILQ_FOREACH(kept, &queue->checkpoints, in_queue) {
		if (kept->ordered && kept->active)
			break;
	}
	return kept;
}

static bool
is_blocked(const struct popped_queue *queue, const struct enter_wish *wish)
{
	const struct kept_checkpoint *kept = ordered_of(queue);

	if (kept == NULL || blocked_until(kept) <= clock_mono_ms())
		return false;
	return wish->attempt.len == 0 || kept->attempt == NULL ||
	       !slice_is(wish->attempt, kept->attempt);
}

enum enter_status
checkpoints_enter(
    struct checkpoints *table, const struct group_queue *queue, const struct enter_wish *wish)
{
	enum enter_status status = ENTER_YES;

	pthread_mutex_lock(&table->lock);
	struct popped_queue *it = queue_get(table, queue);

	if (it->busy)
		status = ENTER_BUSY;
	else if (wish->ordered && is_blocked(it, wish))
		status = ENTER_BLOCKED;
	else if (!wish->ordered && (int64_t)it->n_messages >= wish->max_messages)
		status = ENTER_FULL;
	if (status == ENTER_YES)
		it->busy = true;
	else
		queue_tidy(table, it);
	pthread_mutex_unlock(&table->lock);
	return status;
}

void
checkpoints_leave(struct checkpoints *table, const struct group_queue *queue)
{
	pthread_mutex_lock(&table->lock);
	struct popped_queue *it = queue_find(table, queue);

	if (it != NULL) {
		it->busy = false;
		queue_tidy(table, it);
	}
	pthread_mutex_unlock(&table->lock);
}

/* How often each message was popped before, by what the queue had until now. */
static void
count_pops(struct checkpoints *table, struct checkpoint *checkpoint)
{
	const struct popped_queue *queue = queue_find(table, &checkpoint->queue);
	const struct kept_checkpoint *before = queue != NULL ? ordered_of(queue) : NULL;

	if (before == NULL)
		return;
	bool same = checkpoint->attempt.len != 0 && before->attempt != NULL &&
	            slice_is(checkpoint->attempt, before->attempt);

	for (uint32_t i = 0; i < checkpoint->n; i++) {
		int64_t offset = checkpoint->start_offset + checkpoint->distance[i];

		for (uint32_t k = 0; k < before->n; k++) {
			const struct kept_message *message = &before->messages[k];

			if (before->start_offset + message->distance != offset)
				continue;
			checkpoint->count[i] = message->count;
			if (!same && message->count < UINT16_MAX)
				checkpoint->count[i]++;
		}
	}
}

static bool
is_taken(struct checkpoints *table, const struct checkpoint *list, size_t n, int64_t pop_time)
{
	for (size_t i = 0; i < n; i++) {
		const struct popped_queue *queue = queue_find(table, &list[i].queue);

		if (queue != NULL &&
		    name_find(table, queue, list[i].start_offset, pop_time) != NULL)
			return true;
	}
	return false;
}

void
checkpoints_reserve(struct checkpoints *table, struct checkpoint *list,
    struct kept_checkpoint **kept, size_t n, int64_t now_ms, int64_t floor)
{
	pthread_mutex_lock(&table->lock);
	while (is_taken(table, list, n, now_ms))
		now_ms++;
	for (size_t i = 0; i < n; i++) {
		list[i].pop_time = now_ms;
		if (list[i].ordered)
			count_pops(table, &list[i]);
		kept[i] = add(table, &list[i], floor);
	}
	pthread_mutex_unlock(&table->lock);
}

bool
checkpoints_activate(struct checkpoints *table, struct kept_checkpoint *kept, int64_t offset)
{
	pthread_mutex_lock(&table->lock);
	if (kept->ordered)
		replace_ordered(table, kept);
	timer_heap_set(&table->logs, &kept->logged, offset);
	bool earlier = make_active(table, kept, offset, clock_mono_ms() + kept->invisible_ms);

	pthread_mutex_unlock(&table->lock);
	return earlier;
}

void
checkpoints_abandon(struct checkpoints *table, struct kept_checkpoint *kept)
{
	pthread_mutex_lock(&table->lock);
	take_out(table, kept);
	pthread_mutex_unlock(&table->lock);
}

void
checkpoints_hasten(struct checkpoints *table, int64_t id)
{
	pthread_mutex_lock(&table->lock);
	struct kept_checkpoint *kept = id_find(table, id);

	if (kept != NULL) {
		int64_t now_ms = clock_mono_ms();

		for (uint32_t i = 0; i < kept->n; i++)
			kept->messages[i].visible_ms = now_ms;
		set_due(table, kept, now_ms);
	}
	pthread_mutex_unlock(&table->lock);
}

/* ---- settling -------------------------------------------------------- */

/* The bits of those of these offsets that it has. */
static uint32_t
bits_of(const struct kept_checkpoint *kept, const int64_t *offsets, size_t n)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t place = 0;

		while (place < kept->n &&
		       kept->start_offset + kept->messages[place].distance != offsets[i])
			place++;
		if (place < kept->n)
			bits |= UINT32_C(1) << place;
	}
	return bits;
}

static enum claim_status
claim_of(struct checkpoints *table, struct claim *claim)
{
	const struct popped_queue *queue = queue_find(table, &claim->queue);
	struct kept_checkpoint *kept =
	    queue != NULL ? name_find(table, queue, claim->start_offset, claim->pop_time) : NULL;

	if (kept == NULL || !kept->active)
		return CLAIM_UNKNOWN;
	uint32_t bits = bits_of(kept, claim->offsets, claim->n_offsets);

	if (bits == 0)
		return CLAIM_UNKNOWN;
	claim->id = (int64_t)kept->by_id.id;
	claim->ordered = kept->ordered;
	claim->bits = bits & ~kept->settled & ~kept->claimed;
	kept->claimed |= claim->bits;
	return claim->bits != 0 ? CLAIM_YES : CLAIM_DONE;
}

enum claim_status
checkpoints_claim(struct checkpoints *table, struct claim *claim)
{
	pthread_mutex_lock(&table->lock);
	enum claim_status status = claim_of(table, claim);

	pthread_mutex_unlock(&table->lock);
	return status;
}

void
checkpoints_unclaim(struct checkpoints *table, int64_t id, uint32_t bits)
{
	pthread_mutex_lock(&table->lock);
	struct kept_checkpoint *kept = id_find(table, id);

	if (kept != NULL)
		kept->claimed &= ~bits;
	pthread_mutex_unlock(&table->lock);
}

static void
settle_ordered(struct checkpoints *table, struct kept_checkpoint *kept, struct settled *settled)
{
	uint32_t first = 0;
	int64_t until = blocked_until(kept);

	while (first < kept->n && kept->settled >> first & 1)
		first++;
	settled->next_offset = first == kept->n
	                           ? kept->next_offset
	                           : kept->start_offset + kept->messages[first].distance;
	settled->unblocked = until <= clock_mono_ms();
	if (!settled->unblocked && first < kept->n)
		set_due(table, kept, until);
}

static bool
settle(struct checkpoints *table, int64_t id, uint32_t bits, struct settled *settled)
{
	struct kept_checkpoint *kept = id_find(table, id);

	if (kept == NULL)
		return false;
	size_t before = n_open(kept);

	kept->settled |= bits & all_bits(kept);
	kept->claimed &= ~bits;
	kept->queue->n_messages -= before - n_open(kept);
	table->n_messages -= before - n_open(kept);
	*settled = (struct settled){ .ordered = kept->ordered };
	if (kept->ordered)
		settle_ordered(table, kept, settled);
	if (n_open(kept) == 0)
		take_out(table, kept);
	return true;
}

bool
checkpoints_settle(struct checkpoints *table, int64_t id, uint32_t bits, struct settled *settled)
{
	pthread_mutex_lock(&table->lock);
	bool found = settle(table, id, bits, settled);

	pthread_mutex_unlock(&table->lock);
	return found;
}

bool
checkpoints_set_visible(struct checkpoints *table, int64_t id, uint32_t bits, int64_t at_ms)
{
	bool earlier = false;

	pthread_mutex_lock(&table->lock);
	struct kept_checkpoint *kept = id_find(table, id);

	if (kept != NULL && kept->ordered) {
		kept->claimed &= ~bits;
		for (uint32_t i = 0; i < kept->n; i++) {
			if (bits >> i & 1)
				kept->messages[i].visible_ms = at_ms;
		}
		earlier = set_due(table, kept, blocked_until(kept));
	}
	pthread_mutex_unlock(&table->lock);
	return earlier;
}

/* ---- reviving -------------------------------------------------------- */

int64_t
checkpoints_next_due(struct checkpoints *table)
{
	pthread_mutex_lock(&table->lock);
	const struct timer *first = timer_heap_first(&table->due);
	int64_t at_ms = first != NULL ? first->at_ms : INT64_MAX;

	pthread_mutex_unlock(&table->lock);
	return at_ms;
}

bool
checkpoints_take_due(struct checkpoints *table, int64_t now_ms, struct checkpoint *out,
    uint32_t *bits, struct arena *arena)
{
	pthread_mutex_lock(&table->lock);
	struct timer *first = timer_heap_first(&table->due);
	bool is_due = first != NULL && first->at_ms <= now_ms;

	if (is_due) {
		struct kept_checkpoint *kept = container_of(first, struct kept_checkpoint, due);

		timer_heap_drop(&table->due, first);
		copy_out(kept, out, arena);
		*bits = kept->ordered ? 0 : all_bits(kept) & ~kept->settled & ~kept->claimed;
		kept->claimed |= *bits;
		/* The claimed ones may come back. */
		if (!kept->ordered && *bits == 0)
			set_due(table, kept, now_ms + 1000);
	}
	pthread_mutex_unlock(&table->lock);
	return is_due;
}

void
checkpoints_again(struct checkpoints *table, int64_t id, uint32_t bits, int64_t at_ms)
{
	pthread_mutex_lock(&table->lock);
	struct kept_checkpoint *kept = id_find(table, id);

	if (kept != NULL) {
		kept->claimed &= ~bits;
		set_due(table, kept, at_ms);
	}
	pthread_mutex_unlock(&table->lock);
}

/* ---- the log --------------------------------------------------------- */

int64_t
checkpoints_floor(struct checkpoints *table, int64_t end)
{
	pthread_mutex_lock(&table->lock);
	const struct timer *first = timer_heap_first(&table->logs);
	int64_t floor = first != NULL && first->at_ms < end ? first->at_ms : end;

	pthread_mutex_unlock(&table->lock);
	return floor;
}

bool
checkpoints_take_oldest(
    struct checkpoints *table, int64_t before, struct checkpoint *out, struct arena *arena)
{
	pthread_mutex_lock(&table->lock);
	struct timer *first = timer_heap_first(&table->logs);
	struct kept_checkpoint *kept =
	    first != NULL ? container_of(first, struct kept_checkpoint, logged) : NULL;
	bool found = kept != NULL && first->at_ms < before && kept->active && !kept->moving &&
	             kept->claimed == 0;

	if (found) {
		kept->moving = true;
		copy_out(kept, out, arena);
	}
	pthread_mutex_unlock(&table->lock);
	return found;
}

void
checkpoints_moved(struct checkpoints *table, int64_t id, int64_t offset)
{
	pthread_mutex_lock(&table->lock);
	struct kept_checkpoint *kept = id_find(table, id);

	if (kept != NULL) {
		kept->moving = false;
		if (offset != -1)
			timer_heap_set(&table->logs, &kept->logged, offset);
	}
	pthread_mutex_unlock(&table->lock);
}

void
checkpoints_restore(
    struct checkpoints *table, const struct checkpoint *checkpoint, int64_t offset, int64_t wall_ms)
{
	int64_t id = checkpoint->id != -1 ? checkpoint->id : offset;
	int64_t left = checkpoint->pop_time + checkpoint->invisible_ms - wall_ms;

	if (left > checkpoint->invisible_ms)
		left = checkpoint->invisible_ms;
	if (left < 0)
		left = 0;
	pthread_mutex_lock(&table->lock);
	struct kept_checkpoint *before = id_find(table, id);

	if (before != NULL)
		take_out(table, before);
	if (!is_taken(table, checkpoint, 1, checkpoint->pop_time)) {
		struct kept_checkpoint *kept = add(table, checkpoint, offset);

		if (kept->ordered)
			replace_ordered(table, kept);
		make_active(table, kept, id, clock_mono_ms() + left);
		if (n_open(kept) == 0)
			take_out(table, kept);
	}
	pthread_mutex_unlock(&table->lock);
}

static void
drop_active(struct checkpoints *table, struct popped_queue *queue)
{
	struct kept_checkpoint *it = TAILQ_FIRST(&queue->checkpoints);
	bool busy = queue->busy;

	queue->busy = true; /* so that it stays until the end */
	for (struct kept_checkpoint *next; it != NULL; it = next) {
		next = TAILQ_NEXT(it, in_queue);
		if (it->active)
			take_out(table, it);
	}
	queue->busy = busy;
	queue_tidy(table, queue);
}

void
checkpoints_drop(struct checkpoints *table, struct slice group, struct slice topic)
{
	pthread_mutex_lock(&table->lock);
	for (struct strmap_entry *entry = strmap_next(&table->queues, NULL), *next; entry != NULL;
	     entry = next) {
		struct popped_queue *queue = entry->value;
		struct group_queue names = queue_names(queue);

		next = strmap_next(&table->queues, entry);
		if ((group.data == NULL || slice_equal(names.group, group)) &&
		    (topic.data == NULL || slice_equal(names.topic, topic)))
			drop_active(table, queue);
	}
	pthread_mutex_unlock(&table->lock);
}

void
checkpoints_count_end(struct checkpoints *table, enum checkpoint_end how)
{
	pthread_mutex_lock(&table->lock);
	table->ends[how]++;
	pthread_mutex_unlock(&table->lock);
}

void
checkpoints_get_counts(struct checkpoints *table, struct checkpoint_counts *counts)
{
	pthread_mutex_lock(&table->lock);
	*counts = (struct checkpoint_counts){ table->n, table->n_messages, table->ends[END_REVIVED],
		table->ends[END_DEAD], table->ends[END_DROPPED] };
	pthread_mutex_unlock(&table->lock);
}

bool
checkpoints_find_span(
    struct checkpoints *table, const struct group_queue *queue, struct checkpoint_span *span)
{
	const struct kept_checkpoint *kept;

	*span = (struct checkpoint_span){ INT64_MAX, 0 };
	pthread_mutex_lock(&table->lock);
	const struct popped_queue *popped = queue_find(table, queue);

	if (popped != NULL) {
		TAILQ_FOREACH(kept, &popped->checkpoints, in_queue) {
			uint32_t open = all_bits(kept) & ~kept->settled;

			if (!kept->active || open == 0)
				continue;
			int64_t first =
			    kept->start_offset + kept->messages[__builtin_ctz(open)].distance;

			span->first = first < span->first ? first : span->first;
			if (kept->next_offset > span->end)
				span->end = kept->next_offset;
		}
	}
	pthread_mutex_unlock(&table->lock);
	return span->first != INT64_MAX;
}

bool
checkpoints_are_open(struct checkpoints *table, const struct group_queue *queue, int64_t offset)
{
	const struct kept_checkpoint *kept;
	bool open = false;

	pthread_mutex_lock(&table->lock);
	const struct popped_queue *popped = queue_find(table, queue);

	if (popped != NULL) {
		TAILQ_FOREACH(kept, &popped->checkpoints, in_queue) {
			for (uint32_t i = 0; i < kept->n && kept->active && !open; i++)
				open = !(kept->settled >> i & 1) &&
				       kept->start_offset + kept->messages[i].distance == offset;
		}
	}
	pthread_mutex_unlock(&table->lock);
	return open;
}
