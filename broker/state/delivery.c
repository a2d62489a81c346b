#include "config.h"

#include "broker/state/delivery.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/mem.h"

#define SLOTS 1024 /* of a ring: where the last event of a queue stands */
#define CHUNK 4096 /* events that a question looks at below one lock */

struct ring {
	pthread_mutex_t lock;
	struct delivery_event *events;
	size_t n;             /* events that there is room for */
	uint64_t written;     /* since the start; the next is at written % n */
	uint64_t last[SLOTS]; /* number of an event + 1; 0: none */
};

struct gone_client {
	struct conn_id conn;
	char *id;
};

struct deliveries {
	int n_rings;
	size_t n_events; /* of each ring */
	struct ring *rings;
	pthread_mutex_t gone_lock;
	struct gone_client gone[GONE_CLIENTS];
	size_t n_gone; /* since the start */
};

struct deliveries *
deliveries_new(int n_workers, size_t n_events)
{
	struct deliveries *deliveries = mem_zalloc(sizeof *deliveries);

	deliveries->n_rings = n_workers;
	deliveries->n_events = (n_events + (size_t)n_workers - 1) / (size_t)n_workers;
	deliveries->rings = mem_zalloc((size_t)n_workers * sizeof *deliveries->rings);
	pthread_mutex_init(&deliveries->gone_lock, NULL);
	for (int i = 0; i < n_workers; i++) {
		struct ring *ring = &deliveries->rings[i];

		pthread_mutex_init(&ring->lock, NULL);
		ring->n = deliveries->n_events;
		if (ring->n != 0)
			ring->events = mem_zalloc(ring->n * sizeof *ring->events);
	}
	return deliveries;
}

void
deliveries_free(struct deliveries *deliveries)
{
	if (deliveries == NULL)
		return;
	for (int i = 0; i < deliveries->n_rings; i++) {
		pthread_mutex_destroy(&deliveries->rings[i].lock);
		free(deliveries->rings[i].events);
	}
	for (size_t i = 0; i < GONE_CLIENTS; i++)
		free(deliveries->gone[i].id);
	pthread_mutex_destroy(&deliveries->gone_lock);
	free(deliveries->rings);
	free(deliveries);
}

bool
deliveries_are_noted(const struct deliveries *deliveries)
{
	return deliveries->n_events != 0;
}

/* ---- noting ---------------------------------------------------------- */

static bool
is_same_conn(struct conn_id a, struct conn_id b)
{
	return a.loop == b.loop && a.number == b.number;
}

/* Whether the event goes on where the older one ended. */
static bool
continues(const struct delivery_event *old, const struct delivery_event *event, int64_t now)
{
	return old->group == event->group && old->queue == event->queue &&
	       old->kind == event->kind && old->to == event->from &&
	       is_same_conn(old->conn, event->conn) && now - old->first_ms < EVENT_MERGE_MS &&
	       now >= old->first_ms;
}

static size_t
slot_of(const struct delivery_event *event)
{
	uint64_t mix = event->group + (uint64_t)event->queue * 2 + (uint64_t)event->kind;

	return (size_t)((mix * UINT64_C(0x9E3779B97F4A7C15)) >> 54); /* SLOTS = 2^10 */
}

void
deliveries_note(struct deliveries *deliveries, int worker, const struct delivery_event *event)
{
	struct ring *ring = &deliveries->rings[worker];
	int64_t now = clock_wall_ms();
	uint64_t *last = &ring->last[slot_of(event)];

	pthread_mutex_lock(&ring->lock);
	if (*last != 0 && ring->written - (*last - 1) <= ring->n) {
		struct delivery_event *old = &ring->events[(*last - 1) % ring->n];

		if (continues(old, event, now)) {
			old->to = event->to;
			old->last_ms = now;
			pthread_mutex_unlock(&ring->lock);
			return;
		}
	}
	struct delivery_event *new = &ring->events[ring->written % ring->n];

	*new = *event;
	new->first_ms = new->last_ms = now;
	*last = ++ring->written;
	pthread_mutex_unlock(&ring->lock);
}

/* ---- questions ------------------------------------------------------- */

/* What is looked for, and what was found of it. */
struct event_search {
	int32_t queue;
	int64_t offset;
	struct delivery_event *list;
	size_t n, max;
	bool cut;
};

static void
look(struct event_search *search, const struct delivery_event *event)
{
	if (event->queue != search->queue || event->from > search->offset ||
	    event->to <= search->offset)
		return;
	if (search->n == search->max)
		search->cut = true;
	else
		search->list[search->n++] = *event;
}

/* The lock is given away between chunks, so that pulls do not wait for a question. */
static void
search_ring(struct event_search *search, struct ring *ring)
{
	bool more = ring->n != 0;

	for (uint64_t at = 0, end = 0; more; at = end) {
		pthread_mutex_lock(&ring->lock);
		if (ring->written - at > ring->n)
			at = ring->written - ring->n;
		end = ring->written - at > CHUNK ? at + CHUNK : ring->written;
		for (uint64_t i = at; i < end; i++)
			look(search, &ring->events[i % ring->n]);
		more = end < ring->written;
		pthread_mutex_unlock(&ring->lock);
	}
}

struct delivery_list
deliveries_find(
    struct deliveries *deliveries, int32_t queue, int64_t offset, size_t max, struct arena *arena)
{
	struct event_search search = {
		.queue = queue,
		.offset = offset,
		.list = arena_alloc(arena, max * sizeof *search.list),
		.max = max,
	};

	for (int i = 0; i < deliveries->n_rings; i++)
		search_ring(&search, &deliveries->rings[i]);
	return (struct delivery_list){ search.list, search.n, search.cut };
}

int64_t
deliveries_since(struct deliveries *deliveries)
{
	int64_t since = 0;

	for (int i = 0; i < deliveries->n_rings; i++) {
		struct ring *ring = &deliveries->rings[i];

		pthread_mutex_lock(&ring->lock);
		if (ring->n != 0 && ring->written >= ring->n &&
		    ring->events[ring->written % ring->n].first_ms > since)
			since = ring->events[ring->written % ring->n].first_ms;
		pthread_mutex_unlock(&ring->lock);
	}
	return since;
}

/* ---- clients that left ----------------------------------------------- */

void
deliveries_client_gone(struct deliveries *deliveries, struct conn_id conn, struct slice client_id)
{
	char *id = slice_dup(client_id);

	pthread_mutex_lock(&deliveries->gone_lock);
	struct gone_client *gone = &deliveries->gone[deliveries->n_gone++ % GONE_CLIENTS];
	char *old = gone->id;

	gone->conn = conn;
	gone->id = id;
	pthread_mutex_unlock(&deliveries->gone_lock);
	free(old);
}

struct slice
deliveries_gone_client(struct deliveries *deliveries, struct conn_id conn, struct arena *arena)
{
	struct slice id = SLICE_NONE;

	pthread_mutex_lock(&deliveries->gone_lock);
	for (size_t i = 0; i < GONE_CLIENTS && id.data == NULL; i++) {
		const struct gone_client *gone = &deliveries->gone[i];

		if (gone->id != NULL && is_same_conn(gone->conn, conn))
			id = arena_copy(arena, slice_of(gone->id));
	}
	pthread_mutex_unlock(&deliveries->gone_lock);
	return id;
}
