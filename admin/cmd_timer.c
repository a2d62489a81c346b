#include "config.h"

#include "admin/cmd.h"
#include "common/protocol/timer_list.h"

/* ---- timerList: messages that wait for a time of their own ---- */

#define TIMERS_DEFAULT 100
#define TIMERS_MAX 1000000
#define TIMERS_PAGE 1000

static const struct flag timer_list_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	{ 't', "topic", FLAG_TEXT, "TOPIC", 0, 0, 0, "only messages for this topic" },
	{ 's', "beginTimestamp", FLAG_TIME, "TIME", 0, 0, 0,
	    "due at or after: ms since 1970, now, or yyyy-MM-dd#HH:mm:ss:SSS" },
	{ 'e', "endTimestamp", FLAG_TIME, "TIME", 0, 0, 0, "due at or before" },
	{ 'l', "limit", FLAG_INT, "N", 0, 1, TIMERS_MAX,
	    "maximum number from each broker (default 100)" },
	{ 0 },
};

static const struct column timer_columns[] = {
	{ "dueTimestamp", "Due", COLUMN_TIME },
	{ "topic", "Topic", COLUMN_TEXT },
	{ "queueId", "QID", COLUMN_INT },
	{ "keys", "Keys", COLUMN_TEXT },
	{ "tags", "Tags", COLUMN_TEXT },
	{ "bodySize", "Body", COLUMN_INT },
	{ "storeTimestamp", "Stored", COLUMN_TIME },
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "uniqueId", "Unique id", COLUMN_TEXT },
	{ "msgId", "Offset id", COLUMN_TEXT },
	{ NULL },
};

struct timers_found {
	struct grid grid;
	int64_t pending; /* of all brokers */
	bool more;
};

static struct slice
text_or_none(struct slice text)
{
	return text.data != NULL ? text : SLICE("");
}

static void
add_timer(struct grid *grid, const struct target *target, const struct timer_info *timer)
{
	grid_int(grid, timer->due_ms);
	grid_text(grid, timer->topic);
	grid_int(grid, timer->queue_id);
	grid_text(grid, text_or_none(timer->keys));
	grid_text(grid, text_or_none(timer->tags));
	grid_int(grid, timer->body_bytes);
	grid_int(grid, timer->stored_ms);
	grid_text(grid, target->name.data != NULL ? target->name : target->address);
	grid_text(grid, text_or_none(timer->unique_id));
	grid_text(grid, text_or_none(timer->msg_id));
}

/* Page after page. 0, or -1 after admin_fail. */
static int
list_timers_of(struct admin *admin, struct timers_found *found, const struct target *target,
    struct list_timers_header header)
{
	struct admin_request ask = { target->address, REQUEST_LIST_TIMERS,
		list_timers_header_fields, &header, SLICE("") };
	int64_t left = args_number(&admin->args, 'l', TIMERS_DEFAULT);
	struct twinmq_reply reply;
	struct timer_list list;

	do {
		header.limit = left < TIMERS_PAGE ? (int32_t)left : TIMERS_PAGE;
		if (admin_must(admin, &ask, &reply) == -1)
			return -1;
		if (timer_list_read(&admin->arena, reply.body, &list) == -1)
			return admin_bad_body(admin, &ask);
		for (size_t i = 0; i < list.n; i++)
			add_timer(&found->grid, target, &list.timers[i]);
		left -= (int64_t)list.n;
		header.cursor = list.cursor;
	} while (left > 0 && list.cursor.data != NULL);
	found->more |= list.cursor.data != NULL;
	found->pending += list.pending;
	return 0;
}

static int
timer_list_run(struct admin *admin)
{
	struct list_timers_header header = {
		.from_ms = args_number(&admin->args, 's', 0),
		.to_ms = args_number(&admin->args, 'e', 0),
	};
	struct timers_found found = { 0 };
	struct targets targets;
	size_t n_failed = 0;

	if (admin_name(admin, 't', "topic", &header.topic) == -1 ||
	    admin_targets(admin, TARGET_MASTERS, &targets) == -1)
		return -1;
	grid_open(&found.grid, &admin->report, "timers", timer_columns);
	for (size_t i = 0; i < targets.n; i++)
		n_failed += list_timers_of(admin, &found, &targets.list[i], header) == -1;
	grid_sort(&found.grid, 1);
	grid_close(&found.grid);
	report_int(&admin->report, "pending", "Pending in all", found.pending);
	if (report_json(&admin->report) != NULL)
		json_member_put_bool(report_json(&admin->report), "more", found.more);
	else if (found.more)
		report_note(&admin->report, "There are more; raise --limit.");
	return n_failed == targets.n ? -1 : 0;
}

const struct subcommand timer_commands[] = {
	{ "timerList", timer_list_flags, timer_list_run,
	    "list messages that wait for a time of their own", HTTP_MAY_READ },
	{ NULL },
};
