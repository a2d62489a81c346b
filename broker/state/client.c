#include "config.h"

#include "broker/state/client.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "broker/state/subscription.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/filter/filter.h"

/* A connection that sent a heartbeat. Freed when it is in no group any more. */
struct peer {
	struct conn_id conn;
	char *id;
	char *address;
	enum command_language language;
	int32_t version;
	int64_t last_seen_mono_ms;
	int64_t last_seen_ms;
	TAILQ_HEAD(, membership) memberships; /* newest first */
	size_t n_memberships;
	size_t bytes; /* of memory, without the memberships */
};

struct group_of_clients {
	struct strmap members; /* key of conn_id -> struct membership */
	struct strmap wishes;  /* hash of subscriptions -> struct wish: what its members want */
	bool consumers;
	/* of consumers: as the newest heartbeat said */
	enum consume_type type;
	enum message_model model;
	enum consume_from from;
	bool in_conflict; /* it was reported */
	char name[];
};

/* Members of a group that subscribe to the same. */
struct wish {
	size_t n_members;
};

/* One peer in one group. */
struct membership {
	TAILQ_ENTRY(membership) of_peer;
	struct peer *peer;
	struct group_of_clients *group;
	int64_t last_seen_mono_ms;
	struct subscriptions subscriptions;
};

struct clients {
	pthread_mutex_t lock;
	struct strmap peers;     /* key of conn_id -> struct peer */
	struct strmap ids;       /* client id -> the struct peer whose heartbeat came last */
	struct strmap consumers; /* group -> struct group_of_clients */
	struct strmap producers;
	uint64_t n_conflicts;
	size_t n_memberships;
	size_t bytes; /* of memory, of peers, memberships and subscriptions */
};

/* A key of strmap: any number as its bytes. */
struct conn_key {
	char bytes[sizeof(uint32_t) + sizeof(uint64_t)];
};

static struct slice
key_of(struct conn_id conn, struct conn_key *key)
{
	memcpy(key->bytes, &conn.loop, sizeof conn.loop);
	memcpy(key->bytes + sizeof conn.loop, &conn.number, sizeof conn.number);
	return (struct slice){ key->bytes, sizeof key->bytes };
}

static struct slice
key_of_hash(const uint64_t *hash)
{
	return (struct slice){ (const char *)hash, sizeof *hash };
}

static struct strmap *
groups_of(struct clients *clients, bool consumers)
{
	return consumers ? &clients->consumers : &clients->producers;
}

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
	subscriptions_release(&membership->subscriptions);
	free(membership);
}

