#include "config.h"

#include "broker/state/client.h"

#include <stdlib.h>

#include "broker/state/client_private.h"
#include "broker/state/subscription.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

/* ---- making and dropping --------------------------------------------- */

struct clients *
clients_new(void)
{
	struct clients *clients = mem_zalloc(sizeof *clients);

	pthread_mutex_init(&clients->lock, NULL);
	return clients;
}

static void
membership_free(struct membership *membership)
{
	strmap_release(&membership->subscriptions, free);
	free(membership);
}

static void
peer_free(void *value)
{
	struct peer *peer = value;

	for (struct membership *at = peer->memberships, *next; at != NULL; at = next) {
		next = at->next_of_peer;
		membership_free(at);
	}
	free(peer->id);
	free(peer->address);
	free(peer);
}

static void
group_free(void *value)
{
	struct group_of_clients *group = value;

	strmap_release(&group->members, NULL);
	free(group);
}

void
clients_free(struct clients *clients)
{
	if (clients == NULL)
		return;
	strmap_release(&clients->consumers, group_free);
	strmap_release(&clients->producers, group_free);
	strmap_release(&clients->peers, peer_free);
	pthread_mutex_destroy(&clients->lock);
	free(clients);
}

static struct group_of_clients *
make_group(struct clients *clients, struct slice name, bool consumers)
{
	struct group_of_clients *group = strmap_find(groups_of(clients, consumers), name);

	if (group != NULL)
		return group;
	group = mem_zalloc(sizeof *group + name.len + 1);
	group->consumers = consumers;
	memcpy(group->name, name.data, name.len);
	strmap_put(groups_of(clients, consumers), name, group);
	return group;
}

/* Replaces what changes with a heartbeat. */
static struct peer *
make_peer(struct clients *clients, const struct client *from, struct slice id)
{
	struct conn_key key;
	struct peer *peer = strmap_find(&clients->peers, key_of(from->conn, &key));

	if (peer == NULL) {
		peer = mem_zalloc(sizeof *peer);
		peer->conn = from->conn;
		peer->address = slice_dup(from->address);
		strmap_put(&clients->peers, key_of(from->conn, &key), peer);
	}
	if (peer->id == NULL || !slice_is(id, peer->id)) {
		free(peer->id);
		peer->id = slice_dup(id);
	}
	peer->language = from->language;
	peer->version = from->version;
	peer->last_seen_ms = clock_wall_ms();
	peer->last_seen_mono_ms = clock_mono_ms();
	return peer;
}

/* *is_new: it was not in the group before. */
static struct membership *
join(struct clients *clients, struct peer *peer, struct slice name, bool consumers, bool *is_new)
{
	struct conn_key key;
	struct group_of_clients *group = make_group(clients, name, consumers);
	struct membership *membership = strmap_find(&group->members, key_of(peer->conn, &key));

	*is_new = membership == NULL;
	if (membership == NULL) {
		membership = mem_zalloc(sizeof *membership);
		membership->peer = peer;
		membership->group = group;
		membership->next_of_peer = peer->memberships;
		peer->memberships = membership;
		strmap_put(&group->members, key_of(peer->conn, &key), membership);
	}
	membership->last_seen_mono_ms = peer->last_seen_mono_ms;
	return membership;
}

/* Out of its group (which stays, perhaps empty) and its peer. */
static void
leave(struct membership *membership)
{
	struct conn_key key;
	struct membership **at = &membership->peer->memberships;

	while (*at != membership)
		at = &(*at)->next_of_peer;
	*at = membership->next_of_peer;
	strmap_take(&membership->group->members, key_of(membership->peer->conn, &key));
	membership_free(membership);
}

/* Drops what has nobody left. */
static void
prune(struct clients *clients, struct group_of_clients *group)
{
	if (group->members.n == 0)
		group_free(
		    strmap_take(groups_of(clients, group->consumers), slice_of(group->name)));
}

/* ---- what subscribers of one group disagree about -------------------- */

/* Two members that want different things of one topic. */
struct conflict {
	const struct membership *members[2];
	struct subscription_difference difference;
};

