#include "config.h"

#include "t/replay/replay_talk.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/wire.h"
#include "common/json/json.h"

void
talk_die(const char *path, int line, const char *why)
{
	fprintf(stderr, "replay: %s:%d: %s\n", path, line, why);
	exit(2);
}

static struct slice
bytes_of(struct arena *arena, struct slice hex, size_t len)
{
	char *bytes = arena_zalloc(arena, len + 1);

	for (size_t i = 0; i < len && 2 * i + 1 < hex.len; i++)
		bytes[i] = (char)(wire_hex_digit(hex.data[2 * i]) << 4 |
				  wire_hex_digit(hex.data[2 * i + 1]));
	return (struct slice){ bytes, len };
}

/* False for a line that is nothing to play: a broken frame, the replication's bytes. */
static bool
read_line(struct arena *arena, const struct json *json, struct line *line)
{
	struct slice kind = json_member_text(json, "kind"),
		     header = json_member_text(json, "header");
	struct slice body = json_member_text(json, "body_hex");
	bool binary = slice_is(json_member_text(json, "serialize"), "ROCKETMQ");
	struct frame frame = { .codec = binary ? FRAME_BINARY : FRAME_JSON };

	if (header.data == NULL || slice_is(kind, "malformed"))
		return false;
	frame.header = binary ? bytes_of(arena, header, header.len / 2) : arena_copy(arena, header);
	/* Of a long body the recording has the beginning: zeros stand for the rest. */
	frame.body = bytes_of(
	    arena, body, (size_t)json_member_int64(json, "body_len", (int64_t)body.len / 2));
	line->conn = (int)json_member_int64(json, "conn", -1);
	line->peer = arena_copy(arena, json_member_text(json, "peer"));
	line->to_server = slice_is(json_member_text(json, "dir"), "c2s");
	line->is_response = slice_is(kind, "response");
	line->is_oneway = slice_is(kind, "oneway");
	line->of = (int32_t)json_member_int64(json, "of", 0);
	line->header = frame.header;
	line->body = frame.body;
	return line->conn >= 0 && line->conn < CONNS_MAX &&
	       command_decode(arena, &frame, &line->command) == COMMAND_OK;
}

void
talk_read(struct talk *talk)
{
	FILE *file = fopen(talk->path, "r");
	char *text = NULL;
	size_t cap = 0;
	ssize_t len;

	if (file == NULL)
		talk_die(talk->path, 0, "cannot be read");
	for (int number = 1; (len = getline(&text, &cap, file)) != -1; number++) {
		struct slice copy = arena_copy(&talk->arena, (struct slice){ text, (size_t)len });
		const struct json *json = json_parse(&talk->arena, copy);
		struct line line = { .number = number };

		if (json == NULL)
			talk_die(talk->path, number, "no JSON");
		if (!read_line(&talk->arena, json, &line))
			continue;
		if (talk->n_lines == talk->cap_lines) {
			talk->cap_lines = talk->cap_lines == 0 ? 256 : 2 * talk->cap_lines;
			talk->lines =
			    mem_realloc(talk->lines, talk->cap_lines * sizeof *talk->lines);
		}
		talk->lines[talk->n_lines++] = line;
	}
	free(text);
	fclose(file);
}

struct line *
talk_request_of(struct talk *talk, const struct line *reply)
{
	for (struct line *line = &talk->lines[talk->n_lines]; line-- > talk->lines;)
		if (line < reply && line->to_server && !line->is_response &&
		    line->conn == reply->conn && line->command.opaque == reply->command.opaque &&
		    line->command.code == reply->of)
			return line;
	return NULL;
}

struct line *
talk_reply_to(struct talk *talk, const struct line *request)
{
	for (struct line *line = &talk->lines[request - talk->lines];
	     line < talk->lines + talk->n_lines; line++)
		if (line->is_response && !line->to_server && line->conn == request->conn &&
		    line->of == request->command.code &&
		    line->command.opaque == request->command.opaque)
			return line;
	return NULL;
}

void
talk_release(struct talk *talk)
{
	for (int i = 0; i < CONNS_MAX; i++)
		if (talk->open[i])
			raw_close(&talk->conns[i]);
	free(talk->lines);
	arena_release(&talk->arena);
}
