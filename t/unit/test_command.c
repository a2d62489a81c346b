#include "config.h"

#include "common/protocol/command.h"

#include <criterion/criterion.h>

#include "common/protocol/headers.h"

TestSuite(command, .timeout = 10);

static enum command_status
decode_text(struct arena *arena, struct slice header, struct command *command)
{
	struct frame frame = { FRAME_JSON, header, SLICE(""), 0 };

	return command_decode(arena, &frame, command);
}

/* One header in all that it says: code flag opaque version language remark {key=value,...}. */
static struct slice
describe(struct arena *arena, const struct command *command)
{
	struct slice text = arena_printf(arena, "%d %u %d %d %s %.*s", command->code, command->flag,
	    command->opaque, command->version, command_language_name(command->language),
	    command->remark.data != NULL ? (int)command->remark.len : 1,
	    command->remark.data != NULL ? command->remark.data : "-");

	if (command->ext == NULL)
		return text;
	text = arena_printf(arena, "%.*s {", (int)text.len, text.data);
	for (size_t i = 0; i < command->n_ext; i++)
		text = arena_printf(arena, "%.*s%s%.*s=%.*s", (int)text.len, text.data,
		    i != 0 ? "," : "", (int)command->ext[i].key.len, command->ext[i].key.data,
		    (int)command->ext[i].value.len, command->ext[i].value.data);
	return arena_printf(arena, "%.*s}", (int)text.len, text.data);
}

static const struct {
	struct slice header;
	enum command_status status;
	const char *content; /* of COMMAND_OK */
} headers[] = {
	{ SLICE("{\"code\":105,\"extFields\":{\"topic\":\"T\"},\"flag\":0,\"language\":\"JAVA\","
		"\"opaque\":7,"
		"\"serializeTypeCurrentRPC\":\"JSON\",\"version\":252}"),
	    COMMAND_OK, "105 0 7 252 JAVA - {topic=T}" },
	{ SLICE("{\"version\":1,\"opaque\":-5,\"flag\":3,\"remark\":\"\",\"extFields\":{},\"code\":"
		"-2}\n"),
	    COMMAND_OK, "-2 3 -5 1 JAVA  {}" },
	{ SLICE(" {\t\"code\" : 1 ,\r\n\"remark\":null,\"extFields\" : null } "), COMMAND_OK,
	    "1 0 0 0 JAVA -" },
	{ SLICE("{}"), COMMAND_OK, "0 0 0 0 JAVA -" },
	/* what C++ and Node send: numbers, booleans; and null */
	{ SLICE("{\"extFields\":{\"e\":3,\"k\":false,\"m\":true,\"n\":null,\"f\":-1.5}}"),
	    COMMAND_OK, "0 0 0 0 JAVA - {e=3,k=false,m=true,f=-1.5}" },
	{ SLICE("{\"extFields\":{\"o\":{\"a\":[1,{}]},\"l\":[ 1 ]}}"), COMMAND_OK,
	    "0 0 0 0 JAVA - {o={\"a\":[1,{}]},l=[ 1 ]}" },
	{ SLICE("{\"language\":\"go\"}"), COMMAND_OK, "0 0 0 0 GO -" },
	{ SLICE("{\"language\":1}"), COMMAND_OK, "0 0 0 0 CPP -" },
	{ SLICE("{\"language\":99}"), COMMAND_OK, "0 0 0 0 OTHER -" },
	{ SLICE("{\"language\":\"COBOL\"}"), COMMAND_OK, "0 0 0 0 OTHER -" },
	{ SLICE("{\"language\":null,\"version\":null,\"code\":\"10\",\"opaque\":\"4\"}"),
	    COMMAND_OK, "10 0 4 0 OTHER -" },
	{ SLICE("{\"x\":{\"y\":[{\"z\":\"}\\\"\"}],{\"a\":1}:2,3:4},\"code\":5,\"code\":6}"),
	    COMMAND_OK, "6 0 0 0 JAVA -" },
	{ SLICE(
	      "{\"remark\":\"a\\nb\",\"extFields\":{\"i\":\"K\\u0001V\\u0002\",\"j\":\"K\1V\2\"}}"),
	    COMMAND_OK, "0 0 0 0 JAVA a\nb {i=K\1V\2,j=K\1V\2}" },
	{ SLICE("{\"c\\u006fde\":8}"), COMMAND_OK, "8 0 0 0 JAVA -" },
	/* the opaque is known: these can be answered */
	{ SLICE("{\"code\":\"x\",\"opaque\":1}"), COMMAND_BAD_ANSWERABLE, NULL },
	{ SLICE("{\"code\":99999999999,\"opaque\":1}"), COMMAND_BAD_ANSWERABLE, NULL },
	{ SLICE("{\"extFields\":[],\"opaque\":1}"), COMMAND_BAD_ANSWERABLE, NULL },
	{ SLICE("{\"extFields\":\"x\",\"opaque\":1}"), COMMAND_BAD_ANSWERABLE, NULL },
	{ SLICE("{\"version\":true,\"opaque\":1}"), COMMAND_BAD_ANSWERABLE, NULL },
	{ SLICE("{\"flag\":0,\"opaque\":1,\"extFields\":{"), COMMAND_BAD_ANSWERABLE, NULL },
	{ SLICE("{\"opaque\":1} x"), COMMAND_BAD_ANSWERABLE, NULL },
	/* these cannot */
	{ SLICE("{\"opaque\":1,\"extFields\":{"), COMMAND_BAD, NULL },
	{ SLICE("{\"opaque\":[],\"flag\":0}"), COMMAND_BAD, NULL },
	{ SLICE("{\"opaque\":1.5,\"flag\":0}"), COMMAND_BAD, NULL },
	{ SLICE(""), COMMAND_BAD, NULL },
	{ SLICE("hello"), COMMAND_BAD, NULL },
	{ SLICE("[]"), COMMAND_BAD, NULL },
	{ SLICE("{\"code\":1"), COMMAND_BAD, NULL },
	{ SLICE("{\"code\""), COMMAND_BAD, NULL },
	{ SLICE("{\"extFields\":{1:\"a\"}}"), COMMAND_BAD, NULL },
};

