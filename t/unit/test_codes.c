#include "config.h"

#include "common/protocol/codes.h"

#include <criterion/criterion.h>

TestSuite(codes, .timeout = 10);

Test(codes, each_code_has_its_name)
{
	static const struct {
		int32_t code;
		const char *name;
	} requests[] = {
#define ROW(name, code) { REQUEST_##name, #name },
		REQUEST_CODES(ROW)
#undef ROW
	};

	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		cr_assert_str_eq(request_code_name(requests[i].code), requests[i].name);
		/* the search needs them sorted */
		cr_assert(
		    i == 0 || requests[i - 1].code < requests[i].code, "%s", requests[i].name);
	}
	cr_assert_eq(REQUEST_SEND_MESSAGE_V2, 310);
	cr_assert_str_eq(request_code_name(9999), "UNKNOWN");
	cr_assert_not(request_code_has_name(9999));
	cr_assert(request_code_has_name(200151));
	cr_assert_str_eq(response_code_name(RESPONSE_SUCCESS), "SUCCESS");
	cr_assert_str_eq(response_code_name(RESPONSE_PULL_OFFSET_MOVED), "PULL_OFFSET_MOVED");
	cr_assert_str_eq(response_code_name(RESPONSE_POLICY_NOT_EXIST), "POLICY_NOT_EXIST");
	cr_assert_str_eq(response_code_name(-1), "UNKNOWN");
}
