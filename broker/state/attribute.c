#include "config.h"

#include "broker/state/attribute.h"

#include <inttypes.h>

#include "common/base/utf8.h"
#include "common/json/json_body.h"

#define SHOWN_KEY_BYTES 100 /* of a peer's key, in a remark */
#define BIT(i) (UINT64_C(1) << (i))

static const char *const cleanup_policies[] = { "DELETE", "COMPACTION", NULL };
static const char *const queue_types[] = { "SimpleCQ", "BatchCQ", NULL };
static const char *const message_types[] = {
	[MESSAGE_UNSPECIFIED] = "UNSPECIFIED",
	[MESSAGE_NORMAL] = "NORMAL",
	[MESSAGE_FIFO] = "FIFO",
	[MESSAGE_DELAY] = "DELAY",
	[MESSAGE_TRANSACTION] = "TRANSACTION",
	[MESSAGE_MIXED] = "MIXED",
	NULL,
};

/* What each attribute may be. */
static const struct attribute_row {
	const char *name;
	bool changeable;          /* otherwise only a new topic gets it */
	const char *const *names; /* of its values; NULL: a number */
	int64_t min, max;
} rows[N_ATTRIBUTES] = {
	[ATTRIBUTE_CLEANUP_POLICY] = { "cleanup.policy", false, cleanup_policies, 0, 0 },
	[ATTRIBUTE_DEDUP_WINDOW] = { "dedup.window", true, NULL, 0, DEDUP_WINDOW_MAX },
	[ATTRIBUTE_MESSAGE_TYPE] = { "message.type", true, message_types, 0, 0 },
	[ATTRIBUTE_QUEUE_TYPE] = { "queue.type", false, queue_types, 0, 0 },
	[ATTRIBUTE_RESERVE_TIME] = { "reserve.time", true, NULL, -1, INT64_MAX },
};

enum message_type
attributes_message_type(const struct attributes *attributes)
{
	return attributes->set & BIT(ATTRIBUTE_MESSAGE_TYPE)
	           ? (enum message_type)attributes->values[ATTRIBUTE_MESSAGE_TYPE]
	           : MESSAGE_NORMAL;
}

const char *
message_type_name(enum message_type type)
{
	return message_types[type];
}

/* ---- values ---------------------------------------------------------- */

static int
find_row(struct slice name)
{
	for (int i = 0; i < N_ATTRIBUTES; i++)
		if (slice_is(name, rows[i].name))
			return i;
	return -1;
}

/* "[DELETE, COMPACTION]" */
static struct slice
names_text(const char *const *names, struct arena *arena)
{
	struct slice text = SLICE("[");

	for (size_t i = 0; names[i] != NULL; i++)
		text = arena_printf(
		    arena, "%.*s%s%s", (int)text.len, text.data, i != 0 ? ", " : "", names[i]);
	return arena_printf(arena, "%.*s]", (int)text.len, text.data);
}

/* Absent, or why this is no value of the attribute. */
static struct slice
read_value(const struct attribute_row *row, struct slice text, int64_t *value, struct arena *arena)
{
	if (row->names != NULL) {
		for (size_t i = 0; row->names[i] != NULL; i++)
			if (slice_is(text, row->names[i])) {
				*value = (int64_t)i;
				return SLICE_NONE;
			}
		return arena_printf(arena, "%s: value is not in set: %.*s", row->name,
		    (int)names_text(row->names, arena).len, names_text(row->names, arena).data);
	}
	if (slice_to_int64(text, value) == -1)
		return arena_printf(arena, "%s: value is not a number", row->name);
	if (*value < row->min || *value > row->max)
		return arena_printf(arena, "%s: value is not in range(%" PRId64 ", %" PRId64 ")",
		    row->name, row->min, row->max);
	return SLICE_NONE;
}

static struct slice
value_text(const struct attributes *attributes, int i, struct arena *arena)
{
	return rows[i].names != NULL ? slice_of(rows[i].names[attributes->values[i]])
	                             : arena_printf(arena, "%" PRId64, attributes->values[i]);
}

/* ---- changes --------------------------------------------------------- */

/* A change that is under way. */
struct attribute_change {
	struct attributes *attributes;
	struct attributes before;
	uint64_t seen; /* the attributes that it named */
	bool create;
	struct arena *arena;
};

static struct slice
about(const struct attribute_change *change, const char *why, struct slice key)
{
	key = utf8_cut(key, SHOWN_KEY_BYTES);
	return arena_printf(change->arena, "%s%.*s", why, (int)key.len, key.data);
}

static struct slice
set_one(struct attribute_change *change, int i, struct slice value)
{
	struct slice why =
	    read_value(&rows[i], value, &change->attributes->values[i], change->arena);

	if (why.data == NULL)
		change->attributes->set |= BIT(i);
	return why;
}

static struct slice
drop_one(struct attribute_change *change, int i)
{
	if (!(change->before.set & BIT(i)))
		return about(
		    change, "attempt to delete a nonexistent key: ", slice_of(rows[i].name));
	change->attributes->set &= ~BIT(i);
	change->attributes->values[i] = 0;
	return SLICE_NONE;
}

