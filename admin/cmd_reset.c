#include "config.h"

/* Moving a consumer group to another place in a topic. */

#include "admin/cmd.h"
#include "common/protocol/queue_offset.h"

static const struct column offset_columns[] = {
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "queueId", "QID", COLUMN_INT },
	{ "offset", "Offset", COLUMN_INT },
	{ NULL },
};

/* Adds the new offsets of one broker. */
static int
reset_one(struct admin *admin, const struct target *target,
    const struct reset_offset_header *header, struct grid *grid)
{
	struct admin_request ask = { target->address, REQUEST_INVOKE_BROKER_TO_RESET_OFFSET,
		reset_offset_header_fields, header, SLICE("") };
	const struct queue_offset *offsets;
	struct twinmq_reply reply;
	size_t n;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	if (queue_offsets_read(&admin->arena, reply.body, "offsetTable", &offsets, &n) == -1)
		return admin_bad_body(admin, &ask);
	for (size_t i = 0; i < n; i++) {
		grid_text(grid, offsets[i].queue.broker_name);
		grid_int(grid, offsets[i].queue.id);
		grid_int(grid, offsets[i].offset);
	}
	return 0;
}

/* On all masters of the topic, or on one. */
static int
reset_targets(struct admin *admin, struct reset_offset_header *header, struct targets *targets)
{
	if (admin_name(admin, 'g', "group", &header->group) == -1 ||
	    admin_name(admin, 't', "topic", &header->topic) == -1)
		return -1;
	return args_has(&admin->args, 'b') ? admin_targets(admin, TARGET_MASTERS, targets)
	                                   : admin_topic_brokers(admin, header->topic, targets);
}

/* Those that refuse are reported, the others count. */
static int
reset_all(struct admin *admin, struct reset_offset_header *header)
{
	struct targets targets;
	struct grid grid;
	size_t n_done = 0;

	if (reset_targets(admin, header, &targets) == -1)
		return -1;
	report_text(&admin->report, "group", "Group", header->group);
	report_text(&admin->report, "topic", "Topic", header->topic);
	grid_open(&grid, &admin->report, "offsets", offset_columns);
	for (size_t i = 0; i < targets.n; i++)
		n_done += reset_one(admin, &targets.list[i], header, &grid) == 0;
	grid_sort(&grid, 2);
	grid_close(&grid);
	return n_done != 0 ? 0 : -1;
}

/* ---- what it would do ---- */

static const struct column preview_columns[] = {
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "queueId", "QID", COLUMN_INT },
	{ "before", "Now", COLUMN_INT },
	{ "after", "Then", COLUMN_INT },
	{ "again", "Again", COLUMN_INT },
	{ "skipped", "Skipped", COLUMN_INT },
	{ NULL },
};

struct preview {
	struct grid grid;
	int64_t again, skipped;
};

/* A group that has no offset yet gets nothing twice, and loses nothing that it was promised. */
static void
preview_queue(struct preview *preview, struct slice broker, const struct json *queue)
{
	int64_t before = json_member_int64(queue, "before", 0);
	int64_t after = json_member_int64(queue, "after", 0);
	int64_t again = after < before ? before - after : 0;
	int64_t skipped = before >= 0 && after > before ? after - before : 0;

	grid_text(&preview->grid, broker);
	grid_int(&preview->grid, json_member_int64(queue, "queueId", 0));
	grid_int(&preview->grid, before);
	grid_int(&preview->grid, after);
	grid_int(&preview->grid, again);
	grid_int(&preview->grid, skipped);
	preview->again += again;
	preview->skipped += skipped;
}

static int
preview_one(struct admin *admin, const struct target *target,
    const struct reset_offset_header *header, struct preview *preview)
{
	struct admin_request ask = { target->address, REQUEST_PREVIEW_RESET,
		reset_offset_header_fields, header, SLICE("") };
	struct twinmq_reply reply;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	const struct json *queues =
	    json_member(json_parse(&admin->arena, arena_copy(&admin->arena, reply.body)), "queues");

	if (queues == NULL)
		return admin_bad_body(admin, &ask);
	for (const struct json *one = queues->first; one != NULL; one = one->next)
		preview_queue(
		    preview, target->name.data != NULL ? target->name : target->address, one);
	return 0;
}

