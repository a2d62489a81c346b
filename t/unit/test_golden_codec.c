#include "config.h"

/*
 * The codec against every recorded frame: what is read, what is written again,
 * typed headers, records and batches.
 */

#include <criterion/criterion.h>
#include <stdio.h>

#include "common/base/wire.h"
#include "common/protocol/codes.h"
#include "common/protocol/command.h"
#include "common/protocol/headers.h"
#include "common/protocol/record.h"
#include "t/unit/vectors.h"

TestSuite(golden_codec, .timeout = 60, .init = vectors_require);

struct count {
	int frames; /* looked at; a test that looked at none has found nothing */
};

static void
must(bool holds, const struct vector *vector, const char *what, struct slice detail)
{
	if (!holds)
		cr_assert_fail("%s:%d: %s %.*s", vector->path, vector->line, what, (int)detail.len,
		    detail.data != NULL ? detail.data : "");
}

/* The frame as it was on the wire. */
static struct buf
rebuild(const struct vector *vector)
{
	struct buf buf = { 0 };

	buf_put_u32(&buf, (uint32_t)(4 + vector->header.len + vector->body.len));
	buf_put_u32(&buf, (uint32_t)vector->codec << 24 | (uint32_t)vector->header.len);
	buf_append_slice(&buf, vector->header);
	buf_append_slice(&buf, vector->body);
	return buf;
}

static void
decode(const struct vector *vector, const struct buf *buf, struct command *command)
{
	struct frame frame;
	size_t need;

	must(frame_read(buf->data, buf->len, &frame, &need) == FRAME_OK, vector, "no frame",
	    SLICE_NONE);
	must(need == buf->len && slice_equal(frame.body, vector->body), vector, "body", SLICE_NONE);
	must(command_decode(vector->arena, &frame, command) == COMMAND_OK, vector, "no command",
	    vector->header);
}

/* A member of the header as the tree of json.c has it, against what the scan made of it. */
static void
compare_with_tree(const struct vector *vector, const struct command *command)
{
	const struct json *tree = json_parse(vector->arena, vector->header);
	const struct json *ext = json_member(tree, "extFields");
	size_t n = 0;

	must(tree != NULL, vector, "header is no JSON", vector->header);
	must(json_member_int64(tree, "code", 0) == command->code, vector, "code", SLICE_NONE);
	must(json_member_int64(tree, "opaque", 0) == command->opaque, vector, "opaque", SLICE_NONE);
	must(json_member_int64(tree, "flag", 0) == command->flag, vector, "flag", SLICE_NONE);
	must(json_member_int64(tree, "version", 0) == command->version, vector, "version",
	    SLICE_NONE);
	must(slice_equal(json_member_text(tree, "remark"), command->remark), vector, "remark",
	    command->remark);
	for (const struct json *field = ext != NULL ? ext->first : NULL; field != NULL;
	     field = field->next) {
		must(slice_equal(command->ext[n].key, field->name), vector, "key", field->name);
		must(slice_equal(command->ext[n].value, json_text(field)), vector, "value of",
		    field->name);
		n++;
	}
	must(n == command->n_ext, vector, "number of fields", SLICE_NONE);
	must((command->ext != NULL) == (ext != NULL && ext->type == JSON_OBJECT), vector,
	    "extFields there or not", SLICE_NONE);
}

static void
check_decode(const struct vector *vector, void *arg)
{
	struct count *count = arg;
	struct command command;

	if (vector->header.data == NULL)
		return;

	struct buf buf = rebuild(vector);

	decode(vector, &buf, &command);
	must(command.code == vector->code || vector->probe, vector, "code", SLICE_NONE);
	if (vector->codec == FRAME_JSON)
		compare_with_tree(vector, &command);
	buf_release(&buf);
	count->frames++;
}

Test(golden_codec, every_header_is_read)
{
	struct count count = { 0 };

	vectors_each(check_decode, &count);
	cr_assert_gt(count.frames, 4000);
}

/*
 * What may differ between a recorded JSON header and ours. serializeTypeCurrentRPC
 * is Java's note to itself, which neither Java nor others read from the wire.
 */
