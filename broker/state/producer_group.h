#ifndef BROKER_PRODUCER_GROUP_H
#define BROKER_PRODUCER_GROUP_H

/*
 * Settings of producer groups, made by administrators: which decision counts when a commit comes
 * after a check rolled back, and which URL is asked when no member is connected. A state module:
 * one lock (a leaf), any thread. Its user keeps changes in meta.db (META_PRODUCER_GROUP: name ->
 * JSON); broker_start loads them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/slice.h"

enum transaction_policy {
	POLICY_FIRST_WINS,
	POLICY_COMMIT_WINS_ONCE, /* the sender's commit undoes the rollback of a check, once */
};

struct producer_group {
	struct slice name;
	enum transaction_policy policy;
	struct slice check_url; /* empty: none */
};

struct producer_groups;

#define CHECK_URL_MAX 1024 /* bytes */

/* standard: the policy of groups for which nothing was set (enum transaction_policy); lent, read at
 * each look. */
struct producer_groups *producer_groups_new(const int *standard);
void producer_groups_free(struct producer_groups *groups);
/*
 * Settings of this group are on their way to meta.db. Answers how many groups would have some, with
 * all that are on their way; one that has some already counts once, and answers 1.
 */
size_t producer_groups_claim(struct producer_groups *groups, struct slice name);
/* They are put, or will not be. */
void producer_groups_unclaim(struct producer_groups *groups);
/* Copies; replaces what was there. */
void producer_groups_put(struct producer_groups *groups, const struct producer_group *group);
size_t producer_groups_count(struct producer_groups *groups);
bool producer_groups_remove(struct producer_groups *groups, struct slice name);
/* False when nothing was set for it: *group has this name and what holds without. Texts in the
 * arena. */
bool producer_groups_find(struct producer_groups *groups, struct slice name, struct arena *arena,
    struct producer_group *group);
/* Its policy, as producer_groups_find says. */
enum transaction_policy producer_groups_policy(struct producer_groups *groups, struct slice name);
/* All, in order of names, in the arena. */
const struct producer_group *producer_groups_list(
    struct producer_groups *groups, struct arena *arena, size_t *n);

extern const char *const transaction_policies[]; /* names, NULL at the end */
const char *transaction_policy_name(enum transaction_policy policy);
/* -1: no such policy. */
int transaction_policy_parse(struct slice name, enum transaction_policy *policy);

/* {"group":..,"policy":"first-wins","checkUrl":".."} */
void producer_group_to_json(const struct producer_group *group, struct buf *json);
/* Texts in the arena; -1: not that. */
int producer_group_from_json(struct slice json, struct arena *arena, struct producer_group *group);

#endif
