#include "config.h"

#include "broker/http/survey.h"

#include <stdlib.h>
#include <string.h>

#include "broker/state/client.h"
#include "broker/state/offset.h"
#include "broker/state/topic.h"
#include "broker/store/tail/tail.h"
#include "common/base/mem.h"

#define QUEUES_A_TURN 512
#define ENTRIES_A_LOCK 128

/* A queue as a loop sees it; its name stands in the work's texts. */
struct seen_queue {
	size_t name_at, name_len;
	struct surveyed_queue queue;
};

struct survey_work {
	void (*done)(struct http_exchange *exchange, struct survey *survey);
	struct survey *result;
	size_t state; /* of tail_each */
	struct buf names;
	struct seen_queue *seen;
	size_t n_seen, cap_seen;
	/* of offsets */
	struct arena *arena; /* the exchange's */
	struct slice *groups;
	size_t n_groups, cap_groups;
	struct surveyed_progress *one; /* that rows are added to */
	size_t cap_progress;
};

/* ---- on a loop: the bounds of queues --------------------------------- */

static void
see_queue(struct survey_work *work, const struct tail_queue *queue)
{
	struct seen_queue *last = work->n_seen != 0 ? &work->seen[work->n_seen - 1] : NULL;
	struct seen_queue *seen;
	bool same =
	    last != NULL && slice_equal(queue->topic,
				(struct slice){ work->names.data + last->name_at, last->name_len });

	if (work->n_seen == work->cap_seen) {
		work->cap_seen = work->cap_seen != 0 ? 2 * work->cap_seen : 256;
		work->seen = mem_realloc(work->seen, work->cap_seen * sizeof *work->seen);
		last = work->n_seen != 0 ? &work->seen[work->n_seen - 1] : NULL;
	}
	seen = &work->seen[work->n_seen++];
	*seen = (struct seen_queue){
		.name_at = same ? last->name_at : work->names.len,
		.name_len = queue->topic.len,
		.queue = { queue->queue_id, queue->min_offset, queue->max_offset,
		    queue->last_timestamp },
	};
	if (!same)
		buf_append_slice(&work->names, queue->topic);
}

static void put_together(struct http_exchange *exchange, struct loop *loop);

static void
see_portion(struct http_exchange *exchange, struct loop *loop)
{
	struct survey_work *work = exchange->state;
	struct worker *worker = loop->context;
	const struct tail_queue *queue;

	for (int n = 0; n < QUEUES_A_TURN; n++) {
		queue = tail_each(worker->tail, &work->state);
		if (queue == NULL) {
			http_return(exchange, put_together);
			return;
		}
		see_queue(work, queue);
	}
	http_go(exchange, loop, see_portion);
}

/* ---- topics ---------------------------------------------------------- */

static struct surveyed_topic *
topic_of(struct survey_work *work, struct slice name)
{
	struct strmap_entry *entry = strmap_get(&work->result->table, name);

	if (entry->value == NULL) {
		struct surveyed_topic *topic = mem_zalloc(sizeof *topic);

		topic->name = strmap_key(entry);
		entry->value = topic;
	}
	return entry->value;
}

static void
on_topic(void *arg, const struct topic *from)
{
	struct surveyed_topic *topic = topic_of(arg, slice_of(from->name));

	topic->known = true;
	topic->read_queues = from->read_queues;
	topic->write_queues = from->write_queues;
	topic->perm = from->perm;
	topic->order = from->order;
	topic->system = from->system;
}

static void
add_queue(struct surveyed_topic *topic, const struct surveyed_queue *queue)
{
	if (topic->n == topic->cap) {
		topic->cap = topic->cap != 0 ? 2 * topic->cap : 4;
		topic->queues = mem_realloc(topic->queues, topic->cap * sizeof *topic->queues);
	}
	topic->queues[topic->n++] = *queue;
	if (queue->queue_id < topic->read_queues) {
		topic->sum_max += queue->max_offset;
		topic->sum_min += queue->min_offset;
	}
	if (queue->last_timestamp > topic->last_timestamp)
		topic->last_timestamp = queue->last_timestamp;
}

static int
by_queue_id(const void *a, const void *b)
{
	const struct surveyed_queue *left = a, *right = b;

	return (left->queue_id > right->queue_id) - (left->queue_id < right->queue_id);
}

static void
make_topics(struct survey_work *work, struct topics *topics)
{
	struct survey *result = work->result;
	struct strmap_cursor cursor = { 0 };
	struct surveyed_topic *topic = NULL;
	struct strmap_entry **sorted;

	while (topics_visit(topics, &cursor, ENTRIES_A_LOCK, on_topic, work))
		;
	for (size_t i = 0; i < work->n_seen; i++) {
		const struct seen_queue *seen = &work->seen[i];

		if (i == 0 || seen->name_at != seen[-1].name_at)
			topic = topic_of(work,
			    (struct slice){ work->names.data + seen->name_at, seen->name_len });
		add_queue(topic, &seen->queue);
	}
	sorted = strmap_sorted(&result->table);
	result->topics = mem_alloc(result->table.n * sizeof *result->topics);
	for (size_t i = 0; i < result->table.n; i++) {
		topic = sorted[i]->value;
		if (topic->n != 0)
			qsort(topic->queues, topic->n, sizeof *topic->queues, by_queue_id);
		if (topic->known)
			result->topics[result->n_topics++] = topic;
	}
	free(sorted);
}

