#include "config.h"

#include "common/protocol/command.h"

#include <stddef.h>

#include "common/base/itoa.h"
#include "common/base/wire.h"
#include "common/json/json.h"
#include "common/json/json_scan.h"
#include "common/protocol/fields.h"
#include "common/protocol/header_pattern.h"

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
	const struct command_types *types; /* NULL: no typed header, or none any more */
	bool outdated;                     /* a later member contradicts the typed header */
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
	else if (to == &reader->command->code)
		reader->outdated = reader->command->fields != NULL;
	return 0;
}

static int
read_language(struct command_reader *reader, void *to)
{
	enum command_language *language = to;
	enum json_type type;
	struct slice text;
	int64_t code;

	if (!json_scan_plain(&reader->scan, &text) && take_value(reader, &type, &text) == -1)
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

/* False: nothing is consumed, and the list of ext fields is wanted. */
static inline bool
read_typed(struct command_reader *reader)
{
	struct command *command = reader->command;
	const struct command_types *types = reader->types;
	const struct field *fields;
	size_t size;
	void *header;

	reader->outdated |= command->fields != NULL;
	reader->types = NULL;
	if (types == NULL ||
	    (fields = types->fields_of(types->context, command->code, &size)) == NULL)
		return false;
	header = arena_zalloc(reader->scan.arena, size);
	if (!fields_scan(fields, &reader->scan, header))
		return false;
	command->fields = fields;
	command->header = header;
	return true;
}

static int
read_ext(struct command_reader *reader, void *to)
{
	struct ext_list list = { .arena = reader->scan.arena };
	struct command *command = reader->command;
	enum json_type type;
	struct slice text;

	(void)to;
	if (read_typed(reader))
		return 0;
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

/* Java's note to itself. */
static int
read_nothing(struct command_reader *reader, void *to)
{
	(void)to;
	return json_scan_skip(&reader->scan, JSON_DEPTH_MAX);
}

/*
 * The members that count, as Java orders them; others are skipped, whatever their shape. `begin` is
 * what stands before the value of one that is not the first.
 */
static const struct member {
	char begin[32];
	size_t begin_len;
	int (*read)(struct command_reader *reader, void *to);
	size_t offset;
} members[] = {
	{ ",\"code\":", 8, read_int, offsetof(struct command, code) },
	{ ",\"extFields\":", 13, read_ext, offsetof(struct command, ext) },
	{ ",\"flag\":", 8, read_int, offsetof(struct command, flag) },
	{ ",\"language\":", 12, read_language, offsetof(struct command, language) },
	{ ",\"opaque\":", 10, read_int, offsetof(struct command, opaque) },
	{ ",\"remark\":", 10, read_remark, offsetof(struct command, remark) },
	{ ",\"serializeTypeCurrentRPC\":", 27, read_nothing, 0 },
	{ ",\"version\":", 11, read_int, offsetof(struct command, version) },
};
#define N_MEMBERS (sizeof members / sizeof *members)

/* Without the comma, the quotes and the colon. */
static inline struct slice
name_of(const struct member *member)
{
	return (struct slice){ member->begin + 2, member->begin_len - 4 };
}

static int
read_into(struct command_reader *reader, const struct member *member)
{
	return member->read(reader, (char *)reader->command + member->offset);
}

/* Consumes the beginning of a member that stands there as nearly all write it; NULL: another. */
static inline const struct member *
take_begin(struct json_scan *scan, size_t *next)
{
	size_t left = (size_t)(scan->end - scan->at);

	for (size_t i = *next; i < *next + N_MEMBERS; i++) {
		const struct member *member = &members[i < N_MEMBERS ? i : i - N_MEMBERS];

		if (left > member->begin_len &&
		    simd_same(scan->at, member->begin, member->begin_len)) {
			scan->at += member->begin_len;
			*next = (size_t)(member - members) + 1;
			return member;
		}
	}
	return NULL;
}

/* However it is written. */
static __attribute__((noinline)) int
read_other_member(struct command_reader *reader)
{
	struct slice name;

	if (json_scan_name(&reader->scan, &name) == -1)
		return -1;
	for (size_t i = 0; i < N_MEMBERS; i++) {
		if (slice_equal(name, name_of(&members[i])))
			return read_into(reader, &members[i]);
	}
	return json_scan_skip(&reader->scan, JSON_DEPTH_MAX);
}

/* Nearly always the code. */
static inline int
read_first_member(struct command_reader *reader)
{
	const struct member *code = &members[0];
	const size_t len = code->begin_len - 1; /* there is no comma */

	if ((size_t)(reader->scan.end - reader->scan.at) <= len ||
	    !simd_same(reader->scan.at, code->begin + 1, len))
		return read_other_member(reader);
	reader->scan.at += len;
	return read_into(reader, code);
}

static int
read_members(struct command_reader *reader)
{
	size_t next = 1;
	int status;

	if (!json_scan_char(&reader->scan, '{'))
		return -1;
	if (json_scan_char(&reader->scan, '}'))
		return 0;
	status = read_first_member(reader);
	while (status == 0) {
		const struct member *member = take_begin(&reader->scan, &next);

		if (member != NULL)
			status = read_into(reader, member);
		else if (json_scan_char(&reader->scan, ','))
			status = read_other_member(reader);
		else
			return json_scan_char(&reader->scan, '}') ? 0 : -1;
	}
	return -1;
}

static enum command_status
read_json(struct command_reader *reader, struct arena *arena, struct slice header)
{
	bool complete;

	reader->scan = (struct json_scan){ header.data, header.data + header.len, arena };
	complete = read_members(reader) == 0;
	json_scan_peek(&reader->scan); /* C++ ends its headers with a newline */
	if (reader->scan.at != reader->scan.end)
		reader->unusable = true;
	if (complete && !reader->unusable)
		return COMMAND_OK;
	return reader->has_opaque && (complete || reader->has_flag) ? COMMAND_BAD_ANSWERABLE
	                                                            : COMMAND_BAD;
}

/* The typed header of what turns out to be no good request of that code is not kept. */
static enum command_status
decode_json(struct arena *arena, struct slice header, const struct command_types *types,
    struct command *command)
{
	struct command_reader reader = { .command = command, .types = types };
	enum command_status status = read_json(&reader, arena, header);

	if (command->fields == NULL || (status == COMMAND_OK && !reader.outdated &&
					   (command->flag & COMMAND_FLAG_RESPONSE) == 0))
		return status;
	*command = (struct command){ .codec = FRAME_JSON };
	reader = (struct command_reader){ .command = command };
	return read_json(&reader, arena, header);
}

/* A request with a typed header is most often like an earlier one. */
static enum command_status
decode_json_typed(struct arena *arena, struct slice header, const struct command_types *types,
    struct command *command)
{
	struct header_patterns *patterns = types->patterns;

	if (patterns != NULL &&
	    header_patterns_read(patterns, types->context, arena, header, command))
		return COMMAND_OK;
	*command = (struct command){ .codec = FRAME_JSON };
	enum command_status status = decode_json(arena, header, types, command);
	size_t size;

	if (patterns != NULL && command->fields != NULL &&
	    types->fields_of(types->context, command->code, &size) == command->fields)
		header_patterns_learn(patterns, types->context, header, command, size);
	return status;
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
	char *begin = buf_reserve(buf, 2 + FIELD_BEGIN_BYTES + json_escaped_max(value));
	char *at = begin;

	*at++ = ',';
	memcpy(at, field->begin, FIELD_BEGIN_BYTES);
	at += field->key_len + FIELD_BEGIN_ENDS;
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
command_decode_typed(struct arena *arena, const struct frame *frame,
    const struct command_types *types, struct command *command)
{
	if (frame->codec == FRAME_JSON && types != NULL)
		return decode_json_typed(arena, frame->header, types, command);
	*command = (struct command){ .codec = frame->codec };
	if (frame->codec == FRAME_BINARY)
		return decode_binary(arena, frame->header, command);
	return decode_json(arena, frame->header, NULL, command);
}

enum command_status
command_decode(struct arena *arena, const struct frame *frame, struct command *command)
{
	return command_decode_typed(arena, frame, NULL, command);
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