/* key: with its + or - */
static struct slice
change_one(struct attribute_change *change, struct slice key, struct slice value)
{
	struct slice name = { key.data + 1, key.len - 1 };
	char sign = key.len != 0 ? key.data[0] : '\0';

	if (key.len < 2 || memchr(name.data, '+', name.len) != NULL ||
	    memchr(name.data, '-', name.len) != NULL)
		return about(change, "kv string format wrong: ", key);
	if (sign != '+' && change->create)
		return about(
		    change, "only add attribute is supported while creating topic. key: ", name);
	if (sign != '+' && sign != '-')
		return about(change, "wrong format key: ", name);

	int i = find_row(name);

	if (i == -1)
		return about(change, "unsupported key: ", name);
	if (change->seen & BIT(i))
		return about(change, "alter duplication key. key: ", name);
	change->seen |= BIT(i);
	if (!change->create && !rows[i].changeable)
		return about(change, "attempt to update an unchangeable attribute. key: ", name);
	return sign == '+' ? set_one(change, i, value) : drop_one(change, i);
}

static struct attribute_change
change_begin(struct attributes *attributes, bool create, struct arena *arena)
{
	return (struct attribute_change){
		.attributes = attributes,
		.before = *attributes,
		.create = create,
		.arena = arena,
	};
}

/* One of the parts between commas. */
static struct slice
change_part(struct attribute_change *change, struct slice part)
{
	const char *equals = memchr(part.data, '=', part.len);
	struct slice key = part, value = SLICE("");

	if (equals == NULL) {
		if (memchr(key.data, '-', key.len) == NULL)
			return about(change, "delete attribute format is wrong: ", key);
		return change_one(change, key, value);
	}
	key.len = (size_t)(equals - part.data);
	value = (struct slice){ equals + 1, part.len - key.len - 1 };
	if (value.len == 0 || memchr(key.data, '+', key.len) == NULL)
		return about(change, "add/alter attribute format is wrong: ", key);
	return change_one(change, key, value);
}

struct slice
attributes_change(
    struct attributes *attributes, struct slice changes, bool create, struct arena *arena)
{
	struct attribute_change change = change_begin(attributes, create, arena);
	struct slice part;

	while (changes.len != 0 && changes.data[changes.len - 1] == ',')
		changes.len--; /* as Java's split */
	if (changes.len == 0)
		return SLICE_NONE;
	while (slice_next(&changes, ',', &part)) {
		struct slice why = change_part(&change, part);

		if (why.data != NULL)
			return why;
	}
	return SLICE_NONE;
}

struct slice
attributes_change_json(
    struct attributes *attributes, const struct json *changes, bool create, struct arena *arena)
{
	struct attribute_change change = change_begin(attributes, create, arena);

	if (!json_is_object(changes))
		return SLICE_NONE;
	for (const struct json *at = changes->first; at != NULL; at = at->next) {
		struct slice why = at->name.data != NULL
		                       ? change_one(&change, at->name, json_text(at))
		                       : SLICE("kv string format wrong: {");

		if (why.data != NULL)
			return why;
	}
	return SLICE_NONE;
}

/* ---- as they are kept ------------------------------------------------ */

struct slice
attributes_json(const struct attributes *attributes, struct arena *arena)
{
	struct buf text = { 0 };
	struct json_out out;

	if (attributes->set == 0)
		return SLICE("{}");
	json_out_init(&out, &text);
	json_open_object(&out);
	for (int i = 0; i < N_ATTRIBUTES; i++)
		if (attributes->set & BIT(i))
			json_member_put_slice(&out, rows[i].name, value_text(attributes, i, arena));
	json_close_object(&out);
	return json_finish(&out, arena);
}

size_t
attributes_read(struct attributes *attributes, const struct json *object)
{
	struct arena arena = { 0 };
	size_t n_unknown = 0;

	*attributes = (struct attributes){ 0 };
	if (!json_is_object(object))
		return 0;
	for (const struct json *at = object->first; at != NULL; at = at->next) {
		int i = find_row(at->name);
		int64_t value;

		if (i == -1 || read_value(&rows[i], json_text(at), &value, &arena).data != NULL) {
			n_unknown++;
			continue;
		}
		attributes->values[i] = value;
		attributes->set |= BIT(i);
	}
	arena_release(&arena);
	return n_unknown;
}

struct slice
attributes_request(const struct attributes *attributes, struct arena *arena)
{
	struct slice text = SLICE("");

	for (int i = 0; i < N_ATTRIBUTES; i++)
		if (attributes->set & BIT(i)) {
			struct slice value = value_text(attributes, i, arena);

			text = arena_printf(arena, "%.*s%s+%s=%.*s", (int)text.len, text.data,
			    text.len != 0 ? "," : "", rows[i].name, (int)value.len, value.data);
		}
	return text;
}
