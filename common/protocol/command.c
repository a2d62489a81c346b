#include "config.h"

#include "common/protocol/command.h"

#include <stddef.h>

#include "common/base/itoa.h"
#include "common/base/wire.h"
#include "common/json/json.h"
#include "common/json/json_scan.h"
#include "common/protocol/fields.h"

#define EXT_FIRST 16      /* room to begin with; a send request has 14 */
#define PREFIX_BYTES 8    /* of a frame, before the header */
#define JSON_BARE_MAX 256 /* of a header in JSON, what stands before or behind its texts */
#define BINARY_FIXED 13   /* code, language, version, opaque, flag */
#define BINARY_KEY_MAX 32767

static const struct slice language_names[] = {
	[LANGUAGE_JAVA] = { "JAVA", 4 },
	[LANGUAGE_CPP] = { "CPP", 3 },
	[LANGUAGE_DOTNET] = { "DOTNET", 6 },
	[LANGUAGE_PYTHON] = { "PYTHON", 6 },
	[LANGUAGE_DELPHI] = { "DELPHI", 6 },
	[LANGUAGE_ERLANG] = { "ERLANG", 6 },
	[LANGUAGE_RUBY] = { "RUBY", 4 },
	[LANGUAGE_OTHER] = { "OTHER", 5 },
	[LANGUAGE_HTTP] = { "HTTP", 4 },
	[LANGUAGE_GO] = { "GO", 2 },
	[LANGUAGE_PHP] = { "PHP", 3 },
	[LANGUAGE_OMS] = { "OMS", 3 },
	[LANGUAGE_RUST] = { "RUST", 4 },
	[LANGUAGE_NODE_JS] = { "NODE_JS", 7 },
};

static enum command_language
known_language(enum command_language language)
{
	return (unsigned)language < LANGUAGE_UNKNOWN ? language : LANGUAGE_OTHER;
}

const char *
command_language_name(enum command_language language)
{
	return language_names[known_language(language)].data;
}

enum command_language
command_language_of(struct slice name)
{
	for (int i = 0; i < LANGUAGE_UNKNOWN; i++) {
		if (slice_equal_nocase(name, language_names[i]))
			return (enum command_language)i;
	}
	return LANGUAGE_UNKNOWN;
}

static enum command_language
language_of_code(int64_t code)
{
	return code >= 0 && code < LANGUAGE_UNKNOWN ? (enum command_language)code
	                                            : LANGUAGE_UNKNOWN;
}

/* "extFields":{} is not the same as none; this is its list. */
static const struct ext no_ext[1];

/* The list of ext fields while it is read; it grows in the arena. */
struct ext_list {
	struct arena *arena;
	struct ext *ext;
	size_t n;
	size_t cap;
	struct ext spare; /* when there are too many */
};

/* Where the next one is read to; it counts once n has been raised. */
static inline struct ext *
ext_list_next(struct ext_list *list)
{
	if (list->n == list->cap) {
		if (list->n == COMMAND_EXT_MAX)
			return &list->spare;
		list->cap = list->cap != 0 ? 2 * list->cap : EXT_FIRST;

		struct ext *ext = arena_alloc(list->arena, list->cap * sizeof *ext);

		if (list->n != 0)
			memcpy(ext, list->ext, list->n * sizeof *ext);
		list->ext = ext;
	}
	return &list->ext[list->n];
}

/* ---- JSON ------------------------------------------------------------------ */

struct command_reader {
	struct json_scan scan;
	struct command *command;
	bool unusable; /* a member has the wrong type; what follows is still read, for the opaque */
	bool has_opaque;
	bool has_flag;
};

static int
take_value(struct command_reader *reader, enum json_type *type, struct slice *text)
{
	return json_scan_value(&reader->scan, JSON_DEPTH_MAX, type, text);
}

/* Text that holds a number is taken as one, as fastjson does: 1; 0 if there is none, -1. */
static int
read_other_int(struct command_reader *reader, int32_t *number)
{
	enum json_type type;
	struct slice text;

	if (take_value(reader, &type, &text) == -1)
		return -1;
	if (type == JSON_NULL)
		return 0;
	if (slice_to_int32(text, number) == 0)
		return 1;
	reader->unusable = true;
	return 0;
}

