#include "config.h"

#include "broker/state/offset.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"

#define FIRST_CAP 4

struct offset_slot {
	int32_t queue_id;
	bool changed : 1;
	bool reset : 1;            /* and its consumer does not know it yet */
	unsigned committed_s : 30; /* offsets.now_s of the last commit; 0: none since the start */
	int64_t offset;
};

/* The offsets of one group in one topic, in order of queue ids. */
struct progress {
	TAILQ_ENTRY(progress) in_changed;
	TAILQ_ENTRY(progress) in_unknown;
	bool changed;            /* in the list of changed ones */
	bool unknown;            /* in the list of those whose group does not exist */
	int64_t touched_mono_ms; /* if unknown: of the last commit */
	int64_t reset_mono_ms;   /* of the last reset */
	char *group;
	char *topic;
	struct offset_slot *queues;
	size_t n, cap;
};

struct offsets {
	pthread_mutex_t lock;
	struct strmap groups; /* name -> struct strmap: topic -> struct progress */
	TAILQ_HEAD(, progress) changed;
	TAILQ_HEAD(, progress) unknown; /* in order of their last commits */
	struct offset_counts counts;
	_Atomic size_t n_resets;
	unsigned
	    now_s; /* seconds since the start, from 1 on; a clock that costs a commit nothing */
};

static void
progress_free(void *value)
{
	struct progress *progress = value;

	free(progress->group);
	free(progress->topic);
	free(progress->queues);
	free(progress);
}

static void
group_free(void *value)
{
	struct strmap *topics = value;

	strmap_release(topics, progress_free);
	free(topics);
}

struct offsets *
offsets_new(void)
{
	struct offsets *offsets = mem_zalloc(sizeof *offsets);

	pthread_mutex_init(&offsets->lock, NULL);
	TAILQ_INIT(&offsets->changed);
	TAILQ_INIT(&offsets->unknown);
	offsets->now_s = 1;
	return offsets;
}

void
offsets_free(struct offsets *offsets)
{
	if (offsets == NULL)
		return;
	strmap_release(&offsets->groups, group_free);
	pthread_mutex_destroy(&offsets->lock);
	free(offsets);
}

