#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "admin/admin.h"
#include "admin/cmd.h"
#include "common/base/mem.h"

#define EXIT_USAGE 2

const struct flag common_flags[] = {
	{ 'h', "help", FLAG_SWITCH, NULL, 0, 0, 0, "print help for the command" },
	{ 'n', "namesrvAddr", FLAG_TEXT, "LIST", 0, 0, 0,
	    "name servers, host:port separated by ; or ,; else $NAMESRV_ADDR, "
	    "else " TWINMQ_NAME_SERVERS },
	{ 'J', "json", FLAG_SWITCH, NULL, 0, 0, 0, "print one JSON document" },
	{ 0 },
};

/* In the order of the manual. */
const struct subcommand subcommands[] = {
	{ "updateTopic", update_topic_flags, update_topic_run, "create a topic or change one" },
	{ "deleteTopic", delete_topic_flags, delete_topic_run,
	    "delete a topic from brokers and name servers" },
	{ "topicList", topic_list_flags, topic_list_run, "list all topics" },
	{ "topicRoute", topic_route_flags, topic_route_run, "show where a topic is" },
	{ "topicStatus", topic_status_flags, topic_status_run,
	    "show the offsets of a topic's queues" },
	{ "topicClusterList", topic_cluster_list_flags, topic_cluster_list_run,
	    "list the clusters that have a topic" },
	{ "sendMessage", send_message_flags, send_message_run, "send one message" },
	{ "sendTransaction", send_transaction_flags, send_transaction_run,
	    "send one transaction message, decide it or leave it open" },
	{ "consumeMessage", consume_message_flags, consume_message_run,
	    "read messages of a topic or of one queue" },
	{ "queryMsgById", query_by_id_flags, query_by_id_run,
	    "show a message by its offset id or unique id" },
	{ "queryMsgByKey", query_by_key_flags, query_by_key_run, "list the messages with a key" },
	{ "queryMsgByUniqueKey", query_by_unique_key_flags, query_by_unique_key_run,
	    "show a message by the unique id its producer gave it" },
	{ "queryMsgByOffset", query_by_offset_flags, query_by_offset_run,
	    "show the message at an offset of a queue" },
	{ "consumerProgress", consumer_progress_flags, consumer_progress_run,
	    "show how far one or all consumer groups are behind" },
	{ "updateSubGroup", update_group_flags, update_group_run,
	    "create a consumer group or change one" },
	{ "deleteSubGroup", delete_group_flags, delete_group_run, "delete a consumer group" },
	{ "transactionList", transaction_list_flags, transaction_list_run,
	    "list transactions, those first that nobody has decided" },
	{ "transactionShow", transaction_show_flags, transaction_show_run,
	    "show what happened to a transaction" },
	{ "transactionResume", transaction_resume_flags, transaction_resume_run,
	    "have the producers of a transaction asked again" },
	{ "transactionResolve", transaction_resolve_flags, transaction_resolve_run,
	    "commit or roll back a transaction by hand" },
	{ "updateProducerGroup", update_producer_group_flags, update_producer_group_run,
	    "set the policy of a producer group, or the URL that decides for it" },
	{ "deleteProducerGroup", delete_producer_group_flags, delete_producer_group_run,
	    "forget what was set for a producer group" },
	{ "producerGroupList", producer_group_list_flags, producer_group_list_run,
	    "list what is set for producer groups" },
	{ "clusterList", cluster_list_flags, cluster_list_run,
	    "show clusters, brokers and their load" },
	{ "brokerStatus", broker_status_flags, broker_status_run, "show a broker's counters" },
	{ "wipeWritePerm", wipe_write_perm_flags, wipe_write_perm_run,
	    "take the write permission from a broker's topics, so that it drains" },
	{ "addWritePerm", add_write_perm_flags, add_write_perm_run,
	    "give the write permission back" },
	{ "getBrokerConfig", get_broker_config_flags, get_broker_config_run,
	    "show a broker's settings" },
	{ "updateBrokerConfig", update_broker_config_flags, update_broker_config_run,
	    "change one of a broker's settings" },
	{ "getNamesrvConfig", get_name_server_config_flags, get_name_server_config_run,
	    "show the name servers' settings" },
	{ "updateKvConfig", update_kv_flags, update_kv_run,
	    "put a key and value into the name servers" },
	{ "deleteKvConfig", delete_kv_flags, delete_kv_run, "delete a key from the name servers" },
	{ NULL },
};

