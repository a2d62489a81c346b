#include "config.h"

#include "broker/state/queue_lock.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "broker/store/store.h"
#include "common/base/buf.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/base/u64map.h"

/* Rows: the prefix, GROUP@TOPIC@QUEUE -> client id. The prefix alone: all that are held have a row.
 */
#define ROW_PREFIX "queueLock/"
#define SEPARATOR '@'

/* A queue that is locked, or reserved for whoever held it before the start. */
struct lock_slot {
	struct u64map_node node; /* of its topic; the id is the queue's */
	TAILQ_ENTRY(lock_slot) in_all;
	LIST_ENTRY(lock_slot) of_holder;
	struct locked_topic *topic;
	struct lock_holder *holder; /* NULL: reserved, or free */
	char *kept_for;             /* ... for this client; NULL: nobody knows */
	bool saved;                 /* there is a row of its holder, or of kept_for */
	bool is_free;               /* its holder of this run gave it back */
	int64_t until_ms;
	struct conn_id waiter; /* the last that asked in vain */
	struct conn_id heard;  /* if reserved: the connection that commits its offset */
};
LIST_HEAD(lock_slots, lock_slot);

/* A client of a group that holds locks. */
struct lock_holder {
	struct lock_slots slots;
	char client_id[];
};

/* The queues of one topic, of one group. */
struct locked_topic {
	struct locking_group *group;
	struct u64map slots;
	char name[];
};

struct locking_group {
	struct strmap topics;  /* name -> struct locked_topic */
	struct strmap holders; /* client id -> struct lock_holder */
	char name[];
};

/* Topics, groups and holders are freed with their last slot. */
struct queue_locks {
	pthread_mutex_t lock;
	int64_t reserved_until_ms; /* never changes */
	bool rows_were_whole;      /* at the start; does not change then */
	bool rows_are_whole;       /* there is a row that says so */
	struct strmap unsaved;     /* row -> client id; "": it goes */
	struct strmap groups;      /* name -> struct locking_group */
	TAILQ_HEAD(, lock_slot) all;
	size_t n_slots;
};

/* ---- making and dropping --------------------------------------------- */

static struct locking_group *
make_group(struct queue_locks *locks, struct slice name)
{
	struct strmap_entry *entry = strmap_get(&locks->groups, name);
	struct locking_group *group = entry->value;

	if (group == NULL) {
		group = mem_zalloc(sizeof *group + name.len + 1);
		memcpy(group->name, name.data, name.len);
		entry->value = group;
	}
	return group;
}

static struct locked_topic *
make_topic(struct locking_group *group, struct slice name)
{
	struct strmap_entry *entry = strmap_get(&group->topics, name);
	struct locked_topic *topic = entry->value;

	if (topic == NULL) {
		topic = mem_zalloc(sizeof *topic + name.len + 1);
		memcpy(topic->name, name.data, name.len);
		topic->group = group;
		entry->value = topic;
	}
	return topic;
}

static struct lock_holder *
make_holder(struct locking_group *group, struct slice client_id)
{
	struct strmap_entry *entry = strmap_get(&group->holders, client_id);
	struct lock_holder *holder = entry->value;

	if (holder == NULL) {
		holder = mem_zalloc(sizeof *holder + client_id.len + 1);
		memcpy(holder->client_id, client_id.data, client_id.len);
		entry->value = holder;
	}
	return holder;
}

/* holder may be NULL. */
static void
set_holder(struct lock_slot *slot, struct lock_holder *holder)
{
	struct lock_holder *before = slot->holder;

	if (before != NULL)
		LIST_REMOVE(slot, of_holder);
	if (holder != NULL)
		LIST_INSERT_HEAD(&holder->slots, slot, of_holder);
	slot->holder = holder;
	if (before != NULL && LIST_EMPTY(&before->slots))
		free(strmap_take(&slot->topic->group->holders, slice_of(before->client_id)));
}

static struct lock_slot *
find_slot(const struct queue_locks *locks, struct slice group_name, struct slice topic_name,
    int32_t queue_id)
{
	const struct locking_group *group = strmap_find(&locks->groups, group_name);
	const struct locked_topic *topic =
	    group != NULL ? strmap_find(&group->topics, topic_name) : NULL;
	struct u64map_node *node =
	    topic != NULL ? u64map_find(&topic->slots, (uint64_t)queue_id) : NULL;

	return node != NULL ? container_of(node, struct lock_slot, node) : NULL;
}

