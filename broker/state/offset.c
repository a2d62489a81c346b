#include "config.h"

#include "broker/state/offset.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/strmap.h"

#define FIRST_CAP 4

struct offset_slot {
	int32_t queue_id;
	bool changed;
	int64_t offset;
};

/* The offsets of one group in one topic, in order of queue ids. */
struct progress {
	struct progress *next_changed;
	bool changed; /* in the list of changed ones */
	char *group;
	char *topic;
	struct offset_slot *queues;
	size_t n, cap;
};

struct offsets {
	pthread_mutex_t lock;
	struct strmap groups; /* name -> struct strmap: topic -> struct progress */
	struct progress *changed;
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

int64_t
offsets_find(struct offsets *offsets, struct slice group, struct slice topic, int32_t queue_id)
{
	int64_t offset = -1;

	pthread_mutex_lock(&offsets->lock);
	const struct progress *progress = find_progress(offsets, group, topic);

	if (progress != NULL) {
		size_t i = index_of(progress, queue_id);

		if (i < progress->n && progress->queues[i].queue_id == queue_id)
			offset = progress->queues[i].offset;
	}
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

static struct offset_slot *
make_queue(struct progress *progress, int32_t queue_id)
{
	size_t i = index_of(progress, queue_id);

	if (i < progress->n && progress->queues[i].queue_id == queue_id)
		return &progress->queues[i];
	if (progress->n == progress->cap) {
		progress->cap = progress->cap != 0 ? progress->cap * 2 : FIRST_CAP;
		progress->queues =
		    mem_realloc(progress->queues, progress->cap * sizeof *progress->queues);
	}
	memmove(&progress->queues[i + 1], &progress->queues[i],
	    (progress->n - i) * sizeof *progress->queues);
	progress->n++;
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
	progress->next_changed = offsets->changed;
	offsets->changed = progress;
}

void
offsets_put(struct offsets *offsets, struct slice group, struct slice topic, int32_t queue_id,
    int64_t offset)
{
	pthread_mutex_lock(&offsets->lock);
	struct progress *progress = make_progress(offsets, group, topic);
	struct offset_slot *queue = make_queue(progress, queue_id);

	if (queue->offset != offset) {
		queue->offset = offset;
		mark_changed(offsets, progress, queue);
	}
	pthread_mutex_unlock(&offsets->lock);
}

void
offsets_load(struct offsets *offsets, struct slice group, struct slice topic, int32_t queue_id,
    int64_t offset)
{
	pthread_mutex_lock(&offsets->lock);
	make_queue(make_progress(offsets, group, topic), queue_id)->offset = offset;
	pthread_mutex_unlock(&offsets->lock);
}

static void
forget_changed(struct offsets *offsets, const struct progress *gone)
{
	for (struct progress **at = &offsets->changed; *at != NULL; at = &(*at)->next_changed) {
		if (*at == gone) {
			*at = gone->next_changed;
			return;
		}
	}
}

/* Without a topic: all of the group. */
static void
remove_from_group(struct offsets *offsets, struct strmap *topics, struct slice topic)
{
	for (struct strmap_entry *entry = strmap_next(topics, NULL), *next; entry != NULL;
	     entry = next) {
		next = strmap_next(topics, entry);
		if (topic.data != NULL && !slice_equal(strmap_key(entry), topic))
			continue;
		struct progress *progress = strmap_take(topics, strmap_key(entry));

		forget_changed(offsets, progress);
		progress_free(progress);
	}
}

void
offsets_remove_group(struct offsets *offsets, struct slice group)
{
	pthread_mutex_lock(&offsets->lock);
	struct strmap *topics = strmap_take(&offsets->groups, group);

	if (topics != NULL) {
		remove_from_group(offsets, topics, SLICE_NONE);
		group_free(topics);
	}
	pthread_mutex_unlock(&offsets->lock);
}

void
offsets_remove_topic(struct offsets *offsets, struct slice topic)
{
	pthread_mutex_lock(&offsets->lock);
	for (struct strmap_entry *entry = strmap_next(&offsets->groups, NULL), *next; entry != NULL;
	     entry = next) {
		struct strmap *topics = entry->value;

		next = strmap_next(&offsets->groups, entry);
		remove_from_group(offsets, topics, topic);
		if (topics->n == 0)
			group_free(strmap_take(&offsets->groups, strmap_key(entry)));
	}
	pthread_mutex_unlock(&offsets->lock);
}

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

struct meta_job *
offsets_changed(struct offsets *offsets)
{
	struct meta_job *job = NULL;

	pthread_mutex_lock(&offsets->lock);
	if (offsets->changed != NULL)
		job = meta_job_new();
	for (struct progress *progress = offsets->changed, *next; progress != NULL;
	     progress = next) {
		next = progress->next_changed;
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
	offsets->changed = NULL;
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
		size_t at = progress != NULL ? index_of(progress, change->queue_id) : 0;

		if (progress != NULL && at < progress->n &&
		    progress->queues[at].queue_id == change->queue_id)
			mark_changed(offsets, progress, &progress->queues[at]);
	}
	pthread_mutex_unlock(&offsets->lock);
}