static const struct subcommand *
find_subcommand(const char *name)
{
	for (const struct subcommand *one = subcommands; one->name != NULL; one++)
		if (strcmp(one->name, name) == 0)
			return one;
	return NULL;
}

static int
unknown_subcommand(const char *name)
{
	const char *names[sizeof subcommands / sizeof subcommands[0]];
	size_t n = 0;

	for (const struct subcommand *one = subcommands; one->name != NULL; one++)
		names[n++] = one->name;
	names[n] = NULL;
	const char *near = args_nearest(name, names);
	if (near != NULL)
		fprintf(stderr, "mqadmin: unknown command \"%s\", did you mean %s?\n", name, near);
	else
		fprintf(
		    stderr, "mqadmin: unknown command \"%s\"; \"mqadmin help\" lists all\n", name);
	return EXIT_USAGE;
}

static int
print_commands(FILE *out)
{
	fputs("usage: mqadmin COMMAND [FLAGS]\n       mqadmin help COMMAND\n\n", out);
	for (const struct subcommand *one = subcommands; one->name != NULL; one++)
		fprintf(out, "  %-20s %s\n", one->name, one->help);
	return out == stdout ? EXIT_SUCCESS : EXIT_USAGE;
}

static int
print_help(const struct subcommand *command)
{
	struct buf out = { 0 };

	buf_printf(&out, "usage: mqadmin %s [FLAGS]\n%s\n\n", command->name, command->help);
	args_print_help(command->flags, &out);
	args_print_help(common_flags, &out);
	fputs(buf_text(&out), stdout);
	buf_release(&out);
	return EXIT_SUCCESS;
}

static int
run(struct admin *admin)
{
	struct twinmq_options options = { .name_servers = args_text(&admin->args, 'n') };
	struct twinmq_error error;

	if (options.name_servers == NULL)
		options.name_servers = getenv("NAMESRV_ADDR");
	if (options.name_servers != NULL && !args_has(&admin->args, 'n') &&
	    options.name_servers[0] == '\0')
		options.name_servers = NULL;
	admin->mq = twinmq_open(&options, &error);
	if (admin->mq == NULL) {
		fprintf(stderr, "mqadmin: %s: %s\n",
		    args_has(&admin->args, 'n') ? "-n (--namesrvAddr)" : "NAMESRV_ADDR",
		    error.text);
		return EXIT_USAGE;
	}
	report_init(&admin->report, args_has(&admin->args, 'J'));
	if (admin->command->run(admin) == 0 && report_print(&admin->report) == -1)
		admin_fail(admin, "standard output cannot be written");
	if (admin->failed)
		fprintf(stderr, "mqadmin: %s: %s\n", admin->command->name, admin->error);
	report_release(&admin->report);
	arena_release(&admin->arena);
	twinmq_close(admin->mq);
	return admin->misused ? EXIT_USAGE : admin->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
run_subcommand(const struct subcommand *command, int argc, char **argv)
{
	struct admin admin = { .command = command };
	struct buf error = { 0 };
	int status;

	if (args_parse(&admin.args, command->flags, common_flags, argc, argv, &error) == -1) {
		fprintf(stderr, "mqadmin: %s: %s; see \"mqadmin help %s\"\n", command->name,
		    buf_text(&error), command->name);
		status = EXIT_USAGE;
	} else if (args_has(&admin.args, 'h')) {
		status = print_help(command);
	} else {
		status = run(&admin);
	}
	buf_release(&error);
	return status;
}

static bool
is_help(const char *word)
{
	return strcmp(word, "help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0;
}

int
admin_main(int argc, char **argv)
{
	const struct subcommand *command;

	if (argc < 2)
		return print_commands(stderr);
	if (is_help(argv[1]) && argc == 2)
		return print_commands(stdout);
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0)
		return puts("mqadmin " PACKAGE_VERSION) == EOF;
	const char *name = is_help(argv[1]) ? argv[2] : argv[1];
	command = find_subcommand(name);
	if (command == NULL)
		return unknown_subcommand(name);
	return is_help(argv[1]) ? print_help(command) : run_subcommand(command, argc - 1, argv + 1);
}
