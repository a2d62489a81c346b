#include "config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "bench/print.h"

TestSuite(print, .timeout = 10);

static const char lines[] =
    "P0 | aa   | good_per_second | rate | higher | ratio | -   | - | A/A\n"
    "P1 | send | good_per_second | rate | higher | ratio | 3   | 5 | sending\n"
    "P9 | send | latency_us.p99  | us   | lower  | ratio | 0.5 | - | p99 < all\n"
    "P5 | send | brokers.written_bytes_per_message | bytes | lower | ours | - | 2500 | written\n";

static const char results[] =
    "#title\tA title\n#when\ttoday\n#machine\tthis one\n#version\tone\n#note\tIt rains.\n"
    "#side\ta\tTwinMQ\n#side\tb\tThe other\n"
    "aa\ta\t1\t{\"good_per_second\":100}\naa\tb\t1\t{\"good_per_second\":100}\n"
    "send\ta\t1\t{\"good_per_second\":40000,\"latency_us\":{\"p99\":900},"
    "\"brokers\":{\"cpu_us_per_message\":7.25,\"anonymous_bytes_highest\":20100000,"
    "\"written_bytes_per_message\":2000}}\n"
    "send\tb\t1\t{\"good_per_second\":10000,\"latency_us\":{\"p99\":1200},"
    "\"brokers\":{\"cpu_us_per_message\":30,\"anonymous_bytes_highest\":1500000000,"
    "\"written_bytes_per_message\":1000}}\n";

static struct sheet sheet;
static struct buf text;

static void
setup(void)
{
	cr_assert_eq(sheet_take(&sheet, slice_of(lines), slice_of(results)), 0);
}

static void
teardown(void)
{
	buf_release(&text);
	sheet_release(&sheet);
}

struct value_row {
	enum unit unit;
	double value;
	const char *text;
};

static const struct value_row value_rows[] = {
	{ UNIT_RATE, 72345, "72.3 k/s" },
	{ UNIT_RATE, 451234, "451 k/s" },
	{ UNIT_RATE, 3611, "3.61 k/s" },
	{ UNIT_RATE, 928, "928/s" },
	{ UNIT_RATE, 1500000, "1.5 M/s" },
	{ UNIT_US, 12.34, "12.3 us" },
	{ UNIT_US, 1234, "1.23 ms" },
	{ UNIT_US, 2500000, "2.5 s" },
	{ UNIT_MS, 17, "17 ms" },
	{ UNIT_MS, 1700, "1.7 s" },
	{ UNIT_BYTES, 1652, "1652 B" },
	{ UNIT_BYTES, 32e6, "32 MB" },
	{ UNIT_COUNT, 0, "0" },
	{ UNIT_RATE, NAN, "" },
};

Test(print, values)
{
	for (size_t i = 0; i < sizeof value_rows / sizeof value_rows[0]; i++) {
		text.len = 0;
		print_value(value_rows[i].unit, value_rows[i].value, &text);
		cr_assert_str_eq(buf_text(&text), value_rows[i].text);
	}
	buf_release(&text);
}

Test(print, table, .init = setup, .fini = teardown)
{
	static const char *const parts[] = {
		"A title  \ntoday  \nthis one  \none  \nA/A check: 1.00 (1.00 to 1.00 in 1 pairs), "
		"within 0.95 to 1.05.\n",
		"| P1 | sending   | 4.00         | 40 k/s | 10 k/s | The other | 7.2 / 30.0 | "
		"20.1 "
		"/ 1500.0 | 2000 / 1000 | >= 3x (5x)       | yes          |\n",
		"| P9 | p99 < all | 0.75         | 900 us | 1.2 ms | The other |",
		"| <= 0.5x          | NO           |\n",
		"| <= - (2500 B)    | yes, stretch |\n",
		"- It rains.\n",
	};

	print_table(&sheet, &text);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		cr_assert_not_null(
		    strstr(buf_text(&text), parts[i]), "%s lacks %s", buf_text(&text), parts[i]);
}

Test(print, json, .init = setup, .fini = teardown)
{
	struct arena arena = { 0 };
	const struct json *all, *line;

	print_json(&sheet, &text);
	all = json_parse(&arena, buf_slice(&text));
	cr_assert_not_null(all, "%s", buf_text(&text));
	cr_assert_not(json_member_bool(all, "too_noisy", true));
	cr_assert_eq(json_member(all, "lines")->n_children, 4);
	cr_assert_eq(json_member(all, "runs")->n_children, 4);
	line = json_member(all, "lines")->first->next;
	cr_assert(slice_is(json_member_text(line, "id"), "P1"));
	cr_assert(json_member_bool(line, "met", false));
	cr_assert(slice_is(json_member_text(line, "strongest"), "The other"));
	cr_assert_eq(json_member_int64(json_member(line, "others")->first, "ratio", 0), 4);
	arena_release(&arena);
}

Test(print, chart, .init = setup, .fini = teardown)
{
	const char *at;
	int n_bars = 0;

	print_svg(&sheet, &text);
	cr_assert_eq(strncmp(buf_text(&text), "<svg ", 5), 0);
	cr_assert_not_null(strstr(buf_text(&text), "p99 &lt; all"));
	cr_assert_not_null(strstr(buf_text(&text), "4.00x  40 k/s : 10 k/s"));
	for (at = buf_text(&text); (at = strstr(at, "height=\"14\" fill")) != NULL; at++)
		n_bars++;
	/* Three with a ratio, one to look at that has no target of its own; four colours of the
	 * legend. */
	cr_assert_eq(n_bars, 4 + 4);
	cr_assert_not_null(strstr(buf_text(&text), "</svg>\n"));
}
