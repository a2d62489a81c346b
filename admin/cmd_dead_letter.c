#include "config.h"

/* deadLetterList, deadLetterReplay: messages that a group gave up, and giving them to it again. */

#include <stdio.h>
#include <time.h>

#include "admin/cmd.h"
#include "admin/message.h"
#include "common/protocol/name_list.h"
#include "common/protocol/queue_stats.h"

#define DEAD_PREFIX "%DLQ%"
#define REPLAY_DEFAULT 100
#define BATCH 32

/* ---- deadLetterList ---- */

static const struct flag dead_list_flags[] = {
	{ 'g', "group", FLAG_TEXT, "GROUP", 0, 0, 0, "only this group" },
	{ 0 },
};

static const struct column dead_columns[] = {
	{ "group", "Group", COLUMN_TEXT },
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "count", "Dead letters", COLUMN_INT },
	{ "minOffset", "From", COLUMN_INT },
	{ "maxOffset", "To", COLUMN_INT },
	{ "lastTime", "Newest", COLUMN_TIME },
	{ NULL },
};

static int
add_dead(struct admin *admin, struct grid *grid, struct slice topic, const struct target *target)
{
	struct topic_header header = { topic };
	struct admin_request ask = { target->address, REQUEST_GET_TOPIC_STATS_INFO,
		topic_header_fields, &header, SLICE("") };
	const struct queue_stats *stats;
	struct twinmq_reply reply;
	size_t n;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	if (topic_stats_read(&admin->arena, reply.body, &stats, &n) == -1)
		return admin_bad_body(admin, &ask);
	for (size_t i = 0; i < n; i++) {
		if (stats[i].max_offset == stats[i].min_offset)
			continue;
		grid_text(grid, (struct slice){ topic.data + strlen(DEAD_PREFIX),
				    topic.len - strlen(DEAD_PREFIX) });
		grid_text(grid, stats[i].queue.broker_name);
		grid_int(grid, stats[i].max_offset - stats[i].min_offset);
		grid_int(grid, stats[i].min_offset);
		grid_int(grid, stats[i].max_offset);
		grid_int(grid, stats[i].last_update);
	}
	return 0;
}

static int
dead_list_run(struct admin *admin)
{
	struct admin_request ask = { .code = REQUEST_GET_ALL_TOPIC_LIST_FROM_NAMESERVER };
	struct twinmq_reply reply;
	struct topic_list list;
	struct targets targets;
	struct slice group;
	struct grid grid;

	if (admin_name(admin, 'g', "group", &group) == -1 || admin_must(admin, &ask, &reply) == -1)
		return -1;
	if (topic_list_read(&admin->arena, arena_copy(&admin->arena, reply.body), &list) == -1)
		return admin_bad_body(admin, &ask);
	grid_open(&grid, &admin->report, "deadLetters", dead_columns);
	for (size_t i = 0; i < list.n_topics; i++) {
		struct slice topic = list.topics[i];
		struct slice name = { topic.data + strlen(DEAD_PREFIX),
			topic.len - strlen(DEAD_PREFIX) };

		if (!slice_starts(topic, DEAD_PREFIX) ||
		    (group.data != NULL && !slice_equal(name, group)) ||
		    admin_topic_brokers(admin, topic, &targets) == -1)
			continue;
		for (size_t j = 0; j < targets.n; j++)
			add_dead(admin, &grid, topic, &targets.list[j]);
	}
	grid_sort(&grid, 2);
	grid_close(&grid);
	return 0;
}

/* ---- deadLetterReplay ---- */

static const struct flag dead_replay_flags[] = {
	{ 'g', "group", FLAG_TEXT, "GROUP", FLAG_REQUIRED, 0, 0, "name of the group" },
	{ 'b', "brokerName", FLAG_TEXT, "BROKER", 0, 0, 0, "only those of this broker" },
	{ 'o', "offset", FLAG_INT, "N", 0, 0, INT64_MAX, "from this offset on; needs -b" },
	{ 'm', "maxNum", FLAG_INT, "N", 0, 1, 1000000, "so many at most (default 100)" },
	{ 's', "beginTimestamp", FLAG_TIME, "TIME", 0, 0, 0,
	    "dead since then or later: ms since 1970, now, or yyyy-MM-dd#HH:mm:ss:SSS" },
	{ 'e', "endTimestamp", FLAG_TIME, "TIME", 0, 0, 0, "dead at that time or before" },
	{ 'k', "msgKey", FLAG_TEXT, "KEY", 0, 0, 0, "only those with exactly these keys" },
	{ 'c', "tags", FLAG_TEXT, "TAG", 0, 0, 0, "only those with this tag" },
	{ 'r', "rate", FLAG_INT, "N", 0, 1, 100000, "a second (default 100)" },
	{ 0 },
};

static const struct column replay_columns[] = {
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "offset", "Offset", COLUMN_INT },
	{ "msgId", "Message id", COLUMN_TEXT },
	{ "result", "Result", COLUMN_TEXT },
	{ "topic", "Now in", COLUMN_TEXT },
	{ "replayedId", "Now is", COLUMN_TEXT },
	{ NULL },
};

struct dead_replay {
	struct admin *admin;
	struct slice group, key, tag;
	struct grid grid;
	int64_t left, n_replayed, n_failed;
};

