#include "config.h"

#include "t/lib/json_tree.h"

void
json_tree_write(struct json_out *out, const struct json *value)
{
	switch (value->type) {
	case JSON_NULL:
		json_put_null(out);
		break;
	case JSON_BOOL:
		json_put_bool(out, value->boolean);
		break;
	case JSON_NUMBER:
		json_put_raw(out, value->text);
		break;
	case JSON_STRING:
		json_put_slice(out, value->text);
		break;
	case JSON_ARRAY:
		json_open_array(out);
		for (const struct json *item = value->first; item != NULL; item = item->next)
			json_tree_write(out, item);
		json_close_array(out);
		break;
	case JSON_OBJECT:
		json_open_object(out);
		for (const struct json *item = value->first; item != NULL; item = item->next) {
			if (item->key != NULL) {
				json_open_object_key(out);
				json_tree_write(out, item->key);
				json_close_object_key(out);
			} else {
				json_key_slice(out, item->name);
			}
			json_tree_write(out, item);
		}
		json_close_object(out);
		break;
	}
}
