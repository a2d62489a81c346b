#include "config.h"

#include "common/protocol/ha_status.h"

#include "common/json/json_body.h"

static void
write_client(struct json_out *out, const struct ha_client_status *client)
{
	json_open_object(out);
	json_member_put_bool(out, "activated", client->active);
	json_member_put_int(out, "lastReadTimestamp", client->read_ms);
	json_member_put_int(out, "lastWriteTimestamp", client->written_ms);
	if (client->master.data != NULL)
		json_member_put_slice(out, "masterAddr", client->master);
	json_member_put_int(out, "masterFlushOffset", client->master_flushed);
	json_member_put_int(out, "maxOffset", client->max_position);
	json_member_put_int(out, "transferredByteInSecond", client->bytes_per_second);
	json_close_object(out);
}

static void
write_slave(struct json_out *out, const struct ha_slave_status *slave)
{
	json_open_object(out);
	json_member_put_slice(out, "addr", slave->address);
	json_member_put_int(out, "diff", slave->lag_bytes);
	json_member_put_bool(out, "inSync", slave->in_sync);
	json_member_put_int(out, "slaveAckOffset", slave->position);
	json_member_put_int(out, "transferFromWhere", slave->sent);
	json_member_put_int(out, "transferredByteInSecond", slave->bytes_per_second);
	json_member_put_int(out, "brokerId", slave->broker_id);
	json_member_put_int(out, "lagMillis", slave->lag_ms);
	json_member_put_int(out, "since", slave->since_ms);
	json_close_object(out);
}

void
ha_status_write(struct json_out *out, const struct ha_status *status)
{
	json_open_object(out);
	json_key(out, "haClientRuntimeInfo");
	write_client(out, &status->client);
	json_key(out, "haConnectionInfo");
	json_open_array(out);
	for (size_t i = 0; i < status->n_slaves; i++)
		write_slave(out, &status->slaves[i]);
	json_close_array(out);
	json_member_put_int(out, "inSyncSlaveNums", status->n_in_sync);
	json_member_put_bool(out, "master", status->master);
	json_member_put_int(out, "masterCommitLogMaxOffset", status->max_position);
	json_close_object(out);
}

static int
read_slave(struct arena *arena, const struct json *json, void *item)
{
	struct ha_slave_status *slave = item;

	(void)arena;
	*slave = (struct ha_slave_status){
		.address = json_member_text(json, "addr"),
		.position = json_member_int64(json, "slaveAckOffset", 0),
		.lag_bytes = json_member_int64(json, "diff", 0),
		.sent = json_member_int64(json, "transferFromWhere", 0),
		.bytes_per_second = json_member_int64(json, "transferredByteInSecond", 0),
		.in_sync = json_member_bool(json, "inSync", false),
		.broker_id = json_member_int64(json, "brokerId", -1),
		.lag_ms = json_member_int64(json, "lagMillis", -1),
		.since_ms = json_member_int64(json, "since", 0),
	};
	return json_is_object(json) && slave->address.data != NULL ? 0 : -1;
}

int
ha_status_read(struct arena *arena, struct slice body, struct ha_status *status)
{
	const struct json *json = json_parse(arena, body);
	const struct json *client = json_member(json, "haClientRuntimeInfo");

	if (!json_is_object(json))
		return -1;
	*status = (struct ha_status){
		.master = json_member_bool(json, "master", false),
		.max_position = json_member_int64(json, "masterCommitLogMaxOffset", 0),
		.n_in_sync = json_member_int64(json, "inSyncSlaveNums", 0),
		.client = {
			.master = json_member_text(client, "masterAddr"),
			.max_position = json_member_int64(client, "maxOffset", 0),
			.bytes_per_second = json_member_int64(client, "transferredByteInSecond", 0),
			.read_ms = json_member_int64(client, "lastReadTimestamp", 0),
			.written_ms = json_member_int64(client, "lastWriteTimestamp", 0),
			.master_flushed = json_member_int64(client, "masterFlushOffset", 0),
			.active = json_member_bool(client, "activated", false),
		},
	};
	status->slaves = json_items(arena, json_member(json, "haConnectionInfo"), JSON_ARRAY,
	    sizeof *status->slaves, read_slave, &status->n_slaves);
	return status->slaves != NULL ? 0 : -1;
}