static bool
is_ours(const struct json *member)
{
	return !slice_is(member->name, "serializeTypeCurrentRPC");
}

static void
compare_members(const struct vector *vector, const struct json *expected, const struct json *got)
{
	size_t n = 0;

	for (const struct json *member = expected->first; member != NULL; member = member->next) {
		char name[128];

		if (!is_ours(member))
			continue;
		snprintf(name, sizeof name, "%.*s", (int)member->name.len, member->name.data);

		const struct json *twin = json_member(got, name);

		must(twin != NULL && twin->type == member->type, vector,
		    "not written:", member->name);
		if (member->type == JSON_OBJECT)
			compare_members(vector, member, twin);
		else
			must(slice_equal(member->text, twin->text), vector,
			    "differs:", member->name);
		n++;
	}
	must(n == got->n_children, vector, "more was written than recorded", got->text);
}

static void
check_encode(const struct vector *vector, void *arg)
{
	struct count *count = arg;
	struct command command;
	struct buf again = { 0 };

	/* probes have wrong types, unknown members and languages, and lack members: all on purpose
	 */
	if (vector->header.data == NULL || (vector->probe && vector->codec == FRAME_JSON))
		return;

	struct buf buf = rebuild(vector);

	decode(vector, &buf, &command);
	command_encode(&again, &command, vector->body, vector->body.len);
	if (vector->codec == FRAME_BINARY) {
		must(slice_equal(buf_slice(&buf), buf_slice(&again)), vector, "bytes differ",
		    SLICE_NONE);
	} else {
		size_t header_len = be32_get(again.data + 4) & 0xFFFFFF;
		struct slice header = { again.data + 8, header_len };

		must(again.len == be32_get(again.data) + 4u, vector, "length", SLICE_NONE);
		must(again.len == 8 + header_len + vector->body.len, vector, "body length",
		    SLICE_NONE);
		compare_members(vector, json_parse(vector->arena, vector->header),
		    json_parse(vector->arena, header));
	}
	buf_release(&buf);
	buf_release(&again);
	count->frames++;
}

Test(golden_codec, every_header_is_written_as_it_was)
{
	struct count count = { 0 };

	vectors_each(check_encode, &count);
	cr_assert_gt(count.frames, 4000);
}

static void
check_malformed(const struct vector *vector, void *arg)
{
	struct count *count = arg;
	struct frame frame;
	struct command command;
	size_t need;

	if (!slice_is(vector->kind, "malformed"))
		return;
	count->frames++;

	enum frame_status status = frame_read(vector->raw.data, vector->raw.len, &frame, &need);

	must(status != FRAME_MORE, vector, "more is wanted of a bad frame", SLICE_NONE);
	if (status == FRAME_OK)
		must(command_decode(vector->arena, &frame, &command) != COMMAND_OK, vector,
		    "a bad frame was accepted", SLICE_NONE);
}

Test(golden_codec, malformed_frames_are_refused)
{
	struct count count = { 0 };

	vectors_each(check_malformed, &count);
	cr_assert_gt(count.frames, 20);
}

/* ---- typed headers ------------------------------------------------------------ */

struct typed {
	int32_t code;
	const struct field *request; /* NULL: no fields */
	const struct field *reply;
	int32_t answered[5]; /* codes of answers that carry the fields, 0 first; ends at 0 */
};

#define SENT                                                                                       \
	{                                                                                          \
		0, 10, 11, 12                                                                      \
	}
#define PULLED                                                                                     \
	{                                                                                          \
		0, 19, 20, 21                                                                      \
	}

