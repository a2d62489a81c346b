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

/* On all masters of the topic, or on one. Those that refuse are reported, the others count. */
static int
reset_all(struct admin *admin, struct reset_offset_header *header)
{
	struct targets targets;
	struct grid grid;
	size_t n_done = 0;

	if (admin_name(admin, 'g', "group", &header->group) == -1 ||
	    admin_name(admin, 't', "topic", &header->topic) == -1 ||
	    (args_has(&admin->args, 'b')
		    ? admin_targets(admin, TARGET_MASTERS, &targets)
		    : admin_topic_brokers(admin, header->topic, &targets)) == -1)
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
	{ 0 },
};

static int
reset_run(struct admin *admin)
{
	const struct args *args = &admin->args;
	struct reset_offset_header header = {
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
	return reset_all(admin, &header);
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
	{ "skipAccumulatedMessage", skip_flags, skip_run,
	    "move a consumer group to the end of a topic", HTTP_MAY_WRITE },
	{ NULL },
};