Test(command, json_headers)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		struct command command;

		cr_assert_eq(decode_text(&arena, headers[i].header, &command), headers[i].status,
		    "%s", headers[i].header.data);
		if (headers[i].status == COMMAND_OK)
			cr_assert(slice_is(describe(&arena, &command), headers[i].content),
			    "%s gave %s", headers[i].header.data, describe(&arena, &command).data);
		else if (headers[i].status == COMMAND_BAD_ANSWERABLE)
			cr_assert_eq(command.opaque, 1, "%s", headers[i].header.data);
	}
	arena_release(&arena);
}

Test(command, depth_of_unknown_members_is_bounded)
{
	struct arena arena = { 0 };
	struct buf buf = { 0 };
	struct command command;

	buf_append_text(&buf, "{\"opaque\":1,\"flag\":0,\"x\":");
	for (int i = 0; i < 500000; i++)
		buf_append_char(&buf, '[');
	cr_assert_eq(decode_text(&arena, buf_slice(&buf), &command), COMMAND_BAD_ANSWERABLE);
	buf_release(&buf);
	arena_release(&arena);
}

static enum command_status
decode_with_fields(struct arena *arena, int n, struct command *command)
{
	struct buf buf = { 0 };
	enum command_status status;

	buf_append_text(&buf, "{\"extFields\":{");
	for (int i = 0; i < n; i++)
		buf_printf(&buf, "%s\"k%d\":\"%d\"", i != 0 ? "," : "", i, i);
	buf_append_text(&buf, "},\"opaque\":9}");
	status = decode_text(arena, arena_copy(arena, buf_slice(&buf)), command);
	buf_release(&buf);
	return status;
}

Test(command, fields_are_bounded)
{
	struct arena arena = { 0 };
	struct command command;

	cr_assert_eq(decode_with_fields(&arena, COMMAND_EXT_MAX, &command), COMMAND_OK);
	cr_assert_eq(command.n_ext, COMMAND_EXT_MAX);
	cr_assert(slice_is(command_ext(&command, "k0"), "0"));
	cr_assert(slice_is(command_ext(&command, "k255"), "255"));
	cr_assert_null(command_ext(&command, "k256").data);
	cr_assert_eq(
	    decode_with_fields(&arena, COMMAND_EXT_MAX + 1, &command), COMMAND_BAD_ANSWERABLE);
	cr_assert_eq(command.opaque, 9);
	arena_release(&arena);
}

Test(command, of_equal_keys_the_last_counts)
{
	struct arena arena = { 0 };
	struct command command;

	cr_assert_eq(decode_text(&arena,
			 SLICE("{\"extFields\":{\"a\":\"1\",\"b\":\"2\",\"a\":\"3\"}}"), &command),
	    COMMAND_OK);
	cr_assert(slice_is(command_ext(&command, "a"), "3"));
	arena_release(&arena);
}

