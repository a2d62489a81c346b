#include "config.h"

#include "broker/pop/waiting.h"

#include <stdlib.h>

#include "broker/pop/count.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"

/* Groups whose pops want to know of a topic. Exists while there are some. */
struct wait_topic {
	struct strmap_entry *entry;
	LIST_HEAD(, wait_link) links;
};

/* A group waits for its topic, and for its retry topic. */
struct wait_link {
	LIST_ENTRY(wait_link) in_topic;
	struct wait_topic *topic;
	struct wait_group *group;
	bool retry;
};

struct wait_group {
	struct waiting_pops *waiting;
	struct strmap_entry *entry;
	struct wait_link links[2];
	TAILQ_HEAD(, pop) pops; /* the oldest first */
};

struct waiting_pops {
	struct worker *worker;
	void (*look_again)(struct pop *pop);
	void (*time_over)(struct pop *pop);
	bool listening;
	size_t n;
	struct strmap topics; /* name -> struct wait_topic */
	struct strmap groups; /* group@topic -> struct wait_group */
};

struct waiting_pops *
waiting_new(
    struct worker *worker, void (*look_again)(struct pop *pop), void (*time_over)(struct pop *pop))
{
	struct waiting_pops *waiting = mem_zalloc(sizeof *waiting);

	waiting->worker = worker;
	waiting->look_again = look_again;
	waiting->time_over = time_over;
	return waiting;
}

/* ---- the lists ------------------------------------------------------- */

static struct slice
group_key(struct buf *text, struct slice group, struct slice topic)
{
	buf_append_slice(text, group);
	buf_append_char(text, '@');
	buf_append_slice(text, topic);
	return buf_slice(text);
}

static void
link_to(struct wait_group *group, struct wait_link *link, struct slice topic, bool retry)
{
	struct strmap_entry *entry = strmap_get(&group->waiting->topics, topic);
	struct wait_topic *it = entry->value;

	if (it == NULL) {
		it = mem_zalloc(sizeof *it);
		it->entry = entry;
		entry->value = it;
	}
	*link = (struct wait_link){ .topic = it, .group = group, .retry = retry };
	LIST_INSERT_HEAD(&it->links, link, in_topic);
}

static void
unlink_from(struct waiting_pops *waiting, struct wait_link *link)
{
	struct wait_topic *topic = link->topic;

	LIST_REMOVE(link, in_topic);
	if (LIST_EMPTY(&topic->links)) {
		strmap_remove(&waiting->topics, topic->entry);
		free(topic);
	}
}

static struct wait_group *
group_get(struct waiting_pops *waiting, const struct pop *pop)
{
	struct buf text = { 0 };
	struct strmap_entry *entry =
	    strmap_get(&waiting->groups, group_key(&text, pop->wish.group, pop->wish.topic));
	struct wait_group *group = entry->value;

	buf_release(&text);
	if (group != NULL)
		return group;
	group = mem_zalloc(sizeof *group);
	group->waiting = waiting;
	group->entry = entry;
	entry->value = group;
	TAILQ_INIT(&group->pops);
	link_to(group, &group->links[0], pop->wish.topic, false);
	link_to(group, &group->links[1], pop->retry_topic, true);
	return group;
}

static struct group_queue
queue_of(const struct pop *pop)
{
	return (struct group_queue){ pop->wish.group, pop->wish.topic, pop->wish.queue_id };
}

/* The pop is the caller's again. */
static void
take_out(struct pop *pop)
{
	struct wait_group *group = pop->wait_group;
	struct waiting_pops *waiting = group->waiting;
	struct group_queue queue = queue_of(pop);

	loop_drop_timer(waiting->worker->loop, &pop->timer);
	TAILQ_REMOVE(&group->pops, pop, in_group);
	pop->wait_group = NULL;
	waiting->n--;
	waiting_uncount(waiting->worker->broker, &queue);
	if (!TAILQ_EMPTY(&group->pops))
		return;
	unlink_from(waiting, &group->links[0]);
	unlink_from(waiting, &group->links[1]);
	strmap_remove(&waiting->groups, group->entry);
	free(group);
}

static void
on_due(struct timer *timer)
{
	struct pop *pop = container_of(timer, struct pop, timer);
	void (*time_over)(struct pop * pop) = pop->wait_group->waiting->time_over;

	take_out(pop);
	time_over(pop);
}

