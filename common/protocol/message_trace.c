#include "config.h"

#include "common/protocol/message_trace.h"

#include "common/json/json_body.h"

static const char *const what_names[N_TRACE_WHATS] = {
	[TRACE_STORED] = "stored",
	[TRACE_DELIVERED] = "delivered",
	[TRACE_ACKNOWLEDGED] = "acknowledged",
	[TRACE_SENT_BACK] = "sentBack",
	[TRACE_WAITING] = "waiting",
	[TRACE_DUE] = "due",
	[TRACE_DEAD] = "dead",
};

const char *
trace_what_name(enum trace_what what)
{
	return what_names[what];
}

static void
put_text(struct json_out *out, const char *name, struct slice text)
{
	if (text.data != NULL)
		json_member_put_slice(out, name, text);
}

static void
write_event(struct json_out *out, const struct trace_event *event)
{
	json_open_object(out);
	json_member_put_text(out, "what", trace_what_name(event->what));
	json_member_put_int(out, "time", event->time_ms);
	json_member_put_int(out, "until", event->until_ms);
	put_text(out, "group", event->group);
	put_text(out, "client", event->client);
	put_text(out, "address", event->address);
	put_text(out, "topic", event->topic);
	json_member_put_int(out, "queueId", event->queue_id);
	json_member_put_int(out, "queueOffset", event->queue_offset);
	put_text(out, "msgId", event->msg_id);
	json_member_put_int(out, "reconsumeTimes", event->times);
	json_close_object(out);
}

static void
write_group(struct json_out *out, const struct trace_group *group)
{
	json_open_object(out);
	put_text(out, "group", group->group);
	put_text(out, "state", group->state);
	json_member_put_int(out, "members", group->n_members);
	json_member_put_int(out, "committed", group->committed);
	json_close_object(out);
}

void
message_trace_write(struct json_out *out, const struct message_trace *trace)
{
	json_open_object(out);
	put_text(out, "topic", trace->topic);
	put_text(out, "msgId", trace->msg_id);
	put_text(out, "uniqueId", trace->unique_id);
	put_text(out, "originMsgId", trace->origin_id);
	json_member_put_int(out, "queueId", trace->queue_id);
	json_member_put_int(out, "queueOffset", trace->queue_offset);
	put_text(out, "storeHost", trace->store_host);
	put_text(out, "bornHost", trace->born_host);
	json_member_put_int(out, "bornTimestamp", trace->born_ms);
	json_member_put_int(out, "storeTimestamp", trace->stored_ms);
	json_key(out, "groups");
	json_open_array(out);
	for (size_t i = 0; i < trace->n_groups; i++)
		write_group(out, &trace->groups[i]);
	json_close_array(out);
	json_key(out, "events");
	json_open_array(out);
	for (size_t i = 0; i < trace->n_events; i++)
		write_event(out, &trace->events[i]);
	json_close_array(out);
	json_member_put_bool(out, "cut", trace->cut);
	json_member_put_int(out, "since", trace->since_ms);
	json_close_object(out);
}

static int
read_event(struct arena *arena, const struct json *json, void *item)
{
	struct trace_event *event = item;
	int what = json_enum(json_member(json, "what"), what_names, N_TRACE_WHATS, -1);

	(void)arena;
	if (what == -1)
		return JSON_ITEM_SKIPPED; /* of a newer broker */
	*event = (struct trace_event){
		.what = (enum trace_what)what,
		.time_ms = json_member_int64(json, "time", 0),
		.until_ms = json_member_int64(json, "until", 0),
		.group = json_member_text(json, "group"),
		.client = json_member_text(json, "client"),
		.address = json_member_text(json, "address"),
		.topic = json_member_text(json, "topic"),
		.queue_id = json_member_int32(json, "queueId", 0),
		.queue_offset = json_member_int64(json, "queueOffset", 0),
		.msg_id = json_member_text(json, "msgId"),
		.times = json_member_int32(json, "reconsumeTimes", 0),
	};
	return 0;
}

static int
read_group(struct arena *arena, const struct json *json, void *item)
{
	struct trace_group *group = item;

	(void)arena;
	*group = (struct trace_group){
		.group = json_member_text(json, "group"),
		.state = json_member_text(json, "state"),
		.n_members = json_member_int32(json, "members", 0),
		.committed = json_member_int64(json, "committed", -1),
	};
	return group->group.data != NULL ? 0 : -1;
}

int
message_trace_read(struct arena *arena, struct slice body, struct message_trace *trace)
{
	const struct json *json = json_parse(arena, body);

	if (json == NULL || !json_is_object(json))
		return -1;
	*trace = (struct message_trace){
		.topic = json_member_text(json, "topic"),
		.msg_id = json_member_text(json, "msgId"),
		.unique_id = json_member_text(json, "uniqueId"),
		.origin_id = json_member_text(json, "originMsgId"),
		.queue_id = json_member_int32(json, "queueId", 0),
		.queue_offset = json_member_int64(json, "queueOffset", 0),
		.store_host = json_member_text(json, "storeHost"),
		.born_host = json_member_text(json, "bornHost"),
		.born_ms = json_member_int64(json, "bornTimestamp", 0),
		.stored_ms = json_member_int64(json, "storeTimestamp", 0),
		.cut = json_member_bool(json, "cut", false),
		.since_ms = json_member_int64(json, "since", 0),
	};
	trace->groups = json_items(arena, json_member(json, "groups"), JSON_ARRAY,
	    sizeof *trace->groups, read_group, &trace->n_groups);
	trace->events = json_items(arena, json_member(json, "events"), JSON_ARRAY,
	    sizeof *trace->events, read_event, &trace->n_events);
	return trace->topic.data != NULL && trace->groups != NULL && trace->events != NULL ? 0 : -1;
}