static const struct typed typed_headers[] = {
	{ REQUEST_SEND_MESSAGE, send_header_fields, send_reply_fields, SENT },
	{ REQUEST_SEND_MESSAGE_V2, send_header_v2_fields, send_reply_fields, SENT },
	{ REQUEST_SEND_BATCH_MESSAGE, send_header_v2_fields, send_reply_fields, SENT },
	{ REQUEST_SEND_REPLY_MESSAGE, send_header_fields, send_reply_fields, SENT },
	{ REQUEST_SEND_REPLY_MESSAGE_V2, send_header_v2_fields, send_reply_fields, SENT },
	{ REQUEST_PULL_MESSAGE, pull_header_fields, pull_reply_fields, PULLED },
	{ REQUEST_LITE_PULL_MESSAGE, pull_header_fields, pull_reply_fields, PULLED },
	{ REQUEST_QUERY_MESSAGE, query_message_header_fields, query_message_reply_fields,
	    { 0, 22 } },
	{ REQUEST_QUERY_CONSUMER_OFFSET, query_offset_header_fields, offset_reply_fields, { 0 } },
	{ REQUEST_UPDATE_CONSUMER_OFFSET, update_offset_header_fields, NULL, { 0 } },
	{ REQUEST_SEARCH_OFFSET_BY_TIMESTAMP, search_offset_header_fields, offset_reply_fields,
	    { 0 } },
	{ REQUEST_GET_MAX_OFFSET, queue_header_fields, offset_reply_fields, { 0 } },
	{ REQUEST_GET_MIN_OFFSET, queue_header_fields, offset_reply_fields, { 0 } },
	{ REQUEST_GET_EARLIEST_MSG_STORETIME, queue_header_fields, store_time_reply_fields, { 0 } },
	{ REQUEST_VIEW_MESSAGE_BY_ID, view_message_header_fields, NULL, { 0 } },
	{ REQUEST_HEART_BEAT, NULL, heartbeat_reply_fields, { 0 } },
	{ REQUEST_UNREGISTER_CLIENT, unregister_client_header_fields, NULL, { 0 } },
	{ REQUEST_CONSUMER_SEND_MSG_BACK, send_back_header_fields, NULL, { 0 } },
	{ REQUEST_END_TRANSACTION, end_transaction_header_fields, NULL, { 0 } },
	{ REQUEST_GET_CONSUMER_LIST_BY_GROUP, consumer_group_header_fields, NULL, { 0 } },
	{ REQUEST_CHECK_TRANSACTION_STATE, check_transaction_header_fields, NULL, { 0 } },
	{ REQUEST_NOTIFY_CONSUMER_IDS_CHANGED, consumer_group_header_fields, NULL, { 0 } },
	{ REQUEST_RESET_CONSUMER_CLIENT_OFFSET, reset_offset_header_fields, NULL, { 0 } },
	{ REQUEST_INVOKE_BROKER_TO_RESET_OFFSET, reset_offset_header_fields, NULL, { 0 } },
	{ REQUEST_GET_CONSUMER_STATUS_FROM_CLIENT, consumer_status_header_fields, NULL, { 0 } },
	{ REQUEST_INVOKE_BROKER_TO_GET_CONSUMER_STATUS, consumer_status_header_fields, NULL,
	    { 0 } },
	{ REQUEST_GET_CONSUMER_RUNNING_INFO, running_info_header_fields, NULL, { 0 } },
	{ REQUEST_CONSUME_MESSAGE_DIRECTLY, consume_directly_header_fields, NULL, { 0 } },
	{ REQUEST_PUSH_REPLY_MESSAGE_TO_CLIENT, push_reply_header_fields, NULL, { 0 } },
	{ REQUEST_GET_ROUTEINFO_BY_TOPIC, route_header_fields, NULL, { 0 } },
	{ REQUEST_PUT_KV_CONFIG, put_kv_header_fields, NULL, { 0 } },
	{ REQUEST_GET_KV_CONFIG, kv_header_fields, kv_reply_fields, { 0 } },
	{ REQUEST_DELETE_KV_CONFIG, kv_header_fields, NULL, { 0 } },
	{ REQUEST_GET_KVLIST_BY_NAMESPACE, namespace_header_fields, NULL, { 0 } },
	{ REQUEST_REGISTER_BROKER, register_broker_header_fields, register_broker_reply_fields,
	    { 0 } },
	{ REQUEST_UNREGISTER_BROKER, broker_identity_header_fields, NULL, { 0 } },
	{ REQUEST_QUERY_DATA_VERSION, broker_identity_header_fields, data_version_reply_fields,
	    { 0 } },
	{ REQUEST_BROKER_HEARTBEAT, broker_heartbeat_header_fields, NULL, { 0 } },
	{ REQUEST_GET_BROKER_MEMBER_GROUP, member_group_header_fields, NULL, { 0 } },
	{ REQUEST_GET_TOPICS_BY_CLUSTER, cluster_header_fields, NULL, { 0 } },
	{ REQUEST_WIPE_WRITE_PERM_OF_BROKER, broker_name_header_fields,
	    wipe_write_perm_reply_fields, { 0 } },
	{ REQUEST_ADD_WRITE_PERM_OF_BROKER, broker_name_header_fields, add_write_perm_reply_fields,
	    { 0 } },
	{ REQUEST_DELETE_TOPIC_IN_NAMESRV, delete_route_header_fields, NULL, { 0 } },
	{ REQUEST_UPDATE_AND_CREATE_TOPIC, create_topic_header_fields, NULL, { 0 } },
	{ REQUEST_DELETE_TOPIC_IN_BROKER, topic_header_fields, NULL, { 0 } },
	{ REQUEST_GET_TOPIC_STATS_INFO, topic_header_fields, NULL, { 0 } },
	{ REQUEST_QUERY_TOPIC_CONSUME_BY_WHO, topic_header_fields, NULL, { 0 } },
	{ REQUEST_GET_TOPIC_CONFIG, topic_header_fields, NULL, { 0 } },
	{ REQUEST_GET_SUBSCRIPTIONGROUP_CONFIG, group_header_fields, NULL, { 0 } },
	{ REQUEST_QUERY_TOPICS_BY_CONSUMER, group_header_fields, NULL, { 0 } },
	{ REQUEST_DELETE_SUBSCRIPTIONGROUP, delete_group_header_fields, NULL, { 0 } },
	{ REQUEST_GET_BROKER_CONFIG, NULL, config_reply_fields, { 0 } },
	{ REQUEST_GET_CONSUMER_CONNECTION_LIST, consumer_group_header_fields, NULL, { 0 } },
	{ REQUEST_GET_PRODUCER_CONNECTION_LIST, producer_group_header_fields, NULL, { 0 } },
	{ REQUEST_GET_CONSUME_STATS, consume_stats_header_fields, NULL, { 0 } },
	{ REQUEST_GET_BROKER_CONSUME_STATS, broker_consume_stats_header_fields, NULL, { 0 } },
	{ REQUEST_QUERY_CONSUME_TIME_SPAN, topic_group_header_fields, NULL, { 0 } },
	{ REQUEST_QUERY_CORRECTION_OFFSET, correction_offset_header_fields, NULL, { 0 } },
	{ REQUEST_CLONE_GROUP_OFFSET, clone_offset_header_fields, NULL, { 0 } },
	{ REQUEST_VIEW_BROKER_STATS_DATA, view_stats_header_fields, NULL, { 0 } },
	{ REQUEST_QUERY_CONSUME_QUEUE, query_queue_header_fields, NULL, { 0 } },
	{ REQUEST_RESUME_CHECK_HALF_MESSAGE, resume_check_header_fields, NULL, { 0 } },
};

