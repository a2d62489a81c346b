#include "config.h"

/* Values of RocketMQ's brokers, which fastjson wrote, as Jackson writes them. */

#include "common/protocol/message_queue.h"
#include "console/old.h"

/* A key that is an object is a queue. */
static void
put_object_key(struct json_out *out, const struct json *key)
{
	struct message_queue queue;
	struct buf text = { 0 };

	if (message_queue_read(key, &queue) == 0)
		buf_printf(&text, "MessageQueue [topic=%.*s, brokerName=%.*s, queueId=%d]",
		    (int)queue.topic.len, queue.topic.data, (int)queue.broker_name.len,
		    queue.broker_name.data, (int)queue.id);
	json_key_slice(out, buf_slice(&text));
	buf_release(&text);
}

void
old_put(struct json_out *out, const struct json *value)
{
	if (value == NULL || value->type == JSON_NULL) {
		json_put_null(out);
		return;
	}
	if (value->type == JSON_STRING) {
		json_put_slice(out, value->text);
		return;
	}
	if (value->type == JSON_NUMBER || value->type == JSON_BOOL) {
		json_put_raw(out, value->text);
		return;
	}
	if (value->type == JSON_ARRAY)
		json_open_array(out);
	else
		json_open_object(out);
	for (const struct json *one = value->first; one != NULL; one = one->next) {
		if (value->type == JSON_OBJECT && one->key != NULL)
			put_object_key(out, one->key);
		else if (value->type == JSON_OBJECT)
			json_key_slice(out, one->name);
		old_put(out, one);
	}
	if (value->type == JSON_ARRAY)
		json_close_array(out);
	else
		json_close_object(out);
}

void
old_put_inner(struct json_out *out, const struct json *object, const struct old_member *members)
{
	for (; members->name != NULL; members++) {
		const struct json *value = json_member(object, members->name);

		json_key(out, members->name);
		if (value != NULL)
			old_put(out, value);
		else
			json_put_raw(out, slice_of(members->absent));
	}
}

void
old_put_members(struct json_out *out, const struct json *object, const struct old_member *members)
{
	json_open_object(out);
	old_put_inner(out, object, members);
	json_close_object(out);
}