const struct surveyed_queue *
surveyed_queue(const struct surveyed_topic *topic, int32_t queue_id)
{
	const struct surveyed_queue key = { .queue_id = queue_id };

	return topic->n != 0
	           ? bsearch(&key, topic->queues, topic->n, sizeof *topic->queues, by_queue_id)
	           : NULL;
}

/* ---- groups ---------------------------------------------------------- */

static void
on_group(void *arg, struct slice group)
{
	struct survey_work *work = arg;

	if (group_is_internal(group))
		return;
	if (work->n_groups == work->cap_groups) {
		work->cap_groups = work->cap_groups != 0 ? 2 * work->cap_groups : 16;
		work->groups = mem_realloc(work->groups, work->cap_groups * sizeof *work->groups);
	}
	work->groups[work->n_groups++] = arena_copy(work->arena, group);
}

/* The progress of the row's topic; NULL: the topic is gone. Under the lock of the offsets. */
static struct surveyed_progress *
progress_of(struct survey_work *work, const struct offset_row *row)
{
	struct survey *result = work->result;
	struct surveyed_topic *topic = strmap_find(&result->table, row->topic);

	if (topic == NULL || !topic->known)
		return NULL;
	if (result->n_progress == work->cap_progress) {
		work->cap_progress = work->cap_progress != 0 ? 2 * work->cap_progress : 64;
		result->progress =
		    mem_realloc(result->progress, work->cap_progress * sizeof *result->progress);
	}
	result->progress[result->n_progress] =
	    (struct surveyed_progress){ .topic = topic, .lag = topic->sum_max };
	return &result->progress[result->n_progress++];
}

/* The rows of a topic come one after the other. */
static void
on_row(void *arg, const struct offset_row *row)
{
	struct survey_work *work = arg;
	struct surveyed_progress *one = work->one;
	const struct surveyed_queue *queue;

	if (one == NULL || !slice_equal(one->topic->name, row->topic)) {
		one = work->one = progress_of(work, row);
		if (one == NULL)
			return;
	}
	queue = surveyed_queue(one->topic, row->queue_id);
	if (queue == NULL || row->queue_id >= one->topic->read_queues || row->offset <= 0)
		return;
	int64_t offset = row->offset < queue->max_offset ? row->offset : queue->max_offset;

	one->sum_offset += offset;
	one->lag -= offset;
}

static int
by_topic(const void *a, const void *b)
{
	const struct surveyed_progress *left = a, *right = b;

	return slice_compare(left->topic->name, right->topic->name);
}

static int
by_name(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

static void
make_group(struct survey_work *work, struct offsets *offsets, struct slice group)
{
	struct survey *result = work->result;
	struct strmap_cursor cursor = { 0 };
	size_t first = result->n_progress, kept = first;

	do
		work->one = NULL;
	while (offsets_visit(offsets, group, &cursor, ENTRIES_A_LOCK, on_row, work));
	if (result->n_progress != first)
		qsort(&result->progress[first], result->n_progress - first,
		    sizeof *result->progress, by_topic);
	/* A table that grew meanwhile was walked anew: of two of a topic one is kept. */
	for (size_t i = first; i < result->n_progress; i++) {
		if (i > first && result->progress[i].topic == result->progress[i - 1].topic)
			continue;
		result->progress[kept] = result->progress[i];
		result->progress[kept++].group = group;
	}
	result->n_progress = kept;
}

static void
make_progress(struct survey_work *work, struct offsets *offsets)
{
	struct strmap_cursor cursor = { 0 };

	while (offsets_visit_groups(offsets, &cursor, ENTRIES_A_LOCK, on_group, work))
		;
	if (work->n_groups != 0)
		qsort(work->groups, work->n_groups, sizeof *work->groups, by_name);
	for (size_t i = 0; i < work->n_groups; i++)
		if (i == 0 || !slice_equal(work->groups[i], work->groups[i - 1]))
			make_group(work, offsets, work->groups[i]);
}

/* ---- together -------------------------------------------------------- */

static void
put_together(struct http_exchange *exchange, struct loop *loop)
{
	struct survey_work *work = exchange->state;
	struct survey *result = work->result;
	struct broker *broker = exchange_broker(exchange);
	void (*done)(struct http_exchange * exchange, struct survey * survey) = work->done;

	(void)loop;
	make_topics(work, broker->topics);
	make_progress(work, broker->offsets);
	buf_release(&work->names);
	free(work->seen);
	free(work->groups);
	free(work);
	exchange->state = NULL;
	done(exchange, result);
}

void
survey_begin(struct http_exchange *exchange,
    void (*done)(struct http_exchange *exchange, struct survey *survey))
{
	struct survey_work *work = mem_zalloc(sizeof *work);

	work->arena = &exchange->arena;
	work->done = done;
	work->result = mem_zalloc(sizeof *work->result);
	exchange->state = work;
	http_go(exchange, broker_view_loop(exchange_broker(exchange)), see_portion);
}

static void
free_topic(void *value)
{
	struct surveyed_topic *topic = value;

	free(topic->queues);
	free(topic);
}

void
survey_free(struct survey *survey)
{
	strmap_release(&survey->table, free_topic);
	free(survey->topics);
	free(survey->progress);
	free(survey);
}
