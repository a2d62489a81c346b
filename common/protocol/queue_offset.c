#include "config.h"

#include "common/protocol/queue_offset.h"

#include "common/json/json_body.h"

void
queue_offsets_write_table(
    struct json_out *out, const struct queue_offset *offsets, size_t n_offsets)
{
	json_open_object(out);
	for (size_t i = 0; i < n_offsets; i++) {
		message_queue_write_key(out, &offsets[i].queue);
		json_put_int(out, offsets[i].offset);
	}
	json_close_object(out);
}

void
queue_offsets_write(
    struct json_out *out, const char *member, const struct queue_offset *offsets, size_t n_offsets)
{
	json_open_object(out);
	json_key(out, member);
	queue_offsets_write_table(out, offsets, n_offsets);
	json_close_object(out);
}

void
queue_offsets_write_array(
    struct json_out *out, const struct queue_offset *offsets, size_t n_offsets)
{
	json_open_object(out);
	json_key(out, "offsetTable");
	json_open_array(out);
	for (size_t i = 0; i < n_offsets; i++) {
		json_open_object(out);
		json_member_put_slice(out, "brokerName", offsets[i].queue.broker_name);
		json_member_put_int(out, "queueId", offsets[i].queue.id);
		json_member_put_slice(out, "topic", offsets[i].queue.topic);
		json_member_put_int(out, "offset", offsets[i].offset);
		json_close_object(out);
	}
	json_close_array(out);
	json_close_object(out);
}

static int
read_keyed_offset(struct arena *arena, const struct json *json, void *item)
{
	struct queue_offset *offset = item;

	(void)arena;
	if (json_int64(json, &offset->offset) == -1)
		return -1;
	return message_queue_read(json->key, &offset->queue);
}

static int
read_listed_offset(struct arena *arena, const struct json *json, void *item)
{
	struct queue_offset *offset = item;

	(void)arena;
	if (json_int64(json_member(json, "offset"), &offset->offset) == -1)
		return -1;
	return message_queue_read(json, &offset->queue);
}

int
queue_offsets_read(struct arena *arena, struct slice body, const char *member,
    const struct queue_offset **offsets, size_t *n_offsets)
{
	const struct json *json = json_parse(arena, body);
	const struct json *list = json_member(json, member);
	bool array = list != NULL && list->type == JSON_ARRAY;

	if (!json_is_object(json))
		return -1;
	*offsets = json_items(arena, list, array ? JSON_ARRAY : JSON_OBJECT, sizeof **offsets,
	    array ? read_listed_offset : read_keyed_offset, n_offsets);
	return *offsets != NULL ? 0 : -1;
}
