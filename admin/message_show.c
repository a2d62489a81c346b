#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/consume.h"
#include "admin/message.h"
#include "common/protocol/name_list.h"
#include "common/protocol/queue_stats.h"

#define BODY_MAX_BYTES (64u << 20) /* of a body that was compressed */

/* ---- its state in the consumer groups ---- */

static const struct column track_columns[] = {
	{ "consumerGroup", "Consumer group", COLUMN_TEXT },
	{ "trackType", "Track", COLUMN_TEXT },
	{ "exceptionDesc", "Why", COLUMN_TEXT },
	{ NULL },
};

static bool
is_consumed(
    const struct consume_state *state, const struct record *record, struct slice broker_name)
{
	for (size_t i = 0; i < state->n_queues; i++) {
		const struct consume_progress *queue = &state->queues[i];

		if (queue->queue.id == record->queue_id &&
		    slice_equal(queue->queue.topic, record->topic) &&
		    slice_equal(queue->queue.broker_name, broker_name))
			return queue->consumer_offset > record->queue_offset;
	}
	return false;
}

/* Whether the group's subscription to the topic excludes this tag. */
static bool
is_filtered(const struct consume_state *state, const struct record *record)
{
	struct slice tag = property_find(record->properties, "TAGS");

	for (size_t i = 0; i < state->n_subscriptions; i++) {
		const struct subscription *subscription = &state->subscriptions[i];

		if (!slice_equal(subscription->topic, record->topic))
			continue;
		for (size_t j = 0; j < subscription->n_tags; j++)
			if (slice_is(subscription->tags[j], "*") ||
			    slice_equal(subscription->tags[j], tag))
				return false;
		return subscription->n_tags != 0;
	}
	return false;
}

static const char *
track_type(const struct consume_state *state, const struct record *record, struct slice broker_name)
{
	if (state->n_members == 0)
		return "NOT_ONLINE";
	if (state->type == CONSUME_ACTIVELY)
		return "PULL";
	if (!is_consumed(state, record, broker_name))
		return "NOT_CONSUME_YET";
	return is_filtered(state, record) ? "CONSUMED_BUT_FILTERED" : "CONSUMED";
}

/* An unknown state of one group is no error of the command. */
static struct message_track
track_group(
    struct admin *admin, const struct record *record, struct slice broker_name, struct slice group)
{
	struct message_track track = { .group = group };
	struct consume_state state;
	bool failed_before = admin->failed;

	admin->failed = false;
	if (consume_state_ask(admin, group, &state) == -1) {
		track.type = "UNKNOWN";
		track.why = arena_copy(&admin->arena, slice_of(admin->error));
	} else {
		track.type = track_type(&state, record, broker_name);
	}
	admin->failed = failed_before;
	return track;
}

int
message_tracks(struct admin *admin, const struct found_message *found,
    const struct message_track **tracks, size_t *n)
{
	struct slice broker_name = SLICE("");
	struct topic_header header = { found->record.topic };
	struct admin_request ask = { found->address, REQUEST_QUERY_TOPIC_CONSUME_BY_WHO,
		topic_header_fields, &header, SLICE("") };
	struct twinmq_reply reply;
	struct targets brokers;
	const struct slice *groups;

	*n = 0;
	if (admin_cluster_brokers(admin, SLICE_NONE, 0, &brokers) == -1 ||
	    admin_must(admin, &ask, &reply) == -1)
		return -1;
	for (size_t i = 0; i < brokers.n; i++)
		if (slice_equal(brokers.list[i].address, found->address))
			broker_name = brokers.list[i].name;
	if (name_list_read(&admin->arena, reply.body, "groupList", &groups, n) == -1)
		return admin_bad_body(admin, &ask);
	struct message_track *list = arena_alloc(&admin->arena, (*n + 1) * sizeof *list);
	for (size_t i = 0; i < *n; i++)
		list[i] = track_group(admin, &found->record, broker_name, groups[i]);
	*tracks = list;
	return 0;
}

static void
show_tracks(struct admin *admin, const struct found_message *found)
{
	const struct message_track *tracks;
	struct grid grid;
	size_t n;

	if (message_tracks(admin, found, &tracks, &n) == -1)
		return;
	if (n == 0)
		report_note(&admin->report, "No consumer group has read this topic.");
	if (n == 0 && !admin->report.as_json)
		return;
	grid_open(&grid, &admin->report, "tracks", track_columns);
	for (size_t i = 0; i < n; i++) {
		grid_text(&grid, tracks[i].group);
		grid_text(&grid, slice_of(tracks[i].type));
		grid_text(&grid, tracks[i].why.data != NULL ? tracks[i].why : SLICE(""));
	}
	grid_close(&grid);
}

/* ---- the body ---- */