/* It must not be there. */
static struct lock_slot *
add_slot(struct queue_locks *locks, struct slice group, struct slice topic_name, int32_t queue_id)
{
	struct locked_topic *topic = make_topic(make_group(locks, group), topic_name);
	struct lock_slot *slot = mem_zalloc(sizeof *slot);

	slot->node.id = (uint64_t)queue_id;
	slot->topic = topic;
	u64map_add(&topic->slots, &slot->node);
	TAILQ_INSERT_TAIL(&locks->all, slot, in_all);
	locks->n_slots++;
	return slot;
}

static void
drop_slot(struct queue_locks *locks, struct lock_slot *slot)
{
	struct locked_topic *topic = slot->topic;
	struct locking_group *group = topic->group;

	set_holder(slot, NULL);
	free(slot->kept_for);
	u64map_remove(&topic->slots, &slot->node);
	TAILQ_REMOVE(&locks->all, slot, in_all);
	locks->n_slots--;
	free(slot);
	if (topic->slots.n != 0)
		return;
	strmap_take(&group->topics, slice_of(topic->name));
	u64map_release(&topic->slots);
	free(topic);
	if (group->topics.n != 0)
		return;
	strmap_take(&locks->groups, slice_of(group->name));
	strmap_release(&group->topics, NULL);
	strmap_release(&group->holders, NULL);
	free(group);
}

struct queue_locks *
queue_locks_new(int64_t reserved_until_ms)
{
	struct queue_locks *locks = mem_zalloc(sizeof *locks);

	pthread_mutex_init(&locks->lock, NULL);
	TAILQ_INIT(&locks->all);
	locks->reserved_until_ms = reserved_until_ms;
	return locks;
}

void
queue_locks_free(struct queue_locks *locks)
{
	struct lock_slot *slot;

	if (locks == NULL)
		return;
	while ((slot = TAILQ_FIRST(&locks->all)) != NULL)
		drop_slot(locks, slot);
	strmap_release(&locks->groups, NULL);
	strmap_release(&locks->unsaved, free);
	pthread_mutex_destroy(&locks->lock);
	free(locks);
}

/* ---- rows ------------------------------------------------------------- */

static void
put_unsaved(struct queue_locks *locks, struct slice row, struct slice client_id)
{
	free(strmap_put(&locks->unsaved, row, slice_dup(client_id)));
}

/* What the slot's row is to be; absent: none. */
static void
note_row(struct queue_locks *locks, struct lock_slot *slot, struct slice client_id)
{
	struct buf row = { 0 };

	buf_printf(&row, ROW_PREFIX "%s%c%s%c%" PRIu64, slot->topic->group->name, SEPARATOR,
	    slot->topic->name, SEPARATOR, slot->node.id);
	put_unsaved(locks, buf_slice(&row), client_id);
	buf_release(&row);
}

/* Nobody holds it any more. */
static void
drop_row(struct queue_locks *locks, struct lock_slot *slot)
{
	if (slot->holder != NULL || slot->saved)
		note_row(locks, slot, SLICE(""));
	slot->saved = false;
	free(slot->kept_for);
	slot->kept_for = NULL;
}

bool
queue_locks_load(struct queue_locks *locks, struct slice name, struct slice client_id)
{
	struct slice rest, group, topic;
	int32_t queue_id;

	if (!slice_starts(name, ROW_PREFIX))
		return false;
	rest = (struct slice){ name.data + strlen(ROW_PREFIX), name.len - strlen(ROW_PREFIX) };
	if (rest.len == 0) {
		locks->rows_were_whole = locks->rows_are_whole = true;
	} else if (slice_next(&rest, SEPARATOR, &group) && slice_next(&rest, SEPARATOR, &topic) &&
		   slice_to_int32(rest, &queue_id) == 0 && queue_id >= 0 &&
		   find_slot(locks, group, topic, queue_id) == NULL) {
		struct lock_slot *slot = add_slot(locks, group, topic, queue_id);

		slot->until_ms = locks->reserved_until_ms;
		slot->kept_for = slice_dup(client_id);
		slot->saved = true;
	}
	return true;
}

struct meta_job *
queue_locks_save(struct queue_locks *locks, int64_t now_ms)
{
	struct meta_job *job = NULL;
	struct strmap unsaved;

	pthread_mutex_lock(&locks->lock);
	/* Before, somebody may hold a queue from the time before the start without a row. */
	if (!locks->rows_are_whole && now_ms >= locks->reserved_until_ms) {
		put_unsaved(locks, SLICE(ROW_PREFIX), SLICE("1"));
		locks->rows_are_whole = true;
	}
	unsaved = locks->unsaved;
	locks->unsaved = (struct strmap){ 0 };
	pthread_mutex_unlock(&locks->lock);
	if (unsaved.n != 0)
		job = meta_job_new();
	for (struct strmap_entry *entry = strmap_next(&unsaved, NULL); entry != NULL;
	     entry = strmap_next(&unsaved, entry)) {
		struct slice client_id = slice_of(entry->value);

		if (client_id.len != 0)
			meta_job_put(job, META_SETTING, strmap_key(entry), client_id);
		else
			meta_job_remove(job, META_SETTING, strmap_key(entry));
	}
	strmap_release(&unsaved, free);
	return job;
}

