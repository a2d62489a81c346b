#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "admin/report.h"

TestSuite(report, .timeout = 10);

static const struct column columns[] = {
	{ "name", "Name", COLUMN_TEXT },
	{ "n", "Number", COLUMN_INT },
	{ "at", "Time", COLUMN_TIME },
	{ NULL },
};

static void
fill(struct report *report)
{
	struct grid grid;

	report_text(report, "topic", "Topic", SLICE("T"));
	report_int(report, "flag", "Flag", 7);
	grid_open(&grid, report, "rows", columns);
	grid_text(&grid, SLICE("zwei \xc3\xa4\xc3\xb6"));
	grid_int(&grid, 12345678);
	grid_int(&grid, 0);
	grid_text(&grid, SLICE("eins"));
	grid_int(&grid, 1);
	grid_int(&grid, 1700000000123);
	grid_sort(&grid, 1);
	grid_close(&grid);
	report_note(report, "a note");
	report_list(report, "list", (const struct slice[]){ SLICE("x"), SLICE("y") }, 2);
	report_enter(report, "inner", "Inner");
	report_text(report, "k", "K", SLICE("v\033[31m"));
	report_leave(report);
}

Test(report, aligns_text)
{
	struct report report;

	setenv("TZ", "UTC", 1);
	report_init(&report, false);
	fill(&report);
	cr_assert_str_eq(buf_text(&report.buf), "Topic:               T\n"
						"Flag:                7\n"
						"\n"
						"Name       Number  Time\n"
						"eins            1  2023-11-14 22:13:20,123\n"
						"zwei \xc3\xa4\xc3\xb6  12345678  -\n"
						"a note\n"
						"x\n"
						"y\n"
						"\n"
						"Inner\n"
						"K:                   v?[31m\n");
	report_release(&report);
}

Test(report, is_one_document_in_json)
{
	struct report report;

	report_init(&report, true);
	fill(&report);
	json_close_object(&report.json);
	cr_assert_str_eq(buf_text(&report.buf),
	    "{\"topic\":\"T\",\"flag\":7,"
	    "\"rows\":[{\"name\":\"eins\",\"n\":1,\"at\":1700000000123},"
	    "{\"name\":\"zwei \xc3\xa4\xc3\xb6\",\"n\":12345678,\"at\":0}],"
	    "\"list\":[\"x\",\"y\"],"
	    "\"inner\":{\"k\":\"v\\u001B[31m\"}}");
	report_release(&report);
}

Test(report, lists_in_lists)
{
	struct report report;
	const struct ext pairs[] = { { SLICE("b"), SLICE("2") }, { SLICE("a"), SLICE("1") } };

	report_init(&report, true);
	report_open_list(&report, "messages");
	for (int i = 0; i < 2; i++) {
		report_enter(&report, NULL, NULL);
		report_int(&report, "i", "I", i);
		report_leave(&report);
	}
	report_close_list(&report);
	report_pairs(&report, SLICE("p"), pairs, 2);
	json_close_object(&report.json);
	cr_assert_str_eq(buf_text(&report.buf),
	    "{\"messages\":[{\"i\":0},{\"i\":1}],\"p\":{\"a\":\"1\",\"b\":\"2\"}}");
	report_release(&report);
}
