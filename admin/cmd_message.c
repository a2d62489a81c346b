#include "config.h"

#include <stdio.h>

#include "admin/cmd.h"
#include "admin/message.h"
#include "admin/message_browse.h"

/* ---- sendMessage ---- */

static const struct flag send_message_flags[] = {
	FLAG_TOPIC("topic to send to"),
	{ 'p', "body", FLAG_TEXT, "TEXT", FLAG_REQUIRED | FLAG_EMPTY, 0, 0, "body of the message" },
	{ 'k', "key", FLAG_TEXT, "KEYS", 0, 0, 0, "keys, separated by blanks" },
	{ 'c', "tags", FLAG_TEXT, "TAG", 0, 0, 0, "tag" },
	{ 'b', "broker", FLAG_TEXT, "BROKER", 0, 0, 0, "name of the broker to send to" },
	{ 'i', "qid", FLAG_INT, "N", 0, 0, INT32_MAX, "number of the queue; needs -b" },
	{ 'm', "msgTraceEnable", FLAG_BOOL, "BOOL", 0, 0, 0,
	    "accepted because RocketMQ has it; no effect" },
	{ 0 },
};

static const struct column sent_columns[] = {
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "queueId", "QID", COLUMN_INT },
	{ "sendResult", "Result", COLUMN_TEXT },
	{ "msgId", "Message id", COLUMN_TEXT },
	{ "offsetMsgId", "Offset id", COLUMN_TEXT },
	{ "queueOffset", "Offset", COLUMN_INT },
	{ NULL },
};

static int
send_message_run(struct admin *admin)
{
	const struct args *args = &admin->args;
	struct message message = {
		.tags = slice_of(args_text(args, 'c')),
		.keys = slice_of(args_text(args, 'k')),
		.body = slice_of(args_text(args, 'p')),
		.broker_name = slice_of(args_text(args, 'b')),
		.queue_id = (int32_t)args_number(args, 'i', MESSAGE_ANY_QUEUE),
	};
	struct send_result result;
	struct grid grid;

	if (args_has(args, 'i') && !args_has(args, 'b'))
		return admin_misuse(admin, "-i names a queue of a broker: say which with -b");
	if (admin_name(admin, 't', "topic", &message.topic) == -1)
		return -1;
	struct producer *producer =
	    producer_new(admin->mq, &(struct producer_options){ .group = "TOOLS_PRODUCER" });
	int sent = producer_send(producer, &message, &admin->arena, &result);
	producer_free(producer);
	if (sent == -1)
		return admin_fail_call(admin);
	grid_open(&grid, &admin->report, "sent", sent_columns);
	grid_text(&grid, result.queue.broker_name);
	grid_int(&grid, result.queue.id);
	grid_text(&grid, slice_of(send_status_name(result.code)));
	grid_text(&grid, slice_of(result.unique_id));
	grid_text(&grid, result.message_id);
	grid_int(&grid, result.queue_offset);
	grid_close(&grid);
	return 0;
}

/* ---- consumeMessage ---- */

#define CONSUME_DEFAULT 128

static const struct flag consume_message_flags[] = {
	FLAG_TOPIC("topic to read"),
	{ 'b', "brokerName", FLAG_TEXT, "BROKER", 0, 0, 0, "only queues of this broker" },
	{ 'i', "queueId", FLAG_INT, "N", 0, 0, INT32_MAX, "only this queue; needs -b" },
	{ 'o', "offset", FLAG_INT, "N", 0, 0, INT64_MAX, "from this offset; needs -i" },
	{ 'g', "consumerGroup", FLAG_TEXT, "GROUP", 0, 0, 0,
	    "read as this group; its offsets stay as they are" },
	{ 's', "beginTimestamp", FLAG_TIME, "TIME", 0, 0, 0,
	    "stored at or after: ms since 1970, now, or yyyy-MM-dd#HH:mm:ss:SSS" },
	{ 'e', "endTimestamp", FLAG_TIME, "TIME", 0, 0, 0, "stored at or before" },
	{ 'c', "MessageNumber", FLAG_INT, "N", 0, 1, INT32_MAX, "maximum number (default 128)" },
	{ 'r', "order", FLAG_TEXT, "ORDER", 0, 0, 0,
	    "newest or oldest: first, of all queues by store time (default: queue by queue)" },
	{ 'a', "after", FLAG_TEXT, "NEXT", 0, 0, 0,
	    "with -r: go on there, the next of the last reply" },
	FLAG_BODY_FILE,
	{ 0 },
};

/* The offsets where reading a queue begins and ends. */
static int
find_range(struct admin *admin, const struct message_queue *queue, int64_t *begin, int64_t *end)
{
	struct twinmq *mq = admin->mq;

	if (twinmq_min_offset(mq, queue, begin) == -1 || twinmq_max_offset(mq, queue, end) == -1)
		return admin_fail_call(admin);
	if (args_has(&admin->args, 's') &&
	    twinmq_offset_at(mq, queue, args_number(&admin->args, 's', 0), begin) == -1)
		return admin_fail_call(admin);
	if (args_has(&admin->args, 'o'))
		*begin = args_number(&admin->args, 'o', 0);
	return 0;
}

/* Compares the message's own time, because brokers differ in the offset they return for a time. */
static bool
is_in_time(const struct admin *admin, const struct record *record)
{
	return record->store_timestamp >= args_number(&admin->args, 's', 0) &&
	       record->store_timestamp <= args_number(&admin->args, 'e', INT64_MAX);
}

