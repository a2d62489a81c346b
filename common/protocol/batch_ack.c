#include "config.h"

#include "common/protocol/batch_ack.h"

#include "common/json/json_body.h"
#include "common/protocol/name.h"

static int
digit_of(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = memchr(digits, c, sizeof digits - 1);

	return at != NULL ? (int)(at - digits) : -1;
}

/* Base64, as fastjson writes bytes; 0, or -1. */
static int
read_base64(struct arena *arena, struct slice text, struct batch_ack *ack)
{
	uint8_t *bytes = arena_alloc(arena, text.len / 4 * 3 + 3);
	uint32_t word = 0;
	int n_bits = 0;

	while (text.len > 0 && text.data[text.len - 1] == '=')
		text.len--;
	for (size_t i = 0; i < text.len; i++) {
		int digit = digit_of(text.data[i]);

		if (digit == -1)
			return -1;
		word = word << 6 | (uint32_t)digit;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			bytes[ack->n_bytes++] = (uint8_t)(word >> n_bits);
		}
	}
	ack->bits = bytes;
	return 0;
}

/* A list of bytes, which Java's are -128 to 127. */
static int
read_list(struct arena *arena, const struct json *list, struct batch_ack *ack)
{
	uint8_t *bytes = arena_alloc(arena, list->n_children + 1);
	int64_t byte;

	for (const struct json *it = list->first; it != NULL; it = it->next) {
		if (json_int64(it, &byte) == -1 || byte < -128 || byte > 255)
			return -1;
		bytes[ack->n_bytes++] = (uint8_t)byte;
	}
	ack->bits = bytes;
	return 0;
}

/* Java writes the short name, and reads both. */
static const struct json *
member(const struct json *json, const char *name, const char *long_name)
{
	const struct json *found = json_member(json, name);

	return found != NULL ? found : json_member(json, long_name);
}

static int64_t
number(const struct json *json, const char *name, const char *long_name)
{
	int64_t value = -1;

	json_int64(member(json, name, long_name), &value);
	return value;
}

static int
read_ack(struct arena *arena, const struct json *json, void *item)
{
	struct batch_ack *ack = item;
	const struct json *bits = member(json, "b", "bitSet");
	int64_t queue_id = number(json, "q", "queueId");
	int64_t revive_queue = number(json, "rq", "reviveQueueId");

	ack->group = json_text(member(json, "c", "consumerGroup"));
	ack->topic = json_text(member(json, "t", "topic"));
	ack->retry = json_text(member(json, "r", "retry"));
	ack->start_offset = number(json, "so", "startOffset");
	ack->pop_time = number(json, "pt", "popTime");
	ack->invisible_ms = number(json, "it", "invisibleTime");
	if (ack->group.len == 0 || ack->topic.len == 0 || queue_id < 0 || queue_id > INT32_MAX ||
	    revive_queue < 0 || revive_queue > INT32_MAX || bits == NULL ||
	    name_fault(NAME_GROUP, ack->group) != NULL ||
	    name_fault(NAME_TOPIC, ack->topic) != NULL)
		return -1;
	ack->queue_id = (int32_t)queue_id;
	ack->revive_queue = (int32_t)revive_queue;
	return bits->type == JSON_ARRAY ? read_list(arena, bits, ack)
	                                : read_base64(arena, json_text(bits), ack);
}

const struct batch_ack *
batch_ack_read(struct arena *arena, struct slice body, size_t *n)
{
	return json_body_items(
	    arena, body, "acks", JSON_ARRAY, sizeof(struct batch_ack), read_ack, n);
}
