#include "config.h"

#include "common/protocol/bodies.h"

#include "common/json/json_body.h"
#include "common/protocol/name.h"

/* What reading a body with one list in a member needs: the array, and how many. */
static void *
read_member_items(struct arena *arena, struct slice body, const char *member, enum json_type type,
    size_t item_size, json_item_fn *read, size_t *n_items)
{
	const struct json *json = json_parse(arena, body);

	if (!json_is_object(json))
		return NULL;
	return json_items(arena, json_member(json, member), type, item_size, read, n_items);
}

static void
write_queue(struct json_out *out, const struct message_queue *queue)
{
	json_open_object(out);
	json_member_put_slice(out, "brokerName", queue->broker_name);
	json_member_put_int(out, "queueId", queue->id);
	json_member_put_slice(out, "topic", queue->topic);
	json_close_object(out);
}

int
message_queue_read(const struct json *json, struct message_queue *queue)
{
	if (name_member(json, "topic", NAME_TOPIC, &queue->topic) == -1 ||
	    name_member(json, "brokerName", NAME_BROKER, &queue->broker_name) == -1)
		return -1;
	queue->id = json_member_int32(json, "queueId", 0);
	return queue->topic.data != NULL && queue->broker_name.data != NULL ? 0 : -1;
}

static int
read_message_queue(struct arena *arena, const struct json *json, void *item)
{
	(void)arena;
	return message_queue_read(json, item);
}

static void
write_queue_key(struct json_out *out, const struct message_queue *queue)
{
	json_open_object_key(out);
	write_queue(out, queue);
	json_close_object_key(out);
}

static void
write_queues(struct json_out *out, const struct message_queue *queues, size_t n_queues)
{
	json_open_array(out);
	for (size_t i = 0; i < n_queues; i++)
		write_queue(out, &queues[i]);
	json_close_array(out);
}

void
kv_table_write(struct json_out *out, const struct ext *pairs, size_t n_pairs)
{
	json_open_object(out);
	json_key(out, "table");
	json_open_object(out);
	for (size_t i = 0; i < n_pairs; i++) {
		json_key_slice(out, pairs[i].key);
		json_put_slice(out, pairs[i].value);
	}
	json_close_object(out);
	json_close_object(out);
}

static int
read_pair(struct arena *arena, const struct json *json, void *item)
{
	struct ext *pair = item;

	(void)arena;
	pair->key = json->name;
	pair->value = json_text(json);
	return pair->value.data != NULL ? 0 : -1;
}

int
kv_table_read(struct arena *arena, struct slice body, const struct ext **pairs, size_t *n_pairs)
{
	*pairs = read_member_items(
	    arena, body, "table", JSON_OBJECT, sizeof **pairs, read_pair, n_pairs);
	return *pairs != NULL ? 0 : -1;
}

void
name_list_write(struct json_out *out, const char *member, const struct slice *names, size_t n_names)
{
	json_open_object(out);
	json_key(out, member);
	json_put_texts(out, names, n_names);
	json_close_object(out);
}

int
name_list_read(struct arena *arena, struct slice body, const char *member,
    const struct slice **names, size_t *n_names)
{
	const struct json *json = json_parse(arena, body);

	*names =
	    json_is_object(json) ? json_texts(arena, json_member(json, member), n_names) : NULL;
	return *names != NULL ? 0 : -1;
}

void
topic_list_write(struct json_out *out, const struct topic_list *list)
{
	json_open_object(out);
	if (list->broker_addr.data != NULL)
		json_member_put_slice(out, "brokerAddr", list->broker_addr);
	json_key(out, "topicList");
	json_put_texts(out, list->topics, list->n_topics);
	json_close_object(out);
}

int
topic_list_read(struct arena *arena, struct slice body, struct topic_list *list)
{
	const struct json *json = json_parse(arena, body);

	list->broker_addr = json_member_text(json, "brokerAddr");
	list->topics = json_is_object(json)
	                   ? json_texts(arena, json_member(json, "topicList"), &list->n_topics)
	                   : NULL;
	return list->topics != NULL ? 0 : -1;
}

