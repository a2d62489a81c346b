#include "config.h"

#include "broker/store/log/segments.h"

#include <stdlib.h>

#include "common/base/mem.h"

static struct segment_array *
new_array(struct segment *const *list, size_t n, struct segment *newest)
{
	struct segment_array *array = mem_alloc(sizeof *array + (n + 1) * sizeof array->list[0]);

	atomic_init(&array->refs, 1);
	array->n = 0;
	for (size_t i = 0; i < n; i++)
		array->list[array->n++] = segment_ref(list[i]);
	if (newest != NULL)
		array->list[array->n++] = segment_ref(newest);
	return array;
}

struct segment_array *
segment_array_new(struct segment *const *list, size_t n)
{
	return new_array(list, n, NULL);
}

struct segment_array *
segment_array_ref(struct segment_array *array)
{
	atomic_fetch_add_explicit(&array->refs, 1, memory_order_relaxed);
	return array;
}

void
segment_array_unref(struct segment_array *array)
{
	if (array == NULL || atomic_fetch_sub_explicit(&array->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < array->n; i++)
		segment_unref(array->list[i]);
	free(array);
}

struct segment *
segment_array_find(const struct segment_array *array, int64_t position)
{
	size_t low = 0, high = array->n; /* list[low - 1]->first <= position < list[high]->first */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (array->list[middle]->first <= position)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? array->list[low - 1] : NULL;
}

void
segments_init(struct segments *segments)
{
	pthread_mutex_init(&segments->lock, NULL);
	segments->current = NULL;
}

void
segments_release(struct segments *segments)
{
	segment_array_unref(segments->current);
	pthread_mutex_destroy(&segments->lock);
}

struct segment_array *
segments_ref(struct segments *segments)
{
	pthread_mutex_lock(&segments->lock);
	struct segment_array *array = segment_array_ref(segments->current);
	pthread_mutex_unlock(&segments->lock);
	return array;
}

void
segments_set(struct segments *segments, struct segment_array *array)
{
	pthread_mutex_lock(&segments->lock);
	struct segment_array *old = segments->current;
	segments->current = array;
	pthread_mutex_unlock(&segments->lock);
	segment_array_unref(old);
}

void
segments_add(struct segments *segments, struct segment *segment)
{
	struct segment_array *old = segments_ref(segments);

	segments_set(segments, new_array(old->list, old->n, segment));
	segment_array_unref(old);
}
