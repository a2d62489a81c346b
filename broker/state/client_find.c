#include "config.h"

/* The registry of clients, asked who is there and who wants what. */

#include "broker/state/client.h"

#include <stdlib.h>

#include "broker/state/client_private.h"
#include "broker/state/subscription.h"

static struct client
client_of(struct arena *arena, const struct peer *peer)
{
	return (struct client){
		.conn = peer->conn,
		.id = arena_copy(arena, slice_of(peer->id)),
		.address = arena_copy(arena, slice_of(peer->address)),
		.language = peer->language,
		.version = peer->version,
		.last_seen_ms = peer->last_seen_ms,
	};
}

/* The newest subscription of any member. */
static const struct subscription *
newest(const struct group_of_clients *group, struct slice topic)
{
	const struct subscription *best = NULL;

	for (struct strmap_entry *entry = strmap_next(&group->members, NULL); entry != NULL;
	     entry = strmap_next(&group->members, entry)) {
		const struct membership *membership = entry->value;
		const struct subscription *found = strmap_find(&membership->subscriptions, topic);

		if (found != NULL && (best == NULL || found->version > best->version))
			best = found;
	}
	return best;
}

enum client_lookup
clients_find_subscription(struct clients *clients, struct conn_id conn, struct slice group,
    struct slice topic, struct arena *arena, struct subscription *out, bool *broadcasting)
{
	struct conn_key key;
	const struct subscription *found = NULL;

	pthread_mutex_lock(&clients->lock);
	const struct group_of_clients *known = strmap_find(&clients->consumers, group);

	if (known != NULL) {
		const struct membership *own = strmap_find(&known->members, key_of(conn, &key));

		*broadcasting = known->model == MODEL_BROADCASTING;
		if (own != NULL)
			found = strmap_find(&own->subscriptions, topic);
		if (found == NULL)
			found = newest(known, topic);
		if (found != NULL)
			*out = subscription_copy(arena, found);
	}
	pthread_mutex_unlock(&clients->lock);
	if (known == NULL)
		return CLIENT_NO_GROUP;
	return found != NULL ? CLIENT_FOUND : CLIENT_NO_SUBSCRIPTION;
}

static int
by_client_id(const void *a, const void *b)
{
	const struct client *left = a, *right = b;
	int order = slice_compare(left->id, right->id);

	return order != 0 ? order : slice_compare(left->address, right->address);
}

/* In order of client ids. */
static const struct client *
list_members(const struct group_of_clients *group, struct arena *arena, size_t *n)
{
	struct client *list = arena_alloc(arena, group->members.n * sizeof *list);

	*n = 0;
	for (struct strmap_entry *entry = strmap_next(&group->members, NULL); entry != NULL;
	     entry = strmap_next(&group->members, entry))
		list[(*n)++] = client_of(arena, ((const struct membership *)entry->value)->peer);
	qsort(list, *n, sizeof *list, by_client_id);
	return list;
}

/* One for each topic that any member subscribes to, in order of topics. */
static const struct subscription *
list_subscriptions(const struct group_of_clients *group, struct arena *arena, size_t *n)
{
	struct strmap topics = { 0 };

	for (struct strmap_entry *entry = strmap_next(&group->members, NULL); entry != NULL;
	     entry = strmap_next(&group->members, entry)) {
		const struct strmap *wishes =
		    &((const struct membership *)entry->value)->subscriptions;

		for (struct strmap_entry *wish = strmap_next(wishes, NULL); wish != NULL;
		     wish = strmap_next(wishes, wish))
			strmap_put(&topics, strmap_key(wish), wish->value);
	}
	struct strmap_entry **sorted = strmap_sorted(&topics);
	struct subscription *list = arena_alloc(arena, topics.n * sizeof *list);

	*n = topics.n;
	for (size_t i = 0; i < topics.n; i++)
		list[i] = subscription_copy(arena, newest(group, strmap_key(sorted[i])));
	free(sorted);
	strmap_release(&topics, NULL);
	return list;
}

bool
clients_find_group(
    struct clients *clients, struct slice group, struct arena *arena, struct client_group *out)
{
	pthread_mutex_lock(&clients->lock);
	const struct group_of_clients *found = strmap_find(&clients->consumers, group);

