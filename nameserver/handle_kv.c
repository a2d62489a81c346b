#include "config.h"

#include "common/protocol/bodies.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/json/json_body.h"
#include "nameserver/namesrv.h"

/* The queues of an ordered topic are part of its route. */
static void
pair_changed(struct namesrv *namesrv, const struct kv_header *header)
{
	if (slice_is(header->space, KV_ORDER_TOPICS))
		routes_forget(namesrv->routes, header->key);
}

static enum verdict
refuse_unwritable(struct request *request)
{
	return request_refuse(request, RESPONSE_SYSTEM_ERROR,
	    "the pair cannot be kept: namesrv.db cannot be written, see the log of the name "
	    "server");
}

enum verdict
put_kv_begin(struct request *request)
{
	struct namesrv *namesrv = namesrv_of(request);
	const struct kv_header *header = request->header;

	if (kv_put(namesrv->kv, header->space, header->key, header->value) == -1)
		return refuse_unwritable(request);
	pair_changed(namesrv, header);
	return VERDICT_REPLY;
}

enum verdict
get_kv_begin(struct request *request)
{
	const struct kv_header *header = request->header;
	struct kv_reply *reply = arena_alloc(request->arena, sizeof *reply);

	reply->value = kv_find(namesrv_of(request)->kv, header->space, header->key);
	if (reply->value.data == NULL)
		return request_refuse(request, RESPONSE_QUERY_NOT_FOUND,
		    "No config item, Namespace: %.*s Key: %.*s", (int)header->space.len,
		    header->space.data, (int)header->key.len, header->key.data);
	return request_reply(request, kv_reply_fields, reply);
}

enum verdict
delete_kv_begin(struct request *request)
{
	struct namesrv *namesrv = namesrv_of(request);
	const struct kv_header *header = request->header;

	if (kv_delete(namesrv->kv, header->space, header->key) == -1)
		return refuse_unwritable(request);
	pair_changed(namesrv, header);
	return VERDICT_REPLY;
}

enum verdict
list_kv_begin(struct request *request)
{
	const struct namespace_header *header = request->header;
	struct buf text = { 0 };
	struct json_out out;
	size_t n_pairs;
	const struct ext *pairs =
	    kv_list(namesrv_of(request)->kv, header->space, request->arena, &n_pairs);

	if (pairs == NULL)
		return request_refuse(request, RESPONSE_QUERY_NOT_FOUND,
		    "No config item, Namespace: %.*s", (int)header->space.len, header->space.data);
	json_out_init(&out, &text);
	kv_table_write(&out, pairs, n_pairs);
	return request_reply_body(request, json_finish(&out, request->arena));
}
