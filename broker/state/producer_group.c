#include "config.h"

#include "broker/state/producer_group.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/json/json_body.h"
#include "common/protocol/name.h"
#include "common/protocol/record.h"

struct producer_groups {
	pthread_mutex_t lock;
	const int *standard;
	struct strmap table; /* name -> struct producer_group, texts in the same block */
	_Atomic size_t n;    /* of the table; without the lock */
	size_t n_claimed;    /* changes on their way to meta.db */
};

/* ---- the table ------------------------------------------------------- */

struct producer_groups *
producer_groups_new(const int *standard)
{
	struct producer_groups *groups = mem_zalloc(sizeof *groups);

	pthread_mutex_init(&groups->lock, NULL);
	groups->standard = standard;
	return groups;
}

void
producer_groups_free(struct producer_groups *groups)
{
	if (groups == NULL)
		return;
	strmap_release(&groups->table, free);
	pthread_mutex_destroy(&groups->lock);
	free(groups);
}

size_t
producer_groups_claim(struct producer_groups *groups, struct slice name)
{
	pthread_mutex_lock(&groups->lock);
	groups->n_claimed++;
	size_t n =
	    strmap_find(&groups->table, name) != NULL ? 1 : groups->table.n + groups->n_claimed;

	pthread_mutex_unlock(&groups->lock);
	return n;
}

void
producer_groups_unclaim(struct producer_groups *groups)
{
	pthread_mutex_lock(&groups->lock);
	groups->n_claimed--;
	pthread_mutex_unlock(&groups->lock);
}

void
producer_groups_put(struct producer_groups *groups, const struct producer_group *group)
{
	struct slice name = group->name, url = group->check_url;
	struct producer_group *copy = mem_zalloc(sizeof *copy + name.len + url.len);
	char *texts = (char *)(copy + 1);

	if (name.len != 0)
		memcpy(texts, name.data, name.len);
	if (url.len != 0)
		memcpy(texts + name.len, url.data, url.len);
	*copy = (struct producer_group){
		.name = { texts, name.len },
		.policy = group->policy,
		.check_url = { texts + name.len, url.len },
	};
	pthread_mutex_lock(&groups->lock);
	struct producer_group *old = strmap_put(&groups->table, name, copy);

	atomic_store_explicit(&groups->n, groups->table.n, memory_order_release);
	pthread_mutex_unlock(&groups->lock);
	free(old);
}

size_t
producer_groups_count(struct producer_groups *groups)
{
	pthread_mutex_lock(&groups->lock);
	size_t n = groups->table.n;

	pthread_mutex_unlock(&groups->lock);
	return n;
}

bool
producer_groups_remove(struct producer_groups *groups, struct slice name)
{
	pthread_mutex_lock(&groups->lock);
	struct producer_group *gone = strmap_take(&groups->table, name);

	atomic_store_explicit(&groups->n, groups->table.n, memory_order_release);
	pthread_mutex_unlock(&groups->lock);
	free(gone);
	return gone != NULL;
}

static struct producer_group
copy_out(const struct producer_group *group, struct arena *arena)
{
	return (struct producer_group){
		.name = arena_copy(arena, group->name),
		.policy = group->policy,
		.check_url = arena_copy(arena, group->check_url),
	};
}

bool
producer_groups_find(struct producer_groups *groups, struct slice name, struct arena *arena,
    struct producer_group *group)
{
	pthread_mutex_lock(&groups->lock);
	const struct producer_group *found = strmap_find(&groups->table, name);

	if (found != NULL)
		*group = copy_out(found, arena);
	pthread_mutex_unlock(&groups->lock);
	if (found == NULL)
		*group = (struct producer_group){
			.name = arena_copy(arena, name),
			.policy = (enum transaction_policy) * groups->standard,
			.check_url = SLICE(""),
		};
	return found != NULL;
}

enum transaction_policy
producer_groups_policy(struct producer_groups *groups, struct slice name)
{
	enum transaction_policy policy = (enum transaction_policy) * groups->standard;

	if (atomic_load_explicit(&groups->n, memory_order_acquire) == 0)
		return policy;
	pthread_mutex_lock(&groups->lock);
	const struct producer_group *found = strmap_find(&groups->table, name);

	if (found != NULL)
		policy = found->policy;
	pthread_mutex_unlock(&groups->lock);
	return policy;
}

const struct producer_group *
producer_groups_list(struct producer_groups *groups, struct arena *arena, size_t *n)
{
	pthread_mutex_lock(&groups->lock);
	struct strmap_entry **sorted = strmap_sorted(&groups->table);
	struct producer_group *list = arena_alloc(arena, groups->table.n * sizeof *list);

	*n = groups->table.n;
	for (size_t i = 0; i < *n; i++)
		list[i] = copy_out(sorted[i]->value, arena);
	pthread_mutex_unlock(&groups->lock);
	free(sorted);
	return list;
}

/* ---- as text --------------------------------------------------------- */

const char *const transaction_policies[] = {
	[POLICY_FIRST_WINS] = "first-wins",
	[POLICY_COMMIT_WINS_ONCE] = "commit-wins-once",
	NULL,
};

const char *
transaction_policy_name(enum transaction_policy policy)
{
	return transaction_policies[policy];
}

int
transaction_policy_parse(struct slice name, enum transaction_policy *policy)
{
	for (size_t i = 0; transaction_policies[i] != NULL; i++) {
		if (slice_is(name, transaction_policies[i])) {
			*policy = (enum transaction_policy)i;
			return 0;
		}
	}
	return -1;
}

void
producer_group_to_json(const struct producer_group *group, struct buf *json)
{
	struct json_out out;

	json_out_init(&out, json);
	json_open_object(&out);
	json_member_put_slice(&out, "group", group->name);
	json_member_put_text(&out, "policy", transaction_policy_name(group->policy));
	json_member_put_slice(
	    &out, "checkUrl", group->check_url.data != NULL ? group->check_url : SLICE(""));
	json_close_object(&out);
}

int
producer_group_from_json(struct slice json, struct arena *arena, struct producer_group *group)
{
	const struct json *object = json_parse(arena, json);
	struct slice name = json_member_text(object, "group");
	struct slice url = json_member_text(object, "checkUrl");
	enum transaction_policy policy;

	if (!name_is_valid(name) || url.len > CHECK_URL_MAX ||
	    transaction_policy_parse(json_member_text(object, "policy"), &policy) == -1)
		return -1;
	*group = (struct producer_group){
		.name = arena_copy(arena, name),
		.policy = policy,
		.check_url = url.data != NULL ? arena_copy(arena, url) : SLICE(""),
	};
	return 0;
}
