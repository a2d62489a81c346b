#include "config.h"

#include "common/protocol/controller.h"

#include "common/json/json_body.h"

#define NAME_ROWS(header)                                                                          \
	FIELD_ROW("clusterName", FIELD_CLUSTER, header, cluster_name, true, 0),                    \
	    FIELD_ROW("brokerName", FIELD_BROKER, header, broker_name, true, 0)
#define INVOKE_ROW(header) FIELD_ROW("invokeTime", FIELD_INT64, header, invoke_time, false, 0)
#define MASTER_ROWS                                                                                \
	FIELD_ROW("masterBrokerId", FIELD_INT64, master_reply, master_id, false, 0),               \
	    FIELD_ROW("masterAddress", FIELD_TEXT, master_reply, master_address, false, 0),        \
	    FIELD_ROW("masterEpoch", FIELD_INT32, master_reply, master_epoch, false, 0)

const struct field alter_set_header_fields[] = {
	FIELD_ROW("brokerName", FIELD_BROKER, alter_set_header, broker_name, true, 0),
	FIELD_ROW("masterBrokerId", FIELD_INT64, alter_set_header, master_id, true, 0),
	FIELD_ROW("masterEpoch", FIELD_INT32, alter_set_header, master_epoch, true, 0),
	INVOKE_ROW(alter_set_header),
	FIELD_END,
};

const struct field alter_set_reply_fields[] = {
	FIELD_ROW("newSyncStateSetEpoch", FIELD_INT32, alter_set_reply, set_epoch, true, 0),
	FIELD_END,
};

const struct field elect_header_fields[] = {
	NAME_ROWS(elect_header),
	FIELD_ROW("brokerId", FIELD_INT64, elect_header, broker_id, true, 0),
	FIELD_ROW("designateElect", FIELD_BOOL, elect_header, designate, false, 0),
	INVOKE_ROW(elect_header),
	FIELD_END,
};

const struct field elect_reply_fields[] = {
	MASTER_ROWS,
	FIELD_ROW("syncStateSetEpoch", FIELD_INT32, master_reply, set_epoch, false, 0),
	FIELD_END,
};

const struct field register_controller_reply_fields[] = {
	NAME_ROWS(master_reply),
	MASTER_ROWS,
	FIELD_ROW("syncStateSetEpoch", FIELD_INT32, master_reply, set_epoch, false, 0),
	FIELD_END,
};

const struct field replica_info_reply_fields[] = {
	MASTER_ROWS,
	FIELD_END,
};

const struct field register_controller_header_fields[] = {
	NAME_ROWS(register_controller_header),
	FIELD_ROW("brokerId", FIELD_INT64, register_controller_header, broker_id, true, 0),
	FIELD_ROW(
	    "brokerAddress", FIELD_ADDRESS, register_controller_header, broker_address, true, 0),
	INVOKE_ROW(register_controller_header),
	FIELD_END,
};

const struct field replica_info_header_fields[] = {
	FIELD_ROW("brokerName", FIELD_BROKER, replica_info_header, broker_name, true, 0),
	FIELD_END,
};

const struct field metadata_reply_fields[] = {
	FIELD_ROW("group", FIELD_TEXT, metadata_reply, group, false, 0),
	FIELD_ROW("controllerLeaderId", FIELD_TEXT, metadata_reply, leader_id, false, 0),
	FIELD_ROW("controllerLeaderAddress", FIELD_TEXT, metadata_reply, leader_address, false, 0),
	FIELD_ROW("isLeader", FIELD_BOOL, metadata_reply, is_leader, true, 0),
	FIELD_ROW("peers", FIELD_TEXT, metadata_reply, peers, false, 0),
	FIELD_END,
};

