#include "config.h"

#include "broker/state/topic.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/protocol/name.h"

#define DEFAULT_QUEUES 16

struct topics {
	pthread_mutex_t lock;
	struct strmap table; /* name -> struct topic */
	struct data_version version;
	int64_t removed;          /* the counter of the version in which one went last */
	_Atomic uint64_t changes; /* from 1 on; raised below the lock by each change of a topic */
};

struct topics *
topics_new(void)
{
	struct topics *topics = mem_zalloc(sizeof *topics);

	pthread_mutex_init(&topics->lock, NULL);
	topics->version.timestamp = clock_wall_ms();
	atomic_init(&topics->changes, 1);
	return topics;
}

void
topics_free(struct topics *topics)
{
	if (topics == NULL)
		return;
	strmap_release(&topics->table, free);
	pthread_mutex_destroy(&topics->lock);
	free(topics);
}

bool
topics_find(struct topics *topics, struct slice name, struct topic *out)
{
	pthread_mutex_lock(&topics->lock);
	const struct topic *found = strmap_find(&topics->table, name);

	if (found != NULL)
		*out = *found;
	pthread_mutex_unlock(&topics->lock);
	return found != NULL;
}

const struct topic *
topics_find_again(struct topics *topics, struct slice name, struct topic_memo *memo)
{
	if (memo->changes == atomic_load_explicit(&topics->changes, memory_order_acquire) &&
	    slice_equal((struct slice){ memo->topic.name, memo->name_len }, name))
		return &memo->topic;
	pthread_mutex_lock(&topics->lock);
	const struct topic *found = strmap_find(&topics->table, name);

	memo->changes = 0;
	if (found != NULL) {
		memo->topic = *found;
		memo->name_len = name.len;
		memo->changes = atomic_load_explicit(&topics->changes, memory_order_relaxed);
	}
	pthread_mutex_unlock(&topics->lock);
	return found != NULL ? &memo->topic : NULL;
}

/* Memos are outdated. Below the lock. */
static void
note_change(struct topics *topics)
{
	atomic_fetch_add_explicit(&topics->changes, 1, memory_order_release);
}

static void
set_locked(struct topics *topics, struct topic *kept, const struct topic *topic)
{
	*kept = *topic;
	data_version_next(&topics->version, clock_wall_ms());
	kept->changed = topics->version.counter;
	note_change(topics);
}

static void
add_locked(struct topics *topics, const struct topic *topic)
{
	struct topic *copy = mem_alloc(sizeof *copy);

	set_locked(topics, copy, topic);
	strmap_put(&topics->table, slice_of(copy->name), copy);
}

bool
topics_put(struct topics *topics, const struct topic *topic)
{
	pthread_mutex_lock(&topics->lock);
	struct topic *found = strmap_find(&topics->table, slice_of(topic->name));

	if (found != NULL)
		set_locked(topics, found, topic);
	else
		add_locked(topics, topic);
	pthread_mutex_unlock(&topics->lock);
	return found == NULL;
}

bool
topics_add(struct topics *topics, const struct topic *topic, struct topic *now)
{
	pthread_mutex_lock(&topics->lock);
	const struct topic *found = strmap_find(&topics->table, slice_of(topic->name));

	if (found == NULL)
		add_locked(topics, topic);
	*now = found != NULL ? *found : *topic;
	pthread_mutex_unlock(&topics->lock);
	return found == NULL;
}

bool
topics_remove(struct topics *topics, struct slice name)
{
	pthread_mutex_lock(&topics->lock);
	struct topic *gone = strmap_take(&topics->table, name);

	if (gone != NULL) {
		data_version_next(&topics->version, clock_wall_ms());
		topics->removed = topics->version.counter;
		note_change(topics);
	}
	pthread_mutex_unlock(&topics->lock);
	free(gone);
	return gone != NULL;
}

size_t
topics_count(struct topics *topics)
{
	pthread_mutex_lock(&topics->lock);
	size_t n = topics->table.n;

	pthread_mutex_unlock(&topics->lock);
	return n;
}

struct data_version
topics_version(struct topics *topics)
{
	pthread_mutex_lock(&topics->lock);
	struct data_version version = topics->version;

	pthread_mutex_unlock(&topics->lock);
	return version;
}