static void
peer_free(void *value)
{
	struct peer *peer = value;
	struct membership *membership;

	while ((membership = TAILQ_FIRST(&peer->memberships)) != NULL) {
		TAILQ_REMOVE(&peer->memberships, membership, of_peer);
		membership_free(membership);
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
	strmap_release(&group->wishes, free);
	free(group);
}

void
clients_free(struct clients *clients)
{
	if (clients == NULL)
		return;
	strmap_release(&clients->consumers, group_free);
	strmap_release(&clients->producers, group_free);
	strmap_release(&clients->ids, NULL);
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

/* Another connection of the client is found with its next heartbeat. */
static void
forget_id(struct clients *clients, const struct peer *peer)
{
	if (peer->id != NULL && strmap_find(&clients->ids, slice_of(peer->id)) == peer)
		strmap_take(&clients->ids, slice_of(peer->id));
}

static void
set_id(struct clients *clients, struct peer *peer, struct slice id)
{
	size_t bytes =
	    sizeof *peer + 2 * sizeof(struct strmap_entry) + strlen(peer->address) + 2 * id.len;

	clients->bytes += bytes - peer->bytes;
	peer->bytes = bytes;
	forget_id(clients, peer);
	free(peer->id);
	peer->id = slice_dup(id);
}

/* Replaces what changes with a heartbeat. */
static struct peer *
make_peer(struct clients *clients, const struct client *from, struct slice id)
{
	struct conn_key key;
	struct peer *peer = strmap_find(&clients->peers, key_of(from->conn, &key));

	if (peer == NULL) {
		peer = mem_zalloc(sizeof *peer);
		TAILQ_INIT(&peer->memberships);
		peer->conn = from->conn;
		peer->address = slice_dup(from->address);
		strmap_put(&clients->peers, key_of(from->conn, &key), peer);
	}
	if (peer->id == NULL || !slice_is(id, peer->id))
		set_id(clients, peer, id);
	if (strmap_find(&clients->ids, id) != peer)
		strmap_put(&clients->ids, id, peer);
	peer->language = from->language;
	peer->version = from->version;
	peer->last_seen_ms = clock_wall_ms();
	peer->last_seen_mono_ms = clock_mono_ms();
	return peer;
}

/* ---- what members of one group want ---------------------------------- */

static void
add_wish(struct group_of_clients *group, const struct membership *member)
{
	struct slice key = key_of_hash(&member->subscriptions.hash);
	struct wish *wish = strmap_find(&group->wishes, key);

	if (wish == NULL) {
		wish = mem_zalloc(sizeof *wish);
		strmap_put(&group->wishes, key, wish);
	}
	wish->n_members++;
}

static void
drop_wish(struct group_of_clients *group, const struct membership *member)
{
	struct slice key = key_of_hash(&member->subscriptions.hash);
	struct wish *wish = strmap_find(&group->wishes, key);

	if (--wish->n_members == 0)
		free(strmap_take(&group->wishes, key));
}

/* Two members that want different things of one topic. */
struct conflict {
	const struct membership *members[2];
	struct subscription_difference difference;
};

static bool
find_conflict(const struct group_of_clients *group, struct conflict *conflict)
{
	struct strmap_entry *first = strmap_next(&group->members, NULL);

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

static void
describe_conflict(struct buf *buf, const struct conflict *conflict)
{
	struct slice topic = conflict->difference.topic;

	buf_printf(buf, "topic=%.*s: ", (int)topic.len, topic.data);
	describe_wish(buf, conflict->members[0], conflict->difference.wishes[0]);
	buf_append_text(buf, ", ");
	describe_wish(buf, conflict->members[1], conflict->difference.wishes[1]);
}

/*
 * After a change. When members begin to disagree: the line to log, which the caller frees; else
 * NULL. Members are compared one by one only then.
 */
static char *
judge(struct clients *clients, struct group_of_clients *group)
{
	struct conflict conflict;
	struct buf line = { 0 };
	bool was = group->in_conflict;

	group->in_conflict = group->wishes.n > 1;
	if (!group->in_conflict || was || !find_conflict(group, &conflict))
		return NULL;
	clients->n_conflicts++;
	buf_printf(&line,
	    "members of one group subscribe differently, messages will be missed: group=%s ",
	    group->name);
	describe_conflict(&line, &conflict);
	return buf_take(&line);
}

static void
warn_and_free(char *line)
{
	if (line != NULL)
		log_warn("%s", line);
	free(line);
}

/* ---- joining and leaving --------------------------------------------- */

#define MEMBERSHIP_BYTES                                                                           \
	(sizeof(struct membership) + sizeof(struct strmap_entry) + sizeof(struct conn_key))

static struct membership *
find_membership(struct clients *clients, struct conn_id conn, struct slice group, bool consumers)
{
	struct conn_key key;
	const struct group_of_clients *found = strmap_find(groups_of(clients, consumers), group);

	return found != NULL ? strmap_find(&found->members, key_of(conn, &key)) : NULL;
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
		TAILQ_INSERT_HEAD(&peer->memberships, membership, of_peer);
		peer->n_memberships++;
		clients->n_memberships++;
		clients->bytes += MEMBERSHIP_BYTES;
		strmap_put(&group->members, key_of(peer->conn, &key), membership);
		add_wish(group, membership);
	}
	membership->last_seen_mono_ms = peer->last_seen_mono_ms;
	return membership;
}

/* Out of its group (which stays, perhaps empty) and its peer. */
static void
leave(struct clients *clients, struct membership *membership)
{
	struct conn_key key;
	struct peer *peer = membership->peer;

	TAILQ_REMOVE(&peer->memberships, membership, of_peer);
	peer->n_memberships--;
	clients->n_memberships--;
	clients->bytes -= MEMBERSHIP_BYTES + membership->subscriptions.bytes;
	drop_wish(membership->group, membership);
	strmap_take(&membership->group->members, key_of(peer->conn, &key));
	membership_free(membership);
}

/* Drops a group without members. */
static void
prune(struct clients *clients, struct group_of_clients *group)
{
	if (group->members.n == 0)
		group_free(
		    strmap_take(groups_of(clients, group->consumers), slice_of(group->name)));
}

/* True when it subscribes to other topics than before; *moved: to anything else. */
static bool
subscribe(struct clients *clients, struct membership *member,
    const struct heartbeat_consumer *consumer, bool *moved)
{
	struct subscriptions *subscriptions = &member->subscriptions;
	uint64_t hash = subscriptions->hash;

	clients->bytes -= subscriptions->bytes;
	drop_wish(member->group, member);
	bool other_topics = subscriptions_replace(
	    subscriptions, consumer->subscriptions, consumer->n_subscriptions);

	add_wish(member->group, member);
	clients->bytes += subscriptions->bytes;
	*moved = other_topics || subscriptions->hash != hash;
	return other_topics;
}

/* ---- changes --------------------------------------------------------- */

/* Changed groups, collected while memberships come and go. */
struct gathering {
	struct arena *arena;
	struct client_change *list;
	size_t n, cap;
};

/* The group changed: all its members are to be told. left: see struct client_change. */
static void
gather(struct gathering *gathering, const struct group_of_clients *group, struct slice left)
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
	gathering->list[gathering->n++] = (struct client_change){
		.group = arena_copy(gathering->arena, slice_of(group->name)),
		.members = members,
		.n_members = n,
		.left = left,
	};
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
		changed = subscribe(clients, member, consumer, &moved);
	if (is_new || changed)
		gather(gathering, group, SLICE_NONE);
	return is_new || moved ? judge(clients, group) : NULL;
}

/* Whether the heartbeat would take more memory than its connection has already. */
static bool
wants_more(struct clients *clients, const struct client *from, const struct heartbeat *heartbeat)
{
	for (size_t i = 0; i < heartbeat->n_producers; i++) {
		if (find_membership(clients, from->conn, heartbeat->producers[i], false) == NULL)
			return true;
	}
	for (size_t i = 0; i < heartbeat->n_consumers; i++) {
		const struct heartbeat_consumer *consumer = &heartbeat->consumers[i];
		const struct membership *member =
		    find_membership(clients, from->conn, consumer->group, true);

		if (member == NULL ||
		    (!heartbeat->without_sub &&
			subscriptions_size(consumer->subscriptions, consumer->n_subscriptions) >
			    member->subscriptions.bytes))
			return true;
	}
	return false;
}

/* How many of the heartbeat's groups its connection is not in yet. */
static size_t
count_new(struct clients *clients, const struct client *from, const struct heartbeat *heartbeat)
{
	size_t n = 0;

	for (size_t i = 0; i < heartbeat->n_producers; i++)
		n += find_membership(clients, from->conn, heartbeat->producers[i], false) == NULL;
	for (size_t i = 0; i < heartbeat->n_consumers; i++)
		n += find_membership(clients, from->conn, heartbeat->consumers[i].group, true) ==
		     NULL;
	return n;
}

/* Below the lock. Most heartbeats bring nothing new and pass with the first comparisons. */
static enum client_status
check_limits(struct clients *clients, const struct client *from, const struct heartbeat *heartbeat,
    const struct client_limits *limits)
{
	struct conn_key key;
	const struct peer *peer = strmap_find(&clients->peers, key_of(from->conn, &key));
	size_t n_before = peer != NULL ? peer->n_memberships : 0;
	size_t n_named = heartbeat->n_producers + heartbeat->n_consumers;

	if (n_before + n_named > limits->max_groups &&
	    n_before + count_new(clients, from, heartbeat) > limits->max_groups)
		return CLIENT_TOO_MANY_GROUPS;
	if (clients->bytes >= limits->max_bytes && wants_more(clients, from, heartbeat))
		return CLIENT_NO_MEMORY;
	return CLIENT_ACCEPTED;
}

enum client_status
clients_heartbeat(struct clients *clients, const struct client *from,
    const struct heartbeat *heartbeat, const struct client_limits *limits, struct arena *arena,
    struct client_changes *changes)
{
	struct gathering gathering = { .arena = arena };
	char **lines = arena_zalloc(arena, heartbeat->n_consumers * sizeof *lines);
	bool is_new;

	*changes = (struct client_changes){ 0 };
	pthread_mutex_lock(&clients->lock);
	enum client_status status = check_limits(clients, from, heartbeat, limits);

	if (status != CLIENT_ACCEPTED) {
		pthread_mutex_unlock(&clients->lock);
		return status;
	}
	struct peer *peer = make_peer(clients, from, heartbeat->client_id);

	for (size_t i = 0; i < heartbeat->n_producers; i++)
		join(clients, peer, heartbeat->producers[i], false, &is_new);
	for (size_t i = 0; i < heartbeat->n_consumers; i++)
		lines[i] =
		    apply_consumer(clients, peer, heartbeat, &heartbeat->consumers[i], &gathering);
	pthread_mutex_unlock(&clients->lock);
	for (size_t i = 0; i < heartbeat->n_consumers; i++)
		warn_and_free(lines[i]);
	*changes = gathered(&gathering);
	return CLIENT_ACCEPTED;
}

static struct membership *
find_in_group(const struct group_of_clients *group, struct slice client_id)
{
	for (struct strmap_entry *entry = strmap_next(&group->members, NULL); entry != NULL;
	     entry = strmap_next(&group->members, entry)) {
		struct membership *membership = entry->value;

		if (slice_is(client_id, membership->peer->id))
			return membership;
	}
	return NULL;
}

/* Takes the membership out and remembers what that changes. */
static void
depart(struct clients *clients, struct membership *membership, struct gathering *gathering)
{
	struct group_of_clients *group = membership->group;
	struct slice id = slice_of(membership->peer->id);

	leave(clients, membership);
	if (group->consumers) {
		bool is_there = find_in_group(group, id) != NULL; /* on another connection */

		gather(gathering, group, is_there ? SLICE_NONE : arena_copy(gathering->arena, id));
		if (group->members.n != 0)
			free(judge(clients, group)); /* fewer members: nothing new to say */
	}
	prune(clients, group);
}

static void
drop_peer_if_idle(struct clients *clients, struct peer *peer)
{
	struct conn_key key;

	if (peer->n_memberships != 0)
		return;
	clients->bytes -= peer->bytes;
	forget_id(clients, peer);
	peer_free(strmap_take(&clients->peers, key_of(peer->conn, &key)));
}

static struct membership *
find_member(struct clients *clients, struct slice name, bool consumers, struct slice client_id)
{
	const struct group_of_clients *group =
	    name.data != NULL ? strmap_find(groups_of(clients, consumers), name) : NULL;

	return group != NULL ? find_in_group(group, client_id) : NULL;
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

	while (peer != NULL && peer->n_memberships != 0)
		depart(clients, TAILQ_FIRST(&peer->memberships), &gathering);
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
		for (struct membership *at = TAILQ_FIRST(&peer->memberships), *after; at != NULL;
		     at = after) {
			after = TAILQ_NEXT(at, of_peer);
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

/* ---- asking ----------------------------------------------------------- */

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
		const struct subscription *found =
		    strmap_find(&membership->subscriptions.table, topic);

		if (found != NULL && (best == NULL || found->version > best->version))
			best = found;
	}
	return best;
}

enum client_lookup
clients_find_subscription(struct clients *clients, struct conn_id conn, struct slice group,
    struct slice topic, struct arena *arena, struct client_subscription *out)
{
	struct conn_key key;
	const struct subscription *found = NULL;

	pthread_mutex_lock(&clients->lock);
	const struct group_of_clients *known = strmap_find(&clients->consumers, group);

	if (known != NULL) {
		const struct membership *own = strmap_find(&known->members, key_of(conn, &key));

		out->broadcasting = known->model == MODEL_BROADCASTING;
		if (own != NULL)
			found = strmap_find(&own->subscriptions.table, topic);
		if (found == NULL)
			found = newest(known, topic);
		if (found != NULL)
			out->subscription = subscription_copy(arena, found);
		if (found != NULL && found->filter != NULL)
			out->subscription.filter = filter_ref(found->filter);
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

/* One for each topic that any member subscribes to, in order of topics: the newest. */
static const struct subscription *
list_subscriptions(const struct group_of_clients *group, struct arena *arena, size_t *n)
{
	struct strmap topics = { 0 };

	for (struct strmap_entry *entry = strmap_next(&group->members, NULL); entry != NULL;
	     entry = strmap_next(&group->members, entry)) {
		const struct strmap *wishes =
		    &((const struct membership *)entry->value)->subscriptions.table;

		for (struct strmap_entry *wish = strmap_next(wishes, NULL); wish != NULL;
		     wish = strmap_next(wishes, wish)) {
			struct subscription *one = wish->value;
			const struct subscription *best = strmap_find(&topics, strmap_key(wish));

			if (best == NULL || one->version > best->version)
				strmap_put(&topics, strmap_key(wish), one);
		}
	}
	struct strmap_entry **sorted = strmap_sorted(&topics);
	struct subscription *list = arena_alloc(arena, topics.n * sizeof *list);

	*n = topics.n;
	for (size_t i = 0; i < topics.n; i++)
		list[i] = subscription_copy(arena, sorted[i]->value);
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

struct slice
clients_find_conflict(struct clients *clients, struct slice group, struct arena *arena)
{
	struct buf text = { 0 };
	struct conflict conflict;

	pthread_mutex_lock(&clients->lock);
	const struct group_of_clients *found = strmap_find(&clients->consumers, group);

	if (found != NULL && found->wishes.n > 1 && find_conflict(found, &conflict))
		describe_conflict(&text, &conflict);
	pthread_mutex_unlock(&clients->lock);
	struct slice copy = text.len != 0 ? arena_copy(arena, buf_slice(&text)) : SLICE_NONE;

	buf_release(&text);
	return copy;
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

bool
clients_find_conn(
    struct clients *clients, struct conn_id conn, struct arena *arena, struct client *out)
{
	struct conn_key key;

	pthread_mutex_lock(&clients->lock);
	const struct peer *peer = strmap_find(&clients->peers, key_of(conn, &key));

	if (peer != NULL)
		*out = client_of(arena, peer);
	pthread_mutex_unlock(&clients->lock);
	return peer != NULL;
}

bool
clients_find_id(struct clients *clients, struct slice id, struct conn_id *conn)
{
	pthread_mutex_lock(&clients->lock);
	const struct peer *peer = strmap_find(&clients->ids, id);

	if (peer != NULL)
		*conn = peer->conn;
	pthread_mutex_unlock(&clients->lock);
	return peer != NULL;
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

const struct producers_count *
clients_count_producers(struct clients *clients, struct arena *arena, size_t *n)
{
	struct producers_count *list;
	struct strmap_entry *entry = NULL;

	*n = 0;
	pthread_mutex_lock(&clients->lock);
	list = arena_alloc(arena, (clients->producers.n + 1) * sizeof *list);
	while ((entry = strmap_next(&clients->producers, entry)) != NULL) {
		const struct group_of_clients *group = entry->value;

		list[(*n)++] = (struct producers_count){ arena_copy(arena, strmap_key(entry)),
			group->members.n };
	}
	pthread_mutex_unlock(&clients->lock);
	return list;
}

void
clients_get_counts(struct clients *clients, struct client_counts *counts)
{
	pthread_mutex_lock(&clients->lock);
	*counts = (struct client_counts){
		.n_connections = clients->peers.n,
		.n_producer_groups = clients->producers.n,
		.n_consumer_groups = clients->consumers.n,
		.n_conflicts = clients->n_conflicts,
		.n_memberships = clients->n_memberships,
		.bytes = clients->bytes,
	};
	pthread_mutex_unlock(&clients->lock);
}
