#ifndef COMMON_COMMAND_H
#define COMMON_COMMAND_H

/*
 * The header of a frame: what Java calls a RemotingCommand, in either codec.
 * Source: protocol description 1.2, 1.3. Decoding scans in place: slices point
 * into the frame, or into the arena where an escape had to be undone.
 * Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/protocol/frame.h"

#define COMMAND_EXT_MAX 256 /* a command with more ext fields is not usable */

#define COMMAND_FLAG_RESPONSE 1
#define COMMAND_FLAG_ONEWAY 2

/* What we say of ourselves: readable for the oldest client, and new enough for SQL92 filters. */
#define COMMAND_LANGUAGE 0  /* JAVA */
#define COMMAND_VERSION 407 /* V4_9_7 */

enum command_language {
	LANGUAGE_JAVA,
	LANGUAGE_CPP,
	LANGUAGE_DOTNET,
	LANGUAGE_PYTHON,
	LANGUAGE_DELPHI,
	LANGUAGE_ERLANG,
	LANGUAGE_RUBY,
	LANGUAGE_OTHER,
	LANGUAGE_HTTP,
	LANGUAGE_GO,
	LANGUAGE_PHP,
	LANGUAGE_OMS,
	LANGUAGE_RUST,
	LANGUAGE_NODE_JS,
	LANGUAGE_UNKNOWN,
};

struct field;
struct header_patterns;

struct ext {
	struct slice key;
	struct slice value;
};

struct command {
	enum frame_codec codec;
	int32_t code;
	enum command_language language;
	int32_t version;
	int32_t opaque;
	uint32_t flag;
	struct slice remark; /* absent when there is none */
	/*
	 * NULL with n_ext 0; a non-NULL ext with n_ext 0 is written as {}. Values that
	 * came as numbers, booleans or JSON are their text; null is left out. Of
	 * equal keys the last one counts: Java 4.9.8 sends all fields of a signed
	 * binary send request twice.
	 */
	const struct ext *ext;
	size_t n_ext;
	/*
	 * A typed header (common/protocol/fields.h), or NULL. Written before ext. What
	 * command_decode_typed read has it instead of ext.
	 */
	const struct field *fields;
	const void *header;
};

/* Which typed header a request has; in the arena of the decoding. */
struct command_types {
	/* The table of this code and the size of its struct; NULL: the ext fields are wanted. */
	const struct field *(*fields_of)(void *context, int32_t code, size_t *header_size);
	void *context;
	struct header_patterns *patterns; /* of earlier headers; NULL: none are kept */
};

enum command_status {
	COMMAND_OK,
	COMMAND_BAD,            /* nothing can be said to the peer */
	COMMAND_BAD_ANSWERABLE, /* not usable, but opaque and flag are known: say so */
};

/* Other than COMMAND_OK: what could not be read is 0 or absent. */
enum command_status command_decode(
    struct arena *arena, const struct frame *frame, struct command *command);
/*
 * The same. The ext fields of a request whose code has a table may come as typed header: a table
 * with the header is what fields_decode would make of them, without a fault. types: may be NULL.
 */
enum command_status command_decode_typed(struct arena *arena, const struct frame *frame,
    const struct command_types *types, struct command *command);
/* Absent when not there. */
struct slice command_ext(const struct command *command, const char *key);

/*
 * Appends the whole frame. body_len bytes of body are counted in the frame's
 * length but only body (may be shorter, for parts sent from elsewhere) is appended.
 * The binary codec has 16 bits for code and version and cuts them, as Java does.
 */
void command_encode(
    struct buf *buf, const struct command *command, struct slice body, size_t body_len);

const char *command_language_name(enum command_language language); /* "OTHER" for unknown */
enum command_language command_language_of(struct slice name);

/* A request of our own in JSON, without header fields. */
static inline struct command
command_request(int32_t code)
{
	return (struct command){
		.codec = FRAME_JSON,
		.code = code,
		.language = COMMAND_LANGUAGE,
		.version = COMMAND_VERSION,
	};
}

#endif
