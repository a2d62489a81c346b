#include "config.h"

/*
 * Chooses the member of a producer group that is asked: the sender of the message if it is
 * connected, else the others in turn. Each member has a window of unanswered asks.
 *
 * A member that leaves its asks unanswered is silent. It gets no ask for a back-off time that
 * doubles, then a single one. When all members are silent, the whole group gets one ask at a time,
 * so a thousand members that never answer cost little.
 *
 * The list of members is copied from the registry of clients every LOOK_MS, not for each ask,
 * because a group may have thousands of members.
 */

#include "broker/transaction/check/check_private.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "broker/state/client.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/net/resolve.h"

#define LOOK_MS 100 /* how old the copy of a group's members may be */
#define WINDOW 256  /* unanswered asks of one member */
#define BACK_OFF_FIRST_MS 1000
#define BACK_OFF_MAX_MS 60000
#define RETRY_DELAY_FIRST_MS 1000
#define FORGET_MS 600000 /* groups without a question for so long are forgotten */
#define GROUPS_MAX 20000 /* in memory; when it is reached, */
#define SWEEP_MS 1000    /* groups without members are forgotten after this time */

struct member {
	struct conn_id conn;
	struct host host;
	char *id;
	int n_unanswered;
	int64_t back_off_ms; /* 0: it answered last */
	int64_t not_before_ms;
	int64_t answered_ms; /* last */
};

struct asked_group {
	struct member *members; /* in order of connections */
	size_t n;
	size_t next; /* in turn */
	int64_t looked_ms;
	int64_t used_ms;
	int64_t tried_ms;        /* the last ask of a silent member */
	int64_t nobody_since_ms; /* -1: the last search found a member */
	char name[];
};

/* An ask on its way, by the key of its answer. Oldest first. */
struct ask {
	struct ask *next, *prev;
	int64_t asked_ms;
	struct conn_id conn;
	char *group;
	char key[];
};

struct check_members {
	struct clients *clients;
	struct strmap groups; /* name -> struct asked_group */
	struct strmap asks;   /* key -> struct ask */
	struct ask *oldest, *newest;
	int64_t silent_ms; /* from the last check_members_tick */
	int64_t swept_ms;
};

struct check_members *
check_members_new(struct clients *clients)
{
	struct check_members *members = mem_zalloc(sizeof *members);

	members->clients = clients;
	return members;
}

static void
free_group(void *value)
{
	struct asked_group *group = value;

	for (size_t i = 0; i < group->n; i++)
		free(group->members[i].id);
	free(group->members);
	free(group);
}

static void
free_ask(struct ask *ask)
{
	free(ask->group);
	free(ask);
}

void
check_members_free(struct check_members *members)
{
	while (members->oldest != NULL) {
		struct ask *next = members->oldest->next;

		free_ask(members->oldest);
		members->oldest = next;
	}
	strmap_release(&members->asks, NULL);
	strmap_release(&members->groups, free_group);
	free(members);
}

/* ---- the members of a group ------------------------------------------ */

static int
by_conn(const void *a, const void *b)
{
	const struct conn_id *left = &((const struct member *)a)->conn;
	const struct conn_id *right = &((const struct member *)b)->conn;

	if (left->loop != right->loop)
		return left->loop < right->loop ? -1 : 1;
	return left->number < right->number ? -1 : left->number > right->number;
}

static struct member *
find_member(const struct asked_group *group, struct conn_id conn)
{
	struct member key = { .conn = conn };

	return group->n != 0 ? bsearch(&key, group->members, group->n, sizeof key, by_conn) : NULL;
}

static struct host
host_of_text(struct slice text)
{
	char copy[128];
	struct sockaddr_storage address;
	socklen_t len;

	if (text.len < sizeof copy) {
		memcpy(copy, text.data, text.len);
		copy[text.len] = '\0';
		if (resolve(copy, true, &address, &len, NULL) == 0)
			return host_of((const struct sockaddr *)&address);
	}
	return (struct host){ .ip_len = 4 };
}

/* Copies the list from the registry. Members that are still in it keep their history. */
static void
look(struct check_members *members, struct asked_group *group, struct arena *arena)
{
	size_t n;
	const struct client *clients =
	    clients_list_producers(members->clients, slice_of(group->name), arena, &n);
	struct member *list = mem_zalloc((n + 1) * sizeof *list);

	for (size_t i = 0; i < n; i++) {
		struct member *old = find_member(group, clients[i].conn);

		if (old != NULL) {
			list[i] = *old;
			old->id = NULL;
			continue;
		}
		list[i].conn = clients[i].conn;
		list[i].host = host_of_text(clients[i].address);
		list[i].id = slice_dup(clients[i].id);
		list[i].answered_ms = INT64_MIN;
	}
	for (size_t i = 0; i < group->n; i++)
		free(group->members[i].id);
	free(group->members);
	qsort(list, n, sizeof *list, by_conn);
	group->members = list;
	group->n = n;
}