static int
read_int(struct command_reader *reader, void *to)
{
	if (!json_scan_int32(&reader->scan, to)) {
		int found = read_other_int(reader, to);

		if (found != 1)
			return found;
	}
	if (to == &reader->command->opaque)
		reader->has_opaque = true;
	else if (to == &reader->command->flag)
		reader->has_flag = true;
	return 0;
}

static int
read_language(struct command_reader *reader, void *to)
{
	enum command_language *language = to;
	enum json_type type;
	struct slice text;
	int64_t code;

	if (take_value(reader, &type, &text) == -1)
		return -1;
	*language = command_language_of(text);
	if (*language == LANGUAGE_UNKNOWN && slice_to_int64(text, &code) == 0)
		*language = language_of_code(code);
	return 0;
}

static int
read_remark(struct command_reader *reader, void *to)
{
	enum json_type type;
	struct slice text;

	if (take_value(reader, &type, &text) == -1)
		return -1;
	if (type != JSON_NULL)
		*(struct slice *)to = text;
	return 0;
}

static inline int
read_ext_member(struct command_reader *reader, struct ext_list *list)
{
	struct ext *ext = ext_list_next(list);
	enum json_type type;

	if (json_scan_member(&reader->scan, JSON_DEPTH_MAX, &ext->key, &type, &ext->value) == -1)
		return -1;
	if (type != JSON_NULL && ext == &list->spare)
		reader->unusable = true;
	else if (type != JSON_NULL)
		list->n++;
	return 0;
}

static int
read_ext(struct command_reader *reader, void *to)
{
	struct ext_list list = { .arena = reader->scan.arena };
	struct command *command = reader->command;
	enum json_type type;
	struct slice text;

	(void)to;
	if (json_scan_peek(&reader->scan) != '{') {
		if (take_value(reader, &type, &text) == -1)
			return -1;
		reader->unusable |= type != JSON_NULL;
		return 0;
	}
	json_scan_char(&reader->scan, '{');
	if (!json_scan_char(&reader->scan, '}')) {
		do {
			if (read_ext_member(reader, &list) == -1)
				return -1;
		} while (json_scan_char(&reader->scan, ','));
		if (!json_scan_char(&reader->scan, '}'))
			return -1;
	}
	command->ext = list.n != 0 ? list.ext : no_ext;
	command->n_ext = list.n;
	return 0;
}

/* The members that count; others are skipped, whatever their shape. */
static const struct member {
	struct slice name;
	int (*read)(struct command_reader *reader, void *to);
	size_t offset;
} members[] = {
	{ { "code", 4 }, read_int, offsetof(struct command, code) },
	{ { "extFields", 9 }, read_ext, offsetof(struct command, ext) },
	{ { "flag", 4 }, read_int, offsetof(struct command, flag) },
	{ { "language", 8 }, read_language, offsetof(struct command, language) },
	{ { "opaque", 6 }, read_int, offsetof(struct command, opaque) },
	{ { "remark", 6 }, read_remark, offsetof(struct command, remark) },
	{ { "version", 7 }, read_int, offsetof(struct command, version) },
};

static int
read_member(struct command_reader *reader)
{
	struct slice name;

	if (json_scan_name(&reader->scan, &name) == -1)
		return -1;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		if (name.len == members[i].name.len && name.data[0] == members[i].name.data[0] &&
		    memcmp(name.data, members[i].name.data, name.len) == 0)
			return members[i].read(reader, (char *)reader->command + members[i].offset);
	}
	return json_scan_skip(&reader->scan, JSON_DEPTH_MAX);
}

static int
read_members(struct command_reader *reader)
{
	if (!json_scan_char(&reader->scan, '{'))
		return -1;
	if (json_scan_char(&reader->scan, '}'))
		return 0;
	do {
		if (read_member(reader) == -1)
			return -1;
	} while (json_scan_char(&reader->scan, ','));
	return json_scan_char(&reader->scan, '}') ? 0 : -1;
}