/* Fields that any request may carry and no header names. */
static bool
is_extra(struct slice key)
{
	static const char *const extras[] = { "bname", "ReqT", "lo", "AccessKey", "Signature" };

	for (size_t i = 0; i < sizeof extras / sizeof *extras; i++) {
		if (slice_is(key, extras[i]))
			return true;
	}
	return false;
}

static const struct field *
find_field(const struct field *fields, struct slice key)
{
	for (; !field_is_end(fields); fields++) {
		if (slice_is(key, fields->key))
			return fields;
	}
	return NULL;
}

/* An optional field with the value that also stands for its absence need not be sent. */
static bool
is_default(const struct field *field, struct slice value)
{
	int64_t number;

	if (field->required || field_is_text(field))
		return false;
	if (field->type == FIELD_BOOL)
		return slice_is(value, field->absent != 0 ? "true" : "false");
	return slice_to_int64(value, &number) == 0 && number == field->absent;
}

static void
check_fields(const struct vector *vector, const struct field *fields, const struct command *command)
{
	_Alignas(max_align_t) char header[1024];
	struct command again = { 0 };
	const char *bad;
	size_t n = 0;

	if (fields_decode(fields, command, header, &bad) == -1) {
		must(vector->probe, vector, "does not fit:", slice_of(bad));
		return;
	}
	fields_encode(fields, header, vector->arena, &again);
	for (size_t i = 0; i < command->n_ext; i++) {
		const struct ext *ext = &command->ext[i];
		const struct field *field = find_field(fields, ext->key);
		char key[64];

		snprintf(key, sizeof key, "%.*s", (int)ext->key.len, ext->key.data);
		/* 4.9.8 writes its fields twice when it signs a binary send request */
		if (command_ext(command, key).data != ext->value.data)
			continue;
		if (field == NULL) {
			must(
			    is_extra(ext->key) || vector->probe, vector, "unknown field", ext->key);
			continue;
		}

		struct slice value = command_ext(&again, key);

		n += value.data != NULL;
		if (value.data == NULL && is_default(field, ext->value))
			continue;
		must(slice_equal(value, ext->value), vector, "differs:", ext->key);
	}
	must(n == again.n_ext, vector, "more was written than recorded", SLICE_NONE);
}

