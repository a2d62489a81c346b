#include "config.h"

#include "broker/http/message_json.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/base64url.h"
#include "common/base/utf8.h"

/* ---- reading --------------------------------------------------------- */

/* Properties that stand for members of their own, or that only the broker and transactions use. */
static const char *const reserved[] = { "TAGS", "KEYS", "DELAY", "TRAN_MSG", "PGROUP", "REAL_TOPIC",
	"REAL_QID", "RETRY_TOPIC", "ORIGIN_MESSAGE_ID", "TIMER_DELIVER_MS", "TIMER_DELAY_MS",
	"TIMER_DELAY_SEC", "TIMER_OUT_MS", "POP_CK", "CLUSTER", "MSG_REGION", "TRACE_ON", NULL };

static bool
is_clean(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < ' ')
			return false;
	return true;
}

const char *
message_property_add(struct buf *properties, struct slice name, struct slice value)
{
	if (name.len == 0 || !is_clean(name) || !is_clean(value))
		return "A property needs a name, and has no control characters.";
	if (value.len == 0)
		return NULL;
	if (properties->len + name.len + value.len + 2 > RECORD_PROPERTIES_MAX)
		return "The properties are too long.";
	property_append(properties, name, value);
	return NULL;
}

const char *
message_free_property_add(struct buf *properties, struct slice name, struct slice value)
{
	for (size_t i = 0; reserved[i] != NULL; i++)
		if (slice_is(name, reserved[i]))
			return "A property has a name that is reserved; tag, keys and delays have "
			       "members "
			       "of their own.";
	return message_property_add(properties, name, value);
}

static const char *
add_properties(struct buf *properties, const struct json *list)
{
	const char *why = NULL;

	if (list != NULL && list->type != JSON_OBJECT)
		return "The member properties must be an object of texts.";
	for (const struct json *one = list != NULL ? list->first : NULL; one != NULL && why == NULL;
	     one = one->next) {
		struct slice value = json_text(one);

		if (value.data == NULL || one->name.data == NULL)
			return "A property must be a text.";
		why = message_free_property_add(properties, one->name, value);
	}
	return why;
}

static const char *
add_known(struct buf *properties, const struct json *json)
{
	static const char *const known[][2] = { { "tag", "TAGS" }, { "keys", "KEYS" },
		{ "delayLevel", "DELAY" }, { "delayMs", "TIMER_DELAY_MS" },
		{ "deliverAtMs", "TIMER_DELIVER_MS" } };
	const char *why = NULL;

	for (size_t i = 0; i < sizeof known / sizeof *known && why == NULL; i++) {
		const struct json *member = json_member(json, known[i][0]);
		struct slice value = json_text(member);
		int64_t number;

		if (member == NULL || member->type == JSON_NULL)
			continue;
		if (value.data == NULL)
			return "The members tag and keys must be texts.";
		if (i >= 2 && (json_int64(member, &number) == -1 || number < 0))
			return "The members delayLevel, delayMs and deliverAtMs must be numbers.";
		why = message_property_add(properties, slice_of(known[i][1]), value);
	}
	return why;
}

/* Both alphabets of base64. */
static int
decode(struct arena *arena, struct slice text, struct slice *bytes)
{
	struct slice copy = arena_copy(arena, text);
	char *at = arena_alloc(arena, copy.len + 1);

	for (size_t i = 0; i < copy.len; i++)
		at[i] = copy.data[i] == '+' ? '-' : copy.data[i] == '/' ? '_' : copy.data[i];
	return base64url_decode(arena, (struct slice){ at, copy.len }, bytes);
}

static const char *
read_body(const struct json *json, struct arena *arena, struct message_wish *wish)
{
	const struct json *text = json_member(json, "body");
	const struct json *bytes = json_member(json, "bodyBase64");

	if ((text == NULL) == (bytes == NULL))
		return "A message needs one of body, a text, and bodyBase64.";
	if (text != NULL) {
		wish->body = text->type == JSON_STRING ? json_text(text) : SLICE_NONE;
		return wish->body.data != NULL ? NULL : "The member body must be a text.";
	}
	if (bytes->type != JSON_STRING || decode(arena, json_text(bytes), &wish->body) == -1)
		return "The member bodyBase64 is not base64.";
	return NULL;
}

const char *
message_wish_read(const struct json *json, struct arena *arena, struct message_wish *wish)
{
	struct buf properties = { 0 };
	const struct json *queue = json_member(json, "queueId");
	int64_t queue_id = -1;
	const char *why;

	if (json == NULL || json->type != JSON_OBJECT)
		return "A message must be an object.";
	if (queue != NULL &&
	    (json_int64(queue, &queue_id) == -1 || queue_id < 0 || queue_id > 65535))
		return "The member queueId is no queue.";
	wish->queue_id = (int32_t)queue_id;
	why = read_body(json, arena, wish);
	if (why == NULL)
		why = add_known(&properties, json);
	if (why == NULL)
		why = add_properties(&properties, json_member(json, "properties"));
	wish->properties = arena_copy(arena, buf_slice(&properties));
	buf_release(&properties);
	return why;
}

/* ---- writing --------------------------------------------------------- */

/* Clients of other protocols may have sent what is no UTF-8. */
static struct slice
clean(struct slice text, struct arena *arena)
{
	if (utf8_is_valid(text))
		return text;
	char *copy = arena_alloc(arena, text.len);

	memcpy(copy, text.data, text.len);
	return (struct slice){ copy, utf8_clean(copy, text.len) };
}

static void
write_body(struct json_out *out, const struct record *record, struct arena *arena)
{
	bool is_text = (record->sys_flag & SYS_FLAG_COMPRESSED) == 0 &&
	               utf8_is_valid(record->body) &&
	               memchr(record->body.data, '\0', record->body.len) == NULL;

	if (is_text)
		json_member_put_slice(out, "body", record->body);
	else
		json_member_put_slice(out, "bodyBase64", base64url_encode(arena, record->body));
	if ((record->sys_flag & SYS_FLAG_COMPRESSED) != 0)
		json_member_put_bool(out, "compressed", true);
}

void
message_write(struct json_out *out, const struct record *record, struct arena *arena)
{
	struct slice rest = record->properties, name, value;
	struct slice unique = property_find(record->properties, "UNIQ_KEY");
	struct slice tag = property_find(record->properties, "TAGS");
	struct slice keys = property_find(record->properties, "KEYS");
	struct slice id = message_id(arena, &record->store_host, record->position);

	json_open_object(out);
	json_member_put_slice(out, "id", unique.data != NULL ? clean(unique, arena) : id);
	json_member_put_slice(out, "offsetId", id);
	json_member_put_slice(out, "topic", clean(record->topic, arena));
	json_member_put_int(out, "queueId", record->queue_id);
	json_member_put_int(out, "queueOffset", record->queue_offset);
	if (tag.data != NULL)
		json_member_put_slice(out, "tag", clean(tag, arena));
	if (keys.data != NULL)
		json_member_put_slice(out, "keys", clean(keys, arena));
	json_member_put_int(out, "bornTimestamp", record->born_timestamp);
	json_member_put_slice(out, "bornHost", host_text(arena, &record->born_host));
	json_member_put_int(out, "storeTimestamp", record->store_timestamp);
	json_member_put_int(out, "reconsumeTimes", record->reconsume_times);
	json_key(out, "properties");
	json_open_object(out);
	while (property_next(&rest, &name, &value)) {
		json_key_slice(out, clean(name, arena));
		json_put_slice(out, clean(value, arena));
	}
	json_close_object(out);
	write_body(out, record, arena);
}