static bool
find_conflict(const struct group_of_clients *group, struct conflict *conflict)
{
	struct strmap_entry *first = strmap_next(&group->members, NULL);

	if (first == NULL)
		return false;
	conflict->members[0] = first->value;
	for (struct strmap_entry *entry = first; entry != NULL;
	     entry = strmap_next(&group->members, entry)) {
		conflict->members[1] = entry->value;
		if (subscriptions_differ(&conflict->members[0]->subscriptions,
			&conflict->members[1]->subscriptions, &conflict->difference))
			return true;
	}
	return false;
}

static void
describe_wish(struct buf *buf, const struct membership *member, const struct subscription *wish)
{
	buf_printf(buf, "%s (%s) ", member->peer->id, member->peer->address);
	if (wish == NULL)
		buf_append_text(buf, "does not subscribe to it");
	else
		buf_printf(buf, "wants \"%.*s\"", (int)wish->expression.len, wish->expression.data);
}

/* Looks again after a change; the line to log, which the caller frees, or NULL. */
static char *
judge(struct clients *clients, struct group_of_clients *group)
{
	struct conflict conflict;
	struct buf line = { 0 };
	bool was = group->in_conflict;

	group->in_conflict = find_conflict(group, &conflict);
	if (!group->in_conflict || was)
		return NULL;
	struct slice topic = conflict.difference.topic;

	clients->n_conflicts++;
	buf_printf(&line,
	    "members of one group subscribe differently, messages will be missed: group=%s "
	    "topic=%.*s: ",
	    group->name, (int)topic.len, topic.data);
	describe_wish(&line, conflict.members[0], conflict.difference.wishes[0]);
	buf_append_text(&line, ", ");
	describe_wish(&line, conflict.members[1], conflict.difference.wishes[1]);
	return buf_take(&line);
}

static void
warn_and_free(char *line)
{
	if (line != NULL)
		log_warn("%s", line);
	free(line);
}

/* ---- changes --------------------------------------------------------- */

/* Changed groups, gathered while memberships come and go. */
struct gathering {
	struct arena *arena;
	struct client_change *list;
	size_t n, cap;
};

/* Who is to be told. */
static void
gather(struct gathering *gathering, const struct group_of_clients *group)
{
	struct conn_id *members = arena_alloc(gathering->arena, group->members.n * sizeof *members);
	size_t n = 0;

	for (struct strmap_entry *entry = strmap_next(&group->members, NULL); entry != NULL;
	     entry = strmap_next(&group->members, entry))
		members[n++] = ((const struct membership *)entry->value)->peer->conn;
	if (gathering->n == gathering->cap) {
		size_t cap = gathering->cap != 0 ? gathering->cap * 2 : 4;
		struct client_change *list = arena_alloc(gathering->arena, cap * sizeof *list);

		if (gathering->n != 0)
			memcpy(list, gathering->list, gathering->n * sizeof *list);
		gathering->list = list;
		gathering->cap = cap;
	}
	gathering->list[gathering->n++] =
	    (struct client_change){ arena_copy(gathering->arena, slice_of(group->name)), members,
		    n };
}

static struct client_changes
gathered(const struct gathering *gathering)
{
	return (struct client_changes){ gathering->list, gathering->n };
}

static char *
apply_consumer(struct clients *clients, struct peer *peer, const struct heartbeat *heartbeat,
    const struct heartbeat_consumer *consumer, struct gathering *gathering)
{
	bool is_new, changed = false, moved = false;
	struct membership *member = join(clients, peer, consumer->group, true, &is_new);
	struct group_of_clients *group = member->group;

	group->type = consumer->type;
	group->model = consumer->model;
	group->from = consumer->from;
	if (!heartbeat->without_sub)
		changed = subscriptions_replace(&member->subscriptions, consumer->subscriptions,
		    consumer->n_subscriptions, &moved);
	if (is_new || changed)
		gather(gathering, group);
	return is_new || moved ? judge(clients, group) : NULL;
}