static bool
is_wanted(const struct dead_replay *replay, const struct record *record)
{
	const struct args *args = &replay->admin->args;

	return record->store_timestamp >= args_number(args, 's', 0) &&
	       record->store_timestamp <= args_number(args, 'e', INT64_MAX) &&
	       (replay->key.data == NULL ||
		   slice_equal(property_find(record->properties, "KEYS"), replay->key)) &&
	       (replay->tag.data == NULL ||
		   slice_equal(property_find(record->properties, "TAGS"), replay->tag));
}

static void
replay_one(struct dead_replay *replay, const struct target *target, const struct record *record)
{
	struct admin *admin = replay->admin;
	struct replay_dead_letter_header header = { replay->group, record->queue_offset };
	struct admin_request ask = { target->address, REQUEST_REPLAY_DEAD_LETTER,
		replay_dead_letter_header_fields, &header, SLICE("") };
	int64_t pause_ns = 1000000000 / args_number(&admin->args, 'r', 100);
	struct timespec pause = { pause_ns / 1000000000, pause_ns % 1000000000 };
	struct twinmq_reply reply;
	const struct json *body = NULL;
	bool good = admin_must(admin, &ask, &reply) == 0;

	if (good)
		body = json_parse(&admin->arena, arena_copy(&admin->arena, reply.body));
	grid_text(&replay->grid, target->name.data != NULL ? target->name : target->address);
	grid_int(&replay->grid, record->queue_offset);
	grid_text(&replay->grid, message_name(admin, record));
	grid_text(
	    &replay->grid, good ? SLICE("replayed") : slice_of(twinmq_error(admin->mq)->text));
	grid_text(&replay->grid, json_member_text(body, "topic"));
	grid_text(&replay->grid, json_member_text(body, "msgId"));
	replay->n_replayed += good;
	replay->n_failed += !good;
	replay->left--;
	nanosleep(&pause, NULL);
}

/* The dead letters that one broker had when it was asked. */
static int
replay_broker(struct dead_replay *replay, const struct target *target)
{
	struct admin *admin = replay->admin;
	struct pull_spec pull = { .queue = { .topic =
						 arena_printf(&admin->arena, "%s%.*s", DEAD_PREFIX,
						     (int)replay->group.len, replay->group.data),
				      .broker_name = target->name },
		.max_messages = BATCH };
	struct pull_result result;
	int64_t end;

	if (twinmq_min_offset(admin->mq, &pull.queue, &pull.offset) == -1 ||
	    twinmq_max_offset(admin->mq, &pull.queue, &end) == -1)
		return admin_fail_call(admin);
	if (args_has(&admin->args, 'o'))
		pull.offset = args_number(&admin->args, 'o', 0);
	while (replay->left > 0 && pull.offset < end) {
		struct record record;

		if (!admin_is_within(admin))
			return -1;
		if (twinmq_pull(admin->mq, &pull, &admin->arena, &result) == -1)
			return admin_fail_call(admin);
		if (result.status != PULL_FOUND || result.next_offset <= pull.offset)
			break;
		while (replay->left > 0 && admin_is_within(admin) &&
		       pulled_next(&result.records, SLICE_NONE, &record))
			if (record.queue_offset < end && is_wanted(replay, &record))
				replay_one(replay, target, &record);
		pull.offset = result.next_offset;
	}
	return 0;
}

static int
dead_replay_run(struct admin *admin)
{
	struct dead_replay replay = { .admin = admin,
		.left = args_number(&admin->args, 'm', REPLAY_DEFAULT),
		.key = slice_of(args_text(&admin->args, 'k')),
		.tag = slice_of(args_text(&admin->args, 'c')) };
	struct slice only = slice_trim(slice_of(args_text(&admin->args, 'b')));
	struct targets targets;
	int result = 0;

	if (args_has(&admin->args, 'o') && !args_has(&admin->args, 'b'))
		return admin_misuse(admin, "each broker has such an offset: -b BROKER");
	if (!args_has(&admin->args, 'k'))
		replay.key = SLICE_NONE;
	if (!args_has(&admin->args, 'c'))
		replay.tag = SLICE_NONE;
	if (admin_name(admin, 'g', "group", &replay.group) == -1 ||
	    admin_topic_brokers(admin,
		arena_printf(
		    &admin->arena, "%s%.*s", DEAD_PREFIX, (int)replay.group.len, replay.group.data),
		&targets) == -1)
		return -1;
	grid_open(&replay.grid, &admin->report, "deadLetters", replay_columns);
	for (size_t i = 0; i < targets.n && result == 0; i++)
		if (!args_has(&admin->args, 'b') || slice_equal(only, targets.list[i].name))
			result = replay_broker(&replay, &targets.list[i]);
	grid_close(&replay.grid);
	report_int(&admin->report, "replayed", "Replayed", replay.n_replayed);
	report_int(&admin->report, "failed", "Failed", replay.n_failed);
	return replay.n_replayed != 0 ? 0 : result;
}

const struct subcommand dead_letter_commands[] = {
	{ "deadLetterList", dead_list_flags, dead_list_run,
	    "list the groups that have dead letters, and how many", HTTP_MAY_READ },
	{ "deadLetterReplay", dead_replay_flags, dead_replay_run,
	    "give dead letters to their group once more", HTTP_MAY_WRITE },
	{ NULL },
};