static bool
carries_reply(const struct typed *typed, int32_t code)
{
	for (size_t i = 0; i == 0 || typed->answered[i] != 0; i++) {
		if (typed->answered[i] == code)
			return true;
	}
	return false;
}

static void
check_typed(const struct vector *vector, void *arg)
{
	struct count *count = arg;
	bool response = slice_is(vector->kind, "response");
	int32_t code = response ? vector->of : vector->code;
	const struct typed *typed = NULL;
	struct command command;

	for (size_t i = 0; i < sizeof typed_headers / sizeof *typed_headers; i++) {
		if (typed_headers[i].code == code)
			typed = &typed_headers[i];
	}
	if (typed == NULL || (response && !carries_reply(typed, vector->code)))
		return;

	const struct field *fields = response ? typed->reply : typed->request;
	struct buf buf = rebuild(vector);

	decode(vector, &buf, &command);
	if (fields != NULL)
		check_fields(vector, fields, &command);
	buf_release(&buf);
	count->frames++;
}

Test(golden_codec, typed_headers_fit_what_was_recorded)
{
	struct count count = { 0 };

	vectors_each(check_typed, &count);
	cr_assert_gt(count.frames, 4000);
}

/* ---- typed headers in one pass ------------------------------------------------ */

static const struct field *
table_of(void *context, int32_t code, size_t *header_size)
{
	(void)code;
	*header_size = 1024;
	return context;
}

static void
must_equal(const struct vector *vector, const struct command *general, const struct command *typed)
{
	must(general->n_ext == typed->n_ext && (general->ext != NULL) == (typed->ext != NULL),
	    vector, "number of fields", SLICE_NONE);
	for (size_t i = 0; i < general->n_ext; i++)
		must(slice_equal(general->ext[i].key, typed->ext[i].key) &&
			 slice_equal(general->ext[i].value, typed->ext[i].value),
		    vector, "differs:", general->ext[i].key);
}

/* Both ways to read a header come to one result. True: it was read in one pass. */
static bool
compare_ways(const struct vector *vector, struct slice header, const struct field *fields)
{
	const struct command_types types = { table_of, (void *)(uintptr_t)fields };
	const struct frame frame = { FRAME_JSON, header, SLICE(""), 0 };
	_Alignas(max_align_t) char read[1024] = { 0 };
	struct command general, typed, a = { 0 }, b = { 0 };
	const char *bad;

	must(command_decode(vector->arena, &frame, &general) ==
		 command_decode_typed(vector->arena, &frame, &types, &typed),
	    vector, "status", header);
	must(general.code == typed.code && general.opaque == typed.opaque &&
		 general.flag == typed.flag && general.version == typed.version &&
		 general.language == typed.language && slice_equal(general.remark, typed.remark),
	    vector, "numbers", header);
	if (typed.fields == NULL) {
		must_equal(vector, &general, &typed);
		return false;
	}
	must(fields_decode(fields, &general, read, &bad) == 0, vector, "is refused", header);
	fields_encode(fields, read, vector->arena, &a);
	fields_encode(fields, typed.header, vector->arena, &b);
	must_equal(vector, &a, &b);
	return true;
}

