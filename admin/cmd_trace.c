#include "config.h"

/* queryMsgTraceById: the traces that clients wrote of a message, and what its broker knows of it.
 */

#include <string.h>

#include "admin/cmd.h"
#include "admin/message.h"
#include "common/protocol/message_trace.h"

#define TRACE_TOPIC "RMQ_SYS_TRACE_TOPIC"
#define MAX_DEFAULT 64
#define BODY_MAX_BYTES (64u << 20)
#define FIELDS_MAX 20

/* ---- what clients wrote ---------------------------------------------- */

/* Fields of a line of a trace message, by their places; source: protocol description 5.12. */
static const struct line_kind {
	const char *type;
	size_t n_least;                     /* with fewer it is no such line */
	int time, group, id, cost, success; /* -1: it has none */
} line_kinds[] = {
	{ "Pub", 14, 1, 3, 5, 10, 13 },
	{ "SubBefore", 7, 1, 3, 5, -1, -1 },
	{ "SubAfter", 5, 7, 8, 2, 3, 4 },
	{ "EndTransaction", 13, 1, 3, 5, -1, 11 },
	{ "Recall", 7, 1, 3, 5, -1, 6 },
};

static const struct column client_columns[] = {
	{ "type", "Type", COLUMN_TEXT },
	{ "group", "Group", COLUMN_TEXT },
	{ "clientHost", "Client", COLUMN_TEXT },
	{ "time", "Time", COLUMN_TIME },
	{ "costTime", "Cost ms", COLUMN_TEXT },
	{ "status", "Status", COLUMN_TEXT },
	{ NULL },
};

static struct slice
field_at(const struct slice *fields, size_t n, int place)
{
	return place >= 0 && (size_t)place < n ? fields[place] : SLICE("");
}

static void
show_line(struct grid *grid, struct admin *admin, const struct record *record, struct slice line,
    struct slice id)
{
	struct slice fields[FIELDS_MAX], rest = line;
	const struct line_kind *kind = NULL;
	int64_t time = 0;
	size_t n = 0;

	while (n < FIELDS_MAX && slice_next(&rest, '\1', &fields[n]))
		n++;
	for (size_t i = 0; i < sizeof line_kinds / sizeof *line_kinds && n > 0; i++)
		if (slice_is(fields[0], line_kinds[i].type) && n >= line_kinds[i].n_least)
			kind = &line_kinds[i];
	if (kind == NULL || !slice_equal(fields[kind->id], id))
		return;
	if (slice_to_int64(field_at(fields, n, kind->time), &time) == -1)
		time = record->born_timestamp;
	struct slice success = field_at(fields, n, kind->success);

	grid_text(grid, slice_of(kind->type));
	grid_text(grid, field_at(fields, n, kind->group));
	grid_text(grid, host_text(&admin->arena, &record->born_host));
	grid_int(grid, time);
	grid_text(grid, field_at(fields, n, kind->cost));
	grid_text(grid, slice_is(success, "true")    ? SLICE("success")
			: slice_is(success, "false") ? SLICE("failed")
						     : success);
}

static int
show_client_traces(struct admin *admin, struct slice id)
{
	struct key_query query = {
		.topic = SLICE(TRACE_TOPIC),
		.key = id,
		.max_messages = (int32_t)args_number(&admin->args, 'c', MAX_DEFAULT),
		.begin_ms = args_number(&admin->args, 'b', 0),
		.end_ms = args_number(&admin->args, 'e', INT64_MAX),
	};
	bool failed_before = admin->failed;
	struct found_messages found = { 0 };
	struct grid grid;

	if (args_has(&admin->args, 't') &&
	    admin_name(admin, 't', "trace topic", &query.topic) == -1)
		return -1;
	/* Where no client writes traces there is no such topic. */
	if (message_query(admin, &query, &found) == -1)
		admin->failed = failed_before;
	if (found.n == 0)
		report_note(&admin->report, "No client wrote a trace of it to %.*s.",
		    (int)query.topic.len, query.topic.data);
	if (found.n == 0 && !admin->report.as_json)
		return 0;
	grid_open(&grid, &admin->report, "clientTraces", client_columns);
	for (size_t i = 0; i < found.n; i++) {
		const struct record *record = &found.list[i].record;
		struct slice body, line;

		if (record_plain_body(record, BODY_MAX_BYTES, &admin->arena, &body) == -1)
			continue;
		while (slice_next(&body, '\2', &line))
			show_line(&grid, admin, record, line, id);
	}
	grid_close(&grid);
	return 0;
}

/* ---- what the broker knows ------------------------------------------- */

static const struct column group_columns[] = {
	{ "group", "Group", COLUMN_TEXT },
	{ "state", "State", COLUMN_TEXT },
	{ "members", "Members", COLUMN_INT },
	{ "committed", "Committed", COLUMN_INT },
	{ NULL },
};

static const struct column event_columns[] = {
	{ "time", "Time", COLUMN_TIME },
	{ "what", "What", COLUMN_TEXT },
	{ "group", "Group", COLUMN_TEXT },
	{ "client", "Client", COLUMN_TEXT },
	{ "address", "Address", COLUMN_TEXT },
	{ "topic", "Topic", COLUMN_TEXT },
	{ "queueId", "QID", COLUMN_INT },
	{ "queueOffset", "Offset", COLUMN_INT },
	{ "reconsumeTimes", "Times", COLUMN_INT },
	{ NULL },
};

