#include "config.h"

/* What slaves ask their master besides the stream, and how far they are. */

#include <stdio.h>
#include <string.h>

#include "broker/context.h"
#include "broker/replica/lease.h"
#include "broker/replica/move_in.h"
#include "broker/replica/ship.h"
#include "broker/state/replica.h"
#include "broker/state/replica_record.h"
#include "broker/store/store.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/ha_status.h"
#include "common/protocol/headers.h"
#include "common/protocol/move_in.h"

/* ---- 7021 ------------------------------------------------------------ */

/* A sentence why this slave is not let in, or absent. */
static struct slice
refusal_of(struct request *request, const struct ha_hello *hello)
{
	const struct broker *broker = request_broker(request);
	const struct broker_settings *settings = broker->settings;
	struct slave_view views[SHIP_LINKS_MAX];
	struct host peer = conn_peer_host(request->conn);
	int64_t end;

	if (broker->ship == NULL)
		return slice_of("this broker is a slave: ask its master");
	if (!slice_is(hello->cluster_name, settings->broker_cluster_name))
		return arena_printf(request->arena,
		    "the slave is of cluster %.*s, this master of %s: give both the same "
		    "brokerClusterName",
		    (int)hello->cluster_name.len, hello->cluster_name.data,
		    settings->broker_cluster_name);
	if (!slice_is(hello->broker_name, settings->broker_name))
		return arena_printf(request->arena,
		    "the slave is named %.*s, this master %s: a slave has its master's brokerName",
		    (int)hello->broker_name.len, hello->broker_name.data, settings->broker_name);
	if (hello->broker_id <= 0)
		return slice_of("a slave has a brokerId above 0");
	size_t n = ship_views(broker->ship, views, &end);

	peer.port = 0;
	struct slice host = host_text(request->arena, &peer);
	for (size_t i = 0; i < n; i++)
		if (views[i].broker_id == hello->broker_id &&
		    strncmp(views[i].address, host.data, host.len - 1) != 0)
			return arena_printf(request->arena,
			    "another slave with brokerId %lld follows from %s: give each slave an "
			    "id of its own",
			    (long long)hello->broker_id, views[i].address);
	return SLICE_NONE;
}

/* In the request's arena. */
static const struct ha_epoch *
own_epochs(struct request *request, size_t *n)
{
	struct replica_epoch *all = arena_alloc(request->arena, REPLICA_EPOCHS_MAX * sizeof *all);
	struct ha_epoch *epochs;

	*n = replica_record_epochs(request_broker(request)->replica_record, all);
	epochs = arena_alloc(request->arena, (*n + 1) * sizeof *epochs);
	for (size_t i = 0; i < *n; i++)
		epochs[i] = (struct ha_epoch){ all[i].epoch, all[i].position };
	return epochs;
}

static enum verdict
welcome_slave(struct request *request, const struct ha_hello *hello)
{
	const struct broker *broker = request_broker(request);
	struct ship_guest guest = {
		.broker_id = hello->broker_id,
		.wants_meta = hello->can_read_meta,
	};
	struct host peer = conn_peer_host(request->conn);
	struct store_bounds bounds;
	struct json_out out;
	struct buf text = { 0 };
	size_t n_epochs;
	const struct ha_epoch *epochs = own_epochs(request, &n_epochs);

	store_get_bounds(broker->store, &bounds);
	struct ha_welcome welcome = {
		.role = SLICE("MASTER"),
		.log = { .min_position = bounds.min_position,
		    .max_position = bounds.max_position,
		    .epochs = epochs,
		    .n_epochs = n_epochs,
		    .forgot = replica_record_forgot_epochs(broker->replica_record) },
		.ha_address = slice_of(broker->ha_address),
	};

	welcome.stream_from = guest.stream_from = ha_stream_from(&hello->log, &welcome.log);
	peer.port = 0;
	struct slice host = host_text(request->arena, &peer);
	snprintf(guest.host, sizeof guest.host, "%.*s", (int)host.len, host.data);
	const char *why = ship_invite(broker->ship, &guest);

	if (why != NULL)
		return request_refuse(request, RESPONSE_SYSTEM_BUSY, "%s", why);
	welcome.token = slice_of(guest.token);
	json_out_init(&out, &text);
	ha_welcome_write(&out, &welcome);
	return request_reply_body(request, json_finish(&out, request->arena));
}

static enum verdict
ha_hello_begin(struct request *request)
{
	struct ha_hello hello;

	if (ha_hello_read(request->arena, request->body, &hello) == -1)
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "the body is no hello of a slave");
	struct slice why = refusal_of(request, &hello);

	if (why.data != NULL)
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "%.*s", (int)why.len, why.data);
	return welcome_slave(request, &hello);
}

/* ---- 907 ------------------------------------------------------------- */

static void
fill_master(struct request *request, struct ha_status *status)
{
	struct slave_view *views = arena_alloc(request->arena, SHIP_LINKS_MAX * sizeof views[0]);
	int64_t end;
	size_t n = ship_views(request_broker(request)->ship, views, &end);
	struct ha_slave_status *slaves = arena_alloc(request->arena, (n + 1) * sizeof slaves[0]);

	for (size_t i = 0; i < n; i++) {
		slaves[i] = (struct ha_slave_status){
			.address = slice_of(views[i].address),
			.position = views[i].position,
			.lag_bytes = views[i].lag_bytes,
			.sent = views[i].sent,
			.bytes_per_second = views[i].bytes_per_second,
			.in_sync = views[i].in_sync,
			.broker_id = views[i].broker_id,
			.lag_ms = views[i].lag_ms,
			.since_ms = views[i].since_ms,
		};
		status->n_in_sync += views[i].in_sync;
	}
	status->slaves = slaves;
	status->n_slaves = n;
}