/* Forgets groups without members after unused_ms, and the others after FORGET_MS. */
static void
sweep(struct check_members *members, int64_t unused_ms, int64_t now_ms)
{
	for (struct strmap_entry *entry = strmap_next(&members->groups, NULL), *next; entry != NULL;
	     entry = next) {
		const struct asked_group *group = entry->value;

		next = strmap_next(&members->groups, entry);
		if (now_ms - group->used_ms > (group->n != 0 ? FORGET_MS : unused_ms))
			free_group(strmap_take(&members->groups, strmap_key(entry)));
	}
	members->swept_ms = now_ms;
}

static struct asked_group *
find_group(struct check_members *members, struct slice name, int64_t now_ms)
{
	struct asked_group *group = strmap_find(&members->groups, name);

	if (group == NULL && members->groups.n >= GROUPS_MAX &&
	    now_ms - members->swept_ms >= SWEEP_MS)
		sweep(members, SWEEP_MS, now_ms);
	if (group == NULL && members->groups.n < GROUPS_MAX) {
		group = mem_zalloc(sizeof *group + name.len + 1);
		memcpy(group->name, name.data, name.len);
		group->looked_ms = now_ms - LOOK_MS;
		group->tried_ms = INT64_MIN / 2;
		group->nobody_since_ms = -1;
		strmap_put(&members->groups, name, group);
	}
	if (group != NULL)
		group->used_ms = now_ms;
	return group;
}

/* ---- choosing -------------------------------------------------------- */

static bool
is_free(const struct member *member, int64_t now_ms)
{
	if (member->back_off_ms != 0)
		return now_ms >= member->not_before_ms && member->n_unanswered == 0;
	return member->n_unanswered < WINDOW;
}

/* 2: the connection that sent the message; 1: another one from its address; 0: neither. */
static int
nearness(const struct member *member, const struct host *born)
{
	if (member->host.ip_len != born->ip_len ||
	    memcmp(member->host.ip, born->ip, born->ip_len) != 0)
		return 0;
	return member->host.port == born->port ? 2 : 1;
}

/* The silent member whose back-off ends first. */
static struct member *
least_silent(const struct asked_group *group)
{
	struct member *best = NULL;

	for (size_t i = 0; i < group->n; i++) {
		struct member *member = &group->members[i];

		if (member->back_off_ms != 0 && member->n_unanswered == 0 &&
		    (best == NULL || member->not_before_ms < best->not_before_ms))
			best = member;
	}
	return best;
}

static struct member *
nearest(struct asked_group *group, const struct host *born, int64_t now_ms)
{
	struct member *best = NULL;
	int best_nearness = -1;

	for (size_t i = 0; i < group->n && best_nearness < 2; i++) {
		struct member *member = &group->members[(group->next + i) % group->n];

		if (is_free(member, now_ms) && nearness(member, born) > best_nearness) {
			best = member;
			best_nearness = nearness(member, born);
		}
	}
	if (best != NULL)
		group->next = (size_t)(best - group->members) + 1;
	return best;
}

enum check_choice
check_members_choose(struct check_members *members, struct slice name, const struct host *born,
    int64_t now_ms, struct arena *arena, struct check_member *chosen)
{
	struct asked_group *group = find_group(members, name, now_ms);

	if (group == NULL)
		return CHECK_BUSY;
	if (now_ms - group->looked_ms >= LOOK_MS) {
		look(members, group, arena);
		group->looked_ms = now_ms;
	}
	const struct member *member = nearest(group, born, now_ms);

	if (member == NULL && now_ms - group->tried_ms >= members->silent_ms)
		member = least_silent(group);
	if (member == NULL)
		return group->n != 0 ? CHECK_BUSY : CHECK_NOBODY;
	if (member->back_off_ms == 0)
		group->nobody_since_ms = -1;
	*chosen = (struct check_member){
		.conn = member->conn,
		.host = member->host,
		.id = arena_copy(arena, slice_of(member->id)),
	};
	return CHECK_CHOSEN;
}

