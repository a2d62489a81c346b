#include "config.h"

#include "common/protocol/queue_stats.h"

#include "common/json/json_body.h"

void
topic_stats_write(struct json_out *out, const struct queue_stats *stats, size_t n_stats)
{
	json_open_object(out);
	json_key(out, "offsetTable");
	json_open_object(out);
	for (size_t i = 0; i < n_stats; i++) {
		message_queue_write_key(out, &stats[i].queue);
		json_open_object(out);
		json_member_put_int(out, "lastUpdateTimestamp", stats[i].last_update);
		json_member_put_int(out, "maxOffset", stats[i].max_offset);
		json_member_put_int(out, "minOffset", stats[i].min_offset);
		json_close_object(out);
	}
	json_close_object(out);
	json_close_object(out);
}

static int
read_queue_stats(struct arena *arena, const struct json *json, void *item)
{
	struct queue_stats *stats = item;

	(void)arena;
	stats->min_offset = json_member_int64(json, "minOffset", 0);
	stats->max_offset = json_member_int64(json, "maxOffset", 0);
	stats->last_update = json_member_int64(json, "lastUpdateTimestamp", 0);
	return message_queue_read(json->key, &stats->queue);
}

int
topic_stats_read(
    struct arena *arena, struct slice body, const struct queue_stats **stats, size_t *n_stats)
{
	*stats = json_body_items(
	    arena, body, "offsetTable", JSON_OBJECT, sizeof **stats, read_queue_stats, n_stats);
	return *stats != NULL ? 0 : -1;
}

static void
write_progress(struct json_out *out, const struct consume_progress *progress)
{
	message_queue_write_key(out, &progress->queue);
	json_open_object(out);
	json_member_put_int(out, "brokerOffset", progress->broker_offset);
	json_member_put_int(out, "consumerOffset", progress->consumer_offset);
	json_member_put_int(out, "lastTimestamp", progress->last_timestamp);
	if (progress->pull_offset >= 0)
		json_member_put_int(out, "pullOffset", progress->pull_offset);
	if (progress->committed_ms > 0)
		json_member_put_int(out, "lastCommitTimestamp", progress->committed_ms);
	json_close_object(out);
}

void
consume_stats_write(struct json_out *out, const struct consume_stats *stats)
{
	json_open_object(out);
	json_key(out, "consumeTps");
	json_put_double(out, stats->tps);
	json_key(out, "offsetTable");
	json_open_object(out);
	for (size_t i = 0; i < stats->n_queues; i++)
		write_progress(out, &stats->queues[i]);
	json_close_object(out);
	json_close_object(out);
}

static int
read_progress(struct arena *arena, const struct json *json, void *item)
{
	struct consume_progress *progress = item;

	(void)arena;
	progress->broker_offset = json_member_int64(json, "brokerOffset", 0);
	progress->consumer_offset = json_member_int64(json, "consumerOffset", 0);
	progress->last_timestamp = json_member_int64(json, "lastTimestamp", 0);
	progress->pull_offset = json_member_int64(json, "pullOffset", -1);
	progress->committed_ms = json_member_int64(json, "lastCommitTimestamp", 0);
	return message_queue_read(json->key, &progress->queue);
}

int
consume_stats_read(struct arena *arena, struct slice body, struct consume_stats *stats)
{
	const struct json *json = json_parse(arena, body);

	*stats = (struct consume_stats){ .tps = json_member_double(json, "consumeTps", 0) };
	if (!json_is_object(json))
		return -1;
	stats->queues = json_items(arena, json_member(json, "offsetTable"), JSON_OBJECT,
	    sizeof *stats->queues, read_progress, &stats->n_queues);
	return stats->queues != NULL ? 0 : -1;
}
