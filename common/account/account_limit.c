#include "config.h"

#include "common/account/account_limit.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/mem.h"

#define SETS 512
#define WAYS 8
#define KNOWN_MS (INT64_C(30) * 24 * 3600 * 1000)

/* The hash of 64 bits is keyed, so nobody can aim at the place of another. */
struct login_entry {
	uint64_t key;     /* 0: free */
	int64_t clear_ms; /* from then on nothing is held against it */
};

struct login_table {
	struct login_entry sets[SETS][WAYS];
};

struct login_limit {
	struct login_table addresses, names;
	struct login_table known; /* name and address; clear_ms: when it is known no more */
	int64_t total_clear_ms;
};

static uint64_t
key_of(struct slice text)
{
	return hash_wide(text) | 1;
}

static uint64_t
key_of_both(const struct login_who *who)
{
	return (key_of(who->address) * UINT64_C(0x9e3779b97f4a7c15) ^ key_of(who->name)) | 1;
}

/* The entry; make: one that is forgiven soonest makes room. NULL: there is none. */
static struct login_entry *
find(struct login_table *table, uint64_t key, bool make)
{
	struct login_entry *set = table->sets[(key >> 1) % SETS], *oldest = set;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].clear_ms < oldest->clear_ms)
			oldest = &set[i];
	}
	if (!make)
		return NULL;
	*oldest = (struct login_entry){ .key = key };
	return oldest;
}

/* How long until one more failure fits; 0: now. */
static int64_t
wait_ms(int64_t clear_ms, int burst, int64_t each_ms, int64_t now_ms)
{
	int64_t wait = clear_ms - now_ms - (burst - 1) * each_ms;

	return wait > 0 ? wait : 0;
}

static void
count(int64_t *clear_ms, int64_t each_ms, int64_t now_ms)
{
	*clear_ms = (*clear_ms > now_ms ? *clear_ms : now_ms) + each_ms;
}

static bool
is_known(struct login_limit *limit, const struct login_who *who, int64_t now_ms)
{
	const struct login_entry *entry = find(&limit->known, key_of_both(who), false);

	return entry != NULL && entry->clear_ms > now_ms;
}

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* ---- the module ------------------------------------------------------ */

struct login_limit *
login_limit_new(void)
{
	return mem_zalloc(sizeof(struct login_limit));
}

void
login_limit_free(struct login_limit *limit)
{
	free(limit);
}

int64_t
login_limit_take(struct login_limit *limit, const struct login_who *who, int64_t now_ms)
{
	struct login_entry *address = find(&limit->addresses, key_of(who->address), true);
	struct login_entry *name = find(&limit->names, key_of(who->name), true);
	int64_t wait = wait_ms(address->clear_ms, LOGIN_ADDRESS_BURST, LOGIN_ADDRESS_MS, now_ms);
	bool known = is_known(limit, who, now_ms);

	if (!known) {
		wait =
		    larger(wait, wait_ms(name->clear_ms, LOGIN_NAME_BURST, LOGIN_NAME_MS, now_ms));
		wait = larger(wait,
		    wait_ms(limit->total_clear_ms, LOGIN_TOTAL_BURST, LOGIN_TOTAL_MS, now_ms));
	}
	if (wait != 0)
		return wait;
	count(&address->clear_ms, LOGIN_ADDRESS_MS, now_ms);
	if (!known) {
		count(&name->clear_ms, LOGIN_NAME_MS, now_ms);
		count(&limit->total_clear_ms, LOGIN_TOTAL_MS, now_ms);
	}
	return 0;
}

void
login_limit_give_back(struct login_limit *limit, const struct login_who *who, int64_t now_ms)
{
	find(&limit->addresses, key_of(who->address), true)->clear_ms -= LOGIN_ADDRESS_MS;
	if (is_known(limit, who, now_ms))
		return;
	find(&limit->names, key_of(who->name), true)->clear_ms -= LOGIN_NAME_MS;
	limit->total_clear_ms -= LOGIN_TOTAL_MS;
}

void
login_limit_know(struct login_limit *limit, const struct login_who *who, int64_t now_ms)
{
	find(&limit->known, key_of_both(who), true)->clear_ms = now_ms + KNOWN_MS;
}