/* ---- taking ---------------------------------------------------------- */

static bool
is_same(struct conn_id a, struct conn_id b)
{
	return a.loop == b.loop && a.number == b.number && a.number != 0;
}

static bool
is_held_by(const struct lock_slot *slot, struct slice client_id)
{
	return slot->holder != NULL && slice_is(client_id, slot->holder->client_id);
}

static bool
may_take(const struct lock_slot *slot, const struct lock_asker *asker)
{
	if (slot->until_ms <= asker->now_ms || is_held_by(slot, asker->client_id))
		return true;
	if (slot->holder != NULL)
		return false;
	return slot->kept_for != NULL ? slice_is(asker->client_id, slot->kept_for)
	                              : slot->is_free || is_same(slot->heard, asker->conn);
}

static void
grant(struct queue_locks *locks, struct lock_slot *slot, const struct lock_asker *asker)
{
	if (!is_held_by(slot, asker->client_id)) {
		slot->saved = slot->saved && slot->kept_for != NULL &&
		              slice_is(asker->client_id, slot->kept_for);
		free(slot->kept_for);
		slot->kept_for = NULL;
		set_holder(slot, make_holder(slot->topic->group, asker->client_id));
		slot->waiter = (struct conn_id){ 0 };
	}
	slot->until_ms = asker->now_ms + asker->lease_ms;
	if (!slot->saved)
		note_row(locks, slot, asker->client_id);
}

/* False: there are as many locks as there may be. */
static bool
fulfil(struct queue_locks *locks, const struct lock_asker *asker, struct lock_wish *wish)
{
	struct lock_slot *slot = find_slot(locks, asker->group, wish->queue.topic, wish->queue.id);

	if (slot == NULL) {
		if (locks->n_slots >= asker->max)
			return false;
		slot = add_slot(locks, asker->group, wish->queue.topic, wish->queue.id);
		if (wish->consumed_before && !locks->rows_were_whole)
			slot->until_ms = locks->reserved_until_ms;
	}
	wish->held = may_take(slot, asker);
	if (wish->held)
		grant(locks, slot, asker);
	else
		slot->waiter = asker->conn;
	wish->unsaved = wish->held && !slot->saved;
	return true;
}

size_t
queue_locks_take(struct queue_locks *locks, const struct lock_asker *asker,
    struct lock_wish *wishes, size_t n_wishes)
{
	size_t n_refused = 0;

	pthread_mutex_lock(&locks->lock);
	for (size_t i = 0; i < n_wishes; i++)
		n_refused += !fulfil(locks, asker, &wishes[i]);
	pthread_mutex_unlock(&locks->lock);
	return n_refused;
}

/* ---- giving back ----------------------------------------------------- */

/* Who waits for these slots; they end now. */
struct lock_gathering {
	struct arena *arena;
	struct lock_waiter *list;
	size_t n, cap;
};

static void
gather(struct lock_gathering *waiting, const struct lock_slot *slot)
{
	if (slot->waiter.number == 0)
		return;
	if (waiting->n == waiting->cap) {
		size_t cap = waiting->cap != 0 ? waiting->cap * 2 : 4;
		struct lock_waiter *list = arena_alloc(waiting->arena, cap * sizeof *list);

		if (waiting->n != 0)
			memcpy(list, waiting->list, waiting->n * sizeof *list);
		waiting->list = list;
		waiting->cap = cap;
	}
	waiting->list[waiting->n++] = (struct lock_waiter){
		.group = arena_copy(waiting->arena, slice_of(slot->topic->group->name)),
		.conn = slot->waiter,
	};
}

static int
by_group_and_conn(const void *a, const void *b)
{
	const struct lock_waiter *left = a, *right = b;
	int order = slice_compare(left->group, right->group);

	if (order != 0)
		return order;
	if (left->conn.loop != right->conn.loop)
		return left->conn.loop < right->conn.loop ? -1 : 1;
	return (left->conn.number > right->conn.number) - (left->conn.number < right->conn.number);
}

static struct lock_waiters
gathered(struct lock_gathering *waiting)
{
	size_t n = 0;

	if (waiting->n != 0)
		qsort(waiting->list, waiting->n, sizeof *waiting->list, by_group_and_conn);
	for (size_t i = 0; i < waiting->n; i++) {
		if (n == 0 || by_group_and_conn(&waiting->list[n - 1], &waiting->list[i]) != 0)
			waiting->list[n++] = waiting->list[i];
	}
	return (struct lock_waiters){ waiting->list, n };
}

