#include "config.h"

#include "common/protocol/registration.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <zlib.h>

TestSuite(registration, .timeout = 20);

static struct arena arena;

#define TABLE                                                                                      \
	"{\"dataVersion\":{\"counter\":2,\"timestamp\":9},\"topicConfigTable\":{"                  \
	"\"A\":{\"order\":true,\"perm\":6,\"readQueueNums\":4,\"topicFilterType\":\"MULTI_TAG\","  \
	"\"topicName\":\"A\",\"topicSysFlag\":2,\"writeQueueNums\":5},"                            \
	"\"B\":{\"attributes\":{\"+a\":\"b c\"},\"order\":false,\"perm\":2,\"readQueueNums\":1,"   \
	"\"topicFilterType\":\"SINGLE_TAG\",\"topicName\":\"B\",\"topicSysFlag\":0,"               \
	"\"writeQueueNums\":1}}}"
#define WHOLE "{\"filterServerList\":[\"f:1\"],\"topicConfigSerializeWrapper\":" TABLE "}"

static void
expect_table(const struct registration *registration)
{
	const struct topic_config *topics = registration->table.topics;

	cr_assert_eq(registration->table.version.counter, 2);
	cr_assert_eq(registration->table.version.timestamp, 9);
	cr_assert_eq(registration->table.n_topics, 2);
	cr_assert(slice_is(topics[0].name, "A") && topics[0].multi_tag);
	cr_assert_eq(topics[0].write_queues, 5);
	cr_assert(slice_is(topics[1].attributes, "{\"+a\":\"b c\"}"));
}

Test(registration, the_three_forms)
{
	struct registration whole, old, packed;
	struct buf buf = { 0 };
	struct json_out out;

	cr_assert_eq(registration_read(&arena, SLICE(WHOLE), false, 407, &whole), 0);
	expect_table(&whole);
	cr_assert(slice_is(whole.filter_servers[0], "f:1"));
	cr_assert_eq(registration_read(&arena, SLICE(TABLE), false, 36, &old), 0);
	expect_table(&old);
	cr_assert_eq(old.n_filter_servers, 0);

	registration_write_compressed(&buf, &whole);
	cr_assert_eq(registration_read(&arena, buf_slice(&buf), true, 407, &packed), 0);
	expect_table(&packed);
	cr_assert(slice_is(packed.filter_servers[0], "f:1"));
	buf.len = 0;
	json_out_init(&out, &buf);
	registration_write(&out, &whole);
	cr_assert_str_eq(buf_text(&buf), WHOLE);
	buf_release(&buf);
}

Test(registration, an_empty_body_has_no_topics)
{
	struct registration registration;

	cr_assert_eq(registration_read(&arena, SLICE(""), false, 407, &registration), 0);
	cr_assert_eq(registration.table.n_topics, 0);
	cr_assert_eq(registration_read(&arena, SLICE("{}"), false, 20, &registration), 0);
	cr_assert_eq(registration.table.n_topics, 0);
}

Test(registration, the_version_of_3_2_6)
{
	struct data_version version;

	cr_assert_eq(data_version_read(
			 json_parse(&arena, SLICE("{\"counter\":3,\"timestatmp\":4}")), &version),
	    0);
	cr_assert_eq(version.timestamp, 4);
	cr_assert_eq(data_version_read(NULL, &version), -1);
	cr_assert_eq(data_version_read(json_parse(&arena, SLICE("[]")), &version), -1);
}

Test(registration, refuses_what_is_none)
{
	static const char *const texts[] = { "x", "[]", "{}", "{\"topicConfigSerializeWrapper\":7}",
		"{\"filterServerList\":{},\"topicConfigSerializeWrapper\":{}}",
		"{\"topicConfigSerializeWrapper\":{\"topicConfigTable\":[]}}",
		"{\"topicConfigSerializeWrapper\":{\"topicConfigTable\":{\"T\":{}}}}",
		"{\"topicConfigSerializeWrapper\":{\"topicConfigTable\":{\"T\":null}}}" };
	struct registration registration;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		cr_expect_eq(
		    registration_read(&arena, slice_of(texts[i]), false, 407, &registration), -1,
		    "%s", texts[i]);
	cr_assert_eq(
	    registration_read(&arena, SLICE("no zlib at all"), true, 407, &registration), -1);
}