static struct slice
or_empty(struct slice text)
{
	return text.data != NULL ? text : SLICE("");
}

static void
show_trace(struct admin *admin, const struct message_trace *trace)
{
	struct report *report = &admin->report;
	struct grid grid;

	report_enter(report, "broker", "Known to the broker");
	report_text(report, "msgId", "Offset id", trace->msg_id);
	report_text(report, "uniqueId", "Unique id", or_empty(trace->unique_id));
	if (trace->origin_id.data != NULL)
		report_text(report, "originMsgId", "Sent back of", trace->origin_id);
	report_text(report, "topic", "Topic", trace->topic);
	report_int(report, "queueId", "Queue id", trace->queue_id);
	report_int(report, "queueOffset", "Queue offset", trace->queue_offset);
	report_text(report, "bornHost", "Born host", trace->born_host);
	report_time(report, "bornTimestamp", "Born", trace->born_ms);
	report_time(report, "storeTimestamp", "Stored", trace->stored_ms);
	report_time(report, "since", "Deliveries since", trace->since_ms);
	if (trace->n_groups == 0)
		report_note(report, "No consumer group subscribes to the topic or has read it.");
	if (trace->n_groups != 0 || report->as_json) {
		grid_open(&grid, report, "groups", group_columns);
		for (size_t i = 0; i < trace->n_groups; i++) {
			grid_text(&grid, trace->groups[i].group);
			grid_text(&grid, or_empty(trace->groups[i].state));
			grid_int(&grid, trace->groups[i].n_members);
			grid_int(&grid, trace->groups[i].committed);
		}
		grid_close(&grid);
	}
	grid_open(&grid, report, "events", event_columns);
	for (size_t i = 0; i < trace->n_events; i++) {
		const struct trace_event *event = &trace->events[i];

		grid_int(&grid, event->time_ms);
		grid_text(&grid, slice_of(trace_what_name(event->what)));
		grid_text(&grid, or_empty(event->group));
		grid_text(&grid, or_empty(event->client));
		grid_text(&grid, or_empty(event->address));
		grid_text(&grid, or_empty(event->topic));
		grid_int(&grid, event->queue_id);
		grid_int(&grid, event->queue_offset);
		grid_int(&grid, event->times);
	}
	grid_close(&grid);
	if (trace->cut)
		report_note(report, "There are more groups or events than one reply holds.");
	report_leave(report);
}

static int
show_broker_trace(struct admin *admin, const struct found_message *found)
{
	struct view_message_header header = { .offset = found->record.position };
	struct admin_request ask = { found->address, REQUEST_TRACE_MESSAGE,
		view_message_header_fields, &header, SLICE("") };
	struct twinmq_reply reply;
	struct message_trace trace;

	if (admin_ask(admin, &ask, &reply) == -1) {
		if (twinmq_error(admin->mq)->code != RESPONSE_REQUEST_CODE_NOT_SUPPORTED)
			return admin_fail_call(admin);
		report_note(&admin->report, "This broker remembers no deliveries.");
		return 0;
	}
	if (message_trace_read(&admin->arena, reply.body, &trace) == -1)
		return admin_bad_body(admin, &ask);
	show_trace(admin, &trace);
	return 0;
}

/* ---- queryMsgTraceById ----------------------------------------------- */

static const struct flag query_trace_flags[] = {
	{ 'i', "msgId", FLAG_TEXT, "ID", FLAG_REQUIRED, 0, 0, "unique id or offset id" },
	{ 't', "traceTopic", FLAG_TEXT, "TOPIC", 0, 0, 0,
	    "where clients write their traces (default " TRACE_TOPIC ")" },
	{ 'T', "topic", FLAG_TEXT, "TOPIC", 0, 0, 0,
	    "topic of the message; without it, all topics are searched for a unique id" },
	{ 'b', "beginTimestamp", FLAG_TIME, "TIME", 0, 0, 0,
	    "traces stored at or after: ms since 1970, now, or yyyy-MM-dd#HH:mm:ss:SSS" },
	{ 'e', "endTimestamp", FLAG_TIME, "TIME", 0, 0, 0, "traces stored at or before" },
	{ 'c', "maxNum", FLAG_INT, "N", 0, 1, 1024,
	    "maximum of trace messages from each broker (default 64)" },
	{ 0 },
};

static int
query_trace_run(struct admin *admin)
{
	struct slice id = slice_trim(slice_of(args_text(&admin->args, 'i'))), topic;
	struct found_message found;

	if (admin_name(admin, 'T', "topic", &topic) == -1)
		return -1;
	if (message_find(admin, id, topic, &found) == -1)
		return -1;
	/* Clients write the unique id. */
	if (show_client_traces(admin, message_name(admin, &found.record)) == -1)
		return -1;
	return show_broker_trace(admin, &found);
}

const struct subcommand trace_commands[] = {
	{ "queryMsgTraceById", query_trace_flags, query_trace_run,
	    "show what became of a message: stored, delivered, acknowledged, sent back, dead",
	    HTTP_MAY_READ },
	{ NULL },
};