/* Nobody holds it any more. In the time after a start that is worth to be remembered. */
static void
let_go(struct queue_locks *locks, struct lock_slot *slot, int64_t now_ms)
{
	drop_row(locks, slot);
	if (now_ms >= locks->reserved_until_ms) {
		drop_slot(locks, slot);
		return;
	}
	set_holder(slot, NULL);
	slot->is_free = true;
	slot->until_ms = locks->reserved_until_ms;
	slot->waiter = (struct conn_id){ 0 };
}

struct lock_waiters
queue_locks_give_back(struct queue_locks *locks, const struct lock_asker *asker,
    const struct message_queue *queues, size_t n_queues, struct arena *arena)
{
	struct lock_gathering waiting = { .arena = arena };

	pthread_mutex_lock(&locks->lock);
	for (size_t i = 0; i < n_queues; i++) {
		struct lock_slot *slot =
		    find_slot(locks, asker->group, queues[i].topic, queues[i].id);

		if (slot == NULL || !is_held_by(slot, asker->client_id))
			continue;
		gather(&waiting, slot);
		let_go(locks, slot, asker->now_ms);
	}
	pthread_mutex_unlock(&locks->lock);
	return gathered(&waiting);
}

void
queue_locks_leave(
    struct queue_locks *locks, struct slice name, struct slice client_id, int64_t now_ms)
{
	pthread_mutex_lock(&locks->lock);
	const struct locking_group *group = strmap_find(&locks->groups, name);
	const struct lock_holder *holder =
	    group != NULL ? strmap_find(&group->holders, client_id) : NULL;

	for (struct lock_slot *slot = holder != NULL ? LIST_FIRST(&holder->slots) : NULL, *next;
	     slot != NULL; slot = next) {
		next = LIST_NEXT(slot, of_holder);
		let_go(locks, slot, now_ms);
	}
	pthread_mutex_unlock(&locks->lock);
}

/* ---- after a restart ------------------------------------------------- */

bool
queue_locks_are_guessed(const struct queue_locks *locks, int64_t now_ms)
{
	return !locks->rows_were_whole && now_ms < locks->reserved_until_ms;
}

void
queue_locks_saved(struct queue_locks *locks, struct slice group, struct slice client_id,
    const struct message_queue *queues, size_t n_queues)
{
	pthread_mutex_lock(&locks->lock);
	for (size_t i = 0; i < n_queues; i++) {
		struct lock_slot *slot = find_slot(locks, group, queues[i].topic, queues[i].id);

		if (slot != NULL && is_held_by(slot, client_id))
			slot->saved = true;
	}
	pthread_mutex_unlock(&locks->lock);
}

bool
queue_locks_hear(
    struct queue_locks *locks, const struct lock_asker *asker, struct slice topic, int32_t queue_id)
{
	bool waits = false;

	pthread_mutex_lock(&locks->lock);
	struct lock_slot *slot = find_slot(locks, asker->group, topic, queue_id);

	/* Groups that need no locks commit offsets too: they never take the place of those that do.
	 */
	if (slot == NULL && locks->n_slots < asker->max / 2) {
		slot = add_slot(locks, asker->group, topic, queue_id);
		slot->until_ms = locks->reserved_until_ms;
	}
	if (slot != NULL && slot->holder == NULL && slot->heard.number == 0) {
		slot->heard = asker->conn;
		waits = is_same(slot->waiter, asker->conn);
	}
	pthread_mutex_unlock(&locks->lock);
	return waits;
}

/* ---- time ------------------------------------------------------------ */

struct lock_waiters
queue_locks_expire(struct queue_locks *locks, int64_t now_ms, struct arena *arena)
{
	struct lock_gathering waiting = { .arena = arena };

	pthread_mutex_lock(&locks->lock);
	for (struct lock_slot *slot = TAILQ_FIRST(&locks->all), *next; slot != NULL; slot = next) {
		next = TAILQ_NEXT(slot, in_all);
		if (slot->until_ms > now_ms)
			continue;
		gather(&waiting, slot);
		drop_row(locks, slot);
		drop_slot(locks, slot);
	}
	pthread_mutex_unlock(&locks->lock);
	return gathered(&waiting);
}

size_t
queue_locks_count(struct queue_locks *locks)
{
	pthread_mutex_lock(&locks->lock);
	size_t n = locks->n_slots;

	pthread_mutex_unlock(&locks->lock);
	return n;
}
