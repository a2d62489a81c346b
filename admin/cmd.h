#ifndef ADMIN_CMD_H
#define ADMIN_CMD_H

/* The families of commands: each cmd_ file exports its rows, which commands.c joins. */

#include "admin/admin.h"

extern const struct subcommand topic_commands[], message_commands[], send_transaction_commands[],
    query_commands[], trace_commands[], group_commands[], catalog_commands[],
    transaction_commands[], producer_group_commands[], cluster_commands[], config_commands[],
    reset_commands[], timer_commands[], sql_commands[], trend_commands[], dead_letter_commands[],
    doctor_commands[], controller_commands[], move_in_commands[], lost_commands[];

/* Deletes the topic from the targets and from all name servers; also for topics of a group. */
int delete_topic_everywhere(
    struct admin *admin, struct slice topic, struct slice cluster, const struct targets *targets);

/* FLAG rows that several commands share. */
#define FLAG_BROKER                                                                                \
	{                                                                                          \
		'b', "brokerAddr", FLAG_TEXT, "BROKER", 0, 0, 0,                                   \
		    "only this broker: host:port, or its name"                                     \
	}
#define FLAG_CLUSTER                                                                               \
	{                                                                                          \
		'c', "clusterName", FLAG_TEXT, "CLUSTER", 0, 0, 0,                                 \
		    "all masters of this cluster; optional when there is only one"                 \
	}
#define FLAG_TOPIC(text)                                                                           \
	{                                                                                          \
		't', "topic", FLAG_TEXT, "TOPIC", FLAG_REQUIRED, 0, 0, text                        \
	}

#endif