static int
preview_all(struct admin *admin, struct reset_offset_header *header)
{
	struct preview preview = { 0 };
	struct targets targets;
	size_t n_done = 0;

	if (reset_targets(admin, header, &targets) == -1)
		return -1;
	report_text(&admin->report, "group", "Group", header->group);
	report_text(&admin->report, "topic", "Topic", header->topic);
	grid_open(&preview.grid, &admin->report, "queues", preview_columns);
	for (size_t i = 0; i < targets.n; i++)
		n_done += preview_one(admin, &targets.list[i], header, &preview) == 0;
	grid_sort(&preview.grid, 2);
	grid_close(&preview.grid);
	report_int(&admin->report, "again", "Messages again", preview.again);
	report_int(&admin->report, "skipped", "Messages skipped", preview.skipped);
	return n_done != 0 ? 0 : -1;
}

/* ---- resetOffsetByTime ---- */

static const struct flag reset_flags[] = {
	FLAG_BROKER,
	{ 'g', "group", FLAG_TEXT, "GROUP", FLAG_REQUIRED, 0, 0, "name of the group" },
	FLAG_TOPIC("name of the topic"),
	{ 's', "timestamp", FLAG_TIME, "TIME", 0, 0, 0,
	    "go on at the first message that was stored then or later" },
	{ 'q', "queue", FLAG_INT, "QID", 0, 0, INT32_MAX, "only this queue; needs -b" },
	{ 'o', "offset", FLAG_INT, "OFFSET", 0, 0, INT64_MAX,
	    "go on at this offset of the queue; needs -q" },
	{ 'f', "force", FLAG_BOOL, "BOOL", 0, 0, 0, "also forwards (default true)" },
	{ 'd', "dryRun", FLAG_SWITCH, NULL, 0, 0, 0,
	    "change nothing: say what the group would get again, or miss" },
	{ 0 },
};

static const struct flag preview_flags[] = {
	FLAG_BROKER,
	{ 'g', "group", FLAG_TEXT, "GROUP", FLAG_REQUIRED, 0, 0, "name of the group" },
	FLAG_TOPIC("name of the topic"),
	{ 's', "timestamp", FLAG_TIME, "TIME", 0, 0, 0,
	    "if it went on at the first message that was stored then or later" },
	{ 'q', "queue", FLAG_INT, "QID", 0, 0, INT32_MAX, "only this queue; needs -b" },
	{ 'o', "offset", FLAG_INT, "OFFSET", 0, 0, INT64_MAX,
	    "if it went on at this offset of the queue; needs -q" },
	{ 0 },
};

static int
read_reset(struct admin *admin, struct reset_offset_header *header)
{
	const struct args *args = &admin->args;

	*header = (struct reset_offset_header){
		.timestamp = args_number(args, 's', 0),
		.is_force = args_number(args, 'f', 1) != 0,
		.queue_id = (int32_t)args_number(args, 'q', -1),
		.offset = args_number(args, 'o', -1),
	};

	if (args_has(args, 's') == args_has(args, 'o'))
		return admin_misuse(admin, "say where to: -s TIME, or -o OFFSET");
	if (args_has(args, 'o') && !args_has(args, 'q'))
		return admin_misuse(admin, "an offset is of one queue: -q QID");
	if (args_has(args, 'q') && !args_has(args, 'b'))
		return admin_misuse(admin, "each broker has such a queue: -b BROKER");
	return 0;
}

static int
reset_run(struct admin *admin)
{
	struct reset_offset_header header;

	if (read_reset(admin, &header) == -1)
		return -1;
	return args_has(&admin->args, 'd') ? preview_all(admin, &header)
	                                   : reset_all(admin, &header);
}

static int
preview_run(struct admin *admin)
{
	struct reset_offset_header header;

	return read_reset(admin, &header) == -1 ? -1 : preview_all(admin, &header);
}

/* ---- skipAccumulatedMessage ---- */

static const struct flag skip_flags[] = {
	FLAG_BROKER,
	{ 'g', "group", FLAG_TEXT, "GROUP", FLAG_REQUIRED, 0, 0, "name of the group" },
	FLAG_TOPIC("name of the topic"),
	{ 0 },
};

static int
skip_run(struct admin *admin)
{
	struct reset_offset_header header = {
		.timestamp = -1, .is_force = true, .queue_id = -1, .offset = -1
	};

	return reset_all(admin, &header);
}

const struct subcommand reset_commands[] = {
	{ "resetOffsetByTime", reset_flags, reset_run,
	    "move a consumer group to another place in a topic", HTTP_MAY_WRITE },
	{ "rewindPreview", preview_flags, preview_run,
	    "show what moving a consumer group would bring again or skip", HTTP_MAY_READ },
	{ "skipAccumulatedMessage", skip_flags, skip_run,
	    "move a consumer group to the end of a topic", HTTP_MAY_WRITE },
	{ NULL },
};
