#ifndef STORE_SEGMENTS_H
#define STORE_SEGMENTS_H

/*
 * Which segments there are. An array is a snapshot: it never changes, and is replaced as a whole
 * when a segment comes or goes. Any thread takes the current one; the writer replaces it.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/store/log/segment.h"

struct segment_array {
	_Atomic uint32_t refs;
	size_t n;
	struct segment *list[]; /* oldest first */
};

/* Takes references of its own to the segments. */
struct segment_array *segment_array_new(struct segment *const *list, size_t n);
struct segment_array *segment_array_ref(struct segment_array *array);
void segment_array_unref(struct segment_array *array);
/* The one that holds the position, as far as its first tells. Lent; NULL when it is before all. */
struct segment *segment_array_find(const struct segment_array *array, int64_t position);

struct segments {
	pthread_mutex_t lock; /* a leaf */
	struct segment_array *current;
};

void segments_init(struct segments *segments);
void segments_release(struct segments *segments);
/* The current array; the reference is the caller's. */
struct segment_array *segments_ref(struct segments *segments);
/* Replaces the array; takes the reference over. */
void segments_set(struct segments *segments, struct segment_array *array);
/* Adds the newest. */
void segments_add(struct segments *segments, struct segment *segment);

#endif
