#include "config.h"

#include "broker/replica/role.h"

#include <string.h>

#include "broker/store/store.h"
#include "common/base/log.h"

/*
 * A slave that has moved from a RocketMQ master is the master, whatever its file says about it, as
 * long as the file says the same as at the move.
 */
static void
choose_moved(struct broker *broker)
{
	struct broker_settings *settings = broker->settings;
	struct replica_moved moved;

	replica_record_moved(broker->replica_record, &moved);
	if (moved.state != REPLICA_MOVE_DONE || settings->broker_role != BROKER_SLAVE ||
	    strcmp(moved.from,
		settings->ha_master_address != NULL ? settings->ha_master_address : "") != 0)
		return;
	settings->broker_role = moved.sync ? BROKER_SYNC_MASTER : BROKER_ASYNC_MASTER;
	settings->broker_id = 0;
	log_info(
	    "this broker has moved from a RocketMQ master and is the master now: say so in its "
	    "file, brokerRole=%s",
	    broker_role_name(settings->broker_role));
}

int
role_choose(struct broker *broker)
{
	struct broker_settings *settings = broker->settings;
	enum replica_role role;
	int64_t id;

	broker->replica_record = replica_record_open(settings->store_path_root_dir);
	if (broker->replica_record == NULL)
		return -1;
	if (!settings->enable_controller_mode) {
		choose_moved(broker);
		atomic_store(&broker->id, settings->broker_id);
		return 0;
	}
	role = replica_record_role(broker->replica_record);
	id = replica_record_id(broker->replica_record);
	/* As in RocketMQ: a slave that is promoted waits for its slaves. */
	if (role == REPLICA_ROLE_MASTER && settings->broker_role == BROKER_SLAVE)
		settings->broker_role = BROKER_SYNC_MASTER;
	if (role == REPLICA_ROLE_SLAVE)
		settings->broker_role = BROKER_SLAVE;
	if (settings->broker_role != BROKER_SLAVE)
		settings->broker_id = 0;
	else if (id != 0)
		settings->broker_id = id;
	else if (settings->broker_id == 0)
		settings->broker_id = 1;
	atomic_store(&broker->id, settings->broker_id);
	atomic_store(&broker->held_back, true);
	atomic_store(&broker->unagreed, true);
	return 0;
}

int
role_begin_epoch(struct broker *broker)
{
	struct replica_record *record = broker->replica_record;
	struct store_bounds bounds;

	if (broker->settings->enable_controller_mode || broker_is_slave(broker))
		return 0;
	store_get_bounds(broker->store, &bounds);
	return replica_record_begin_epoch(
	    record, replica_record_last_epoch(record) + 1, bounds.max_position);
}

void
role_change(struct broker *broker, int64_t master_epoch, const struct replica_change *change)
{
	enum replica_role role = master_epoch != 0 ? REPLICA_ROLE_MASTER : REPLICA_ROLE_SLAVE;

	if (replica_record_set_role(broker->replica_record, role, master_epoch, change) == -1)
		return;
	log_warn("this broker gets another role and starts again role=%s epoch=%lld cause=%s "
		 "peer=%s",
	    master_epoch != 0 ? "master" : "slave", (long long)master_epoch,
	    replica_cause_name(change->cause), change->peer);
	daemon_restart(broker->daemon);
}