/* Written and read again in either codec. */
static void
round_trip(enum frame_codec codec, const struct command *command, const char *content)
{
	struct arena arena = { 0 };
	struct buf buf = { 0 };
	struct command again;
	struct command sent = *command;
	struct frame frame;
	size_t need;

	sent.codec = codec;
	buf_append_text(&buf, "before");
	command_encode(&buf, &sent, SLICE("bo"), 6);
	buf_append_text(&buf, "dy..after");
	buf_drain(&buf, strlen("before"));
	cr_assert_eq(frame_read(buf.data, buf.len, &frame, &need), FRAME_OK);
	cr_assert_eq(frame.codec, codec);
	cr_assert(slice_is(frame.body, "body.."));
	cr_assert_eq(command_decode(&arena, &frame, &again), COMMAND_OK);
	cr_assert(slice_is(describe(&arena, &again), content), "%s", describe(&arena, &again).data);
	buf_release(&buf);
	arena_release(&arena);
}

Test(command, what_is_written_is_read)
{
	struct ext ext[] = {
		{ SLICE("topic"), SLICE("T\303\251") },
		{ SLICE("left out"), SLICE_NONE },
		{ SLICE("i"), SLICE("a\1b\2\"\\") },
		{ SLICE("empty"), SLICE("") },
	};
	struct command full = { .code = 310,
		.language = LANGUAGE_GO,
		.version = 407,
		.opaque = INT32_MIN,
		.flag = 3,
		.remark = SLICE("why\n"),
		.ext = ext,
		.n_ext = 4 };
	struct command bare = { .code = 1, .language = LANGUAGE_UNKNOWN };
	const char *content =
	    "310 3 -2147483648 407 GO why\n {topic=T\303\251,i=a\1b\2\"\\,empty=}";

	round_trip(FRAME_JSON, &full, content);
	round_trip(FRAME_BINARY, &full, content);
	round_trip(FRAME_JSON, &bare, "1 0 0 0 OTHER -");
	round_trip(FRAME_BINARY, &bare, "1 0 0 0 OTHER -");
}

Test(command, the_text_of_a_header)
{
	struct ext none[1];
	struct command command = { .code = 0, .flag = 1, .opaque = 2, .version = 407, .ext = none };
	struct buf buf = { 0 };

	command_encode(&buf, &command, SLICE_NONE, 0);
	buf_drain(&buf, 8);
	cr_assert_str_eq(buf_text(&buf), "{\"code\":0,\"extFields\":{},\"flag\":1,\"language\":"
					 "\"JAVA\",\"opaque\":2,\"version\":407}");
	buf_release(&buf);
}

Test(command, binary_codes_have_16_bits)
{
	struct arena arena = { 0 };
	struct buf buf = { 0 };
	struct command command = { .codec = FRAME_BINARY, .code = 200050 };
	struct frame frame;
	size_t need;

	command_encode(&buf, &command, SLICE_NONE, 0);
	cr_assert_eq(frame_read(buf.data, buf.len, &frame, &need), FRAME_OK);
	cr_assert_eq(command_decode(&arena, &frame, &command), COMMAND_OK);
	cr_assert_eq(command.code, 3442);
	buf_release(&buf);
	arena_release(&arena);
}

#define FIXED "\0\12\1\1\7\0\0\0\1\0\0\0\0" /* code 10, CPP, version 263, opaque 1, flag 0 */

static const struct {
	struct slice header;
	enum command_status status;
} binary_headers[] = {
	{ SLICE(FIXED "\0\0\0\0\0\0\0\0"), COMMAND_OK },
	{ SLICE(FIXED "\0\0\0\1r\0\0\0\10\0\1k\0\0\0\1v"), COMMAND_OK },
	{ SLICE(FIXED "\0\0\0\0\0\0\0\6\0\0\0\0\0\0"), COMMAND_OK },
	{ SLICE(""), COMMAND_BAD },
	{ SLICE("\0\12\1\1\7\0\0\0\1\0\0\0"), COMMAND_BAD },
	{ SLICE(FIXED), COMMAND_BAD_ANSWERABLE },
	{ SLICE(FIXED "\0\0\0\0"), COMMAND_BAD_ANSWERABLE },
	{ SLICE(FIXED "\0\0\0\2r\0\0\0\0"), COMMAND_BAD_ANSWERABLE },
	{ SLICE(FIXED "\377\377\377\377\0\0\0\0"), COMMAND_BAD_ANSWERABLE },
	{ SLICE(FIXED "\0\0\0\0\0\0\0\1"), COMMAND_BAD_ANSWERABLE },
	{ SLICE(FIXED "\0\0\0\0\0\0\0\10\0\2k\0\0\0\1v"), COMMAND_BAD_ANSWERABLE },
	{ SLICE(FIXED "\0\0\0\0\0\0\0\10\0\1k\377\377\377\377v"), COMMAND_BAD_ANSWERABLE },
	{ SLICE(FIXED "\0\0\0\0\0\0\0\10\377\377k\0\0\0\1v"), COMMAND_BAD_ANSWERABLE },
};

