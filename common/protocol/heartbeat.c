#include "config.h"

#include "common/protocol/heartbeat.h"

#include "common/json/json_body.h"
#include "common/protocol/name.h"

static const char *const consume_types[] = {
	[CONSUME_ACTIVELY] = "CONSUME_ACTIVELY",
	[CONSUME_PASSIVELY] = "CONSUME_PASSIVELY",
	[CONSUME_POP] = "CONSUME_POP",
};

static const char *const message_models[] = {
	[MODEL_BROADCASTING] = "BROADCASTING",
	[MODEL_CLUSTERING] = "CLUSTERING",
};

static const char *const consume_froms[] = {
	[CONSUME_FROM_LAST_OFFSET] = "CONSUME_FROM_LAST_OFFSET",
	[CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST] =
	    "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST",
	[CONSUME_FROM_MIN_OFFSET] = "CONSUME_FROM_MIN_OFFSET",
	[CONSUME_FROM_MAX_OFFSET] = "CONSUME_FROM_MAX_OFFSET",
	[CONSUME_FROM_FIRST_OFFSET] = "CONSUME_FROM_FIRST_OFFSET",
	[CONSUME_FROM_TIMESTAMP] = "CONSUME_FROM_TIMESTAMP",
};

#define N_NAMES(names) ((int)(sizeof(names) / sizeof *(names)))

const char *
consume_type_name(enum consume_type type)
{
	return consume_types[type];
}

const char *
message_model_name(enum message_model model)
{
	return message_models[model];
}

const char *
consume_from_name(enum consume_from from)
{
	return consume_froms[from];
}

enum consume_type
consume_type_read(const struct json *json, enum consume_type otherwise)
{
	return (enum consume_type)json_enum(
	    json, consume_types, N_NAMES(consume_types), (int)otherwise);
}

enum message_model
message_model_read(const struct json *json, enum message_model otherwise)
{
	return (enum message_model)json_enum(
	    json, message_models, N_NAMES(message_models), (int)otherwise);
}

enum consume_from
consume_from_read(const struct json *json, enum consume_from otherwise)
{
	return (enum consume_from)json_enum(
	    json, consume_froms, N_NAMES(consume_froms), (int)otherwise);
}

/* A number, or a text that holds one (C++, Go). */
static int
read_code(struct arena *arena, const struct json *json, void *item)
{
	int32_t *code = item;
	int64_t wide;

	(void)arena;
	if (json_int64(json, &wide) == -1)
		return -1;
	*code = (int32_t)wide; /* a Java hash: its low 32 bits */
	return 0;
}

int
subscription_read(struct arena *arena, const struct json *json, struct subscription *subscription)
{
	*subscription = (struct subscription){
		.topic = json_member_text(json, "topic"),
		.expression = json_member_text(json, "subString"),
		.expression_type = json_member_text(json, "expressionType"),
		.class_filter = json_member_bool(json, "classFilterMode", false),
		.version = json_member_int64(json, "subVersion", 0),
	};
	if (subscription->topic.len == 0)
		return JSON_ITEM_SKIPPED;
	if (subscription->expression_type.len == 0)
		subscription->expression_type = SLICE("TAG");
	subscription->tags = json_texts(arena, json_member(json, "tagsSet"), &subscription->n_tags);
	subscription->codes = json_items(arena, json_member(json, "codeSet"), JSON_ARRAY,
	    sizeof *subscription->codes, read_code, &subscription->n_codes);
	return subscription->tags != NULL && subscription->codes != NULL ? 0 : -1;
}

void
subscription_write(struct json_out *out, const struct subscription *subscription)
{
	json_open_object(out);
	json_member_put_bool(out, "classFilterMode", subscription->class_filter);
	json_key(out, "codeSet");
	json_open_array(out);
	for (size_t i = 0; i < subscription->n_codes; i++)
		json_put_int(out, subscription->codes[i]);
	json_close_array(out);
	json_member_put_slice(out, "expressionType", subscription->expression_type);
	json_member_put_slice(out, "subString", subscription->expression);
	json_member_put_int(out, "subVersion", subscription->version);
	json_key(out, "tagsSet");
	json_put_texts(out, subscription->tags, subscription->n_tags);
	json_member_put_slice(out, "topic", subscription->topic);
	json_close_object(out);
}

/* One that is none is left out. */
static int
read_subscription(struct arena *arena, const struct json *json, void *item)
{
	return subscription_read(arena, json, item) == 0 ? 0 : JSON_ITEM_SKIPPED;
}

/* Without topics that break a rule. */
static void
set_subscriptions(struct heartbeat_consumer *consumer, struct subscription *list, size_t n)
{
	size_t n_kept = 0;

	for (size_t i = 0; i < n; i++) {
		const char *fault = name_fault(NAME_TOPIC, list[i].topic);

		if (fault == NULL)
			list[n_kept++] = list[i];
		else if (consumer->fault == NULL)
			consumer->fault = fault;
	}
	consumer->subscriptions = list;
	consumer->n_subscriptions = n_kept;
}

