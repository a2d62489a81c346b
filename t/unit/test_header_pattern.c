#include "config.h"

#include "common/protocol/header_pattern.h"

#include <criterion/criterion.h>

#include "common/protocol/fields.h"
#include "common/protocol/headers.h"

TestSuite(header_pattern, .timeout = 30);

#define LEARNED_AFTER 200 /* headers; by then all that varies is known to vary */

static const struct field *
fields_of(void *context, int32_t code, size_t *header_size)
{
	(void)context;
	*header_size =
	    code == 37 ? sizeof(struct end_transaction_header) : sizeof(struct send_header);
	if (code == 37)
		return end_transaction_header_fields;
	return code == 310 ? send_header_v2_fields : NULL;
}

/* Number n of what a client sends. */
static struct slice
send_text(struct arena *arena, int n)
{
	return arena_printf(arena,
	    "{\"code\":310,\"extFields\":{\"a\":\"group\",\"b\":\"orders\",\"c\":\"TBW102\","
	    "\"d\":\"4\",\"e\":\"%d\",\"f\":\"0\",\"g\":\"17%011d\",\"h\":\"0\",\"i\":"
	    "\"UNIQ_KEY\\u0001%08X\\u0002WAIT\\u0001true\",\"j\":\"0\",\"k\":\"false\","
	    "\"m\":\"false\"},\"flag\":0,\"language\":\"JAVA\",\"opaque\":%d,"
	    "\"serializeTypeCurrentRPC\":\"JSON\",\"version\":407}",
	    n % 12, n * 7, (unsigned)n, n);
}

static struct slice
end_text(struct arena *arena, int n)
{
	return arena_printf(arena,
	    "{\"code\":37,\"extFields\":{\"producerGroup\":\"group\",\"tranStateTableOffset\":"
	    "\"%d\",\"commitLogOffset\":\"%d\",\"commitOrRollback\":\"8\",\"msgId\":\"%08X\"},"
	    "\"flag\":2,\"language\":\"GO\",\"opaque\":%d,\"version\":317}\n",
	    n, n * 1000, (unsigned)n, n);
}

/* The same by the general way and by patterns; whether there was a typed header. */
static bool
check_same(struct header_patterns *patterns, struct arena *arena, struct slice text)
{
	struct frame frame = { FRAME_JSON, text, SLICE(""), 0 };
	struct command_types types = { fields_of, NULL, NULL };
	struct command general = { 0 }, command = { 0 };
	enum command_status status = command_decode_typed(arena, &frame, &types, &general);

	types.patterns = patterns;
	cr_assert_eq(command_decode_typed(arena, &frame, &types, &command), status, "%.*s",
	    (int)text.len, text.data);
	cr_assert_eq(command.fields, general.fields, "%.*s", (int)text.len, text.data);
	cr_assert(command.code == general.code && command.opaque == general.opaque &&
		      command.flag == general.flag && command.version == general.version &&
		      command.language == general.language && command.codec == general.codec,
	    "%.*s", (int)text.len, text.data);
	for (const struct field *field = general.fields; field != NULL && !field_is_end(field);
	     field++) {
		char a[ITOA_MAX], b[ITOA_MAX];
		struct slice mine = field_text(field, command.header, a);
		struct slice wanted = field_text(field, general.header, b);

		cr_assert_eq(mine.data == NULL, wanted.data == NULL, "%s", field->key);
		cr_assert(slice_equal(mine, wanted), "%s of %.*s: %.*s", field->key, (int)text.len,
		    text.data, (int)mine.len, mine.data);
	}
	return general.fields != NULL;
}

static bool
fits(struct header_patterns *patterns, struct arena *arena, struct slice text)
{
	struct command command;

	return header_patterns_read(patterns, NULL, arena, text, &command);
}

static void
learn(struct header_patterns *patterns, struct arena *arena, int from)
{
	for (int n = from; n < from + LEARNED_AFTER; n++) {
		cr_assert(check_same(patterns, arena, send_text(arena, n)));
		cr_assert(check_same(patterns, arena, end_text(arena, n)));
	}
}

Test(header_pattern, headers_like_earlier_ones_fit)
{
	struct header_patterns patterns = { 0 };
	struct arena arena = { 0 };

	learn(&patterns, &arena, 1);
	for (int n = 1000; n < 200000; n += 777) {
		cr_assert(fits(&patterns, &arena, send_text(&arena, n)), "%d", n);
		cr_assert(fits(&patterns, &arena, end_text(&arena, n)), "%d", n);
		check_same(&patterns, &arena, send_text(&arena, n));
		check_same(&patterns, &arena, end_text(&arena, n));
	}
	header_patterns_release(&patterns);
	arena_release(&arena);
}