int64_t
check_members_retry_delay_ms(
    struct check_members *members, struct slice name, int64_t max_ms, int64_t now_ms)
{
	struct asked_group *group = find_group(members, name, now_ms);
	int64_t delay_ms = RETRY_DELAY_FIRST_MS;

	if (group != NULL && group->nobody_since_ms == -1)
		group->nobody_since_ms = now_ms;
	else if (group != NULL && now_ms - group->nobody_since_ms > delay_ms)
		delay_ms = now_ms - group->nobody_since_ms;
	return delay_ms < max_ms ? delay_ms : max_ms;
}

/* ---- asks and answers ------------------------------------------------ */

static struct member *
member_of(const struct check_members *members, const struct ask *ask)
{
	const struct asked_group *group = strmap_find(&members->groups, slice_of(ask->group));

	return group != NULL ? find_member(group, ask->conn) : NULL;
}

/* The ask is answered or given up. */
static void
forget(struct check_members *members, struct ask *ask)
{
	struct member *member = member_of(members, ask);

	if (member != NULL && member->n_unanswered > 0)
		member->n_unanswered--;
	strmap_take(&members->asks, slice_of(ask->key));
	*(ask->prev != NULL ? &ask->prev->next : &members->oldest) = ask->next;
	*(ask->next != NULL ? &ask->next->prev : &members->newest) = ask->prev;
	free_ask(ask);
}

static void
back_off(struct member *member, int64_t now_ms)
{
	int64_t longer = member->back_off_ms * 2;

	if (now_ms < member->not_before_ms)
		return; /* the back-off has begun already */
	member->back_off_ms = longer == 0                ? BACK_OFF_FIRST_MS
	                      : longer < BACK_OFF_MAX_MS ? longer
	                                                 : BACK_OFF_MAX_MS;
	member->not_before_ms = now_ms + member->back_off_ms;
}

/* The ask was not answered: the member is silent, unless it answered another since. */
static void
give_up(struct check_members *members, struct ask *ask, int64_t now_ms)
{
	struct member *member = member_of(members, ask);

	if (member != NULL && member->answered_ms < ask->asked_ms)
		back_off(member, now_ms);
	forget(members, ask);
}

void
check_members_asked(struct check_members *members, struct slice group, struct conn_id conn,
    struct slice key, int64_t now_ms)
{
	struct ask *old = strmap_find(&members->asks, key);
	struct ask *ask = mem_zalloc(sizeof *ask + key.len + 1);

	if (old != NULL)
		give_up(members, old, now_ms);
	ask->asked_ms = now_ms;
	ask->conn = conn;
	ask->group = slice_dup(group);
	memcpy(ask->key, key.data, key.len);
	ask->prev = members->newest;
	*(ask->prev != NULL ? &ask->prev->next : &members->oldest) = ask;
	members->newest = ask;
	strmap_put(&members->asks, key, ask);

	struct asked_group *known = strmap_find(&members->groups, group);
	struct member *member = member_of(members, ask);

	if (member == NULL)
		return;
	member->n_unanswered++;
	if (member->back_off_ms != 0)
		known->tried_ms = now_ms;
}

void
check_members_refused(struct check_members *members, struct slice group, struct conn_id conn,
    struct slice key, int64_t now_ms)
{
	struct ask *ask = strmap_find(&members->asks, key);
	struct asked_group *known = strmap_find(&members->groups, group);
	struct member *member = known != NULL ? find_member(known, conn) : NULL;

	if (member != NULL)
		back_off(member, now_ms);
	if (known != NULL)
		known->looked_ms = now_ms - LOOK_MS; /* copy the list again: it may be gone */
	if (ask != NULL)
		forget(members, ask);
}

void
check_members_answered(struct check_members *members, struct slice key, int64_t now_ms)
{
	struct ask *ask = strmap_find(&members->asks, key);

	if (ask == NULL)
		return;
	struct member *member = member_of(members, ask);

	if (member != NULL) {
		member->answered_ms = now_ms;
		member->back_off_ms = 0;
		member->not_before_ms = 0;
	}
	forget(members, ask);
}

/* ---- now and then ---------------------------------------------------- */

void
check_members_tick(struct check_members *members, int64_t silent_ms, int64_t now_ms)
{
	members->silent_ms = silent_ms;
	while (members->oldest != NULL && now_ms - members->oldest->asked_ms >= silent_ms)
		give_up(members, members->oldest, now_ms);
	if (now_ms - members->swept_ms > FORGET_MS)
		sweep(members, FORGET_MS, now_ms);
}