struct topic *
topics_list(struct topics *topics, size_t *n, struct data_version *version)
{
	pthread_mutex_lock(&topics->lock);
	struct strmap_entry **sorted = strmap_sorted(&topics->table);
	struct topic *list = mem_alloc(topics->table.n * sizeof *list);

	*n = topics->table.n;
	for (size_t i = 0; i < *n; i++)
		list[i] = *(const struct topic *)sorted[i]->value;
	if (version != NULL)
		*version = topics->version;
	pthread_mutex_unlock(&topics->lock);
	free(sorted);
	return list;
}

struct topic *
topics_changed(struct topics *topics, int64_t since, size_t *n, struct data_version *version)
{
	struct topic *list = NULL;
	size_t cap = 0;

	*n = 0;
	pthread_mutex_lock(&topics->lock);
	for (struct strmap_entry *at = strmap_next(&topics->table, NULL);
	     at != NULL && topics->removed <= since; at = strmap_next(&topics->table, at)) {
		const struct topic *topic = at->value;

		if (topic->changed <= since)
			continue;
		if (*n == cap) {
			cap = cap != 0 ? 2 * cap : 16;
			list = mem_realloc(list, cap * sizeof *list);
		}
		list[(*n)++] = *topic;
	}
	*version = topics->version;
	pthread_mutex_unlock(&topics->lock);
	return list;
}

struct topic_visit {
	void (*each)(void *arg, const struct topic *topic);
	void *arg;
};

static void
visit_topic(void *arg, const struct strmap_entry *entry)
{
	const struct topic_visit *visit = arg;

	visit->each(visit->arg, entry->value);
}

bool
topics_visit(struct topics *topics, struct strmap_cursor *cursor, size_t max,
    void (*each)(void *arg, const struct topic *topic), void *arg)
{
	struct topic_visit visit = { each, arg };

	pthread_mutex_lock(&topics->lock);
	bool more = strmap_visit(&topics->table, cursor, max, visit_topic, &visit);

	pthread_mutex_unlock(&topics->lock);
	return more;
}

void
topics_set_order(struct topics *topics, const struct slice *ordered, size_t n)
{
	pthread_mutex_lock(&topics->lock);
	for (struct strmap_entry *entry = strmap_next(&topics->table, NULL); entry != NULL;
	     entry = strmap_next(&topics->table, entry)) {
		struct topic *topic = entry->value;

		topic->order = false;
	}
	for (size_t i = 0; i < n; i++) {
		struct topic *topic = strmap_find(&topics->table, ordered[i]);

		if (topic != NULL)
			topic->order = true;
	}
	note_change(topics);
	pthread_mutex_unlock(&topics->lock);
}

void
topic_init(struct topic *topic, struct slice name)
{
	*topic = (struct topic){
		.read_queues = DEFAULT_QUEUES,
		.write_queues = DEFAULT_QUEUES,
		.perm = PERM_READ | PERM_WRITE,
	};
	memcpy(topic->name, name.data,
	    name.len < sizeof topic->name ? name.len : sizeof topic->name - 1);
}

int32_t
topic_queue_now(const struct topic *topic, int32_t queue_id)
{
	int32_t most =
	    topic->read_queues > topic->write_queues ? topic->read_queues : topic->write_queues;

	if (queue_id < most || topic->read_queues <= 0)
		return queue_id;
	return queue_id % topic->read_queues;
}

struct topic_config
topic_to_config(const struct topic *topic, struct arena *arena)
{
	return (struct topic_config){
		.name = slice_of(topic->name),
		.read_queues = topic->read_queues,
		.write_queues = topic->write_queues,
		.perm = topic->perm,
		.sys_flag = topic->sys_flag,
		.order = topic->order,
		.multi_tag = topic->multi_tag,
		.attributes = topic->attributes.set != 0
		                  ? attributes_json(&topic->attributes, arena)
		                  : SLICE_NONE,
	};
}

static bool
are_queues(int32_t n)
{
	return n >= 0 && n <= TOPIC_QUEUES_MAX;
}

int
topic_from_config(const struct topic_config *config, struct topic *topic)
{
	if (!name_is_valid(config->name) || !are_queues(config->read_queues) ||
	    !are_queues(config->write_queues) || config->perm < 0 ||
	    config->perm > (PERM_READ | PERM_WRITE | PERM_INHERIT))
		return -1;
	topic_init(topic, config->name);
	topic->read_queues = config->read_queues;
	topic->write_queues = config->write_queues;
	topic->perm = config->perm;
	topic->sys_flag = config->sys_flag;
	topic->order = config->order;
	topic->multi_tag = config->multi_tag;
	return 0;
}