Test(header_pattern, another_context_has_its_own)
{
	struct header_patterns patterns = { 0 };
	struct arena arena = { 0 };
	struct command command;
	int other;

	learn(&patterns, &arena, 1);
	cr_assert(!header_patterns_read(&patterns, &other, &arena, send_text(&arena, 5), &command));
	header_patterns_release(&patterns);
	arena_release(&arena);
}

/* Each byte of a header that fits is replaced by others, left out, and doubled. */
Test(header_pattern, a_changed_header_is_read_as_without_patterns)
{
	static const char others[] = "0759-\"\\{},: \n\x01\xff"
				     "at";
	struct header_patterns patterns = { 0 };
	struct arena arena = { 0 }, texts = { 0 };

	learn(&patterns, &arena, 1);
	for (int kind = 0; kind < 2; kind++) {
		struct slice text = kind == 0 ? send_text(&texts, 98765) : end_text(&texts, 98765);
		char *copy = arena_alloc(&texts, text.len + 1);

		for (size_t at = 0; at <= text.len; at++) {
			for (const char *other = others; *other != '\0'; other++) {
				memcpy(copy, text.data, text.len);
				copy[at] = *other;
				check_same(&patterns, &arena, (struct slice){ copy, text.len });
				memcpy(copy + at + 1, text.data + at, text.len - at);
				check_same(&patterns, &arena, (struct slice){ copy, text.len + 1 });
				arena_reset(&arena);
			}
			memcpy(copy, text.data, at);
			check_same(&patterns, &arena, (struct slice){ copy, at });
			if (at == text.len)
				break;
			memcpy(copy + at, text.data + at + 1, text.len - at - 1);
			check_same(&patterns, &arena, (struct slice){ copy, text.len - 1 });
		}
	}
	header_patterns_release(&patterns);
	arena_release(&arena);
	arena_release(&texts);
}

/* Clients of many kinds: each header is of another shape; and what one says is never kept. */
Test(header_pattern, more_shapes_than_patterns)
{
	struct header_patterns patterns = { 0 };
	struct arena arena = { 0 };

	for (int n = 0; n < 3000; n++) {
		int shape = n % (3 * HEADER_PATTERNS);

		check_same(&patterns, &arena,
		    arena_printf(&arena,
			"{\"code\":%d,\"x%d\":1,\"extFields\":{\"a\":\"g%d\",\"b\":\"t\\u00%02X\","
			"\"c\":\"c\",\"d\":\"4\",\"e\":\"%d\",\"f\":\"0\",\"g\":\"1\",\"h\":\"0\""
			"%s},\"opaque\":%d}",
			shape == 3 ? 37 : 310, shape, n % 5, 0x41 + n % 7, n,
			n % 2 ? ",\"k\":\"true\"" : "", n));
		arena_reset(&arena);
	}
	header_patterns_release(&patterns);
	arena_release(&arena);
}

/* What is too long, or has a member twice, is read, and not learned. */
Test(header_pattern, odd_headers_are_not_learned)
{
	static const char *const odd[] = {
		"{\"code\":37,\"opaque\":1,\"opaque\":2,\"extFields\":{\"producerGroup\":\"g\","
		"\"tranStateTableOffset\":\"1\",\"commitLogOffset\":\"1\",\"commitOrRollback\":"
		"\"8\","
		"\"msgId\":\"1\"}}",
		"{\"code\":37,\"opaque\":1,\"extFields\":{\"producerGroup\":\"g\",\"msgId\":\"0\","
		"\"tranStateTableOffset\":\"1\",\"commitLogOffset\":\"1\",\"commitOrRollback\":"
		"\"8\","
		"\"msgId\":\"1\"}}",
		"{\"code\":37,\"opaque\":1,\"remark\":\"r\",\"extFields\":{\"producerGroup\":\"g\","
		"\"tranStateTableOffset\":\"1\",\"commitLogOffset\":\"1\",\"commitOrRollback\":"
		"\"8\","
		"\"msgId\":\"1\"}}",
	};
	struct header_patterns patterns = { 0 };
	struct arena arena = { 0 };
	struct slice text;

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		for (int n = 0; n < LEARNED_AFTER; n++)
			cr_assert(check_same(&patterns, &arena, slice_of(odd[i])));
		cr_assert(!fits(&patterns, &arena, slice_of(odd[i])), "%s", odd[i]);
	}
	text = arena_printf(&arena,
	    "{\"code\":37,\"opaque\":1,\"extFields\":{\"producerGroup\":\"g\","
	    "\"tranStateTableOffset\":\"1\",\"commitLogOffset\":\"1\",\"commitOrRollback\":\"8\","
	    "\"msgId\":\"%04000d\"}}",
	    1);
	for (int n = 0; n < LEARNED_AFTER; n++)
		cr_assert(check_same(&patterns, &arena, text));
	cr_assert(!fits(&patterns, &arena, text));
	header_patterns_release(&patterns);
	arena_release(&arena);
}
