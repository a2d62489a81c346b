#include "config.h"

#include "common/protocol/kv_table.h"

#include "common/json/json_body.h"

void
kv_table_write(struct json_out *out, const struct ext *pairs, size_t n_pairs)
{
	json_open_object(out);
	json_key(out, "table");
	json_open_object(out);
	for (size_t i = 0; i < n_pairs; i++) {
		json_key_slice(out, pairs[i].key);
		json_put_slice(out, pairs[i].value);
	}
	json_close_object(out);
	json_close_object(out);
}

static int
read_pair(struct arena *arena, const struct json *json, void *item)
{
	struct ext *pair = item;

	(void)arena;
	pair->key = json->name;
	pair->value = json_text(json);
	return pair->value.data != NULL ? 0 : -1;
}

int
kv_table_read(struct arena *arena, struct slice body, const struct ext **pairs, size_t *n_pairs)
{
	*pairs =
	    json_body_items(arena, body, "table", JSON_OBJECT, sizeof **pairs, read_pair, n_pairs);
	return *pairs != NULL ? 0 : -1;
}
