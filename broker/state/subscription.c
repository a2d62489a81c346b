#include "config.h"

#include "broker/state/subscription.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/mem.h"
#include "common/filter/filter.h"

/* Bytes behind the struct: tags, codes, texts. */
static size_t
size_behind(const struct subscription *from)
{
	size_t size = from->n_tags * sizeof *from->tags + from->n_codes * sizeof *from->codes +
	              from->topic.len + from->expression.len + from->expression_type.len;

	for (size_t i = 0; i < from->n_tags; i++)
		size += from->tags[i].len;
	return size;
}

static char *
copy_text(char *at, struct slice from, struct slice *to)
{
	if (from.len != 0)
		memcpy(at, from.data, from.len);
	*to = (struct slice){ from.data != NULL ? at : NULL, from.len };
	return at + from.len;
}

/* At `to`, with size_behind bytes after it. */
static void
pack(const struct subscription *from, struct subscription *to)
{
	struct slice *tags = (struct slice *)(to + 1);
	int32_t *codes = (int32_t *)(tags + from->n_tags);
	char *at = (char *)(codes + from->n_codes);

	*to = *from;
	to->tags = tags;
	to->codes = codes;
	if (from->n_codes != 0)
		memcpy(codes, from->codes, from->n_codes * sizeof *codes);
	at = copy_text(at, from->topic, &to->topic);
	at = copy_text(at, from->expression, &to->expression);
	at = copy_text(at, from->expression_type, &to->expression_type);
	for (size_t i = 0; i < from->n_tags; i++)
		at = copy_text(at, from->tags[i], &tags[i]);
}

struct subscription
subscription_copy(struct arena *arena, const struct subscription *from)
{
	struct subscription *copy = arena_alloc(arena, sizeof *copy + size_behind(from));

	pack(from, copy);
	copy->filter = NULL;
	return *copy;
}

static struct subscription *
subscription_new(const struct subscription *from)
{
	struct subscription *copy = mem_alloc(sizeof *copy + size_behind(from));

	pack(from, copy);
	if (copy->filter != NULL)
		filter_ref(copy->filter);
	return copy;
}

static void
subscription_free(void *subscription)
{
	filter_unref(((struct subscription *)subscription)->filter);
	free(subscription);
}

static bool
same_wish(const struct subscription *a, const struct subscription *b)
{
	return a != NULL && b != NULL && slice_equal(a->expression, b->expression) &&
	       slice_equal(a->expression_type, b->expression_type);
}

void
subscriptions_release(struct subscriptions *subscriptions)
{
	strmap_release(&subscriptions->table, subscription_free);
	*subscriptions = (struct subscriptions){ 0 };
}

static size_t
size_of(const struct subscription *subscription)
{
	size_t filter = subscription->filter != NULL ? filter_size(subscription->filter) : 0;

	return sizeof *subscription + size_behind(subscription) + filter +
	       sizeof(struct strmap_entry) + subscription->topic.len + 1;
}

size_t
subscriptions_size(const struct subscription *list, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += size_of(&list[i]);
	return bytes;
}

/* Spreads a change of any bit, so that sums of hashes collide by chance alone. */
static uint64_t
mix(uint64_t hash)
{
	hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
	hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return hash ^ hash >> 32;
}

static uint64_t
subscription_hash(const struct subscription *subscription)
{
	uint64_t hash = mix(hash_wide(subscription->topic));

	hash = mix(hash + hash_wide(subscription->expression));
	return mix(hash + hash_wide(subscription->expression_type));
}

/* One topic may be named twice: the last one counts. */
static void
add(struct subscriptions *subscriptions, const struct subscription *from)
{
	struct subscription *copy = subscription_new(from);
	struct subscription *before = strmap_put(&subscriptions->table, from->topic, copy);

	subscriptions->hash += subscription_hash(copy);
	subscriptions->bytes += size_of(copy);
	if (before != NULL) {
		subscriptions->hash -= subscription_hash(before);
		subscriptions->bytes -= size_of(before);
		subscription_free(before);
	}
}

bool
subscriptions_replace(
    struct subscriptions *subscriptions, const struct subscription *list, size_t n)
{
	struct subscriptions fresh = { 0 };
	bool other_topics = false;

	for (size_t i = 0; i < n; i++) {
		other_topics |= strmap_find(&subscriptions->table, list[i].topic) == NULL;
		add(&fresh, &list[i]);
	}
	other_topics |= fresh.table.n != subscriptions->table.n;
	subscriptions_release(subscriptions);
	*subscriptions = fresh;
	return other_topics;
}

/* A topic of a of which b wants something else. */
static bool
lacks(const struct strmap *a, const struct strmap *b, struct subscription_difference *difference)
{
	for (struct strmap_entry *entry = strmap_next(a, NULL); entry != NULL;
	     entry = strmap_next(a, entry)) {
		const struct subscription *wish = entry->value;
		const struct subscription *other = strmap_find(b, strmap_key(entry));

		if (same_wish(wish, other))
			continue;
		*difference = (struct subscription_difference){ wish->topic, { wish, other } };
		return true;
	}
	return false;
}

bool
subscriptions_differ(const struct subscriptions *a, const struct subscriptions *b,
    struct subscription_difference *difference)
{
	if (a->hash == b->hash && a->table.n == b->table.n)
		return false;
	if (lacks(&a->table, &b->table, difference))
		return true;
	if (!lacks(&b->table, &a->table, difference))
		return false;
	/* Seen from the other side. */
	const struct subscription *wish = difference->wishes[0];

	difference->wishes[0] = difference->wishes[1];
	difference->wishes[1] = wish;
	return true;
}
