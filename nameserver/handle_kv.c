#include "config.h"

#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/kv_table.h"
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

/* Whether the pair may be added, or may replace the one of this key. */
static bool
has_room(const struct namesrv *namesrv, const struct kv_header *header)
{
	struct kv_counts counts = kv_counts(namesrv->kv);
	struct slice before = kv_find(namesrv->kv, header->space, header->key);

	if (before.data == NULL && counts.pairs >= (size_t)namesrv->settings->max_kv_pairs)
		return false;
	return counts.bytes + header->key.len + header->value.len <=
	       (size_t)namesrv->settings->max_kv_bytes;
}

static enum verdict
put_kv_begin(struct request *request)
{
	struct namesrv *namesrv = namesrv_of(request);
	const struct kv_header *header = request->header;

	if (!has_room(namesrv, header)) {
		namesrv->n_kv_refused++;
		return request_refuse(request, RESPONSE_SYSTEM_BUSY,
		    "the pair is not kept: the name server holds %zu pairs of %zu bytes and takes "
		    "%lld pairs of %lld bytes in all (maxKvPairs, maxKvBytes)",
		    kv_counts(namesrv->kv).pairs, kv_counts(namesrv->kv).bytes,
		    (long long)namesrv->settings->max_kv_pairs,
		    (long long)namesrv->settings->max_kv_bytes);
	}
	if (kv_put(namesrv->kv, header->space, header->key, header->value) == -1)
		return refuse_unwritable(request);
	pair_changed(namesrv, header);
	return VERDICT_REPLY;
}

static enum verdict
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

static enum verdict
delete_kv_begin(struct request *request)
{
	struct namesrv *namesrv = namesrv_of(request);
	const struct kv_header *header = request->header;

	if (kv_delete(namesrv->kv, header->space, header->key) == -1)
		return refuse_unwritable(request);
	pair_changed(namesrv, header);
	return VERDICT_REPLY;
}

static enum verdict
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

const struct handler kv_handlers[] = {
	{ REQUEST_PUT_KV_CONFIG, "PUT_KV_CONFIG", put_kv_header_fields, sizeof(struct kv_header),
	    put_kv_begin, HANDLER_ADMIN },
	HANDLER_TYPED(GET_KV_CONFIG, kv_header, get_kv_begin, 0),
	HANDLER_TYPED(DELETE_KV_CONFIG, kv_header, delete_kv_begin, HANDLER_ADMIN),
	HANDLER_TYPED(GET_KVLIST_BY_NAMESPACE, namespace_header, list_kv_begin, 0),
	{ .name = NULL },
};
