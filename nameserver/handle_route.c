#include "config.h"

#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "nameserver/namesrv.h"

static enum route_dialect
dialect_for(const struct request *request, const struct route_header *header)
{
	return header->accept_standard_json || request->command->version >= VERSION_QUOTED_KEYS
	           ? ROUTE_QUOTED_KEYS
	           : ROUTE_BARE_KEYS;
}

static enum verdict
get_route_begin(struct request *request)
{
	struct namesrv *namesrv = namesrv_of(request);
	const struct route_header *header = request->header;
	struct slice order_conf = namesrv_order_conf(namesrv, header->topic);
	enum route_dialect dialect = dialect_for(request, header);
	struct slice body, why;
	enum route_status status;

	if (header->zone_mode && header->zone_name.len != 0)
		status = routes_reply_zone(namesrv->routes, request->arena, header->topic,
		    order_conf, dialect, header->zone_name, &body, &why);
	else
		status = routes_reply(namesrv->routes, request->arena, header->topic, order_conf,
		    dialect, &body, &why);
	if (status != ROUTE_FOUND)
		return request_refuse(
		    request, RESPONSE_TOPIC_NOT_EXIST, "%.*s", (int)why.len, why.data);
	return request_reply_body(request, body);
}

const struct handler route_handlers[] = {
	HANDLER_TYPED(GET_ROUTEINFO_BY_TOPIC, route_header, get_route_begin, 0),
	{ .name = NULL },
};
