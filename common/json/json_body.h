#ifndef COMMON_JSON_BODY_H
#define COMMON_JSON_BODY_H

/*
 * Helpers for readers and writers of JSON bodies: lists, 32-bit numbers, and
 * enums sent by name or ordinal. A member that is missing or null counts as
 * absent, an absent list as empty. Any thread.
 */

#include "common/json/json.h"

/*
 * Reads one element into item, which is zeroed. Returns 0, -1 to refuse the list, or
 * JSON_ITEM_SKIPPED to leave this element out.
 */
#define JSON_ITEM_SKIPPED 1
typedef int json_item_fn(struct arena *arena, const struct json *json, void *item);

/*
 * An array of items of this size, one per element (JSON_ARRAY) or member
 * (JSON_OBJECT). NULL when the list is of another type, an item is refused or
 * memory is short.
 */
void *json_items(struct arena *arena, const struct json *list, enum json_type type,
    size_t item_size, json_item_fn *read, size_t *n_items);
/* The same for a body that is an object and has the list in one member. */
void *json_body_items(struct arena *arena, struct slice body, const char *member,
    enum json_type type, size_t item_size, json_item_fn *read, size_t *n_items);
/* The same for elements that are texts. */
const struct slice *json_texts(struct arena *arena, const struct json *array, size_t *n_texts);
void json_put_texts(struct json_out *out, const struct slice *texts, size_t n_texts);

/* Return `absent` also for a number that does not fit. */
int32_t json_member_int32(const struct json *object, const char *name, int32_t absent);
double json_member_double(const struct json *object, const char *name, double absent);
/* The index of a name, or an ordinal below n_names; `otherwise` for any other value. */
int json_enum(const struct json *value, const char *const *names, int n_names, int otherwise);
/* Returns a copy of the output in the arena and releases the buffer. */
struct slice json_finish(struct json_out *out, struct arena *arena);
bool json_is_object(const struct json *value);

#endif