Test(command, binary_lengths_are_checked)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof binary_headers / sizeof *binary_headers; i++) {
		struct frame frame = { FRAME_BINARY, binary_headers[i].header, SLICE(""), 0 };
		struct command command;

		cr_assert_eq(
		    command_decode(&arena, &frame, &command), binary_headers[i].status, "%zu", i);
		if (binary_headers[i].status == COMMAND_BAD)
			continue;
		cr_assert_eq(command.code, 10);
		cr_assert_eq(command.language, LANGUAGE_CPP);
		cr_assert_eq(command.version, 263);
		cr_assert_eq(command.opaque, 1);
	}
	arena_release(&arena);
}

Test(command, languages)
{
	for (int i = 0; i < LANGUAGE_UNKNOWN; i++) {
		const char *name = command_language_name((enum command_language)i);

		cr_assert_eq((int)command_language_of(slice_of(name)), i, "%s", name);
	}
	cr_assert_str_eq(command_language_name(LANGUAGE_UNKNOWN), "OTHER");
	cr_assert_eq(command_language_of(SLICE_NONE), LANGUAGE_UNKNOWN);
	cr_assert_eq(command_language_of(SLICE("node_js")), LANGUAGE_NODE_JS);
}

/* ---- typed headers ------------------------------------------------------------- */

static const struct field *
pull_fields(void *context, int32_t code, size_t *header_size)
{
	(void)context;
	*header_size = sizeof(struct update_offset_header);
	return code == 15 ? update_offset_header_fields : NULL;
}

#define EXT                                                                                        \
	"\"extFields\":{\"consumerGroup\":\"g\",\"topic\":\"t\\u0041\",\"queueId\":\"-1\","        \
	"\"commitOffset\":\"123456789012\"}"

/* Whether the pass that knows the table takes the header, or leaves it to the other one. */
static const struct {
	struct slice header;
	bool typed;
} typed_headers[] = {
	{ SLICE("{\"code\":15," EXT ",\"flag\":0,\"opaque\":7}"), true },
	{ SLICE("{\"code\":15,\"flag\":2,\"opaque\":7,\"x\":[1]," EXT "}\n"), true },
	{ SLICE("{\"code\":16," EXT ",\"opaque\":7}"), false },
	{ SLICE("{" EXT ",\"code\":15,\"opaque\":7}"), false },
	/* what follows contradicts it */
	{ SLICE("{\"code\":15," EXT ",\"code\":16,\"opaque\":7}"), false },
	{ SLICE("{\"code\":15," EXT ",\"flag\":1,\"opaque\":7}"), false },
	{ SLICE("{\"code\":15," EXT "," EXT ",\"opaque\":7}"), false },
	{ SLICE("{\"code\":15," EXT ",\"extFields\":{},\"opaque\":7}"), false },
	{ SLICE("{\"code\":15," EXT ",\"version\":[],\"opaque\":7}"), false },
	{ SLICE("{\"code\":15," EXT ",\"opaque\":7}}"), false },
	/* ext fields that the general way reads or refuses */
	{ SLICE("{\"code\":15,\"extFields\":{\"a\":\"1\"},\"opaque\":7}"), false },
	{ SLICE("{\"code\":15,\"extFields\":{\"queueId\":1},\"opaque\":7}"), false },
	{ SLICE("{\"code\":15,\"extFields\":{},\"opaque\":7}"), false },
	{ SLICE("{\"code\":15,\"extFields\":null,\"opaque\":7}"), false },
};

Test(command, typed_headers_are_those_of_good_requests)
{
	const struct command_types types = { pull_fields, NULL };
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof typed_headers / sizeof *typed_headers; i++) {
		struct frame frame = { FRAME_JSON, typed_headers[i].header, SLICE(""), 0 };
		struct command general, command;
		enum command_status status = command_decode(&arena, &frame, &general);

		cr_assert_eq(command_decode_typed(&arena, &frame, &types, &command), status, "%s",
		    typed_headers[i].header.data);
		cr_assert_eq(command.fields != NULL, typed_headers[i].typed, "%s",
		    typed_headers[i].header.data);
		cr_assert_eq(command.opaque, 7);
		if (!typed_headers[i].typed) {
			cr_assert(
			    slice_equal(describe(&arena, &command), describe(&arena, &general)));
			continue;
		}
		const struct update_offset_header *header = command.header;

		cr_assert(slice_is(header->consumer_group, "g"));
		cr_assert(slice_is(header->topic, "tA"));
		cr_assert_eq(header->queue_id, -1);
		cr_assert_eq(header->commit_offset, 123456789012);
		cr_assert_null(header->broker_name.data);
	}
	arena_release(&arena);
}
