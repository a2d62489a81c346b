#include "config.h"

/*
 * What brokers ask a consumer for a tool. Source: ClientRemotingProcessor and ConsumerRunningInfo
 * of 5.3.3.
 */

#include <inttypes.h>
#include <stdio.h>

#include "client/consumer.h"
#include "client/handle.h"
#include "common/base/clock.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/queue_offset.h"

#define CLIENT_VERSION "libtwinmq " PACKAGE_VERSION

static void
answer(const struct client_peer *peer, const struct command *request, struct slice body)
{
	struct command reply = {
		.codec = request->codec,
		.code = RESPONSE_SUCCESS,
		.language = COMMAND_LANGUAGE,
		.version = COMMAND_VERSION,
		.opaque = request->opaque,
		.flag = COMMAND_FLAG_RESPONSE,
	};

	if (peer->conn != NULL)
		conn_send(peer->conn, &reply, body, NULL, 0);
}

/* ---- 221: how far the queues of a topic are consumed ---- */

static void
answer_status(struct push_consumer *consumer, const struct client_peer *peer,
    const struct command *command, struct slice topic)
{
	struct arena arena = { 0 };
	struct queue_offset *offsets =
	    arena_alloc(&arena, ((size_t)consumer->context.counts.n_queues + 1) * sizeof *offsets);
	const struct consumer_queue *at;
	struct buf text = { 0 };
	struct json_out out;
	size_t n = 0;

	for (size_t i = 0; i < consumer->n_topics; i++)
		LIST_FOREACH(at, &consumer->topics[i].queues, entry)
			if (!consumer->topics[i].retries && at->consumed != -1 &&
			    slice_equal(at->queue.topic, topic))
				offsets[n++] = (struct queue_offset){ at->queue, at->consumed };
	json_out_init(&out, &text);
	queue_offsets_write(&out, "messageQueueTable", offsets, n);
	answer(peer, command, buf_slice(&text));
	buf_release(&text);
	arena_release(&arena);
}

/* ---- 307: what runs ---- */

static void
write_properties(struct json_out *out, const struct push_consumer *consumer)
{
	const struct twinmq *mq = consumer->context.mq;
	struct buf servers = { 0 };
	char started[24];

	snprintf(started, sizeof started, "%" PRId64, consumer->started_ms);
	for (size_t i = 0; i < mq->n_name_servers; i++)
		buf_printf(&servers, "%s;", mq->name_servers[i]);
	json_key(out, "properties");
	json_open_object(out);
	json_member_put_text(out, "PROP_CLIENT_VERSION", CLIENT_VERSION);
	json_member_put_text(
	    out, "PROP_CONSUMEORDERLY", consumer->context.options.ordered ? "true" : "false");
	json_member_put_text(out, "PROP_CONSUMER_START_TIMESTAMP", started);
	json_member_put_text(out, "PROP_CONSUME_TYPE", "CONSUME_PASSIVELY");
	json_member_put_slice(out, "PROP_NAMESERVER_ADDR", buf_slice(&servers));
	json_member_put_text(out, "PROP_THREADPOOL_CORE_SIZE", "1");
	json_close_object(out);
	buf_release(&servers);
}

/* What was pulled, and is not consumed. */
static void
write_cached(struct json_out *out, const struct consumer_queue *at)
{
	struct slice rest = at->records;
	struct record record;
	int64_t n = 0, first = 0, last = 0;

	while (pulled_next(&rest, at->subscription, &record)) {
		last = record.queue_offset;
		if (n++ == 0)
			first = last;
	}
	json_member_put_int(out, "cachedMsgCount", n);
	json_member_put_int(out, "cachedMsgMaxOffset", last);
	json_member_put_int(out, "cachedMsgMinOffset", first);
	json_member_put_int(out, "cachedMsgSizeInMiB", (int64_t)(at->records.len >> 20));
}

