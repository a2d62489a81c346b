#ifndef ADMIN_CMD_H
#define ADMIN_CMD_H

/* The commands: flags and run function of each row in commands.c. */

#include "admin/admin.h"

#define CMD(name)                                                                                  \
	extern const struct flag name##_flags[];                                                   \
	int name##_run(struct admin *admin)

/* cmd_topic.c */
CMD(update_topic);
CMD(delete_topic);
CMD(topic_list);
CMD(topic_route);
CMD(topic_status);
CMD(topic_cluster_list);
/* cmd_message.c, cmd_query.c */
CMD(send_message);
CMD(consume_message);
CMD(query_by_id);
CMD(query_by_key);
CMD(query_by_unique_key);
CMD(query_by_offset);
/* cmd_send_transaction.c */
CMD(send_transaction);
/* cmd_group.c */
CMD(consumer_progress);
CMD(update_group);
CMD(delete_group);
/* cmd_cluster.c */
CMD(cluster_list);
CMD(broker_status);
CMD(wipe_write_perm);
CMD(add_write_perm);
/* cmd_config.c */
CMD(get_broker_config);
CMD(update_broker_config);
CMD(get_name_server_config);
CMD(update_kv);
CMD(delete_kv);
/* cmd_transaction.c */
CMD(transaction_list);
CMD(transaction_show);
CMD(transaction_resume);
CMD(transaction_resolve);
/* cmd_producer_group.c */
CMD(update_producer_group);
CMD(delete_producer_group);
CMD(producer_group_list);

#undef CMD

/* Deletes the topic from those brokers and from all name servers; for topics of a group too. */
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
		    "all masters of this cluster; need not be said when there is one"              \
	}
#define FLAG_TOPIC(text)                                                                           \
	{                                                                                          \
		't', "topic", FLAG_TEXT, "TOPIC", FLAG_REQUIRED, 0, 0, text                        \
	}

#endif