static enum command_status
decode_json(struct arena *arena, struct slice header, struct command *command)
{
	struct command_reader reader = { .command = command };
	bool complete;

	reader.scan = (struct json_scan){ header.data, header.data + header.len, arena };
	complete = read_members(&reader) == 0;
	json_scan_peek(&reader.scan); /* C++ ends its headers with a newline */
	if (reader.scan.at != reader.scan.end)
		reader.unusable = true;
	if (complete && !reader.unusable)
		return COMMAND_OK;
	return reader.has_opaque && (complete || reader.has_flag) ? COMMAND_BAD_ANSWERABLE
	                                                          : COMMAND_BAD;
}

static inline char *
put(char *at, struct slice literal)
{
	memcpy(at, literal.data, literal.len);
	return at + literal.len;
}

static inline char *
put_int(char *at, struct slice name, int64_t number)
{
	at = put(at, name);
	return at + itoa_put(at, number);
}

/* An absent value is left out: null is no string, Go and C++ would lose the header. */
static void
put_field(struct buf *buf, const struct field *field, struct slice value)
{
	if (value.data == NULL)
		return;
	char *begin = buf_reserve(buf, 8 + FIELD_KEY_BYTES + json_escaped_max(value));
	char *at = put(begin, SLICE(",\""));

	memcpy(at, field->key, FIELD_KEY_BYTES);
	at = put(at + field->key_len, SLICE("\":\""));
	at = field_is_text(field) ? json_put_escaped(at, value) : put(at, value);
	*at++ = '"';
	buf->len += (size_t)(at - begin);
}

static void
put_ext(struct buf *buf, const struct ext *ext)
{
	if (ext->value.data == NULL)
		return;
	buf_append_char(buf, ',');
	json_quote(buf, ext->key);
	buf_append_char(buf, ':');
	json_quote(buf, ext->value);
}

/* Each begins with a comma; the first one's gives way to the brace. */
static void
put_ext_fields(struct buf *buf, const struct command *command)
{
	char number[ITOA_MAX];
	size_t begin;

	buf_append_slice(buf, SLICE(",\"extFields\":"));
	begin = buf->len;
	for (const struct field *field = command->fields; field != NULL && !field_is_end(field);
	     field++)
		put_field(buf, field, field_text(field, command->header, number));
	for (size_t i = 0; i < command->n_ext; i++)
		put_ext(buf, &command->ext[i]);
	if (buf->len == begin)
		buf_append_char(buf, '{');
	buf->data[begin] = '{';
	buf_append_char(buf, '}');
}

static void
encode_json(struct buf *buf, const struct command *command)
{
	char *at = buf_reserve(buf, JSON_BARE_MAX);

	buf->len = (size_t)(put_int(at, SLICE("{\"code\":"), command->code) - buf->data);
	if (command->ext != NULL || command->fields != NULL)
		put_ext_fields(buf, command);
	at = buf_reserve(buf, JSON_BARE_MAX);
	at = put_int(at, SLICE(",\"flag\":"), (int32_t)command->flag);
	at = put(at, SLICE(",\"language\":\""));
	at = put(at, language_names[known_language(command->language)]);
	at = put_int(at, SLICE("\",\"opaque\":"), command->opaque);
	if (command->remark.data != NULL) {
		buf->len = (size_t)(at - buf->data);
		buf_append_slice(buf, SLICE(",\"remark\":"));
		json_quote(buf, command->remark);
		at = buf_reserve(buf, JSON_BARE_MAX);
	}
	at = put_int(at, SLICE(",\"version\":"), command->version);
	*at++ = '}';
	buf->len = (size_t)(at - buf->data);
}

/* ---- ROCKETMQ (binary) ------------------------------------------------------- */

