#include "config.h"

#include "common/config/option.h"

#include <criterion/criterion.h>

#include "t/unit/settings_file.h"

TestSuite(option_file, .timeout = 30);

/* -- the rules of java.util.Properties -- */

static void
take(void *arg, struct slice name, struct slice value, int line)
{
	buf_printf(
	    arg, "%d[%.*s][%.*s]", line, (int)name.len, name.data, (int)value.len, value.data);
}

Test(option_file, properties_are_read_as_java_reads_them)
{
	static const struct {
		const char *text, *pairs;
	} rows[] = {
		{ "", "" },
		{ "a=b", "1[a][b]" },
		{ "a:b", "1[a][b]" },
		{ "a b", "1[a][b]" },
		{ "a\tb", "1[a][b]" },
		{ "a = b", "1[a][b]" },
		{ "a  :  b", "1[a][b]" },
		{ "  a=b", "1[a][b]" },
		{ "a==b", "1[a][=b]" },
		{ "a=b=c", "1[a][b=c]" },
		{ "a b=c", "1[a][b=c]" },
		{ "a", "1[a][]" },
		{ "a=", "1[a][]" },
		{ "=b", "1[][b]" },
		{ "a=b  ", "1[a][b  ]" },
		{ "a=b\nc=d\n", "1[a][b]2[c][d]" },
		{ "a=b\r\nc=d\r\n", "1[a][b]2[c][d]" },
		{ "a=b\rc=d", "1[a][b]2[c][d]" },
		{ "# a=b\n! c=d\n  # e=f\n\n \t\ng=h", "6[g][h]" },
		{ "a=b\\\n   c\nd=e", "1[a][bc]3[d][e]" },
		{ "a=b\\\r\n   c\r\nd=e", "1[a][bc]3[d][e]" },
		{ "a=b\\\\\nc=d", "1[a][b\\]2[c][d]" },
		{ "a=b\\", "1[a][b]" },
		{ "a=b\\\n# c", "1[a][b# c]" },
		{ "# comment \\\na=b", "2[a][b]" },
		{ "a\\=b=c", "1[a=b][c]" },
		{ "a\\ b=c", "1[a b][c]" },
		{ "a=\\ b", "1[a][ b]" },
		{ "a=b\\tc\\nd\\\\e\\qf", "1[a][b\tc\nd\\eqf]" },
		{ "a=\\u0041\\u00e9\\u4e2d", "1[a][A\xc3\xa9\xe4\xb8\xad]" },
		{ "a=\\u12", "1[a][u12]" },
		{ "a=\\u12\nb=c", "1[a][u12]2[b][c]" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf pairs = { 0 };

		option_read_properties(slice_of(rows[i].text), take, &pairs);
		cr_expect_str_eq(
		    buf_text(&pairs), rows[i].pairs, "row %zu: %s", i, buf_text(&pairs));
		buf_release(&pairs);
	}
}

/* -- ini, and what libinih would do to it -- */

Test(option_file, ini_lines_of_any_length)
{
	struct settings_file file;
	struct buf text = { 0 }, list = { 0 };

	for (int i = 0; i < 400; i++)
		buf_printf(&list, "%shost-%d:9876", i != 0 ? ";" : "", i);
	buf_printf(&text, "[broker]\nnamesrvAddr = %s\nbrokerName = x\n", buf_text(&list));
	settings_file_write_and_read(&file, text.data, text.len);
	cr_expect_str_eq(buf_text(&file.said), "");
	cr_expect_str_eq(file.settings.namesrv_addr, buf_text(&list));
	cr_expect_str_eq(file.settings.broker_name, "x");
	settings_file_release(&file);
	buf_release(&text);
	buf_release(&list);
}

Test(option_file, ini_sections_and_blanks)
{
	static const char text[] = "brokerName = before\n"
				   "; a comment\n"
				   "# another\n"
				   "[namesrv]\n"
				   "listenPort = 1\n"
				   "unknown = 2\n"
				   "[broker]\n"
				   "  brokerClusterName: indented\n"
				   "\tlistenPort\t=\t12345\t\n"
				   "namesrvAddr = a:1 ; b:2\n";
	struct settings_file file;

	settings_file_write_and_read(&file, text, sizeof text - 1);
	cr_expect_str_eq(buf_text(&file.said), "");
	cr_expect_str_eq(file.settings.broker_name, "before");
	cr_expect_str_eq(file.settings.broker_cluster_name, "indented");
	cr_expect_eq(file.settings.listen_port, 12345);
	cr_expect_str_eq(file.settings.namesrv_addr, "a:1;b:2");
	settings_file_release(&file);
}

Test(option_file, line_ends_and_marks)
{
	static const char crlf[] = "[broker]\r\nbrokerName = x\r\nlistenPort = 12345\r\n";
	static const char mark[] = "\xef\xbb\xbf[broker]\nbrokerName = x\nlistenPort = 12345\n";
	struct settings_file file;

	settings_file_write_and_read(&file, crlf, sizeof crlf - 1);
	cr_expect_str_eq(buf_text(&file.said), "");
	cr_expect_str_eq(file.settings.broker_name, "x");
	cr_expect_eq(file.settings.listen_port, 12345);
	settings_file_release(&file);

	settings_file_write_and_read(&file, mark, sizeof mark - 1);
	cr_expect_eq(diagnostics_count(&file.diagnostics, SEVERITY_WARNING), 0);
	cr_expect_str_eq(file.settings.broker_name, "x");
	cr_expect_eq(file.settings.listen_port, 12345);
	settings_file_release(&file);
}

Test(option_file, what_is_no_text_file)
{
	static const struct {
		const char *text;
		size_t len;
		const char *said;
	} rows[] = {
		{ "\xff\xfe"
		  "b\0r\0",
		    6, "0: error: is UTF-16 text; save it as UTF-8\n" },
		{ "a=b\0c=d", 7, "0: error: holds zero bytes; it is not a text file\n" },
	};
	struct settings_file file;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		settings_file_write_and_read(&file, rows[i].text, rows[i].len);
		cr_expect_eq(file.status, -1);
		cr_expect_str_eq(buf_text(&file.said), rows[i].said);
		settings_file_release(&file);
	}
	settings_file_read(&file, "/nowhere/broker.ini");
	cr_expect_eq(file.status, -1);
	cr_expect_str_eq(
	    buf_text(&file.said), "0: error: cannot be read: No such file or directory\n");
	settings_file_release(&file);
	settings_file_read(&file, "/");
	cr_expect_str_eq(buf_text(&file.said), "0: error: cannot be read: Is a directory\n");
	settings_file_release(&file);
}
