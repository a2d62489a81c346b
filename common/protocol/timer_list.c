#include "config.h"

#include "common/protocol/timer_list.h"

#include "common/json/json_body.h"

void
timer_list_open(struct json_out *out)
{
	json_open_object(out);
	json_key(out, "timers");
	json_open_array(out);
}

static void
put_text(struct json_out *out, const char *name, struct slice text)
{
	if (text.data != NULL)
		json_member_put_slice(out, name, text);
}

void
timer_info_write(struct json_out *out, const struct timer_info *timer)
{
	json_open_object(out);
	json_member_put_int(out, "dueTimestamp", timer->due_ms);
	put_text(out, "topic", timer->topic);
	json_member_put_int(out, "queueId", timer->queue_id);
	put_text(out, "msgId", timer->msg_id);
	put_text(out, "uniqueId", timer->unique_id);
	put_text(out, "keys", timer->keys);
	put_text(out, "tags", timer->tags);
	json_member_put_int(out, "storeTimestamp", timer->stored_ms);
	json_member_put_int(out, "bodySize", timer->body_bytes);
	json_close_object(out);
}

void
timer_list_close(struct json_out *out, const struct timer_list *list)
{
	json_close_array(out);
	json_member_put_int(out, "pending", list->pending);
	json_member_put_int(out, "scanned", list->scanned);
	put_text(out, "cursor", list->cursor);
	json_close_object(out);
}

static int
read_timer(struct arena *arena, const struct json *json, void *item)
{
	struct timer_info *timer = item;

	(void)arena;
	*timer = (struct timer_info){
		.due_ms = json_member_int64(json, "dueTimestamp", 0),
		.topic = json_member_text(json, "topic"),
		.queue_id = json_member_int32(json, "queueId", 0),
		.msg_id = json_member_text(json, "msgId"),
		.unique_id = json_member_text(json, "uniqueId"),
		.keys = json_member_text(json, "keys"),
		.tags = json_member_text(json, "tags"),
		.stored_ms = json_member_int64(json, "storeTimestamp", 0),
		.body_bytes = json_member_int64(json, "bodySize", 0),
	};
	return timer->topic.data != NULL ? 0 : -1;
}

int
timer_list_read(struct arena *arena, struct slice body, struct timer_list *list)
{
	const struct json *json = json_parse(arena, body);

	if (json == NULL || !json_is_object(json))
		return -1;
	*list = (struct timer_list){
		.pending = json_member_int64(json, "pending", 0),
		.scanned = json_member_int64(json, "scanned", 0),
		.cursor = json_member_text(json, "cursor"),
	};
	list->timers = json_items(arena, json_member(json, "timers"), JSON_ARRAY,
	    sizeof *list->timers, read_timer, &list->n);
	return list->timers != NULL ? 0 : -1;
}
