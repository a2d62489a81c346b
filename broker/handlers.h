#ifndef BROKER_HANDLERS_H
#define BROKER_HANDLERS_H

/*
 * The begin functions of the rows in commands.c, by family. A function's file
 * is named above it; what a request does stands there.
 */

#include "common/net/server.h"

struct broker;
struct worker;

/* handle_send.c */
enum verdict send_message_begin(struct request *request); /* 10, 310, 320 */

/* handle_transaction.c */
enum verdict end_transaction_begin(struct request *request); /* 37 */

/* handle_send_back.c */
enum verdict send_back_begin(struct request *request); /* 36 */

/* handle_pull.c */
enum verdict pull_message_begin(struct request *request); /* 11, 361 */

/* handle_query.c */
enum verdict query_message_begin(struct request *request);     /* 12 */
enum verdict view_message_begin(struct request *request);      /* 33 */
enum verdict search_offset_begin(struct request *request);     /* 29 */
enum verdict get_max_offset_begin(struct request *request);    /* 30 */
enum verdict get_min_offset_begin(struct request *request);    /* 31 */
enum verdict get_earliest_time_begin(struct request *request); /* 32 */

/* What a worker needs before its first send and pull; at start. */
void send_attach(struct worker *worker);
void pull_attach(struct worker *worker);

/* handle_client.c */
enum verdict heart_beat_begin(struct request *request);          /* 34 */
enum verdict unregister_client_begin(struct request *request);   /* 35 */
enum verdict get_consumer_list_begin(struct request *request);   /* 38 */
enum verdict check_client_config_begin(struct request *request); /* 46 */
/* The connection is about to go. */
void client_connection_closed(struct broker *broker, struct conn *conn);

/* handle_connection.c */
enum verdict get_consumer_connections_begin(struct request *request); /* 203 */
enum verdict get_producer_connections_begin(struct request *request); /* 204 */
enum verdict get_all_producers_begin(struct request *request);        /* 328 */
enum verdict get_running_info_begin(struct request *request);         /* 307 */

/* handle_offset.c */
enum verdict query_offset_begin(struct request *request);    /* 14 */
enum verdict update_offset_begin(struct request *request);   /* 15 */
enum verdict get_all_offsets_begin(struct request *request); /* 43 */

/* handle_topic.c */
enum verdict update_topic_begin(struct request *request);      /* 17 */
enum verdict update_topic_list_begin(struct request *request); /* 18 */
enum verdict delete_topic_begin(struct request *request);      /* 215 */
enum verdict get_all_topics_begin(struct request *request);    /* 21 */
enum verdict get_topic_begin(struct request *request);         /* 351 */
enum verdict get_system_topics_begin(struct request *request); /* 305 */

/* handle_group.c */
enum verdict update_group_begin(struct request *request);      /* 200 */
enum verdict update_group_list_begin(struct request *request); /* 225 */
enum verdict get_all_groups_begin(struct request *request);    /* 201 */
enum verdict get_group_begin(struct request *request);         /* 352 */
enum verdict delete_group_begin(struct request *request);      /* 207 */

/* handle_progress.c */
enum verdict get_topic_stats_begin(struct request *request);          /* 202 */
enum verdict get_consume_stats_begin(struct request *request);        /* 208 */
enum verdict get_broker_consume_stats_begin(struct request *request); /* 317 */
enum verdict query_topic_groups_begin(struct request *request);       /* 300 */

/* handle_stats.c */
enum verdict get_runtime_info_begin(struct request *request); /* 28 */
enum verdict view_stats_begin(struct request *request);       /* 315 */

/* handle_retention.c */
enum verdict clean_expired_begin(struct request *request); /* 306, 316, 329 */

/* handle_transaction_admin.c */
enum verdict resume_check_begin(struct request *request);        /* 323 */
enum verdict list_transactions_begin(struct request *request);   /* 7001 */
enum verdict show_transaction_begin(struct request *request);    /* 7002 */
enum verdict resume_transaction_begin(struct request *request);  /* 7003 */
enum verdict resolve_transaction_begin(struct request *request); /* 7004 */

/* handle_producer_group.c */
enum verdict update_producer_group_begin(struct request *request); /* 7005 */
enum verdict delete_producer_group_begin(struct request *request); /* 7006 */
enum verdict list_producer_groups_begin(struct request *request);  /* 7007 */

/* transaction_check_errand.c */
enum verdict relay_check_begin(struct request *request); /* 7010 */

#endif