/* UTF-8 without control characters other than line ends and tabs. */
static bool
is_printable(struct slice body)
{
	for (size_t i = 0; i < body.len; i++) {
		unsigned char c = (unsigned char)body.data[i];
		size_t more = c < 0x80                ? 0
		              : c >= 0xC2 && c < 0xE0 ? 1
		              : (c & 0xF0) == 0xE0    ? 2
		              : c >= 0xF0 && c < 0xF5 ? 3
		                                      : 4;

		if (more == 4 || body.len - i <= more ||
		    (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f)
			return false;
		for (; more > 0; more--)
			if (((unsigned char)body.data[++i] & 0xC0) != 0x80)
				return false;
	}
	return true;
}

static struct slice
hex_text(struct admin *admin, struct slice body)
{
	static const char digits[] = "0123456789abcdef";
	char *text = arena_alloc(&admin->arena, 2 * body.len + 1);

	for (size_t i = 0; i < body.len; i++) {
		text[2 * i] = digits[(unsigned char)body.data[i] >> 4];
		text[2 * i + 1] = digits[(unsigned char)body.data[i] & 15];
	}
	return (struct slice){ text, 2 * body.len };
}

static int
write_body_file(struct admin *admin, const char *path, struct slice body)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		return admin_fail(admin, "file %s cannot be written: %s", path, strerror(errno));
	size_t written = fwrite(body.data, 1, body.len, file);
	if (fclose(file) != 0 || written != body.len)
		return admin_fail(admin, "file %s cannot be written: %s", path, strerror(errno));
	report_text(&admin->report, "bodyFile", "Body file", slice_of(path));
	return 0;
}

static int
show_body(struct admin *admin, const struct record *record)
{
	const char *path = args_text(&admin->args, 'F');
	struct slice body;

	report_int(&admin->report, "bodyLength", "Body length", (int64_t)record->body.len);
	if (record_plain_body(record, BODY_MAX_BYTES, &admin->arena, &body) == -1) {
		report_note(&admin->report, "The body is compressed in a way that is not known "
					    "here; it is shown as it is.");
		body = record->body;
	} else if (body.len != record->body.len) {
		report_int(&admin->report, "plainBodyLength", "Uncompressed", (int64_t)body.len);
	}
	if (path != NULL && !admin->body_written) {
		admin->body_written = true;
		return write_body_file(admin, path, body);
	}
	if (is_printable(body))
		report_text(&admin->report, "body", "Body", body);
	else
		report_text(&admin->report, "bodyHex", "Body (hex)", hex_text(admin, body));
	return 0;
}

/* ---- all fields ---- */

static void
show_properties(struct admin *admin, const struct record *record)
{
	struct slice rest = record->properties, name, value;
	struct json_out *json = &admin->report.json;
	struct buf text = { 0 };

	if (admin->report.as_json) {
		json_key(json, "properties");
		json_open_object(json);
	}
	while (property_next(&rest, &name, &value)) {
		if (admin->report.as_json) {
			json_key_slice(json, name);
			json_put_slice(json, value);
		} else {
			buf_printf(&text, "%s%.*s=%.*s", text.len != 0 ? ", " : "", (int)name.len,
			    name.data, (int)value.len, value.data);
		}
	}
	if (admin->report.as_json)
		json_close_object(json);
	else
		report_text(&admin->report, "properties", "Properties", buf_slice(&text));
	buf_release(&text);
}

static void
show_fields(struct admin *admin, const struct record *record)
{
	struct report *report = &admin->report;
	struct slice unique_id = property_find(record->properties, "UNIQ_KEY");

	report_text(report, "offsetId", "Offset id", message_offset_id(admin, record));
	if (unique_id.data != NULL)
		report_text(report, "uniqueId", "Unique id", unique_id);
	report_text(report, "topic", "Topic", record->topic);
	report_text(report, "tags", "Tags", property_find(record->properties, "TAGS"));
	report_text(report, "keys", "Keys", property_find(record->properties, "KEYS"));
	report_int(report, "queueId", "Queue id", record->queue_id);
	report_int(report, "queueOffset", "Queue offset", record->queue_offset);
	report_int(report, "commitLogOffset", "Commit log offset", record->position);
	report_int(report, "reconsumeTimes", "Reconsume times", record->reconsume_times);
	report_time(report, "bornTimestamp", "Born", record->born_timestamp);
	report_time(report, "storeTimestamp", "Stored", record->store_timestamp);
	report_text(report, "bornHost", "Born host", host_text(&admin->arena, &record->born_host));
	report_text(
	    report, "storeHost", "Store host", host_text(&admin->arena, &record->store_host));
	report_int(report, "sysFlag", "System flag", record->sys_flag);
	report_int(report, "flag", "Flag", record->flag);
	report_int(report, "preparedTransactionOffset", "Prepared offset", record->prepared_offset);
	report_int(report, "storeSize", "Stored bytes", record->size);
	show_properties(admin, record);
}

int
message_show(struct admin *admin, const struct found_message *found, unsigned what)
{
	const struct record *record = &found->record;

	report_enter(&admin->report, NULL, NULL);
	show_fields(admin, record);
	int result = show_body(admin, record);
	if (!record_check(record))
		admin_fail(admin, "the message at commit log offset %lld does not fit its checksum",
		    (long long)record->position);
	if (result == 0 && (what & SHOW_TRACKS) != 0)
		show_tracks(admin, found);
	report_leave(&admin->report);
	return result;
}
