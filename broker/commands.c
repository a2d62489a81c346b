#include "config.h"

/*
 * Every request that the broker knows, by family. A family's rows stand at the end of its
 * handle_*.c file, below the functions that they name.
 */

#include "broker/context.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

static const struct handler config_handlers[] = {
	HANDLER_PLAIN(GET_BROKER_CONFIG, daemon_get_config, 0),
	HANDLER_PLAIN(EXPLAIN_CONFIG, daemon_explain_config, 0),
	HANDLER_PLAIN(UPDATE_BROKER_CONFIG, daemon_update_config, HANDLER_ADMIN),
	HANDLER_TYPED(GET_HOST_VIEW, host_view_header, daemon_get_host_view, 0),
	{ .name = NULL },
};

/* send/ */
extern const struct handler send_handlers[], send_back_handlers[], dead_letter_handlers[];
/* reply/ */
extern const struct handler reply_handlers[];
/* delay/ */
extern const struct handler recall_handlers[], timers_handlers[];
/* pull/ */
extern const struct handler pull_handlers[], query_handlers[], queue_handlers[], reset_handlers[];
/* pop/ */
extern const struct handler pop_handlers[], ack_handlers[], assignment_handlers[];
/* consumers/ */
extern const struct handler client_handlers[], connection_handlers[], directly_handlers[],
    group_view_handlers[], lock_handlers[], offset_handlers[], progress_handlers[];
/* catalog/ */
extern const struct handler topic_handlers[], group_handlers[];
/* retention/ */
extern const struct handler retention_handlers[], stats_handlers[];
/* trace/ */
extern const struct handler trace_handlers[];
/* sql/ */
extern const struct handler sql_handlers[];
/* trend/ */
extern const struct handler trend_handlers[];
/* replica/ */
extern const struct handler replica_handlers[];
/* transaction/ */
extern const struct handler transaction_handlers[], transaction_admin_handlers[],
    producer_group_handlers[], relay_in_handlers[];

const struct handler *const broker_families[] = {
	send_handlers,
	send_back_handlers,
	dead_letter_handlers,
	reply_handlers,
	recall_handlers,
	timers_handlers,
	pull_handlers,
	query_handlers,
	pop_handlers,
	ack_handlers,
	assignment_handlers,
	queue_handlers,
	reset_handlers,
	client_handlers,
	connection_handlers,
	directly_handlers,
	group_view_handlers,
	lock_handlers,
	offset_handlers,
	progress_handlers,
	topic_handlers,
	group_handlers,
	retention_handlers,
	stats_handlers,
	trace_handlers,
	sql_handlers,
	trend_handlers,
	replica_handlers,
	transaction_handlers,
	transaction_admin_handlers,
	producer_group_handlers,
	relay_in_handlers,
	config_handlers,
	NULL,
};
