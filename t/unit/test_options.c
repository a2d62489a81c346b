#include "config.h"

#include "broker/options.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "t/unit/manual.h"
#include "t/unit/settings_file.h"

TestSuite(options, .timeout = 30);

/* More than thirty files that are wrong in one way each, and what is said of them. */
static const struct {
	const char *text, *said;
} broken[] = {
	{ "nonsense=1\n", "1: warning: unknown key \"nonsense\"; the line has no effect\n" },
	{ "brokerNmae=broker-b\n",
	    "1: warning: unknown key \"brokerNmae\"; did you mean brokerName? The line has no "
	    "effect\n" },
	{ "brokername=broker-b\n",
	    "1: warning: \"brokername\" is written brokerName; taken as that here, RocketMQ would "
	    "ignore it\n" },
	{ "autoCreateSubscriptionGrop=false\n",
	    "1: warning: \"autoCreateSubscriptionGrop\" is not a key of RocketMQ; taken as "
	    "autoCreateSubscriptionGroup\n" },
	{ "diskMaxUsedSpaceRation=88\n",
	    "1: warning: \"diskMaxUsedSpaceRation\" is not a key of RocketMQ; taken as "
	    "diskMaxUsedSpaceRatio: from 85 on the broker removes the oldest messages, whatever "
	    "the value\n" },
	{ "storePathIndex=/data/index\n",
	    "1: warning: \"storePathIndex\" is not a key of RocketMQ: the key index is part of "
	    "the log below storePathRootDir\n" },
	{ "checkTransactionMessageEnable=true\n",
	    "1: warning: \"checkTransactionMessageEnable\" is not a key of RocketMQ: the key is "
	    "rejectTransactionMessage and means the opposite\n" },
	{ "transientStorePoolEnable=true\n",
	    "1: note: transientStorePoolEnable has no effect here: the log consists of SQLite "
	    "segments without memory to warm, swap or pool\n" },
	{ "haMasterAdress=10.0.0.1:10912\n",
	    "1: warning: unknown key \"haMasterAdress\"; did you mean haMasterAddress? The line "
	    "has no effect\n" },
	{ "listenPort=1O911\n",
	    "1: error: listenPort: read \"1O911\"; give a whole number from 0 to 65534\n" },
	{ "listenPort=70000\n", "1: error: listenPort: read 70000; it goes from 0 to 65534\n" },
	{ "listenPort=2\n",
	    "0: error: listenPort: read 2; the broker also opens the port two below; give 3 or "
	    "more\n" },
	{ "listenPort=\n", "1: warning: listenPort: no value given; 10911 stays\n" },
	{ "listenPort=10911 # for clients\n",
	    "1: warning: listenPort: a comment needs a line of its own; read as \"10911\"\n" },
	{ "listenPort=\"10911\"\n",
	    "1: note: listenPort: the quotes are not part of the value here, with RocketMQ they "
	    "would be\n" },
	{ "listenPort=10911 \n",
	    "1: note: listenPort: the blank at the end is dropped here; RocketMQ ignores such a "
	    "line\n" },
	{ "maxMessageSize=4M\n",
	    "1: error: maxMessageSize: read \"4M\"; give the number alone, 4194304, the unit is "
	    "bytes\n" },
	{ "flushIntervalCommitLog=1 s\n",
	    "1: error: flushIntervalCommitLog: read \"1 s\"; give the number alone, 1000, the unit "
	    "is ms\n" },
	{ "fileReservedTime=3d\n",
	    "1: error: fileReservedTime: read \"3d\"; give the number alone, 72, the unit is "
	    "hours\n" },
	{ "fileReservedTime=-1\n",
	    "1: error: fileReservedTime: read -1; it goes from 0 to 876000 hours\n" },
	{ "diskMaxUsedSpaceRatio=75%\n",
	    "1: error: diskMaxUsedSpaceRatio: read \"75%\"; give the number alone, 75, the unit is "
	    "percent\n" },
	{ "autoCreateTopicEnable=yes\n",
	    "1: error: autoCreateTopicEnable: read \"yes\"; give true\n" },
	{ "autoCreateTopicEnable=maybe\n",
	    "1: error: autoCreateTopicEnable: read \"maybe\"; give true or false\n" },
	{ "flushDiskType=SYNC\n",
	    "1: error: flushDiskType: read \"SYNC\"; give one of SYNC_FLUSH, ASYNC_FLUSH (did you "
	    "mean SYNC_FLUSH?)\n" },
	{ "flushDiskType=ASYN_FLUSH\n",
	    "1: error: flushDiskType: read \"ASYN_FLUSH\"; give one of SYNC_FLUSH, ASYNC_FLUSH "
	    "(did you mean ASYNC_FLUSH?)\n" },
	{ "brokerRole=SLAVE\nbrokerId=1\nnamesrvAddr=ns:9876\n", "" },
	{ "brokerRole=SLAVE\nbrokerId=1\nhaMasterAddress=10.0.0.1:10912\n", "" },
	{ "brokerRole=SYNC_MASTER\n", "" },
	{ "brokerRole=SLAVE\nnamesrvAddr=ns:9876\n", "0: error: brokerId: a slave has an id of its "
						     "own above 0; give 1 to the first slave of "
						     "a brokerName\n" },
	{ "brokerRole=SLAVE\nbrokerId=1\n", "0: warning: haMasterAddress: a slave without "
					    "namesrvAddr does not find its master; give "
					    "one of the two\n" },
	{ "brokerId=3\n", "0: warning: brokerId: a master has id 0; 3 is read as 0 (a slave has "
			  "brokerRole=SLAVE)\n" },
	{ "haMasterAddress=10.0.0.1:10912\n",
	    "0: warning: haMasterAddress: a master follows nobody; the line has no effect without "
	    "brokerRole=SLAVE\n" },
	{ "namesrvAddr=10.0.0.1:9876,10.0.0.2:9876\n",
	    "1: note: namesrvAddr: a comma separates here as ; does; RocketMQ takes ; alone\n" },
	{ "namesrvAddr=192.168.1:9876\n",
	    "1: error: namesrvAddr: read \"192.168.1:9876\"; an IPv4 address has four numbers from "
	    "0 to 255\n" },
	{ "namesrvAddr=ns-1\n",
	    "1: error: namesrvAddr: read \"ns-1\" without a port; give ns-1:9876\n" },
	{ "namesrvAddr=ns-1:98765\n",
	    "1: error: namesrvAddr: read \"ns-1:98765\"; a port goes from 1 to 65535\n" },
	{ "namesrvAddr=http://ns-1:9876\n",
	    "1: error: namesrvAddr: read \"http://ns-1:9876\"; give HOST:PORT, more of them "
	    "separated by ;\n" },
	{ "brokerName=broker-a\nbrokerName=broker-b\n",
	    "2: warning: brokerName was set in line 1 already; this line replaces it\n" },
	{ "brokerName=broker a\n",
	    "0: error: brokerName: read \"broker a\"; give at most 127 letters, digits, _ - % | or "
	    "dots\n" },
	{ "brokerPermission=3\n", "0: error: brokerPermission: read 3; give 6 (read and write), 4 "
				  "(read) or 2 (write)\n" },
	{ "deleteWhen=04;25\n",
	    "0: error: deleteWhen: read \"04;25\"; give hours from 00 to 23, separated by ;\n" },
	{ "messageDelayLevel=1s 5x\n",
	    "0: error: messageDelayLevel: read \"1s 5x\"; give numbers with s, m, h or d, as in 1s "
	    "5m\n" },
	{ "storePathCommitLog=/disk1/log,/disk2/log\n",
	    "0: error: storePathCommitLog: read \"/disk1/log,/disk2/log\"; give one directory, not "
	    "several\n" },
	{ "aclEnable=true\n",
	    "0: error: aclEnable: there is no access control yet; without it, set false or remove "
	    "the line\n" },
	{ "mappedFileSizeCommitLog=1G\n",
	    "1: error: mappedFileSizeCommitLog: read \"1G\"; give the number alone, 1073741824, "
	    "the unit is bytes\n" },
	{ "[brokr]\nlistenPort=1\n",
	    "1: warning: section [brokr] is not read here; did you mean [broker]? Its lines have "
	    "no effect\n" },
	{ "[broker]\nlistenPort 10911\n",
	    "2: error: read \"listenPort 10911\"; a line is KEY = VALUE, [SECTION] or, after # or "
	    ";, a comment\n" },
	{ "[broker\nlistenPort=10911\n[broker]\n",
	    "1: error: read \"[broker\"; a line is KEY = VALUE, [SECTION] or, after # or ;, a "
	    "comment\n" },
	{ "[broker]\n= 5\n", "2: error: read \"= 5\"; a line is KEY = VALUE, [SECTION] or, after # "
			     "or ;, a comment\n" },
	{ "\xef\xbb\xbf"
	  "listenPort=10911\n",
	    "1: note: starts with a byte order mark; RocketMQ would ignore the first key for "
	    "it\n" },
};

