#include "config.h"

#include "broker/pop/count.h"

#include <stdlib.h>

#include "broker/pop/pop_private.h"
#include "broker/state/limit.h"
#include "common/base/mem.h"

static struct slice
key_of(struct buf *text, const struct group_queue *queue)
{
	buf_append_slice(text, queue->group);
	buf_append_char(text, '@');
	buf_append_slice(text, queue->topic);
	buf_append_char(text, '@');
	buf_append_int(text, queue->queue_id < 0 ? -1 : queue->queue_id);
	return buf_slice(text);
}

/* NULL: the queue has as many as may wait. */
static size_t *
count_get(struct broker *broker, struct slice key)
{
	struct strmap_entry *entry = strmap_get(&broker->pops->counts, key);

	if (entry->value == NULL)
		entry->value = mem_zalloc(sizeof(size_t));
	size_t *count = entry->value;

	return *count < (size_t)broker->settings->pop_polling_size ? count : NULL;
}

bool
waiting_count(struct broker *broker, const struct group_queue *queue)
{
	struct pops *pops = broker->pops;
	size_t max = (size_t)limits_value(broker->limits, LIMIT_POP_POLLING);
	struct buf text = { 0 };

	pthread_mutex_lock(&pops->counts_lock);
	size_t *count =
	    atomic_load(&pops->n_waiting) < max ? count_get(broker, key_of(&text, queue)) : NULL;

	if (count != NULL) {
		++*count;
		atomic_fetch_add(&pops->n_waiting, 1);
	}
	pthread_mutex_unlock(&pops->counts_lock);
	buf_release(&text);
	if (count == NULL)
		limits_refuse(broker->limits, LIMIT_POP_POLLING, 1);
	return count != NULL;
}

void
waiting_uncount(struct broker *broker, const struct group_queue *queue)
{
	struct pops *pops = broker->pops;
	struct buf text = { 0 };
	struct slice key = key_of(&text, queue);

	pthread_mutex_lock(&pops->counts_lock);
	size_t *count = strmap_find(&pops->counts, key);

	atomic_fetch_sub(&pops->n_waiting, 1);
	if (count != NULL && --*count == 0)
		free(strmap_take(&pops->counts, key));
	pthread_mutex_unlock(&pops->counts_lock);
	buf_release(&text);
}

size_t
pop_count_waiting(struct broker *broker, const struct group_queue *queue)
{
	struct pops *pops = broker->pops;
	struct buf text = { 0 };
	struct slice key = key_of(&text, queue);

	pthread_mutex_lock(&pops->counts_lock);
	const size_t *count = strmap_find(&pops->counts, key);
	size_t n = count != NULL ? *count : 0;

	pthread_mutex_unlock(&pops->counts_lock);
	buf_release(&text);
	return n;
}
