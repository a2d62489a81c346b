#include "config.h"

#include <criterion/criterion.h>

#include "broker/retention/retention.h"

TestSuite(retention, .timeout = 20);

Test(retention, hours)
{
	static const struct {
		const char *list;
		uint32_t hours;
	} cases[] = {
		{ "04", 1u << 4 },
		{ "4", 1u << 4 },
		{ "00;23", 1u | 1u << 23 },
		{ " 04 ; 16 ", 1u << 4 | 1u << 16 },
		{ "", 0 },
		{ NULL, 0 },
		{ "24", 0 },
		{ "-1", 0 },
		{ "four;05", 1u << 5 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_assert_eq(retention_hours(cases[i].list), cases[i].hours, "case %zu", i);
}
