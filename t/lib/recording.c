#include "config.h"

#include "t/lib/recording.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/wire.h"

const char *
recording_folder(void)
{
	const char *path = getenv("VECTORS");

	return path != NULL && path[0] != '\0' && access(path, R_OK) == 0 ? path : NULL;
}

struct slice
recording_hex(struct arena *arena, struct slice text)
{
	char *bytes = arena_alloc(arena, text.len / 2 + 1);

	for (size_t i = 0; i + 1 < text.len; i += 2)
		bytes[i / 2] =
		    (char)(wire_hex_digit(text.data[i]) << 4 | wire_hex_digit(text.data[i + 1]));
	return (struct slice){ bytes, text.len / 2 };
}

static void
fill(struct vector *vector)
{
	const struct json *json = vector->json;
	struct slice header = json_member_text(json, "header");

	vector->kind = json_member_text(json, "kind");
	vector->to_server = slice_is(json_member_text(json, "dir"), "c2s");
	vector->probe = strstr(vector->path, "/probe/") != NULL;
	vector->code = (int32_t)json_member_int64(json, "code", -1);
	vector->of = (int32_t)json_member_int64(json, "of", 0);
	vector->codec =
	    slice_is(json_member_text(json, "serialize"), "ROCKETMQ") ? FRAME_BINARY : FRAME_JSON;
	vector->header =
	    vector->codec == FRAME_BINARY ? recording_hex(vector->arena, header) : header;
	vector->body = recording_hex(vector->arena, json_member_text(json, "body_hex"));
	vector->whole = json_member(json, "body_len") == NULL;
	vector->raw = recording_hex(vector->arena, json_member_text(json, "raw_hex"));
}

static int
read_file(const char *path, void (*check)(const struct vector *vector, void *arg), void *arg)
{
	struct arena arena = { 0 };
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;
	ssize_t len;
	int line = 0;

	if (file == NULL)
		return -1;
	while ((len = getline(&text, &cap, file)) != -1) {
		struct vector vector = { .path = path, .line = ++line, .arena = &arena };

		vector.json = json_parse(&arena, (struct slice){ text, (size_t)len });
		if (vector.json == NULL)
			break;
		fill(&vector);
		/* lines without kind are bytes of the replication protocol */
		if (vector.kind.data != NULL)
			check(&vector, arg);
		arena_reset(&arena);
	}
	free(text);
	fclose(file);
	arena_release(&arena);
	return len == -1 ? 0 : -1;
}

int
recording_each(void (*check)(const struct vector *vector, void *arg), void *arg)
{
	static const char *const levels[] = { "*/*.jsonl", "*/*/*.jsonl" };
	char pattern[4096];
	glob_t files = { 0 };
	int n;

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		snprintf(pattern, sizeof pattern, "%s/%s", recording_folder(), levels[i]);
		glob(pattern, i != 0 ? GLOB_APPEND : 0, NULL, &files);
	}
	n = (int)files.gl_pathc;
	for (size_t i = 0; i < files.gl_pathc; i++) {
		if (read_file(files.gl_pathv[i], check, arg) == -1) {
			fprintf(stderr, "%s cannot be read\n", files.gl_pathv[i]);
			n = -1;
			break;
		}
	}
	globfree(&files);
	return n;
}
