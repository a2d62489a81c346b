#include "config.h"

/*
 * Every request that the name server answers, by family; other codes get
 * REQUEST_CODE_NOT_SUPPORTED. A family's rows stand at the end of its handle_*.c file.
 */

#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "nameserver/namesrv.h"

static const struct handler config_handlers[] = {
	HANDLER_PLAIN(GET_NAMESRV_CONFIG, daemon_get_config, 0),
	HANDLER_PLAIN(EXPLAIN_CONFIG, daemon_explain_config, 0),
	HANDLER_PLAIN(UPDATE_NAMESRV_CONFIG, daemon_update_config, HANDLER_ADMIN),
	HANDLER_TYPED(GET_HOST_VIEW, host_view_header, daemon_get_host_view, 0),
	{ .name = NULL },
};

extern const struct handler route_handlers[], broker_handlers[], kv_handlers[], admin_handlers[],
    controller_handlers[];

const struct handler *const namesrv_families[] = {
	route_handlers,
	broker_handlers,
	kv_handlers,
	admin_handlers,
	controller_handlers,
	config_handlers,
	NULL,
};

/* A witness votes, knows who is the master, and has no routes. */
const struct handler *const namesrv_witness_families[] = {
	controller_handlers,
	config_handlers,
	NULL,
};