/* The same rules hold in each of the three forms. */
Test(registration, names_that_break_a_rule_are_told)
{
	static const struct topic_config topics[] = { { .name = { "A", 1 } },
		{ .name = { "T\0", 2 } } };
	static const struct slice servers[] = { { "f:1\x1b[2J", 7 } };
	struct registration sent[] = {
		{ .table = { .topics = topics, .n_topics = 2 } },
		{ .filter_servers = servers, .n_filter_servers = 1 },
	};

	for (size_t i = 0; i < 2; i++) {
		struct registration registration;
		struct buf buf = { 0 };
		struct json_out out;

		registration_write_compressed(&buf, &sent[i]);
		cr_expect_eq(
		    registration_read(&arena, buf_slice(&buf), true, 407, &registration), -1);
		cr_expect_str_eq(registration.fault, "has a control character");
		buf.len = 0;
		json_out_init(&out, &buf);
		registration_write(&out, &sent[i]);
		cr_expect_eq(
		    registration_read(&arena, buf_slice(&buf), false, 407, &registration), -1);
		cr_expect_str_eq(registration.fault, "has a control character");
		buf.len = 0;
		json_out_init(&out, &buf);
		topic_table_write(&out, &sent[0].table);
		cr_expect_eq(
		    registration_read(&arena, buf_slice(&buf), false, 20, &registration), -1);
		cr_expect_str_eq(registration.fault, "has a control character");
		buf_release(&buf);
	}
}

/* Any cut of the inflated form is refused, and none is read beyond its end. */
Test(registration, cut_short)
{
	struct registration registration;
	struct buf buf = { 0 };
	Bytef plain[4096], packed[8192];
	uLongf plain_len = sizeof plain;

	registration_read(&arena, SLICE(WHOLE), false, 407, &registration);
	registration_write_compressed(&buf, &registration);
	cr_assert_eq(uncompress(plain, &plain_len, (const Bytef *)buf.data, buf.len), Z_OK);
	for (uLongf len = 0; len < plain_len; len++) {
		uLongf packed_len = sizeof packed;

		compress(packed, &packed_len, plain, len);
		cr_expect_eq(
		    registration_read(&arena, (struct slice){ (const char *)packed, packed_len },
			true, 407, &registration),
		    -1, "%lu bytes", len);
	}
	for (size_t len = 1; len < buf.len; len++)
		cr_expect_eq(registration_read(
				 &arena, (struct slice){ buf.data, len }, true, 407, &registration),
		    -1);
	buf_release(&buf);
}

Test(registration, what_grows_beyond_bounds)
{
	enum { HUGE_BYTES = REGISTRATION_MAX_BYTES + (1 << 20) };
	struct registration registration;
	char *zeros = calloc(1, HUGE_BYTES);
	uLongf len = compressBound(HUGE_BYTES);
	Bytef *packed = malloc(len);

	cr_assert_eq(compress2(packed, &len, (const Bytef *)zeros, HUGE_BYTES, 1), Z_OK);
	cr_assert_eq(registration_read(&arena, (struct slice){ (const char *)packed, len }, true,
			 407, &registration),
	    -1);
	free(zeros);
	free(packed);
}

/* A count that promises more topics than there are bytes. */
Test(registration, a_count_that_lies)
{
	static const char plain[] = "\0\0\0\2{}\177\377\377\377\0\0\0\1x";
	struct registration registration;
	Bytef packed[256];
	uLongf len = sizeof packed;

	compress(packed, &len, (const Bytef *)plain, sizeof plain - 1);
	cr_assert_eq(registration_read(&arena, (struct slice){ (const char *)packed, len }, true,
			 407, &registration),
	    -1);
}

Test(registration, lines_of_topics)
{
	static const struct {
		const char *line;
		int result;
	} cases[] = {
		{ "T 1 2 6 SINGLE_TAG", 0 },
		{ "T 1 2 6 SINGLE_TAG {\"a\":\"b\"}", 0 },
		{ "T 1 2 6 OTHER x", 0 },
		{ "T 1 2 6", -1 },
		{ "T", -1 },
		{ "", -1 },
		{ " 1 2 6 SINGLE_TAG", -1 },
		{ "T one 2 6 SINGLE_TAG", -1 },
		{ "T 1 99999999999 6 SINGLE_TAG", -1 },
	};
	struct registration registration;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf plain = { 0 };
		Bytef packed[512];
		uLongf len = sizeof packed;

		buf_put_u32(&plain, 2);
		buf_append_text(&plain, "{}");
		buf_put_u32(&plain, 1);
		buf_put_u32(&plain, (uint32_t)strlen(cases[i].line));
		buf_append_text(&plain, cases[i].line);
		buf_put_u32(&plain, 2);
		buf_append_text(&plain, "[]");
		compress(packed, &len, (const Bytef *)plain.data, plain.len);
		cr_expect_eq(registration_read(&arena, (struct slice){ (const char *)packed, len },
				 true, 407, &registration),
		    cases[i].result, "%s", cases[i].line);
		buf_release(&plain);
	}
}