void
topic_stats_write(struct json_out *out, const struct queue_stats *stats, size_t n_stats)
{
	json_open_object(out);
	json_key(out, "offsetTable");
	json_open_object(out);
	for (size_t i = 0; i < n_stats; i++) {
		write_queue_key(out, &stats[i].queue);
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
	*stats = read_member_items(
	    arena, body, "offsetTable", JSON_OBJECT, sizeof **stats, read_queue_stats, n_stats);
	return *stats != NULL ? 0 : -1;
}

static void
write_progress(struct json_out *out, const struct consume_progress *progress)
{
	write_queue_key(out, &progress->queue);
	json_open_object(out);
	json_member_put_int(out, "brokerOffset", progress->broker_offset);
	json_member_put_int(out, "consumerOffset", progress->consumer_offset);
	json_member_put_int(out, "lastTimestamp", progress->last_timestamp);
	if (progress->pull_offset >= 0)
		json_member_put_int(out, "pullOffset", progress->pull_offset);
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

static void
write_connection(struct json_out *out, const struct client_connection *connection)
{
	json_open_object(out);
	json_member_put_slice(out, "clientAddr", connection->address);
	json_member_put_slice(out, "clientId", connection->client_id);
	json_member_put_text(out, "language", command_language_name(connection->language));
	json_member_put_int(out, "version", connection->version);
	json_close_object(out);
}

static void
write_consumer_state(struct json_out *out, const struct consumer_state *consumer)
{
	json_member_put_text(out, "consumeFromWhere", consume_from_name(consumer->from));
	json_member_put_text(out, "consumeType", consume_type_name(consumer->type));
	json_member_put_text(out, "messageModel", message_model_name(consumer->model));
	json_key(out, "subscriptionTable");
	json_open_object(out);
	for (size_t i = 0; i < consumer->n_subscriptions; i++) {
		json_key_slice(out, consumer->subscriptions[i].topic);
		subscription_write(out, &consumer->subscriptions[i]);
	}
	json_close_object(out);
}

void
connection_list_write(struct json_out *out, const struct connection_list *list)
{
	json_open_object(out);
	json_key(out, "connectionSet");
	json_open_array(out);
	for (size_t i = 0; i < list->n_connections; i++)
		write_connection(out, &list->connections[i]);
	json_close_array(out);
	if (list->consumer != NULL)
		write_consumer_state(out, list->consumer);
	json_close_object(out);
}

static int
read_connection(struct arena *arena, const struct json *json, void *item)
{
	struct client_connection *connection = item;

	(void)arena;
	if (name_member(json, "clientId", NAME_CLIENT_ID, &connection->client_id) == -1 ||
	    name_member(json, "clientAddr", NAME_ADDRESS, &connection->address) == -1)
		return -1;
	connection->language = command_language_of(json_member_text(json, "language"));
	connection->version = json_member_int32(json, "version", 0);
	return connection->client_id.data != NULL ? 0 : -1;
}

static int
read_subscription(struct arena *arena, const struct json *json, void *item)
{
	return subscription_read(arena, json, item);
}

int
connection_list_read(struct arena *arena, struct slice body, struct connection_list *list)
{
	const struct json *json = json_parse(arena, body);
	struct consumer_state *consumer;

	*list = (struct connection_list){ 0 };
	if (!json_is_object(json))
		return -1;
	list->connections = json_items(arena, json_member(json, "connectionSet"), JSON_ARRAY,
	    sizeof *list->connections, read_connection, &list->n_connections);
	if (list->connections == NULL)
		return -1;
	if (json_member(json, "subscriptionTable") == NULL)
		return 0;
	consumer = arena_zalloc(arena, sizeof *consumer);
	consumer->type = consume_type_read(json_member(json, "consumeType"), CONSUME_PASSIVELY);
	consumer->model = message_model_read(json_member(json, "messageModel"), MODEL_CLUSTERING);
	consumer->from =
	    consume_from_read(json_member(json, "consumeFromWhere"), CONSUME_FROM_LAST_OFFSET);
	consumer->subscriptions =
	    json_items(arena, json_member(json, "subscriptionTable"), JSON_OBJECT,
		sizeof *consumer->subscriptions, read_subscription, &consumer->n_subscriptions);
	list->consumer = consumer;
	if (consumer->subscriptions == NULL)
		return -1;
	return subscriptions_fault(consumer->subscriptions, consumer->n_subscriptions) == NULL ? 0
	                                                                                       : -1;
}

void
queue_offsets_write(
    struct json_out *out, const char *member, const struct queue_offset *offsets, size_t n_offsets)
{
	json_open_object(out);
	json_key(out, member);
	json_open_object(out);
	for (size_t i = 0; i < n_offsets; i++) {
		write_queue_key(out, &offsets[i].queue);
		json_put_int(out, offsets[i].offset);
	}
	json_close_object(out);
	json_close_object(out);
}

void
queue_offsets_write_array(
    struct json_out *out, const struct queue_offset *offsets, size_t n_offsets)
{
	json_open_object(out);
	json_key(out, "offsetTable");
	json_open_array(out);
	for (size_t i = 0; i < n_offsets; i++) {
		json_open_object(out);
		json_member_put_slice(out, "brokerName", offsets[i].queue.broker_name);
		json_member_put_int(out, "queueId", offsets[i].queue.id);
		json_member_put_slice(out, "topic", offsets[i].queue.topic);
		json_member_put_int(out, "offset", offsets[i].offset);
		json_close_object(out);
	}
	json_close_array(out);
	json_close_object(out);
}

static int
read_keyed_offset(struct arena *arena, const struct json *json, void *item)
{
	struct queue_offset *offset = item;

	(void)arena;
	if (json_int64(json, &offset->offset) == -1)
		return -1;
	return message_queue_read(json->key, &offset->queue);
}

static int
read_listed_offset(struct arena *arena, const struct json *json, void *item)
{
	struct queue_offset *offset = item;

	(void)arena;
	if (json_int64(json_member(json, "offset"), &offset->offset) == -1)
		return -1;
	return message_queue_read(json, &offset->queue);
}

int
queue_offsets_read(struct arena *arena, struct slice body, const char *member,
    const struct queue_offset **offsets, size_t *n_offsets)
{
	const struct json *json = json_parse(arena, body);
	const struct json *list = json_member(json, member);
	bool array = list != NULL && list->type == JSON_ARRAY;

	if (!json_is_object(json))
		return -1;
	*offsets = json_items(arena, list, array ? JSON_ARRAY : JSON_OBJECT, sizeof **offsets,
	    array ? read_listed_offset : read_keyed_offset, n_offsets);
	return *offsets != NULL ? 0 : -1;
}

int
lock_batch_read(struct arena *arena, struct slice body, struct lock_batch *batch)
{
	const struct json *json = json_parse(arena, body);

	*batch = (struct lock_batch){ 0 };
	if (name_member(json, "consumerGroup", NAME_GROUP, &batch->group) == -1 ||
	    name_member(json, "clientId", NAME_CLIENT_ID, &batch->client_id) == -1 ||
	    batch->group.data == NULL || batch->client_id.data == NULL)
		return -1;
	batch->queues = json_items(arena, json_member(json, "mqSet"), JSON_ARRAY,
	    sizeof *batch->queues, read_message_queue, &batch->n_queues);
	return batch->queues != NULL ? 0 : -1;
}

void
lock_batch_write(struct json_out *out, const struct lock_batch *batch)
{
	json_open_object(out);
	json_member_put_slice(out, "clientId", batch->client_id);
	json_member_put_slice(out, "consumerGroup", batch->group);
	json_key(out, "mqSet");
	write_queues(out, batch->queues, batch->n_queues);
	json_close_object(out);
}

void
lock_reply_write(struct json_out *out, const struct message_queue *queues, size_t n_queues)
{
	json_open_object(out);
	json_key(out, "lockOKMQSet");
	write_queues(out, queues, n_queues);
	json_close_object(out);
}

int
lock_reply_read(
    struct arena *arena, struct slice body, const struct message_queue **queues, size_t *n_queues)
{
	*queues = read_member_items(
	    arena, body, "lockOKMQSet", JSON_ARRAY, sizeof **queues, read_message_queue, n_queues);
	return *queues != NULL ? 0 : -1;
}
