#include "config.h"

#include "client/choose_queue.h"

#include "client/route_cache.h"
#include "common/protocol/topic_config.h"

/* The number of queues of the broker that may be chosen. */
static int32_t
usable_queues(const struct route *route, const struct queue_data *queues, struct slice avoid,
    int32_t max_queues)
{
	if ((queues->perm & PERM_WRITE) == 0 || queues->write_queues <= 0)
		return 0;
	if (avoid.data != NULL && slice_equal(queues->broker_name, avoid))
		return 0;
	if (route_address(route, queues->broker_name, true).data == NULL)
		return 0;
	return max_queues > 0 && queues->write_queues > max_queues ? max_queues
	                                                           : queues->write_queues;
}

static uint32_t
count_usable(const struct route *route, struct slice avoid, int32_t max_queues)
{
	uint32_t n = 0;

	for (size_t i = 0; i < route->n_queues; i++)
		n += (uint32_t)usable_queues(route, &route->queues[i], avoid, max_queues);
	return n;
}

int
choose_queue(const struct route *route, uint32_t turn, struct slice avoid, int32_t max_queues,
    struct chosen_queue *chosen)
{
	uint32_t n = count_usable(route, avoid, max_queues);

	if (n == 0) {
		avoid = SLICE_NONE;
		n = count_usable(route, avoid, max_queues);
	}
	if (n == 0)
		return -1;
	turn %= n;
	for (int32_t id = 0;; id++) {
		for (size_t i = 0; i < route->n_queues; i++) {
			const struct queue_data *queues = &route->queues[i];

			if (id >= usable_queues(route, queues, avoid, max_queues) || turn-- != 0)
				continue;
			*chosen = (struct chosen_queue){
				.broker_name = queues->broker_name,
				.address = route_address(route, queues->broker_name, true),
				.queue_id = id,
			};
			return 0;
		}
	}
}
