#include "config.h"

#include "client/allocate.h"

struct queue_share
allocate_evenly(size_t n_queues, size_t n_members, size_t index)
{
	size_t each = n_queues / n_members, rest = n_queues % n_members;
	struct queue_share share = { .n = each + (index < rest) };

	share.first = index * each + (index < rest ? index : rest);
	return share;
}

int
message_queue_compare(const void *left, const void *right)
{
	const struct message_queue *a = left, *b = right;
	int order = slice_compare(a->topic, b->topic);

	if (order == 0)
		order = slice_compare(a->broker_name, b->broker_name);
	return order != 0 ? order : (a->id > b->id) - (a->id < b->id);
}
