#include "config.h"

#include "common/json/json_body.h"

#include <string.h>

void *
json_items(struct arena *arena, const struct json *list, enum json_type type, size_t item_size,
    json_item_fn *read, size_t *n_items)
{
	if (list == NULL || list->type == JSON_NULL) {
		*n_items = 0;
		return arena_alloc(arena, item_size);
	}
	if (list->type != type)
		return NULL;

	char *items = arena_try_zalloc(arena, (list->n_children + 1) * item_size);
	size_t n = 0;

	for (const struct json *one = list->first; one != NULL && items != NULL; one = one->next) {
		char *item = items + n * item_size;
		int status = read(arena, one, item);

		if (status == -1)
			return NULL;
		if (status == JSON_ITEM_SKIPPED)
			memset(item, 0, item_size);
		else
			n++;
	}
	*n_items = n;
	return items;
}

void *
json_body_items(struct arena *arena, struct slice body, const char *member, enum json_type type,
    size_t item_size, json_item_fn *read, size_t *n_items)
{
	const struct json *json = json_parse(arena, body);

	if (!json_is_object(json))
		return NULL;
	return json_items(arena, json_member(json, member), type, item_size, read, n_items);
}

static int
read_text(struct arena *arena, const struct json *json, void *item)
{
	struct slice *text = item;

	(void)arena;
	*text = json_text(json);
	return text->data != NULL ? 0 : -1;
}

const struct slice *
json_texts(struct arena *arena, const struct json *array, size_t *n_texts)
{
	return json_items(arena, array, JSON_ARRAY, sizeof(struct slice), read_text, n_texts);
}

void
json_put_texts(struct json_out *out, const struct slice *texts, size_t n_texts)
{
	json_open_array(out);
	for (size_t i = 0; i < n_texts; i++)
		json_put_slice(out, texts[i]);
	json_close_array(out);
}

int32_t
json_member_int32(const struct json *object, const char *name, int32_t absent)
{
	int64_t wide = json_member_int64(object, name, absent);

	return wide >= INT32_MIN && wide <= INT32_MAX ? (int32_t)wide : absent;
}

double
json_member_double(const struct json *object, const char *name, double absent)
{
	double number;

	return slice_to_double(json_text(json_member(object, name)), &number) == 0 ? number
	                                                                           : absent;
}

int
json_enum(const struct json *value, const char *const *names, int n_names, int otherwise)
{
	struct slice text = json_text(value);
	int64_t ordinal;

	for (int i = 0; i < n_names && text.data != NULL; i++)
		if (slice_is(text, names[i]))
			return i;
	if (json_int64(value, &ordinal) == 0 && ordinal >= 0 && ordinal < n_names)
		return (int)ordinal;
	return otherwise;
}

bool
json_is_object(const struct json *value)
{
	return value != NULL && value->type == JSON_OBJECT;
}

struct slice
json_finish(struct json_out *out, struct arena *arena)
{
	struct slice text = arena_copy(arena, buf_slice(out->buf));

	buf_release(out->buf);
	return text;
}
