#include "config.h"

#include "broker/state/subscription.h"

#include <stdlib.h>

#include "common/base/mem.h"

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
	return *copy;
}

static bool
same_wish(const struct subscription *a, const struct subscription *b)
{
	return a != NULL && b != NULL && slice_equal(a->expression, b->expression) &&
	       slice_equal(a->expression_type, b->expression_type);
}

bool
subscriptions_replace(struct strmap *table, const struct subscription *list, size_t n, bool *moved)
{
	struct strmap fresh = { 0 };
	bool other_topics = false;

	for (size_t i = 0; i < n; i++) {
		const struct subscription *before = strmap_find(table, list[i].topic);
		struct subscription *copy = mem_alloc(sizeof *copy + size_behind(&list[i]));

		pack(&list[i], copy);
		other_topics |= before == NULL;
		*moved |= !same_wish(copy, before);
		free(strmap_put(&fresh, list[i].topic, copy));
	}
	other_topics |= fresh.n != table->n;
	*moved |= other_topics;
	strmap_release(table, free);
	*table = fresh;
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
subscriptions_differ(
    const struct strmap *a, const struct strmap *b, struct subscription_difference *difference)
{
	if (lacks(a, b, difference))
		return true;
	if (!lacks(b, a, difference))
		return false;
	/* Seen from the other side. */
	const struct subscription *wish = difference->wishes[0];

	difference->wishes[0] = difference->wishes[1];
	difference->wishes[1] = wish;
	return true;
}
