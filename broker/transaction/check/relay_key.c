#include "config.h"

#include "broker/transaction/check/relay_key.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"

#define KEY_MAX 64 /* bytes of a key that is confirmed; ours have 32 */

struct relay_keys {
	struct strmap ours;      /* master -> text */
	struct strmap confirmed; /* master -> text */
};

struct relay_keys *
relay_keys_new(void)
{
	return mem_zalloc(sizeof(struct relay_keys));
}

void
relay_keys_free(struct relay_keys *keys)
{
	strmap_release(&keys->ours, free);
	strmap_release(&keys->confirmed, free);
	free(keys);
}

struct slice
relay_keys_get(struct relay_keys *keys, struct slice master)
{
	char *key = strmap_find(&keys->ours, master);
	uint64_t random[2];

	if (key == NULL) {
		if (getrandom(random, sizeof random, 0) != sizeof random)
			fatal("the system has no random numbers");
		key = mem_alloc(KEY_MAX);
		snprintf(key, KEY_MAX, "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
		strmap_put(&keys->ours, master, key);
	}
	return slice_of(key);
}

/* Looks at every byte, so that the time it takes does not tell how much of a guess is right. */
static bool
is_same(const char *known, struct slice key)
{
	struct slice text = slice_of(known);
	unsigned difference = 0;

	if (known == NULL || text.len != key.len)
		return false;
	for (size_t i = 0; i < key.len; i++)
		difference |= (unsigned char)(text.data[i] ^ key.data[i]);
	return difference == 0;
}

bool
relay_keys_is_ours(const struct relay_keys *keys, struct slice master, struct slice key)
{
	return is_same(strmap_find(&keys->ours, master), key);
}

void
relay_keys_confirm(struct relay_keys *keys, struct slice master, struct slice key)
{
	if (key.len != 0 && key.len <= KEY_MAX)
		free(strmap_put(&keys->confirmed, master, slice_dup(key)));
}

bool
relay_keys_is_confirmed(const struct relay_keys *keys, struct slice master, struct slice key)
{
	return is_same(strmap_find(&keys->confirmed, master), key);
}