static void
fill_slave(struct request *request, struct ha_client_status *client)
{
	struct replica_state *state = arena_alloc(request->arena, sizeof *state);

	replica_get(request_broker(request)->replica, state);
	if (state->master[0] != '\0')
		client->master = slice_of(state->master);
	client->master_flushed = state->master_max;
	client->active = state->phase == REPLICA_COPYING;
}

static enum verdict
get_ha_status_begin(struct request *request)
{
	const struct broker *broker = request_broker(request);
	struct store_bounds bounds;
	struct ha_status status = { .master = broker->ship != NULL };
	struct buf text = { 0 };
	struct json_out out;

	store_get_bounds(broker->store, &bounds);
	if (status.master) {
		status.max_position = bounds.max_position;
		fill_master(request, &status);
	} else {
		status.client.max_position = bounds.max_position;
		fill_slave(request, &status.client);
	}
	json_out_init(&out, &text);
	ha_status_write(&out, &status);
	return request_reply_body(request, json_finish(&out, request->arena));
}

/* ---- 7023 ------------------------------------------------------------ */

static enum verdict
reply_move_in(struct request *request, const struct move_in_status *status)
{
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	move_in_status_write(&out, status);
	return request_reply_body(request, json_finish(&out, request->arena));
}

static enum verdict
move_in_request_begin(struct request *request)
{
	const struct move_in_header *header = request->header;
	struct broker *broker = request_broker(request);
	bool sync = slice_is(header->role, "SYNC_MASTER");
	struct move_in_status status;

	if (!slice_is(header->action, "look") && !slice_is(header->action, "move"))
		return request_refuse(
		    request, RESPONSE_INVALID_PARAMETER, "action is look or move");
	if (header->role.len != 0 && !sync && !slice_is(header->role, "ASYNC_MASTER"))
		return request_refuse(
		    request, RESPONSE_INVALID_PARAMETER, "role is ASYNC_MASTER or SYNC_MASTER");
	if (move_in_look(broker, request->arena, &status) == -1)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "this broker is no slave of a RocketMQ master, and has not been one");
	if (slice_is(header->action, "look") || status.state == MOVE_IN_MOVED)
		return reply_move_in(request, &status);
	status.refusal = move_in_begin(broker, sync, header->force, request->arena);
	status.state = status.refusal.len != 0 ? MOVE_IN_REFUSED : MOVE_IN_MOVING;
	if (status.refusal.len == 0)
		status.refusal = SLICE("");
	return reply_move_in(request, &status);
}

/* ---- 1007 ------------------------------------------------------------ */

/* In the form of RocketMQ's EpochEntryCache; the last epoch ends with the log. */
static enum verdict
get_epochs_begin(struct request *request)
{
	const struct broker *broker = request_broker(request);
	struct store_bounds bounds;
	struct buf text = { 0 };
	struct json_out out;
	size_t n;
	const struct ha_epoch *epochs = own_epochs(request, &n);

	store_get_bounds(broker->store, &bounds);
	json_out_init(&out, &text);
	json_open_object(&out);
	json_member_put_int(&out, "brokerId", atomic_load(&broker->id));
	json_member_put_text(&out, "brokerName", broker->settings->broker_name);
	json_member_put_text(&out, "clusterName", broker->settings->broker_cluster_name);
	json_key(&out, "epochList");
	json_open_array(&out);
	for (size_t i = 0; i < n; i++) {
		json_open_object(&out);
		json_member_put_int(&out, "endOffset", i + 1 < n ? epochs[i + 1].start : INT64_MAX);
		json_member_put_int(&out, "epoch", epochs[i].epoch);
		json_member_put_int(&out, "startOffset", epochs[i].start);
		json_close_object(&out);
	}
	json_close_array(&out);
	json_member_put_int(&out, "maxOffset", bounds.max_position);
	json_close_object(&out);
	return request_reply_body(request, json_finish(&out, request->arena));
}

/* ---- 1008 ------------------------------------------------------------ */

/* What it says is not believed: the quorum is asked. */
static enum verdict
role_changed_begin(struct request *request)
{
	lease_ask_soon(request_broker(request)->lease);
	return VERDICT_REPLY;
}

const struct handler replica_handlers[] = {
	HANDLER_PLAIN(HA_HELLO, ha_hello_begin, HANDLER_MAIN_PORT),
	HANDLER_PLAIN(GET_BROKER_HA_STATUS, get_ha_status_begin, 0),
	HANDLER_PLAIN(GET_BROKER_EPOCH_CACHE, get_epochs_begin, 0),
	HANDLER_TYPED(
	    MOVE_IN, move_in_header, move_in_request_begin, HANDLER_ADMIN | HANDLER_MAIN_PORT),
	HANDLER_PLAIN(NOTIFY_BROKER_ROLE_CHANGED, role_changed_begin, 0),
	{ .name = NULL },
};
