#include "config.h"

#include "broker/store/index/queue_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

static bool
is_queue(const void *queue, struct slice topic, int32_t queue_id)
{
	const struct queue *it = queue;

	return it->queue_id == queue_id && slice_equal(it->topic, topic);
}

void
queue_table_init(struct queue_table *table)
{
	*table = (struct queue_table){ .index = { .is = is_queue } };
}

void
queue_table_release(struct queue_table *table)
{
	size_t number = 0;

	for (struct queue *queue; (queue = queue_table_each(table, &number)) != NULL;)
		free(queue);
	queue_index_release(&table->index);
}

struct queue *
queue_table_find(
    const struct queue_table *table, uint64_t hash, struct slice topic, int32_t queue_id)
{
	return queue_index_find(&table->index, hash, topic, queue_id);
}

struct queue *
queue_table_add(struct queue_table *table, struct slice topic, int32_t queue_id, int32_t number)
{
	struct queue *queue = mem_zalloc(sizeof *queue + topic.len);

	memcpy(queue->text, topic.data, topic.len);
	queue->topic = (struct slice){ queue->text, topic.len };
	queue->queue_id = queue_id;
	queue->hash = queue_hash(topic, queue_id);
	queue->number = number >= 0 ? number : table->next_number;
	if (queue->number >= table->next_number)
		table->next_number = queue->number + 1;
	queue_index_add(&table->index, queue->hash, queue->number, queue);
	return queue;
}

void
queue_table_remove(struct queue_table *table, struct queue *queue)
{
	queue_index_remove(&table->index, queue->hash, queue->number, queue);
	free(queue);
}

struct queue *
queue_table_each(const struct queue_table *table, size_t *number)
{
	while (*number < table->index.n_numbers) {
		struct queue *queue = table->index.by_number[(*number)++];

		if (queue != NULL)
			return queue;
	}
	return NULL;
}
