#include "config.h"

#include "broker/slave_commands.h"

#include <stdlib.h>

#include "broker/context.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"

/* ---- refusals -------------------------------------------------------- */

static enum verdict
refuse_write(struct request *request)
{
	return request_refuse(request, RESPONSE_SERVICE_NOT_AVAILABLE, BROKER_SLAVE_REFUSAL);
}

static enum verdict
refuse_end(struct request *request)
{
	return request_refuse(request, RESPONSE_SLAVE_NOT_AVAILABLE, BROKER_SLAVE_REFUSAL);
}

static enum verdict
refuse_recall(struct request *request)
{
	return request_refuse(request, RESPONSE_SLAVE_NOT_AVAILABLE,
	    "recall failed, broker service not available: this broker is a slave");
}

static enum verdict
refuse_change(struct request *request)
{
	return request_refuse(request, RESPONSE_SYSTEM_ERROR,
	    "this broker is a slave, which changes nothing by itself: ask its master");
}

/* The next two remarks are RocketMQ's. */
static enum verdict
refuse_catalog(struct request *request)
{
	return request_refuse(request, RESPONSE_SYSTEM_ERROR,
	    "Can't modify topic or subscription group from slave broker, please execute it from "
	    "master broker.");
}

static enum verdict
refuse_reset(struct request *request)
{
	return request_refuse(
	    request, RESPONSE_SYSTEM_ERROR, "Can not reset offset in slave broker");
}

/* ---- the table ------------------------------------------------------- */

/*
 * Requests that their flags do not decide; refuse NULL: served. By flags HANDLER_ADMIN is
 * refuse_change, HANDLER_WRITE is refuse_write, and all other requests are served.
 */
static const struct slave_row {
	int32_t code;
	enum verdict (*refuse)(struct request *request);
} rows[] = {
	{ REQUEST_UPDATE_AND_CREATE_TOPIC, refuse_catalog },
	{ REQUEST_UPDATE_AND_CREATE_TOPIC_LIST, refuse_catalog },
	{ REQUEST_DELETE_TOPIC_IN_BROKER, refuse_catalog },
	{ REQUEST_UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, refuse_catalog },
	{ REQUEST_UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, refuse_catalog },
	{ REQUEST_DELETE_SUBSCRIPTIONGROUP, refuse_catalog },
	{ REQUEST_INVOKE_BROKER_TO_RESET_OFFSET, refuse_reset },
	{ REQUEST_END_TRANSACTION, refuse_end },
	{ REQUEST_RECALL_MESSAGE, refuse_recall },
	{ REQUEST_REPLAY_DEAD_LETTER, refuse_write },
	/* what is popped, and who holds a queue, is in the master's memory */
	{ REQUEST_POP_MESSAGE, refuse_write },
	{ REQUEST_NOTIFICATION, refuse_write },
	{ REQUEST_LOCK_BATCH_MQ, refuse_write },
	{ REQUEST_UNLOCK_BATCH_MQ, refuse_write },
	/* its own settings, its own disk, its own clients, its own role */
	{ REQUEST_MOVE_IN, NULL },
	{ REQUEST_UPDATE_BROKER_CONFIG, NULL },
	{ REQUEST_CLEAN_EXPIRED_CONSUMEQUEUE, NULL },
	{ REQUEST_CLEAN_UNUSED_TOPIC, NULL },
	{ REQUEST_DELETE_EXPIRED_COMMITLOG, NULL },
	{ REQUEST_CONSUME_MESSAGE_DIRECTLY, NULL },
};

static enum verdict (*refusal_of(const struct handler *handler))(struct request *request)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].code == handler->code)
			return rows[i].refuse;
	}
	if (handler->flags & HANDLER_ADMIN)
		return refuse_change;
	return handler->flags & HANDLER_WRITE ? refuse_write : NULL;
}

static struct handler
row_at_slave(const struct handler *handler)
{
	enum verdict (*refuse)(struct request * request) = refusal_of(handler);
	struct handler row = *handler;

	if (refuse == NULL)
		return row;
	row.begin = refuse;
	row.fields = NULL;
	row.header_size = 0;
	row.flags &= ~HANDLER_FREQUENT;
	return row;
}

struct handler *
slave_commands_new(const struct handler *const *families)
{
	struct handler *table;
	size_t n = 0;

	for (size_t f = 0; families[f] != NULL; f++)
		for (const struct handler *at = families[f]; at->name != NULL; at++)
			n++;
	table = mem_zalloc((n + 1) * sizeof *table);
	n = 0;
	for (size_t f = 0; families[f] != NULL; f++)
		for (const struct handler *at = families[f]; at->name != NULL; at++)
			table[n++] = row_at_slave(at);
	return table;
}