	if (found != NULL) {
		*out = (struct client_group){ found->type, found->model, found->from, NULL, 0, NULL,
			0 };
		out->members = list_members(found, arena, &out->n_members);
		out->subscriptions = list_subscriptions(found, arena, &out->n_subscriptions);
	}
	pthread_mutex_unlock(&clients->lock);
	return found != NULL;
}

bool
clients_find_member(struct clients *clients, struct slice group, struct slice client_id,
    struct arena *arena, struct client *out)
{
	const struct peer *best = NULL;

	pthread_mutex_lock(&clients->lock);
	const struct group_of_clients *found = strmap_find(&clients->consumers, group);

	for (struct strmap_entry *entry = found != NULL ? strmap_next(&found->members, NULL) : NULL;
	     entry != NULL; entry = strmap_next(&found->members, entry)) {
		const struct peer *peer = ((const struct membership *)entry->value)->peer;

		/* After a reconnect the old connection may still be there: the last to speak
		 * counts. */
		if (slice_is(client_id, peer->id) &&
		    (best == NULL || peer->last_seen_mono_ms > best->last_seen_mono_ms))
			best = peer;
	}
	if (best != NULL)
		*out = client_of(arena, best);
	pthread_mutex_unlock(&clients->lock);
	return best != NULL;
}

const struct slice *
clients_list_ids(struct clients *clients, struct slice group, struct arena *arena, size_t *n)
{
	const struct client *members = NULL;
	size_t n_members = 0;

	pthread_mutex_lock(&clients->lock);
	const struct group_of_clients *found = strmap_find(&clients->consumers, group);

	if (found != NULL)
		members = list_members(found, arena, &n_members);
	pthread_mutex_unlock(&clients->lock);
	struct slice *ids = arena_alloc(arena, n_members * sizeof *ids);

	*n = 0;
	for (size_t i = 0; i < n_members; i++) {
		if (*n == 0 || !slice_equal(ids[*n - 1], members[i].id))
			ids[(*n)++] = members[i].id;
	}
	return *n != 0 ? ids : NULL;
}

const struct slice *
clients_list_subscribers(
    struct clients *clients, struct slice topic, struct arena *arena, size_t *n)
{
	pthread_mutex_lock(&clients->lock);
	struct strmap_entry **sorted = strmap_sorted(&clients->consumers);
	struct slice *names = arena_alloc(arena, clients->consumers.n * sizeof *names);

	*n = 0;
	for (size_t i = 0; i < clients->consumers.n; i++) {
		if (newest(sorted[i]->value, topic) != NULL)
			names[(*n)++] = arena_copy(arena, strmap_key(sorted[i]));
	}
	pthread_mutex_unlock(&clients->lock);
	free(sorted);
	return names;
}

const struct client *
clients_list_producers(struct clients *clients, struct slice group, struct arena *arena, size_t *n)
{
	const struct client *members = NULL;

	*n = 0;
	pthread_mutex_lock(&clients->lock);
	const struct group_of_clients *found = strmap_find(&clients->producers, group);

	if (found != NULL)
		members = list_members(found, arena, n);
	pthread_mutex_unlock(&clients->lock);
	return members;
}

const struct slice *
clients_list_producer_groups(struct clients *clients, struct arena *arena, size_t *n)
{
	pthread_mutex_lock(&clients->lock);
	struct strmap_entry **sorted = strmap_sorted(&clients->producers);
	struct slice *names = arena_alloc(arena, clients->producers.n * sizeof *names);

	*n = clients->producers.n;
	for (size_t i = 0; i < *n; i++)
		names[i] = arena_copy(arena, strmap_key(sorted[i]));
	pthread_mutex_unlock(&clients->lock);
	free(sorted);
	return names;
}

void
clients_get_counts(struct clients *clients, struct client_counts *counts)
{
	pthread_mutex_lock(&clients->lock);
	*counts = (struct client_counts){ clients->peers.n, clients->producers.n,
		clients->consumers.n, clients->n_conflicts };
	pthread_mutex_unlock(&clients->lock);
}