struct client_changes
clients_heartbeat(struct clients *clients, const struct client *from,
    const struct heartbeat *heartbeat, struct arena *arena)
{
	struct gathering gathering = { .arena = arena };
	char **lines = arena_zalloc(arena, heartbeat->n_consumers * sizeof *lines);
	bool is_new;

	pthread_mutex_lock(&clients->lock);
	struct peer *peer = make_peer(clients, from, heartbeat->client_id);

	for (size_t i = 0; i < heartbeat->n_producers; i++)
		join(clients, peer, heartbeat->producers[i], false, &is_new);
	for (size_t i = 0; i < heartbeat->n_consumers; i++)
		lines[i] =
		    apply_consumer(clients, peer, heartbeat, &heartbeat->consumers[i], &gathering);
	pthread_mutex_unlock(&clients->lock);
	for (size_t i = 0; i < heartbeat->n_consumers; i++)
		warn_and_free(lines[i]);
	return gathered(&gathering);
}

/* Takes the membership out and remembers what that changes. */
static void
depart(struct clients *clients, struct membership *membership, struct gathering *gathering)
{
	struct group_of_clients *group = membership->group;

	leave(membership);
	if (group->consumers && group->members.n != 0) {
		gather(gathering, group);
		free(judge(clients, group)); /* fewer members: nothing new to say */
	}
	prune(clients, group);
}

static void
drop_peer_if_idle(struct clients *clients, struct peer *peer)
{
	struct conn_key key;

	if (peer->memberships == NULL)
		peer_free(strmap_take(&clients->peers, key_of(peer->conn, &key)));
}

static struct membership *
find_member(struct clients *clients, struct slice name, bool consumers, struct slice client_id)
{
	const struct group_of_clients *group =
	    name.data != NULL ? strmap_find(groups_of(clients, consumers), name) : NULL;

	if (group == NULL)
		return NULL;
	for (struct strmap_entry *entry = strmap_next(&group->members, NULL); entry != NULL;
	     entry = strmap_next(&group->members, entry)) {
		struct membership *membership = entry->value;

		if (slice_is(client_id, membership->peer->id))
			return membership;
	}
	return NULL;
}

static void
unregister_from(struct clients *clients, struct slice client_id, struct slice name, bool consumers,
    struct gathering *gathering)
{
	struct membership *membership;

	while ((membership = find_member(clients, name, consumers, client_id)) != NULL) {
		struct peer *peer = membership->peer;

		depart(clients, membership, gathering);
		drop_peer_if_idle(clients, peer);
	}
}

struct client_changes
clients_unregister(struct clients *clients, struct slice client_id, struct slice producer_group,
    struct slice consumer_group, struct arena *arena)
{
	struct gathering gathering = { .arena = arena };

	pthread_mutex_lock(&clients->lock);
	unregister_from(clients, client_id, producer_group, false, &gathering);
	unregister_from(clients, client_id, consumer_group, true, &gathering);
	pthread_mutex_unlock(&clients->lock);
	return gathered(&gathering);
}

struct client_changes
clients_close(struct clients *clients, struct conn_id conn, struct arena *arena)
{
	struct gathering gathering = { .arena = arena };
	struct conn_key key;

	pthread_mutex_lock(&clients->lock);
	struct peer *peer = strmap_find(&clients->peers, key_of(conn, &key));

	while (peer != NULL && peer->memberships != NULL)
		depart(clients, peer->memberships, &gathering);
	if (peer != NULL)
		drop_peer_if_idle(clients, peer);
	pthread_mutex_unlock(&clients->lock);
	return gathered(&gathering);
}

struct client_changes
clients_expire(
    struct clients *clients, struct arena *arena, const struct conn_id **stale, size_t *n_stale)
{
	struct gathering gathering = { .arena = arena };
	int64_t deadline = clock_mono_ms() - CLIENT_EXPIRE_MS;

	pthread_mutex_lock(&clients->lock);
	struct conn_id *list = arena_alloc(arena, clients->peers.n * sizeof *list);
	size_t n = 0;

	for (struct strmap_entry *entry = strmap_next(&clients->peers, NULL), *next; entry != NULL;
	     entry = next) {
		struct peer *peer = entry->value;

		next = strmap_next(&clients->peers, entry);
		if (peer->last_seen_mono_ms <= deadline)
			list[n++] = peer->conn;
		for (struct membership *at = peer->memberships, *after; at != NULL; at = after) {
			after = at->next_of_peer;
			if (at->last_seen_mono_ms <= deadline)
				depart(clients, at, &gathering);
		}
		drop_peer_if_idle(clients, peer);
	}
	pthread_mutex_unlock(&clients->lock);
	*stale = list;
	*n_stale = n;
	return gathered(&gathering);
}
