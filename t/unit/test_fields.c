#include "config.h"

#include "common/protocol/fields.h"

#include <criterion/criterion.h>

#include "common/protocol/headers.h"

TestSuite(fields, .timeout = 10);

struct sample {
	struct slice text;
	struct slice wanted;
	int32_t small;
	int64_t big;
	bool yes;
	bool on;
};

static const struct field sample_fields[] = {
	FIELD_ROW("text", FIELD_TEXT, sample, text, false, 0),
	FIELD_ROW("wanted", FIELD_TEXT, sample, wanted, true, 0),
	FIELD_ROW("small", FIELD_INT32, sample, small, false, -1),
	FIELD_ROW("big", FIELD_INT64, sample, big, false, 5),
	FIELD_ROW("yes", FIELD_BOOL, sample, yes, false, 0),
	FIELD_ROW("on", FIELD_BOOL, sample, on, false, 1),
	FIELD_END,
};

static int
decode(const struct ext *ext, size_t n, struct sample *sample, const char **bad)
{
	struct command command = { .ext = ext, .n_ext = n };

	memset(sample, 0x55, sizeof *sample);
	return fields_decode(sample_fields, &command, sample, bad);
}

Test(fields, what_is_absent_has_its_default)
{
	struct ext ext[] = { { SLICE("wanted"), SLICE("") } };
	struct sample sample;
	const char *bad;

	cr_assert_eq(decode(ext, 1, &sample, &bad), 0);
	cr_assert_null(sample.text.data);
	cr_assert_not_null(sample.wanted.data);
	cr_assert_eq(sample.small, -1);
	cr_assert_eq(sample.big, 5);
	cr_assert_not(sample.yes);
	cr_assert(sample.on);
}

Test(fields, any_order_unknown_ones_and_the_last_of_equals)
{
	struct ext ext[] = {
		{ SLICE("on"), SLICE("false") },
		{ SLICE("ReqT"), SLICE("0") },
		{ SLICE("big"), SLICE("-9223372036854775808") },
		{ SLICE("wanted"), SLICE("w") },
		{ SLICE("small"), SLICE("1") },
		{ SLICE("yes"), SLICE("True") },
		{ SLICE("text"), SLICE("t") },
		{ SLICE("small"), SLICE("2147483647") },
	};
	struct sample sample;
	const char *bad;

	cr_assert_eq(decode(ext, sizeof ext / sizeof *ext, &sample, &bad), 0);
	cr_assert(slice_is(sample.text, "t"));
	cr_assert(slice_is(sample.wanted, "w"));
	cr_assert_eq(sample.small, INT32_MAX);
	cr_assert_eq(sample.big, INT64_MIN);
	cr_assert(sample.yes);
	cr_assert_not(sample.on);
}

Test(fields, what_is_missing_or_does_not_fit_is_named)
{
	static const struct {
		struct ext ext;
		const char *bad;
	} cases[] = {
		{ { SLICE("text"), SLICE("t") }, "wanted" },
		{ { SLICE("small"), SLICE("2147483648") }, "small" },
		{ { SLICE("small"), SLICE("") }, "small" },
		{ { SLICE("small"), SLICE(" 1") }, "small" },
		{ { SLICE("small"), SLICE("1x") }, "small" },
		{ { SLICE("big"), SLICE("9223372036854775808") }, "big" },
		{ { SLICE("big"), SLICE("null") }, "big" },
	};
	struct sample sample;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *bad = NULL;

		cr_assert_eq(decode(&cases[i].ext, 1, &sample, &bad), -1);
		cr_assert_str_eq(bad, cases[i].bad);
	}
}

Test(fields, defaults_are_not_sent)
{
	struct arena arena = { 0 };
	struct command command = { 0 };
	struct sample sample = {
		.wanted = SLICE("w"), .small = -1, .big = 6, .yes = true, .on = true
	};

	fields_encode(sample_fields, &sample, &arena, &command);
	cr_assert_eq(command.n_ext, 3);
	cr_assert(slice_is(command_ext(&command, "wanted"), "w"));
	cr_assert(slice_is(command_ext(&command, "big"), "6"));
	cr_assert(slice_is(command_ext(&command, "yes"), "true"));
	arena_release(&arena);
}

Test(fields, both_generations_of_the_send_request_fill_one_header)
{
	struct arena arena = { 0 };
	struct send_header header = { .producer_group = SLICE("G"),
		.topic = SLICE("T"),
		.default_topic = SLICE("TBW102"),
		.default_topic_queues = 4,
		.queue_id = -1,
		.sys_flag = 1,
		.born_timestamp = 1795340436407,
		.flag = 2,
		.properties = SLICE("KEYS\1k\2"),
		.max_reconsume_times = -1,
		.batch = true };
	static const struct field *const tables[] = { send_header_fields, send_header_v2_fields };

	for (size_t i = 0; i < 2; i++) {
		struct command command = { 0 };
		struct send_header again;
		const char *bad;

		fields_encode(tables[i], &header, &arena, &command);
		cr_assert_eq(command.n_ext, 10);
		cr_assert(slice_is(command_ext(&command, i == 0 ? "topic" : "b"), "T"));
		cr_assert_eq(fields_decode(tables[i], &command, &again, &bad), 0);
		cr_assert(slice_is(again.properties, "KEYS\1k\2"));
		cr_assert_eq(again.queue_id, -1);
		cr_assert_eq(again.born_timestamp, 1795340436407);
		cr_assert_eq(again.max_reconsume_times, -1);
		cr_assert(again.batch);
	}
	arena_release(&arena);
}