Test(options, broken_files_and_what_is_said)
{
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		struct settings_file file;

		settings_file_write_and_read(&file, broken[i].text, strlen(broken[i].text));
		cr_expect_str_eq(buf_text(&file.said), broken[i].said, "%s\n%s", broken[i].text,
		    buf_text(&file.said));
		settings_file_release(&file);
	}
}

/* The installation guide's own file: eight keys that RocketMQ never knew, and a start. */
Test(options, the_article_has_eight_diagnostics)
{
	static const struct {
		int line;
		const char *key, *says;
	} rows[] = {
		{ 14, "autoCreateSubscriptionGrop", "autoCreateSubscriptionGroup" },
		{ 24, "mapfedFileSizeConsumeQueue", "mappedFileSizeConsumeQueue" },
		{ 26, "diskMaxUsedSpaceRation", "diskMaxUsedSpaceRatio" },
		{ 30, "storePathCommit", "storePathCommitLog" },
		{ 32, "storePathConsumeQueue", "storePathRootDir" },
		{ 34, "storePathIndex", "storePathRootDir" },
		{ 36, "storePathpoint", "storePathRootDir" },
		{ 38, "storePathAbort", "storePathRootDir" },
	};
	struct settings_file file;

	settings_file_read(&file, settings_file_data("article-broker-a.properties"));
	cr_expect_eq(file.status, 0);
	cr_assert_eq(file.diagnostics.n, 8);
	for (size_t i = 0; i < 8; i++) {
		const struct diagnostic *diagnostic = &file.diagnostics.list[i];

		cr_expect_eq(diagnostic->line, rows[i].line);
		cr_expect_eq(diagnostic->level, SEVERITY_WARNING);
		cr_expect(slice_is(diagnostic->key, rows[i].key));
		cr_expect_not_null(memmem(diagnostic->text.data, diagnostic->text.len, rows[i].says,
		    strlen(rows[i].says)));
	}
	cr_expect_str_eq(file.settings.broker_cluster_name, "rocketmq-cluster");
	cr_expect_str_eq(
	    file.settings.namesrv_addr, "rocketmq-nameserver-1:9876;rocketmq-nameserver-2:9876");
	cr_expect_eq(file.settings.default_topic_queue_nums, 4);
	cr_expect_eq(file.settings.file_reserved_time, 48);
	cr_expect_eq(file.settings.disk_max_used_space_ratio, 88);
	cr_expect_eq(file.settings.flush_disk_type, FLUSH_ASYNC);
	cr_expect_str_eq(
	    file.settings.store_path_commit_log, "/root/rocketmq-all-4.2.0/store/commitLog");
	settings_file_release(&file);
}