static int
read_consumer(struct arena *arena, const struct json *json, void *item)
{
	struct heartbeat_consumer *consumer = item;
	const struct json *subscriptions = json_member(json, "subscriptionDataSet");
	size_t n;

	*consumer = (struct heartbeat_consumer){
		.group = json_member_text(json, "groupName"),
		.type = consume_type_read(json_member(json, "consumeType"), CONSUME_PASSIVELY),
		.model = message_model_read(json_member(json, "messageModel"), MODEL_CLUSTERING),
		.from = consume_from_read(
		    json_member(json, "consumeFromWhere"), CONSUME_FROM_LAST_OFFSET),
		.unit_mode = json_member_bool(json, "unitMode", false),
	};
	if (consumer->group.len == 0 ||
	    (subscriptions != NULL && subscriptions->type != JSON_ARRAY &&
		subscriptions->type != JSON_NULL))
		return JSON_ITEM_SKIPPED;
	struct subscription *list =
	    json_items(arena, subscriptions, JSON_ARRAY, sizeof *list, read_subscription, &n);

	if (list == NULL)
		return -1; /* memory is short */
	set_subscriptions(consumer, list, n);
	return 0;
}

static int
read_producer(struct arena *arena, const struct json *json, void *item)
{
	struct slice *group = item;

	(void)arena;
	*group = json_member_text(json, "groupName");
	return group->len != 0 ? 0 : JSON_ITEM_SKIPPED;
}

const char *
subscriptions_fault(const struct subscription *subscriptions, size_t n)
{
	const char *fault = NULL;

	for (size_t i = 0; i < n && fault == NULL; i++)
		fault = name_fault(NAME_TOPIC, subscriptions[i].topic);
	return fault;
}

static void
note(struct heartbeat *heartbeat, const char *fault)
{
	if (heartbeat->fault == NULL)
		heartbeat->fault = fault;
}

/* Without groups that break a rule. */
static void
set_groups(struct heartbeat *heartbeat, struct slice *producers, size_t n_producers,
    struct heartbeat_consumer *consumers, size_t n_consumers)
{
	for (size_t i = 0; i < n_producers; i++) {
		const char *fault = name_fault(NAME_GROUP, producers[i]);

		note(heartbeat, fault);
		if (fault == NULL)
			producers[heartbeat->n_producers++] = producers[i];
	}
	for (size_t i = 0; i < n_consumers; i++) {
		const char *fault = name_fault(NAME_GROUP, consumers[i].group);

		note(heartbeat, fault != NULL ? fault : consumers[i].fault);
		if (fault == NULL)
			consumers[heartbeat->n_consumers++] = consumers[i];
	}
	heartbeat->producers = producers;
	heartbeat->consumers = consumers;
}

int
heartbeat_read(struct arena *arena, struct slice body, struct heartbeat *heartbeat)
{
	const struct json *json = json_parse(arena, body);
	size_t n_producers, n_consumers;

	*heartbeat = (struct heartbeat){
		.client_id = json_member_text(json, "clientID"),
		.fingerprint = json_member_int32(json, "heartbeatFingerprint", 0),
		.without_sub = json_member_bool(json, "withoutSub", false),
	};
	if (heartbeat->client_id.len == 0)
		return -1;
	heartbeat->fault = name_fault(NAME_CLIENT_ID, heartbeat->client_id);
	if (heartbeat->fault != NULL)
		return -1;
	struct slice *producers = json_items(arena, json_member(json, "producerDataSet"),
	    JSON_ARRAY, sizeof *producers, read_producer, &n_producers);
	struct heartbeat_consumer *consumers =
	    json_items(arena, json_member(json, "consumerDataSet"), JSON_ARRAY, sizeof *consumers,
		read_consumer, &n_consumers);

	if (producers == NULL || consumers == NULL)
		return -1;
	set_groups(heartbeat, producers, n_producers, consumers, n_consumers);
	return 0;
}

static void
write_consumer(struct json_out *out, const struct heartbeat_consumer *consumer)
{
	json_open_object(out);
	json_member_put_text(out, "consumeFromWhere", consume_from_name(consumer->from));
	json_member_put_text(out, "consumeType", consume_type_name(consumer->type));
	json_member_put_slice(out, "groupName", consumer->group);
	json_member_put_text(out, "messageModel", message_model_name(consumer->model));
	json_key(out, "subscriptionDataSet");
	json_open_array(out);
	for (size_t i = 0; i < consumer->n_subscriptions; i++)
		subscription_write(out, &consumer->subscriptions[i]);
	json_close_array(out);
	json_member_put_bool(out, "unitMode", consumer->unit_mode);
	json_close_object(out);
}

void
heartbeat_write(struct json_out *out, const struct heartbeat *heartbeat)
{
	json_open_object(out);
	json_member_put_slice(out, "clientID", heartbeat->client_id);
	json_key(out, "consumerDataSet");
	json_open_array(out);
	for (size_t i = 0; i < heartbeat->n_consumers; i++)
		write_consumer(out, &heartbeat->consumers[i]);
	json_close_array(out);
	json_key(out, "producerDataSet");
	json_open_array(out);
	for (size_t i = 0; i < heartbeat->n_producers; i++) {
		json_open_object(out);
		json_member_put_slice(out, "groupName", heartbeat->producers[i]);
		json_close_object(out);
	}
	json_close_array(out);
	json_close_object(out);
}
