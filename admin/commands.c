#include "config.h"

#include "admin/admin.h"
#include "admin/cmd.h"
#include "client/twinmq.h"

const struct flag common_flags[] = {
	{ 'h', "help", FLAG_SWITCH, NULL, 0, 0, 0, "print help for the command" },
	{ 'n', "namesrvAddr", FLAG_TEXT, "LIST", 0, 0, 0,
	    "name servers, host:port separated by ; or ,; else $NAMESRV_ADDR, "
	    "else " TWINMQ_NAME_SERVERS },
	{ 'J', "json", FLAG_SWITCH, NULL, 0, 0, 0, "print one JSON document" },
	{ 0 },
};

/* In the order of the manual. */
const struct subcommand *const admin_families[] = {
	topic_commands,
	message_commands,
	send_transaction_commands,
	query_commands,
	trace_commands,
	timer_commands,
	group_commands,
	catalog_commands,
	dead_letter_commands,
	reset_commands,
	transaction_commands,
	producer_group_commands,
	cluster_commands,
	controller_commands,
	move_in_commands,
	lost_commands,
	config_commands,
	sql_commands,
	trend_commands,
	doctor_commands,
	NULL,
};

const struct subcommand *
admin_find_command(const char *name)
{
	for (size_t i = 0; admin_families[i] != NULL; i++)
		for (const struct subcommand *one = admin_families[i]; one->name != NULL; one++)
			if (strcmp(one->name, name) == 0)
				return one;
	return NULL;
}