static void
write_queue(struct json_out *out, const struct consumer_queue *at)
{
	message_queue_write_key(out, &at->queue);
	json_open_object(out);
	write_cached(out, at);
	json_member_put_int(out, "commitOffset", at->consumed == -1 ? 0 : at->consumed);
	json_member_put_bool(out, "droped", at->stopped); /* RocketMQ writes it so */
	json_member_put_int(out, "lastConsumeTimestamp", at->consumed_ms);
	json_member_put_int(out, "lastLockTimestamp", at->locked_ms);
	json_member_put_int(out, "lastPullTimestamp", at->pulled_ms);
	json_member_put_bool(out, "locked", clock_mono_ms() < at->locked_until_ms);
	json_member_put_int(out, "transactionMsgCount", 0);
	json_member_put_int(out, "transactionMsgMaxOffset", 0);
	json_member_put_int(out, "transactionMsgMinOffset", 0);
	json_member_put_int(out, "tryUnlockTimes", 0);
	json_close_object(out);
}

static void
answer_running(
    struct push_consumer *consumer, const struct client_peer *peer, const struct command *command)
{
	const struct consumer_queue *at;
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	json_open_object(&out);
	json_key(&out, "mqTable");
	json_open_object(&out);
	for (size_t i = 0; i < consumer->n_topics; i++)
		LIST_FOREACH(at, &consumer->topics[i].queues, entry)
			write_queue(&out, at);
	json_close_object(&out);
	write_properties(&out, consumer);
	json_key(&out, "statusTable");
	json_open_object(&out);
	json_close_object(&out);
	json_key(&out, "subscriptionSet");
	json_open_array(&out);
	for (size_t i = 0; i < consumer->membership.n_subscriptions; i++)
		subscription_write(&out, &consumer->membership.subscriptions[i]);
	json_close_array(&out);
	json_close_object(&out);
	answer(peer, command, buf_slice(&text));
	buf_release(&text);
}

/* ---- 309: consume this message now ---- */

static void
answer_directly(struct push_consumer *consumer, const struct client_peer *peer,
    const struct command *command, const struct consume_directly_header *header,
    const struct record *record)
{
	const struct message_queue queue = { record->topic, header->broker_name, record->queue_id };
	struct arena arena = { 0 };
	int64_t started_ms = clock_mono_ms();
	enum consume_outcome outcome = consumer_deliver(&consumer->context, &queue, record, &arena);
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	json_open_object(&out);
	json_member_put_bool(&out, "autoCommit", true);
	json_member_put_text(
	    &out, "consumeResult", outcome == CONSUME_DONE ? "CR_SUCCESS" : "CR_LATER");
	json_member_put_bool(&out, "order", consumer->context.options.ordered);
	json_member_put_int(&out, "spentTimeMills", clock_mono_ms() - started_ms);
	json_close_object(&out);
	answer(peer, command, buf_slice(&text));
	buf_release(&text);
	arena_release(&arena);
}

bool
consumer_answer(struct push_consumer *consumer, const struct client_peer *peer,
    const struct command *command, struct slice body)
{
	struct slice group = consumer->context.group;
	struct consumer_status_header status;
	struct running_info_header running;
	struct consume_directly_header directly;
	struct record record;
	const char *bad;

	switch (command->code) {
	case REQUEST_GET_CONSUMER_STATUS_FROM_CLIENT:
		if (fields_decode(consumer_status_header_fields, command, &status, &bad) == -1 ||
		    !slice_equal(status.group, group))
			return false;
		answer_status(consumer, peer, command, status.topic);
		return true;
	case REQUEST_GET_CONSUMER_RUNNING_INFO:
		if (fields_decode(running_info_header_fields, command, &running, &bad) == -1 ||
		    !slice_equal(running.consumer_group, group))
			return false;
		answer_running(consumer, peer, command);
		return true;
	case REQUEST_CONSUME_MESSAGE_DIRECTLY:
		if (fields_decode(consume_directly_header_fields, command, &directly, &bad) == -1 ||
		    !slice_equal(directly.consumer_group, group) ||
		    record_decode(body.data, body.len, &record) == -1)
			return false;
		answer_directly(consumer, peer, command, &directly, &record);
		return true;
	default:
		return false;
	}
}