/* Where the queue is, or belongs. */
static size_t
index_of(const struct progress *progress, int32_t queue_id)
{
	size_t low = 0, high = progress->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (progress->queues[middle].queue_id < queue_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct progress *
find_progress(const struct offsets *offsets, struct slice group, struct slice topic)
{
	const struct strmap *topics = strmap_find(&offsets->groups, group);

	return topics != NULL ? strmap_find(topics, topic) : NULL;
}

static struct offset_slot *
find_queue(const struct progress *progress, int32_t queue_id)
{
	size_t i = index_of(progress, queue_id);

	return i < progress->n && progress->queues[i].queue_id == queue_id ? &progress->queues[i]
	                                                                   : NULL;
}

int64_t
offsets_find(struct offsets *offsets, struct slice group, struct slice topic, int32_t queue_id)
{
	int64_t offset = -1;

	pthread_mutex_lock(&offsets->lock);
	const struct progress *progress = find_progress(offsets, group, topic);
	const struct offset_slot *queue = progress != NULL ? find_queue(progress, queue_id) : NULL;

	if (queue != NULL)
		offset = queue->offset;
	pthread_mutex_unlock(&offsets->lock);
	return offset;
}

static struct progress *
make_progress(struct offsets *offsets, struct slice group, struct slice topic)
{
	struct strmap *topics = strmap_find(&offsets->groups, group);
	struct progress *progress;

	if (topics == NULL) {
		topics = mem_zalloc(sizeof *topics);
		strmap_put(&offsets->groups, group, topics);
	}
	progress = strmap_find(topics, topic);
	if (progress == NULL) {
		progress = mem_zalloc(sizeof *progress);
		progress->group = slice_dup(group);
		progress->topic = slice_dup(topic);
		strmap_put(topics, topic, progress);
	}
	return progress;
}

/* It must not be there. */
static struct offset_slot *
add_queue(struct offsets *offsets, struct progress *progress, int32_t queue_id)
{
	size_t i = index_of(progress, queue_id);

	if (progress->n == progress->cap) {
		progress->cap = progress->cap != 0 ? progress->cap * 2 : FIRST_CAP;
		progress->queues =
		    mem_realloc(progress->queues, progress->cap * sizeof *progress->queues);
	}
	memmove(&progress->queues[i + 1], &progress->queues[i],
	    (progress->n - i) * sizeof *progress->queues);
	progress->n++;
	offsets->counts.n++;
	offsets->counts.n_unknown += progress->unknown;
	progress->queues[i] = (struct offset_slot){ .queue_id = queue_id, .offset = -1 };
	return &progress->queues[i];
}

static void
mark_changed(struct offsets *offsets, struct progress *progress, struct offset_slot *queue)
{
	queue->changed = true;
	if (progress->changed)
		return;
	progress->changed = true;
	TAILQ_INSERT_TAIL(&offsets->changed, progress, in_changed);
}

/* ---- groups that do not exist ---------------------------------------- */

static void
set_unknown(struct offsets *offsets, struct progress *progress)
{
	if (progress->unknown)
		TAILQ_REMOVE(&offsets->unknown, progress, in_unknown);
	else
		offsets->counts.n_unknown += progress->n;
	progress->unknown = true;
	progress->touched_mono_ms = clock_mono_ms();
	TAILQ_INSERT_TAIL(&offsets->unknown, progress, in_unknown);
}

static void
set_known(struct offsets *offsets, struct progress *progress)
{
	if (!progress->unknown)
		return;
	progress->unknown = false;
	offsets->counts.n_unknown -= progress->n;
	TAILQ_REMOVE(&offsets->unknown, progress, in_unknown);
}

/* Whether one more row is within the limits; progress: where it belongs, or NULL. */
static enum offset_status
check_limits(const struct offsets *offsets, const struct progress *progress, bool group_exists,
    const struct offset_limits *limits)
{
	bool unknown = progress != NULL ? progress->unknown : !group_exists;

	if (offsets->counts.n >= limits->max)
		return OFFSET_TOO_MANY;
	if (unknown && !group_exists && offsets->counts.n_unknown >= limits->max_unknown)
		return OFFSET_TOO_MANY_UNKNOWN;
	return OFFSET_KEPT;
}

/* ---- changing -------------------------------------------------------- */

/* Below the lock. The queue of the row, made unless there are too many; NULL: *status says why. */
static struct offset_slot *
slot_for(struct offsets *offsets, struct progress **at, const struct offset_row *row,
    bool group_exists, const struct offset_limits *limits, enum offset_status *status)
{
	struct progress *progress = find_progress(offsets, row->group, row->topic);
	struct offset_slot *queue = progress != NULL ? find_queue(progress, row->queue_id) : NULL;
	bool is_new = progress == NULL;

	*status =
	    queue != NULL ? OFFSET_KEPT : check_limits(offsets, progress, group_exists, limits);
	if (*status != OFFSET_KEPT)
		return NULL;
	if (is_new)
		progress = make_progress(offsets, row->group, row->topic);
	if (group_exists)
		set_known(offsets, progress);
	else if (is_new || progress->unknown)
		set_unknown(offsets, progress);
	*at = progress;
	return queue != NULL ? queue : add_queue(offsets, progress, row->queue_id);
}

enum offset_status
offsets_put(struct offsets *offsets, const struct offset_row *row, bool group_exists,
    const struct offset_limits *limits, int64_t *before)
{
	enum offset_status status;
	struct progress *progress;

	*before = row->offset;
	pthread_mutex_lock(&offsets->lock);
	struct offset_slot *queue =
	    slot_for(offsets, &progress, row, group_exists, limits, &status);

	if (queue != NULL && queue->offset != row->offset && !queue->reset) {
		*before = queue->offset;
		queue->offset = row->offset;
		mark_changed(offsets, progress, queue);
	}
	if (queue != NULL)
		queue->committed_s = offsets->now_s & ((1u << 30) - 1);
	pthread_mutex_unlock(&offsets->lock);
	return status;
}

void
offsets_tick(struct offsets *offsets)
{
	pthread_mutex_lock(&offsets->lock);
	if (offsets->now_s < (1u << 30) - 1)
		offsets->now_s++;
	pthread_mutex_unlock(&offsets->lock);
}

int64_t
offsets_committed_ago_s(
    struct offsets *offsets, struct slice group, struct slice topic, int32_t queue_id)
{
	int64_t ago_s = -1;

	pthread_mutex_lock(&offsets->lock);
	const struct progress *progress = find_progress(offsets, group, topic);
	const struct offset_slot *queue = progress != NULL ? find_queue(progress, queue_id) : NULL;

	if (queue != NULL && queue->committed_s != 0)
		ago_s = (int64_t)offsets->now_s - (int64_t)queue->committed_s;
	pthread_mutex_unlock(&offsets->lock);
	return ago_s;
}

/* ---- resets ---------------------------------------------------------- */

static void
set_reset(struct offsets *offsets, struct offset_slot *queue, bool reset)
{
	if (queue->reset && !reset)
		atomic_fetch_sub(&offsets->n_resets, 1);
	if (!queue->reset && reset)
		atomic_fetch_add(&offsets->n_resets, 1);
	queue->reset = reset;
}

enum offset_status
offsets_reset(struct offsets *offsets, const struct offset_row *row, bool announced,
    const struct offset_limits *limits)
{
	enum offset_status status;
	struct progress *progress;

	pthread_mutex_lock(&offsets->lock);
	struct offset_slot *queue = slot_for(offsets, &progress, row, true, limits, &status);

	if (queue != NULL) {
		queue->offset = row->offset;
		mark_changed(offsets, progress, queue);
		progress->reset_mono_ms = clock_mono_ms();
		set_reset(offsets, queue, announced);
	}
	pthread_mutex_unlock(&offsets->lock);
	return status;
}

bool
offsets_have_resets(const struct offsets *offsets)
{
	return atomic_load_explicit(&offsets->n_resets, memory_order_relaxed) != 0;
}

bool
offsets_take_reset(struct offsets *offsets, const struct offset_row *row,
    const struct reset_reader *reader, int64_t *offset)
{
	bool take = false;

	pthread_mutex_lock(&offsets->lock);
	const struct progress *progress = find_progress(offsets, row->group, row->topic);
	struct offset_slot *queue = progress != NULL ? find_queue(progress, row->queue_id) : NULL;

	if (queue != NULL && queue->reset) {
		bool is_there = reader->offset == queue->offset;
		bool is_late = clock_mono_ms() - progress->reset_mono_ms >= OFFSET_RESET_GRACE_MS;

		take = is_late ? !is_there : reader->by_pull;
		if (take || is_there)
			set_reset(offsets, queue, false);
		*offset = queue->offset;
	}
	pthread_mutex_unlock(&offsets->lock);
	return take;
}

/* ---- loading and removing -------------------------------------------- */

void
offsets_set(struct offsets *offsets, const struct offset_row *row)
{
	pthread_mutex_lock(&offsets->lock);
	struct progress *progress = make_progress(offsets, row->group, row->topic);
	struct offset_slot *queue = find_queue(progress, row->queue_id);

	if (queue == NULL)
		queue = add_queue(offsets, progress, row->queue_id);
	queue->offset = row->offset;
	pthread_mutex_unlock(&offsets->lock);
}

/* It is out of its table. */
static void
drop_progress(struct offsets *offsets, struct progress *progress)
{
	for (size_t i = 0; i < progress->n; i++)
		set_reset(offsets, &progress->queues[i], false);
	if (progress->changed)
		TAILQ_REMOVE(&offsets->changed, progress, in_changed);
	set_known(offsets, progress);
	offsets->counts.n -= progress->n;
	progress_free(progress);
}

void
offsets_remove_group(struct offsets *offsets, struct slice group)
{
	pthread_mutex_lock(&offsets->lock);
	struct strmap *topics = strmap_take(&offsets->groups, group);

	for (struct strmap_entry *entry = topics != NULL ? strmap_next(topics, NULL) : NULL, *next;
	     entry != NULL; entry = next) {
		next = strmap_next(topics, entry);
		drop_progress(offsets, strmap_take(topics, strmap_key(entry)));
	}
	if (topics != NULL)
		group_free(topics);
	pthread_mutex_unlock(&offsets->lock);
}

/* Below the lock; *topics, the group's table, goes with its last entry. */
static void
remove_from(struct offsets *offsets, struct strmap *topics, struct slice group, struct slice topic)
{
	struct progress *progress = strmap_take(topics, topic);

	if (topics->n == 0)
		group_free(strmap_take(&offsets->groups, group));
	if (progress != NULL)
		drop_progress(offsets, progress);
}

void
offsets_remove_topic(struct offsets *offsets, struct slice topic)
{
	pthread_mutex_lock(&offsets->lock);
	for (struct strmap_entry *entry = strmap_next(&offsets->groups, NULL), *next; entry != NULL;
	     entry = next) {
		next = strmap_next(&offsets->groups, entry);
		remove_from(offsets, entry->value, strmap_key(entry), topic);
	}
	pthread_mutex_unlock(&offsets->lock);
}

struct meta_job *
offsets_expire_unknown(struct offsets *offsets, int64_t before_ms)
{
	struct meta_job *job = NULL;
	struct progress *progress;

	pthread_mutex_lock(&offsets->lock);
	while ((progress = TAILQ_FIRST(&offsets->unknown)) != NULL &&
	       progress->touched_mono_ms < before_ms) {
		struct slice group = slice_of(progress->group), topic = slice_of(progress->topic);

		if (job == NULL)
			job = meta_job_new();
		for (size_t i = 0; i < progress->n; i++)
			meta_job_remove_offset(job, group, topic, progress->queues[i].queue_id);
		remove_from(offsets, strmap_find(&offsets->groups, group), group, topic);
	}
	pthread_mutex_unlock(&offsets->lock);
	return job;
}

void
offsets_get_counts(struct offsets *offsets, struct offset_counts *counts)
{
	pthread_mutex_lock(&offsets->lock);
	*counts = offsets->counts;
	pthread_mutex_unlock(&offsets->lock);
}

/* ---- reading --------------------------------------------------------- */

static void
each_queue(const struct progress *progress, void (*row)(void *arg, const struct offset_row *row),
    void *arg)
{
	struct offset_row out = { .group = slice_of(progress->group),
		.topic = slice_of(progress->topic) };

	for (size_t i = 0; i < progress->n; i++) {
		out.queue_id = progress->queues[i].queue_id;
		out.offset = progress->queues[i].offset;
		row(arg, &out);
	}
}

static void
each_topic(const struct strmap *topics, struct slice topic,
    void (*row)(void *arg, const struct offset_row *row), void *arg)
{
	if (topic.data != NULL) {
		const struct progress *progress = strmap_find(topics, topic);

		if (progress != NULL)
			each_queue(progress, row, arg);
		return;
	}
	for (struct strmap_entry *entry = strmap_next(topics, NULL); entry != NULL;
	     entry = strmap_next(topics, entry))
		each_queue(entry->value, row, arg);
}

void
offsets_each(struct offsets *offsets, struct slice group, struct slice topic,
    void (*row)(void *arg, const struct offset_row *row), void *arg)
{
	pthread_mutex_lock(&offsets->lock);
	if (group.data != NULL) {
		const struct strmap *topics = strmap_find(&offsets->groups, group);

		if (topics != NULL)
			each_topic(topics, topic, row, arg);
	} else {
		for (struct strmap_entry *entry = strmap_next(&offsets->groups, NULL);
		     entry != NULL; entry = strmap_next(&offsets->groups, entry))
			each_topic(entry->value, topic, row, arg);
	}
	pthread_mutex_unlock(&offsets->lock);
}

struct offset_visit {
	void (*each)(void *arg, struct slice group);
	void (*row)(void *arg, const struct offset_row *row);
	void *arg;
};

static void
visit_group(void *arg, const struct strmap_entry *entry)
{
	const struct offset_visit *visit = arg;

	visit->each(visit->arg, strmap_key(entry));
}

bool
offsets_visit_groups(struct offsets *offsets, struct strmap_cursor *cursor, size_t max,
    void (*each)(void *arg, struct slice group), void *arg)
{
	struct offset_visit visit = { .each = each, .arg = arg };

	pthread_mutex_lock(&offsets->lock);
	bool more = strmap_visit(&offsets->groups, cursor, max, visit_group, &visit);

	pthread_mutex_unlock(&offsets->lock);
	return more;
}

static void
visit_progress(void *arg, const struct strmap_entry *entry)
{
	const struct offset_visit *visit = arg;

	each_queue(entry->value, visit->row, visit->arg);
}

bool
offsets_visit(struct offsets *offsets, struct slice group, struct strmap_cursor *cursor, size_t max,
    void (*row)(void *arg, const struct offset_row *row), void *arg)
{
	struct offset_visit visit = { .row = row, .arg = arg };

	pthread_mutex_lock(&offsets->lock);
	const struct strmap *topics = strmap_find(&offsets->groups, group);
	bool more = topics != NULL && strmap_visit(topics, cursor, max, visit_progress, &visit);

	pthread_mutex_unlock(&offsets->lock);
	return more;
}

struct meta_job *
offsets_changed(struct offsets *offsets)
{
	struct meta_job *job = NULL;

	pthread_mutex_lock(&offsets->lock);
	struct progress *progress;

	if (!TAILQ_EMPTY(&offsets->changed))
		job = meta_job_new();
	while ((progress = TAILQ_FIRST(&offsets->changed)) != NULL) {
		TAILQ_REMOVE(&offsets->changed, progress, in_changed);
		progress->changed = false;
		for (size_t i = 0; i < progress->n; i++) {
			struct offset_slot *queue = &progress->queues[i];

			if (!queue->changed)
				continue;
			queue->changed = false;
			meta_job_put_offset(job, slice_of(progress->group),
			    slice_of(progress->topic), queue->queue_id, queue->offset);
		}
	}
	pthread_mutex_unlock(&offsets->lock);
	return job;
}

void
offsets_keep_changed(struct offsets *offsets, const struct meta_job *job)
{
	pthread_mutex_lock(&offsets->lock);
	for (size_t i = 0; i < job->n; i++) {
		const struct meta_change *change = &job->changes[i];

		if (change->table != META_OFFSET || change->key == NULL || change->topic == NULL)
			continue;
		struct progress *progress =
		    find_progress(offsets, slice_of(change->key), slice_of(change->topic));
		struct offset_slot *queue =
		    progress != NULL ? find_queue(progress, change->queue_id) : NULL;

		if (queue != NULL)
			mark_changed(offsets, progress, queue);
	}
	pthread_mutex_unlock(&offsets->lock);
}
