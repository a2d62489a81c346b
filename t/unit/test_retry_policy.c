#include "config.h"

#include <criterion/criterion.h>

#include "broker/state/retry_policy.h"

TestSuite(retry_policy, .timeout = 20);

static const char *
read_text(const char *text, struct retry_policy *policy)
{
	struct arena arena = { 0 };
	const char *why = retry_policy_read(json_parse(&arena, slice_of(text)), policy);

	arena_release(&arena);
	return why;
}

Test(retry_policy, delays)
{
	static const struct {
		const char *policy;
		int32_t times;
		int64_t delay_ms;
	} cases[] = {
		{ "null", 0, 10000 },
		{ "null", 1, 30000 },
		{ "{}", 15, 7200000 },
		{ "{}", 16, 7200000 },
		{ "{}", INT32_MAX, 7200000 },
		{ "{}", -1, 10000 },
		{ "{\"type\":\"EXPONENTIAL\"}", 0, 10000 },
		{ "{\"type\":\"EXPONENTIAL\",\"exponentialRetryPolicy\":{}}", 0, 5000 },
		{ "{\"type\":\"EXPONENTIAL\",\"exponentialRetryPolicy\":{}}", 3, 40000 },
		{ "{\"type\":\"EXPONENTIAL\",\"exponentialRetryPolicy\":{}}", INT32_MAX, 7200000 },
		{ "{\"type\":\"EXPONENTIAL\",\"exponentialRetryPolicy\":{\"initial\":0}}", 9, 0 },
		{ "{\"type\":\"EXPONENTIAL\",\"exponentialRetryPolicy\":{\"initial\":1000,\"max\":"
		  "9000,\"multiplier\":2147483647}}",
		    32, 9000 },
		{ "{\"type\":\"EXPONENTIAL\",\"exponentialRetryPolicy\":{\"multiplier\":1}}", 32,
		    5000 },
		{ "{\"exponentialRetryPolicy\":{\"initial\":7}}", 0, 10000 },
		{ "{\"type\":\"CUSTOMIZED\",\"customizedRetryPolicy\":{\"next\":[1,2,3,4]}}", 0,
		    3 },
		{ "{\"type\":\"CUSTOMIZED\",\"customizedRetryPolicy\":{\"next\":[1,2,3,4]}}", 2,
		    4 },
		{ "{\"type\":1,\"customizedRetryPolicy\":{\"next\":[7]}}", 0, 7 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct retry_policy policy;

		cr_assert_null(read_text(cases[i].policy, &policy), "case %zu", i);
		cr_assert_eq(retry_policy_delay_ms(&policy, cases[i].times), cases[i].delay_ms,
		    "case %zu", i);
	}
}

Test(retry_policy, what_is_none)
{
	static const char *const cases[] = {
		"7",
		"[]",
		"{\"type\":\"LINEAR\"}",
		"{\"exponentialRetryPolicy\":{\"initial\":-1}}",
		"{\"exponentialRetryPolicy\":{\"max\":31536000001}}",
		"{\"exponentialRetryPolicy\":{\"multiplier\":0}}",
		"{\"customizedRetryPolicy\":{\"next\":[]}}",
		"{\"customizedRetryPolicy\":{\"next\":7}}",
		"{\"customizedRetryPolicy\":{\"next\":[1,-1]}}",
		"{\"customizedRetryPolicy\":{\"next\":[\"x\"]}}",
		"{\"customizedRetryPolicy\":{\"next\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
		"1,"
		"1,1,1,1,1,1,1,1,1,1]}}",
	};
	struct retry_policy policy;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_assert_not_null(read_text(cases[i], &policy), "case %zu", i);
}

Test(retry_policy, writes_what_it_read)
{
	static const char text[] =
	    "{\"customizedRetryPolicy\":{\"next\":[1,2]},\"exponentialRetryPolicy\":{"
	    "\"initial\":1,\"max\":2,\"multiplier\":3},\"type\":\"EXPONENTIAL\"}";
	struct retry_policy policy;
	struct buf buf = { 0 };
	struct json_out out;

	cr_assert_null(read_text(text, &policy));
	json_out_init(&out, &buf);
	retry_policy_write(&out, &policy);
	cr_assert_str_eq(buf_text(&buf), text);
	buf_release(&buf);
}
