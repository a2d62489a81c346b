#include "config.h"

#include "t/unit/json_equal.h"

static const char *const nothing[] = { NULL };

struct comparison {
	const char *const *dropped;
	const char *const *added;
};

static bool equal(
    const struct json *a, const struct json *b, const struct comparison *how, struct buf *where);

static bool
is_listed(const char *const *names, const struct json *member)
{
	for (; *names != NULL && member->key == NULL; names++)
		if (slice_is(member->name, *names))
			return true;
	return false;
}

static bool
same_key(const struct json *a, const struct json *b)
{
	static const struct comparison exact = { nothing, nothing };
	struct buf unused = { 0 };
	bool same;

	if (a->key == NULL || b->key == NULL)
		return a->key == b->key && slice_equal(a->name, b->name);
	same = equal(a->key, b->key, &exact, &unused);
	buf_release(&unused);
	return same;
}

static const struct json *
find_member(const struct json *object, const struct json *like)
{
	const struct json *member = object->first;

	while (member != NULL && !same_key(member, like))
		member = member->next;
	return member;
}

static bool
differ(struct buf *where, const struct json *member, const char *what)
{
	struct slice name = member->key != NULL ? member->key->text : member->name;

	buf_printf(where, "/%.*s %s", (int)name.len, name.data != NULL ? name.data : "", what);
	return false;
}

static bool
equal_objects(
    const struct json *a, const struct json *b, const struct comparison *how, struct buf *where)
{
	for (const struct json *one = a->first; one != NULL; one = one->next) {
		const struct json *other = find_member(b, one);

		if (other == NULL && !is_listed(how->dropped, one))
			return differ(where, one, "is missing");
		if (other != NULL && !equal(one, other, how, where))
			return differ(where, one, "above");
	}
	for (const struct json *one = b->first; one != NULL; one = one->next)
		if (find_member(a, one) == NULL && !is_listed(how->added, one))
			return differ(where, one, "is too much");
	return true;
}

static bool
equal_arrays(
    const struct json *a, const struct json *b, const struct comparison *how, struct buf *where)
{
	const struct json *other = b->first;

	if (a->n_children != b->n_children)
		return differ(where, a, "has another length");
	for (const struct json *one = a->first; one != NULL; one = one->next, other = other->next)
		if (!equal(one, other, how, where))
			return false;
	return true;
}

static bool
is_leaf(const struct json *value)
{
	return value->type != JSON_ARRAY && value->type != JSON_OBJECT;
}

static bool
equal(const struct json *a, const struct json *b, const struct comparison *how, struct buf *where)
{
	if (is_leaf(a) && is_leaf(b))
		return slice_equal(json_text(a), json_text(b)) ||
		       differ(where, a, "has another value");
	if (a->type != b->type)
		return differ(where, a, "has another type");
	return a->type == JSON_ARRAY ? equal_arrays(a, b, how, where)
	                             : equal_objects(a, b, how, where);
}

bool
json_equal(const struct json *wanted, const struct json *got, const char *const *dropped,
    const char *const *added, struct buf *where)
{
	struct comparison how = { dropped != NULL ? dropped : nothing,
		added != NULL ? added : nothing };

	return equal(wanted, got, &how, where);
}
