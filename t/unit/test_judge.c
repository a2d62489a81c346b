#include "config.h"

#include <criterion/criterion.h>
#include <math.h>

#include "bench/judge.h"

TestSuite(judge, .timeout = 10);

/* A block A B C C B A. */
static const char results[] = "#title\tA title\n#side\tc\tThe third\n"
			      "send\ta\t1\t{\"good_per_second\":3000,\"latency_us\":{\"p99\":100},"
			      "\"brokers\":{\"cpu_us_per_message\":10}}\n"
			      "send\tb\t1\t{\"good_per_second\":1500,\"latency_us\":{\"p99\":400},"
			      "\"brokers\":{\"cpu_us_per_message\":10}}\n"
			      "send\tc\t1\t{\"good_per_second\":1000,\"latency_us\":{\"p99\":500},"
			      "\"brokers\":{\"cpu_us_per_message\":10}}\n"
			      "send\tc\t1\t{\"good_per_second\":900,\"latency_us\":{\"p99\":450},"
			      "\"brokers\":{\"cpu_us_per_message\":10}}\n"
			      "send\tb\t1\t{\"good_per_second\":1400,\"latency_us\":{\"p99\":400},"
			      "\"brokers\":{\"cpu_us_per_message\":10}}\n"
			      "send\ta\t1\t{\"good_per_second\":3600,\"latency_us\":{\"p99\":200},"
			      "\"brokers\":{\"cpu_us_per_message\":10}}\n"
			      "idle\ta\t1\t{\"good_per_second\":1,\"latency_us\":{\"p99\":1},"
			      "\"brokers\":{\"cpu_us_per_message\":10}}\n"
			      "aa\ta\t1\t{\"good_per_second\":100,\"latency_us\":{\"p99\":1},"
			      "\"brokers\":{\"cpu_us_per_message\":10}}\n"
			      "aa\tb\t1\t{\"good_per_second\":107,\"latency_us\":{\"p99\":1},"
			      "\"brokers\":{\"cpu_us_per_message\":10}}\n";

static struct sheet sheet;

static void
release(void)
{
	sheet_release(&sheet);
}

/* Judges one line of the table. */
static struct judgement
judge(const char *line)
{
	struct judgement judgement;

	cr_assert_eq(sheet_take(&sheet, slice_of(line), slice_of(results)), 0);
	cr_assert_eq(sheet.n_lines, 1);
	cr_assert(judge_line(&sheet, &sheet.lines[0], &judgement));
	return judgement;
}

Test(judge, pairs_and_the_strongest, .fini = release)
{
	struct judgement judgement =
	    judge("P1 | send | good_per_second | rate | higher | ratio | 2 | 3 | sending");

	cr_assert_float_eq(judgement.ours.value, 3300, 1e-9);
	cr_assert_float_eq(judgement.ours.cpu_us, 10, 1e-9);
	cr_assert(isnan(judgement.ours.written_bytes));
	cr_assert_eq(judgement.n_others, 2);
	cr_assert(slice_is(judgement.strongest->side, "b"));
	cr_assert_eq(judgement.strongest->n_pairs, 2);
	/* 3000 / 1500 and 3600 / 1400 */
	cr_assert_float_eq(judgement.strongest->ratio, (2.0 + 3600.0 / 1400) / 2, 1e-9);
	cr_assert_float_eq(judgement.strongest->interval.low, 2, 1e-9);
	cr_assert_float_eq(judgement.others[1].ratio, 3.5, 1e-9);
	cr_assert_eq(judgement.verdict, VERDICT_MET);
	cr_assert_eq(sheet_label(&sheet, judgement.others[1].side).len, 9);
}

Test(judge, less_is_better, .fini = release)
{
	struct judgement judgement =
	    judge("P1 | send | latency_us.p99 | us | lower | ratio | 0.5 | 0.2 | times");

	/* 100/400 and 200/400; against c 100/500 and 200/450 */
	cr_assert(slice_is(judgement.strongest->side, "b"));
	cr_assert_float_eq(judgement.strongest->ratio, 0.375, 1e-9);
	cr_assert_float_eq(judge_advantage(judgement.line, 0.375), 1 / 0.375, 1e-9);
	cr_assert_eq(judgement.verdict, VERDICT_MET);
}

struct verdict_row {
	const char *line;
	enum verdict verdict;
};

static const struct verdict_row verdict_rows[] = {
	{ "P1 | send | good_per_second | rate | higher | ratio | 2.5 | 3 | x", VERDICT_MISSED },
	{ "P1 | send | good_per_second | rate | higher | ratio | 1 | 2.1 | x", VERDICT_STRETCH },
	{ "P1 | send | good_per_second | rate | higher | ratio | - | - | x", VERDICT_NONE },
	{ "P1 | send | good_per_second | rate | higher | ratio | - | 2.1 | x", VERDICT_STRETCH },
	{ "P1 | send | good_per_second | rate | higher | ours | 3300 | - | x", VERDICT_MET },
	{ "P1 | send | latency_us.p99 | us | lower | ours | 149 | 10 | x", VERDICT_MISSED },
	{ "P1 | idle | latency_us.p99 | us | lower | ours | 1 | - | x", VERDICT_MET },
	/* nobody to compare with */
	{ "P1 | idle | latency_us.p99 | us | lower | ratio | 1 | - | x", VERDICT_NONE },
};

Test(judge, verdicts)
{
	for (size_t i = 0; i < sizeof verdict_rows / sizeof verdict_rows[0]; i++) {
		cr_assert_eq((int)judge(verdict_rows[i].line).verdict, (int)verdict_rows[i].verdict,
		    "%s", verdict_rows[i].line);
		sheet_release(&sheet);
	}
}

Test(judge, noise, .fini = release)
{
	struct judgement judgement;
	bool noisy = false;

	judge("P0 | aa | good_per_second | rate | higher | ratio | - | - | A/A");
	cr_assert(judge_noise(&sheet, &judgement, &noisy));
	cr_assert(noisy, "100 / 107 is below 0.95");
}

Test(judge, what_was_not_measured, .fini = release)
{
	struct judgement judgement;
	bool noisy;

	cr_assert_eq(sheet_take(&sheet,
			 SLICE("# a comment\n\nP2 | two | x.y | ms | lower | ours | 1 | - | x\n"),
			 slice_of(results)),
	    0);
	cr_assert_not(judge_line(&sheet, &sheet.lines[0], &judgement));
	cr_assert_not(judge_noise(&sheet, &judgement, &noisy));
}

Test(judge, nonsense_is_refused)
{
	static const char *const lines[] = {
		"P1 | send | good_per_second | rate | higher | ratio | 1 | 2",
		"P1 | send | good_per_second | parsec | higher | ratio | 1 | 2 | x",
	};
	static const char *const texts[] = { "send\ta\t1\n", "send\ta\tone\t{}\n",
		"send\ta\t1\t{\n", "#what\tis this\n" };

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		cr_assert_eq(sheet_take(&sheet, slice_of(lines[i]), SLICE("")), -1);
		sheet_release(&sheet);
	}
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		cr_assert_eq(sheet_take(&sheet, SLICE(""), slice_of(texts[i])), -1);
		sheet_release(&sheet);
	}
}