static int
show_pulled(struct admin *admin, struct slice records, int64_t *left)
{
	struct found_message found = { 0 };

	while (*left > 0 && pulled_next(&records, SLICE_NONE, &found.record)) {
		if (!is_in_time(admin, &found.record))
			continue;
		if (message_show(admin, &found, 0) == -1)
			return -1;
		(*left)--;
	}
	return 0;
}

static int
read_queue(struct admin *admin, const struct message_queue *queue, int64_t *left)
{
	struct pull_spec pull = { .queue = *queue,
		.group = slice_of(args_text(&admin->args, 'g')) };
	struct pull_result result;
	int64_t end;

	if (find_range(admin, queue, &pull.offset, &end) == -1)
		return -1;
	while (*left > 0 && pull.offset < end) {
		pull.max_messages = *left < 32 ? (int32_t)*left : 32;
		if (!admin_is_within(admin))
			return -1;
		if (twinmq_pull(admin->mq, &pull, &admin->arena, &result) == -1)
			return admin_fail_call(admin);
		if (result.status == PULL_NOTHING_NEW || result.status == PULL_BAD_OFFSET ||
		    result.next_offset <= pull.offset)
			break;
		if (result.status == PULL_FOUND && show_pulled(admin, result.records, left) == -1)
			return -1;
		pull.offset = result.next_offset;
	}
	return 0;
}

static bool
is_asked_for(const struct admin *admin, struct slice broker_name, int32_t queue_id)
{
	struct slice only = slice_of(args_text(&admin->args, 'b'));

	if (only.data != NULL && !slice_equal(slice_trim(only), broker_name))
		return false;
	return !args_has(&admin->args, 'i') || args_number(&admin->args, 'i', 0) == queue_id;
}

static int
read_queues(struct admin *admin, struct slice topic, const struct route *route, size_t *n_queues)
{
	int64_t left = args_number(&admin->args, 'c', CONSUME_DEFAULT);
	int result = 0;

	for (size_t i = 0; i < route->n_queues; i++)
		for (int32_t id = 0; id < route->queues[i].read_queues && result == 0; id++) {
			struct message_queue queue = { topic, route->queues[i].broker_name, id };

			if (!is_asked_for(admin, queue.broker_name, id))
				continue;
			++*n_queues;
			result = read_queue(admin, &queue, &left);
		}
	return result;
}

/* All queues that are asked for, by store time. */
static int
browse_queues(struct admin *admin, struct slice topic, const struct route *route, size_t *n_queues)
{
	struct slice order = slice_trim(slice_of(args_text(&admin->args, 'r')));
	struct browse browse = {
		.topic = topic,
		.newest = slice_is(order, "newest"),
		.begin_ms = args_number(&admin->args, 's', 0),
		.end_ms = args_number(&admin->args, 'e', INT64_MAX),
		.max = args_number(&admin->args, 'c', CONSUME_DEFAULT),
	};
	size_t n = 0;

	if (!browse.newest && !slice_is(order, "oldest"))
		return admin_misuse(admin, "-r (--order) is newest or oldest");
	if (args_has(&admin->args, 'a'))
		browse.cursor = slice_of(args_text(&admin->args, 'a'));
	for (size_t i = 0; i < route->n_queues; i++)
		n += (size_t)route->queues[i].read_queues;
	struct message_queue *queues = arena_alloc(&admin->arena, (n + 1) * sizeof *queues);

	for (size_t i = 0; i < route->n_queues; i++)
		for (int32_t id = 0; id < route->queues[i].read_queues; id++)
			if (is_asked_for(admin, route->queues[i].broker_name, id))
				queues[browse.n_queues++] = (struct message_queue){ topic,
					route->queues[i].broker_name, id };
	browse.queues = queues;
	*n_queues = browse.n_queues;
	return message_browse(admin, &browse);
}

static int
consume_message_run(struct admin *admin)
{
	struct slice topic, group;
	struct route route;
	size_t n_queues = 0;

	if (args_has(&admin->args, 'i') && !args_has(&admin->args, 'b'))
		return admin_misuse(admin, "-i names a queue of a broker: say which with -b");
	if (args_has(&admin->args, 'o') && !args_has(&admin->args, 'i'))
		return admin_misuse(
		    admin, "-o is an offset of one queue: say which with -b and -i");
	if (args_has(&admin->args, 'r') && args_has(&admin->args, 'o'))
		return admin_misuse(admin, "-r and -o exclude each other");
	if (args_has(&admin->args, 'a') && !args_has(&admin->args, 'r'))
		return admin_misuse(admin, "-a goes on in an order: say which with -r");
	if (admin_name(admin, 't', "topic", &topic) == -1 ||
	    admin_name(admin, 'g', "group", &group) == -1)
		return -1;
	if (twinmq_route(admin->mq, topic, &admin->arena, &route) == -1)
		return admin_fail_call(admin);
	int result;

	if (args_has(&admin->args, 'r')) {
		result = browse_queues(admin, topic, &route, &n_queues);
	} else {
		report_open_list(&admin->report, "messages");
		result = read_queues(admin, topic, &route, &n_queues);
		report_close_list(&admin->report);
	}
	if (result == 0 && n_queues == 0)
		return admin_fail(admin, "topic %.*s has no such queue; see topicRoute",
		    (int)topic.len, topic.data);
	return result;
}

const struct subcommand message_commands[] = {
	{ "sendMessage", send_message_flags, send_message_run, "send one message", HTTP_MAY_WRITE },
	{ "consumeMessage", consume_message_flags, consume_message_run,
	    "read messages of a topic or of one queue", HTTP_MAY_READ },
	{ NULL },
};