struct ways {
	int headers, in_one_pass;
};

/* As it is, cut short, and with a byte that is another one. */
static void
check_ways(const struct vector *vector, void *arg)
{
	static const char other[] = "\"\\,:{}0- tf\1\377";
	struct ways *ways = arg;
	const struct typed *typed = typed_headers;
	const struct typed *end = typed + sizeof typed_headers / sizeof *typed_headers;

	while (typed < end && typed->code != vector->code)
		typed++;
	if (typed == end || typed->request == NULL || vector->header.data == NULL ||
	    vector->codec != FRAME_JSON || slice_is(vector->kind, "response"))
		return;
	struct slice copy = arena_copy(vector->arena, vector->header);
	char *text = (char *)(uintptr_t)copy.data;

	ways->headers++;
	ways->in_one_pass += compare_ways(vector, copy, typed->request);
	for (size_t i = (size_t)ways->headers % 7; i < copy.len; i += 7) {
		char was = text[i];

		compare_ways(vector, (struct slice){ text, i }, typed->request);
		text[i] = other[(i / 7 + (size_t)ways->headers) % (sizeof other - 1)];
		compare_ways(vector, copy, typed->request);
		text[i] = was;
	}
}

Test(golden_codec, headers_in_one_pass_are_what_they_are_else)
{
	struct ways ways = { 0 };

	vectors_each(check_ways, &ways);
	cr_assert_gt(ways.headers, 1000);
	cr_assert_gt(
	    ways.in_one_pass, ways.headers / 2, "%d of %d", ways.in_one_pass, ways.headers);
}

/* ---- bodies made of messages ---------------------------------------------------- */

static bool
has_records(const struct vector *vector)
{
	switch (vector->of) {
	case REQUEST_PULL_MESSAGE:
	case REQUEST_LITE_PULL_MESSAGE:
	case REQUEST_QUERY_MESSAGE:
	case REQUEST_VIEW_MESSAGE_BY_ID:
		return vector->code == RESPONSE_SUCCESS;
	case 0:
		return !vector->to_server && (vector->code == REQUEST_CHECK_TRANSACTION_STATE ||
						 vector->code == REQUEST_CONSUME_MESSAGE_DIRECTLY);
	default:
		return false;
	}
}

static void
check_records(const struct vector *vector, void *arg)
{
	struct count *count = arg;
	struct slice rest = vector->body;
	struct record record;

	if (!vector->whole || !has_records(vector))
		return;
	must(rest.len != 0, vector, "no record", SLICE_NONE);
	while (rest.len != 0) {
		must(record_decode(rest.data, rest.len, &record) == 0, vector, "no record",
		    SLICE_NONE);
		must(record_check(&record), vector, "CRC", record.topic);
		must(record_size(&record) == record.size, vector, "size", record.topic);

		char *again = arena_alloc(vector->arena, record.size);

		record_encode(&record, again);
		must(memcmp(again, rest.data, record.size) == 0, vector, "bytes", record.topic);
		rest.data += record.size;
		rest.len -= record.size;
		count->frames++;
	}
}

Test(golden_codec, records_are_read_and_written_again)
{
	struct count count = { 0 };

	vectors_each(check_records, &count);
	cr_assert_gt(count.frames, 250);
}

static bool
is_batch(const struct vector *vector)
{
	return vector->of == 0 && vector->code == REQUEST_SEND_BATCH_MESSAGE && !vector->probe;
}

static void
check_batches(const struct vector *vector, void *arg)
{
	struct count *count = arg;
	struct slice rest = vector->body;
	struct buf again = { 0 };
	struct batch_item item;
	int status;

	if (!is_batch(vector))
		return;
	while ((status = batch_next(&rest, &item)) == 1)
		batch_append(&again, &item);
	must(status == 0 && vector->whole, vector, "no message", SLICE_NONE);
	must(slice_equal(buf_slice(&again), vector->body), vector, "bytes", SLICE_NONE);
	buf_release(&again);
	count->frames++;
}

Test(golden_codec, batches_are_read_and_written_again)
{
	struct count count = { 0 };

	vectors_each(check_batches, &count);
	cr_assert_gt(count.frames, 4);
}