Test(options, files_of_the_distributions_load)
{
	static const struct {
		const char *name;
		size_t warnings, errors;
	} rows[] = {
		{ "template-broker.conf", 0, 0 },
		{ "template-2m-noslave-a.properties", 0, 0 },
		{ "template-2m-noslave-b.properties", 0, 0 },
		{ "template-2m-noslave-trace.properties", 0, 0 },
		{ "template-2m-2s-sync.properties", 0, 0 },
		{ "template-2m-2s-slave.properties", 1, 0 }, /* where is its master */
		{ "template-dledger.conf", 1, 1 },           /* no replication */
		{ "template-container.conf", 0, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct settings_file file;

		settings_file_read(&file, settings_file_data(rows[i].name));
		cr_expect_eq(file.status, 0, "%s", rows[i].name);
		cr_expect_eq(diagnostics_count(&file.diagnostics, SEVERITY_WARNING),
		    rows[i].warnings, "%s:\n%s", rows[i].name, buf_text(&file.said));
		cr_expect_eq(diagnostics_count(&file.diagnostics, SEVERITY_ERROR), rows[i].errors,
		    "%s", rows[i].name);
		cr_expect_null(strstr(buf_text(&file.said), "unknown"), "%s", rows[i].name);
		settings_file_release(&file);
	}
}

Test(options, the_table_is_sound)
{
	for (const struct option *option = broker_options; option->name != NULL; option++) {
		cr_expect_eq(option_find(broker_options, slice_of(option->name)), option,
		    "%s twice", option->name);
		cr_expect_not_null(option->help, "%s", option->name);
		if (option->alias_of != NULL)
			cr_expect_not_null(option_resolve(broker_options, slice_of(option->name)),
			    "%s", option->name);
		if (option->type == OPTION_INT) {
			cr_expect_lt(option->min, option->max, "%s", option->name);
			cr_expect_not_null(option->default_value, "%s", option->name);
		}
		if (!option_holds_value(option))
			cr_expect(option->help[0] != '\0' || option->alias_of != NULL, "%s",
			    option->name);
	}
}

Test(options, the_manual_has_each_row)
{
	manual_has_options("broker.ini.5", broker_options);
}

Test(options, the_shipped_files_have_no_diagnostics)
{
	static const char *const names[] = { "broker-a.ini", "broker-b.ini" };

	for (size_t i = 0; i < 2; i++) {
		struct settings_file file;
		char path[64];

		snprintf(path, sizeof path, "../../etc/%s", names[i]);
		settings_file_read(&file, settings_file_data(path));
		cr_expect_str_eq(buf_text(&file.said), "", "%s", names[i]);
		cr_expect_eq(file.settings.broker_name[7], "ab"[i]);
		cr_expect_str_eq(file.settings.broker_cluster_name, "rocketmq-cluster");
		settings_file_release(&file);
	}
}
