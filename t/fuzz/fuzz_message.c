#include "config.h"

/*
 * A message that a client of HTTP sends: what is taken has clean properties within their limit, and
 * is JSON again when it is read.
 */

#include <string.h>

#include "broker/http/message_json.h"
#include "common/base/utf8.h"
#include "t/fuzz/fuzz.h"

static void
is_clean(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		must((unsigned char)text.data[i] >= ' ');
}

static void
check_properties(struct slice rest)
{
	struct slice name, value;

	must(rest.len <= RECORD_PROPERTIES_MAX);
	while (property_next(&rest, &name, &value)) {
		must(name.len != 0 && value.len != 0);
		is_clean(name);
		is_clean(value);
	}
}

/* As a consumer gets it: the same body, whatever its bytes. */
static void
check_answer(const struct message_wish *wish, struct arena *arena)
{
	struct record record = {
		.topic = SLICE("T"), .body = wish->body, .properties = wish->properties
	};
	struct buf buf = { 0 };
	struct json_out out;
	const struct json *json;

	json_out_init(&out, &buf);
	message_write(&out, &record, arena);
	json_close_object(&out);
	json = json_parse(arena, buf_slice(&buf));
	must(json != NULL && json->type == JSON_OBJECT);
	must(utf8_is_valid(buf_slice(&buf)));
	if (json_member(json, "body") != NULL)
		must(slice_equal(json_member_text(json, "body"), wish->body));
	else
		must(json_member(json, "bodyBase64") != NULL);
	buf_release(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct message_wish wish;
	const struct json *json = json_parse(&arena, (struct slice){ (const char *)data, size });

	if (json != NULL && message_wish_read(json, &arena, &wish) == NULL) {
		must(wish.queue_id >= -1 && wish.queue_id <= 65535);
		check_properties(wish.properties);
		check_answer(&wish, &arena);
	}
	arena_release(&arena);
	return 0;
}