const struct field clean_broker_header_fields[] = {
	FIELD_ROW("clusterName", FIELD_CLUSTER, clean_broker_header, cluster_name, false, 0),
	FIELD_ROW("brokerName", FIELD_BROKER, clean_broker_header, broker_name, true, 0),
	FIELD_ROW("brokerControllerIdsToClean", FIELD_TEXT, clean_broker_header, ids, false, 0),
	FIELD_ROW("isCleanLivingBroker", FIELD_BOOL, clean_broker_header, living, false, 0),
	INVOKE_ROW(clean_broker_header),
	FIELD_END,
};

const struct field next_id_header_fields[] = {
	NAME_ROWS(next_id_header),
	FIELD_END,
};

const struct field next_id_reply_fields[] = {
	NAME_ROWS(next_id_reply),
	FIELD_ROW("nextBrokerId", FIELD_INT64, next_id_reply, id, false, 0),
	FIELD_END,
};

const struct field apply_id_header_fields[] = {
	NAME_ROWS(apply_id_header),
	FIELD_ROW("appliedBrokerId", FIELD_INT64, apply_id_header, id, true, 0),
	FIELD_ROW("registerCheckCode", FIELD_TEXT, apply_id_header, check_code, true, 0),
	FIELD_END,
};

const struct field renew_lease_header_fields[] = {
	NAME_ROWS(renew_lease_header),
	FIELD_ROW("brokerId", FIELD_INT64, renew_lease_header, broker_id, true, 0),
	FIELD_ROW("brokerAddress", FIELD_ADDRESS, renew_lease_header, broker_address, true, 0),
	FIELD_ROW("masterEpoch", FIELD_INT32, renew_lease_header, master_epoch, true, 0),
	FIELD_ROW("knownEpoch", FIELD_INT32, renew_lease_header, known_epoch, true, 0),
	FIELD_ROW("maxOffset", FIELD_INT64, renew_lease_header, max_offset, true, 0),
	FIELD_ROW("wantsMaster", FIELD_BOOL, renew_lease_header, wants_master, false, 0),
	FIELD_ROW("givenUp", FIELD_BOOL, renew_lease_header, given_up, false, 0),
	FIELD_END,
};

const struct field renew_lease_reply_fields[] = {
	FIELD_ROW("masterBrokerId", FIELD_INT64, renew_lease_reply, master_id, true, 0),
	FIELD_ROW("masterAddress", FIELD_TEXT, renew_lease_reply, master_address, false, 0),
	FIELD_ROW("masterEpoch", FIELD_INT32, renew_lease_reply, master_epoch, true, 0),
	FIELD_ROW("syncStateSetEpoch", FIELD_INT32, renew_lease_reply, set_epoch, true, 0),
	FIELD_ROW("granted", FIELD_BOOL, renew_lease_reply, granted, true, 0),
	FIELD_ROW("gaveWay", FIELD_BOOL, renew_lease_reply, gave_way, false, 0),
	FIELD_ROW("leaseMs", FIELD_INT64, renew_lease_reply, lease_ms, true, 0),
	FIELD_END,
};

void
sync_set_write(struct json_out *out, const struct sync_set *set)
{
	json_open_object(out);
	json_key(out, "syncStateSet");
	json_open_array(out);
	for (size_t i = 0; i < set->n; i++)
		json_put_int(out, set->ids[i]);
	json_close_array(out);
	json_member_put_int(out, "syncStateSetEpoch", set->epoch);
	json_close_object(out);
}

static int
read_id(struct arena *arena, const struct json *json, void *item)
{
	(void)arena;
	return json_int64(json, item);
}

int
sync_set_read(struct arena *arena, struct slice body, struct sync_set *set)
{
	const struct json *json = json_parse(arena, body);

	*set = (struct sync_set){ .epoch = json_member_int32(json, "syncStateSetEpoch", -1) };
	if (!json_is_object(json) || set->epoch == -1)
		return -1;
	set->ids = json_items(arena, json_member(json, "syncStateSet"), JSON_ARRAY, sizeof(int64_t),
	    read_id, &set->n);
	return set->ids != NULL ? 0 : -1;
}
