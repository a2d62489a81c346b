#include "config.h"

#include "common/base/log.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(log, .timeout = 20);

/* What was logged since begin_log, into a file that stderr is sent to. */
static char log_text[1 << 20];
static char log_path[] = "/tmp/twinmq-test-log.XXXXXX";

static void
begin_log(void)
{
	int fd = mkstemp(log_path);

	cr_assert_neq(fd, -1);
	close(fd);
	log_init("test", LOG_LEVEL_DEBUG);
	cr_assert_eq(log_to_file(log_path), 0);
}

static const char *
end_log(void)
{
	FILE *file = fopen(log_path, "r");

	log_text[fread(log_text, 1, sizeof log_text - 1, file)] = '\0';
	fclose(file);
	unlink(log_path);
	return log_text;
}

static size_t
lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

Test(log, control_characters_are_escaped)
{
	const char *text;

	begin_log();
	log_info("name taken name=%s", "a\nerror: forged \x1b[2J\x7f");
	text = end_log();
	cr_assert_eq(lines(text), 1);
	cr_assert_not_null(strstr(text, "name=a\\nerror: forged \\x1b[2J\\x7f\n"));
}

/* 3,000 lines take less than two seconds, so at most three seconds' worth is written. */
Test(log, lines_of_one_kind_are_limited)
{
	const char *text;

	begin_log();
	for (int i = 0; i < 3000; i++)
		log_warn("broker refused name=%d", i);
	for (int i = 0; i < 50; i++)
		log_info("another kind n=%d", i);
	log_report_suppressed();
	text = end_log();
	cr_assert_leq(lines(text), 3 * LOG_LINES_PER_SECOND + 50 + 3);
	cr_assert_geq(log_suppressed(), 3000 - 3 * LOG_LINES_PER_SECOND);
	cr_assert_not_null(strstr(text, "another kind n=49"));
	cr_assert_not_null(strstr(text, "event=\"broker refused\""));
}

Test(log, debug_lines_are_not)
{
	begin_log();
	for (int i = 0; i < 1000; i++)
		log_debug("frame n=%d", i);
	cr_assert_eq(lines(end_log()), 1000);
}