/* ---- waking ---------------------------------------------------------- */

/* The oldest of the group that would take from this queue looks again. */
static void
wake_one(struct wait_group *group, int32_t queue_id, bool retry)
{
	struct waiting_pops *waiting = group->waiting;
	struct pop *pop;

	TAILQ_FOREACH(pop, &group->pops, in_group) {
		if (retry ? !pop->wish.ordered
			  : queue_id == -1 || pop->wish.queue_id < 0 ||
				pop->wish.queue_id == queue_id)
			break;
	}
	if (pop == NULL)
		return;
	take_out(pop);
	waiting->look_again(pop);
}

/* The groups of a topic, which may end and come again meanwhile: their keys. */
static void
on_growth(void *arg, struct tail_queue *queue)
{
	struct waiting_pops *waiting = arg;

	if (waiting->n == 0)
		return;
	struct wait_topic *topic = strmap_find(&waiting->topics, queue->topic);
	struct buf keys = { 0 };
	struct wait_link *link;

	if (topic == NULL)
		return;
	LIST_FOREACH(link, &topic->links, in_topic) {
		struct slice key = strmap_key(link->group->entry);

		buf_append(&keys, &link->retry, sizeof link->retry);
		buf_append(&keys, &key.len, sizeof key.len);
		buf_append_slice(&keys, key);
	}
	for (size_t at = 0; at < keys.len;) {
		struct slice key;
		bool retry;

		memcpy(&retry, keys.data + at, sizeof retry);
		memcpy(&key.len, keys.data + at + sizeof retry, sizeof key.len);
		key.data = keys.data + at + sizeof retry + sizeof key.len;
		at += sizeof retry + sizeof key.len + key.len;
		struct wait_group *group = strmap_find(&waiting->groups, key);

		if (group != NULL)
			wake_one(group, queue->queue_id, retry);
		arena_reset(&waiting->worker->loop->arena);
	}
	buf_release(&keys);
}

bool
waiting_add(struct waiting_pops *waiting, struct pop *pop, int64_t deadline_ms)
{
	struct group_queue queue = queue_of(pop);

	if (!waiting_count(waiting->worker->broker, &queue))
		return false;
	if (!waiting->listening)
		tail_on_growth(waiting->worker->tail, on_growth, waiting);
	waiting->listening = true;
	pop->wait_group = group_get(waiting, pop);
	TAILQ_INSERT_TAIL(&pop->wait_group->pops, pop, in_group);
	waiting->n++;
	pop->timer.due = on_due;
	loop_set_timer(waiting->worker->loop, &pop->timer, deadline_ms);
	return true;
}

void
waiting_wake(struct waiting_pops *waiting, struct slice group, struct slice topic, int32_t queue_id)
{
	struct buf text = { 0 };

	if (waiting->n == 0)
		return;
	struct wait_group *it = strmap_find(&waiting->groups, group_key(&text, group, topic));

	buf_release(&text);
	if (it != NULL)
		wake_one(it, queue_id, false);
}

static struct pop *
any(struct waiting_pops *waiting)
{
	struct strmap_entry *entry = strmap_next(&waiting->groups, NULL);

	return entry != NULL ? TAILQ_FIRST(&((struct wait_group *)entry->value)->pops) : NULL;
}

void
waiting_wake_all(struct waiting_pops *waiting)
{
	TAILQ_HEAD(, pop) woken = TAILQ_HEAD_INITIALIZER(woken);
	struct pop *pop;

	while ((pop = any(waiting)) != NULL) {
		take_out(pop);
		TAILQ_INSERT_TAIL(&woken, pop, in_group);
	}
	while ((pop = TAILQ_FIRST(&woken)) != NULL) {
		TAILQ_REMOVE(&woken, pop, in_group);
		waiting->look_again(pop);
		arena_reset(&waiting->worker->loop->arena);
	}
}

void
waiting_free(struct waiting_pops *waiting, void (*drop)(struct pop *pop))
{
	struct pop *pop;

	if (waiting == NULL)
		return;
	while ((pop = any(waiting)) != NULL) {
		take_out(pop);
		drop(pop);
	}
	strmap_release(&waiting->topics, NULL);
	strmap_release(&waiting->groups, NULL);
	free(waiting);
}