static int
decode_binary_ext(struct arena *arena, struct slice fields, struct command *command)
{
	struct ext_list list = { .arena = arena };

	for (; fields.len != 0; list.n++) {
		struct ext *ext = ext_list_next(&list);

		if (ext == &list.spare || wire_take_counted(&fields, 2, &ext->key) == -1 ||
		    wire_take_counted(&fields, 4, &ext->value) == -1)
			return -1;
	}
	command->ext = list.ext;
	command->n_ext = list.n;
	return 0;
}

static enum command_status
decode_binary(struct arena *arena, struct slice header, struct command *command)
{
	struct slice fixed;
	struct slice remark;
	struct slice fields;

	if (wire_take(&header, BINARY_FIXED, &fixed) == -1)
		return COMMAND_BAD;
	command->code = (int16_t)be16_get(fixed.data);
	command->language = language_of_code(fixed.data[2]);
	command->version = (int16_t)be16_get(fixed.data + 3);
	command->opaque = (int32_t)be32_get(fixed.data + 5);
	command->flag = be32_get(fixed.data + 9);
	if (wire_take_counted(&header, 4, &remark) == -1 ||
	    wire_take_counted(&header, 4, &fields) == -1 ||
	    decode_binary_ext(arena, fields, command) == -1)
		return COMMAND_BAD_ANSWERABLE;
	if (remark.len != 0)
		command->remark = remark;
	return COMMAND_OK;
}

static void
put_binary(struct buf *buf, struct slice key, struct slice value)
{
	if (value.data == NULL || key.len > BINARY_KEY_MAX)
		return;
	buf_reserve(buf, sizeof(uint16_t) + key.len + sizeof(uint32_t) + value.len);
	buf_put_u16(buf, (uint16_t)key.len);
	buf_append_slice(buf, key);
	buf_put_u32(buf, (uint32_t)value.len);
	buf_append_slice(buf, value);
}

static void
encode_binary(struct buf *buf, const struct command *command)
{
	char number[ITOA_MAX];
	size_t fields_at;

	buf_put_u16(buf, (uint16_t)command->code);
	buf_append_char(buf, (char)known_language(command->language));
	buf_put_u16(buf, (uint16_t)command->version);
	buf_put_u32(buf, (uint32_t)command->opaque);
	buf_put_u32(buf, command->flag);
	buf_put_u32(buf, (uint32_t)command->remark.len);
	buf_append_slice(buf, command->remark);
	fields_at = buf->len;
	buf_put_u32(buf, 0);
	for (const struct field *field = command->fields; field != NULL && !field_is_end(field);
	     field++)
		put_binary(buf, (struct slice){ field->key, field->key_len },
		    field_text(field, command->header, number));
	for (size_t i = 0; i < command->n_ext; i++)
		put_binary(buf, command->ext[i].key, command->ext[i].value);
	be32_put(buf->data + fields_at, (uint32_t)(buf->len - fields_at - sizeof(uint32_t)));
}

/* ---- both -------------------------------------------------------------------- */

enum command_status
command_decode(struct arena *arena, const struct frame *frame, struct command *command)
{
	*command = (struct command){ .codec = frame->codec };
	if (frame->codec == FRAME_BINARY)
		return decode_binary(arena, frame->header, command);
	return decode_json(arena, frame->header, command);
}

struct slice
command_ext(const struct command *command, const char *key)
{
	for (size_t i = command->n_ext; i > 0; i--) {
		if (slice_is(command->ext[i - 1].key, key))
			return command->ext[i - 1].value;
	}
	return SLICE_NONE;
}

void
command_encode(struct buf *buf, const struct command *command, struct slice body, size_t body_len)
{
	size_t frame_at = buf->len;

	buf_put_u64(buf, 0);
	if (command->codec == FRAME_BINARY)
		encode_binary(buf, command);
	else
		encode_json(buf, command);

	size_t header_len = buf->len - frame_at - PREFIX_BYTES;

	be32_put(buf->data + frame_at, (uint32_t)(PREFIX_BYTES - 4 + header_len + body_len));
	be32_put(buf->data + frame_at + 4, (uint32_t)command->codec << 24 | (uint32_t)header_len);
	buf_append_slice(buf, body);
}
