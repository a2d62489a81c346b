#include "config.h"

#include "common/config/option.h"

#include <criterion/criterion.h>

#include "t/unit/settings_file.h"

TestSuite(option, .timeout = 30);

Test(option, defaults_fill_the_settings)
{
	struct broker_settings settings = { 0 };
	struct option_set set;

	option_set_init(&set, broker_options, &settings);
	cr_expect_str_eq(settings.broker_cluster_name, "DefaultCluster");
	cr_expect_null(settings.broker_name);
	cr_expect_eq(settings.listen_port, 10911);
	cr_expect_eq(settings.flush_disk_type, FLUSH_SYNC);
	cr_expect(settings.auto_create_topic_enable);
	cr_expect_eq(settings.mapped_file_size_commit_log, 256 << 20);
	option_set_release(&set);
}

/* -p, fed back, gives the same settings and nothing to say. */
Test(option, what_is_printed_reads_back)
{
	static const char *const lines[] = {
		"brokerName=a-1",
		"listenPort=12345",
		"flushDiskType=ASYNC_FLUSH",
		"autoCreateTopicEnable=false",
		"namesrvAddr=a:1,b:2",
		"brokerIP1=10.0.0.1",
		"storePathRootDir=/data/with blank and \\\\ and =:",
		"storePathCommitLog='/a #b ;c '",
		"bindAddress=\"::1\"",
		"logLevel=debug",
	};
	struct settings_file first, second;
	struct buf text = { 0 }, printed = { 0 }, again = { 0 };

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		buf_printf(&text, "%s\n", lines[i]);
	settings_file_write_and_read(&first, text.data, text.len);
	cr_expect_eq(diagnostics_count(&first.diagnostics, SEVERITY_WARNING), 0, "%s",
	    buf_text(&first.said));
	cr_expect_str_eq(first.settings.store_path_root_dir, "/data/with blank and \\ and =:");
	cr_expect_str_eq(first.settings.store_path_commit_log, "/a #b ;c ");
	option_print(&first.set, &printed, false);
	settings_file_write_and_read(&second, printed.data, printed.len);
	cr_expect_eq(diagnostics_count(&second.diagnostics, SEVERITY_WARNING), 0, "%s",
	    buf_text(&second.said));
	option_print(&second.set, &again, false);
	cr_expect_str_eq(buf_text(&printed), buf_text(&again));
	buf_release(&text);
	buf_release(&printed);
	buf_release(&again);
	settings_file_release(&first);
	settings_file_release(&second);
}

Test(option, important_ones_differ_from_their_default)
{
	static const char text[] = "brokerName=a\nlistenPort=10911\nfileReservedTime=48\n";
	struct settings_file file;
	struct buf printed = { 0 };

	settings_file_write_and_read(&file, text, sizeof text - 1);
	option_print(&file.set, &printed, true);
	cr_expect_str_eq(buf_text(&printed), "brokerName=a\nfileReservedTime=48\n");
	buf_release(&printed);
	settings_file_release(&file);
}

Test(option, names_are_followed_to_the_row_that_counts)
{
	cr_expect_str_eq(option_resolve(broker_options, SLICE("mapedFileSizeCommitLog"))->name,
	    "mappedFileSizeCommitLog");
	cr_expect_str_eq(
	    option_resolve(broker_options, SLICE("storePathCommit"))->name, "storePathCommitLog");
	cr_expect_null(option_resolve(broker_options, SLICE("maxSlaveResendLength")));
	cr_expect_null(option_resolve(broker_options, SLICE("storePathIndex")));
	cr_expect_null(option_resolve(broker_options, SLICE("listenport")));
}

Test(option, a_slip_on_the_command_line_is_an_error)
{
	struct broker_settings settings = { 0 };
	struct option_set set;
	struct diagnostics diagnostics = { 0 };

	option_set_init(&set, broker_options, &settings);
	cr_expect_eq(option_assign(&set, SLICE("listenPrt"), SLICE("1"), ORIGIN_ARGUMENT,
			 &diagnostics, "command line", 0),
	    -1);
	cr_assert_eq(diagnostics.n, 1);
	cr_expect_eq(diagnostics.list[0].level, SEVERITY_ERROR);
	cr_expect(slice_is(
	    diagnostics.list[0].text, "unknown key \"listenPrt\"; did you mean listenPort?"));
	diagnostics_release(&diagnostics);
	option_set_release(&set);
}

Test(option, suggestions)
{
	static const struct {
		const char *written, *meant;
	} rows[] = {
		{ "brokerNmae", "brokerName" },
		{ "brokername", "brokerName" },
		{ "broker_name", "brokerName" },
		{ "namesrvAdr", "namesrvAddr" },
		{ "nameserverAddr", "namesrvAddr" },
		{ "storePathRoot", "storePathRootDir" },
		{ "flushDiskTyep", "flushDiskType" },
		{ "transactionTimeout", "transactionTimeOut" },
		{ "haMasterAdress", "haMasterAddress" },
		{ "x", NULL },
		{ "", NULL },
		{ "somethingElseEntirely", NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct option *row =
		    option_suggest(broker_options, slice_of(rows[i].written));

		if (rows[i].meant == NULL)
			cr_expect_null(row, "%s: %s", rows[i].written, row->name);
		else
			cr_expect(row != NULL && strcmp(row->name, rows[i].meant) == 0, "%s: %s",
			    rows[i].written, row != NULL ? row->name : "nothing");
	}
}
