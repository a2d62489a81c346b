#ifndef COMMON_CONTROLLER_H
#define COMMON_CONTROLLER_H

/*
 * Headers and bodies of the requests by which brokers and tools ask the quorum of name servers who
 * is the master of a broker name. Source: org.apache.rocketmq.remoting.protocol.header.controller
 * and protocol.body of 5.3.3; RENEW_LEASE is ours. Any thread.
 */

#include "common/base/arena.h"
#include "common/json/json.h"
#include "common/protocol/fields.h"

/* CONTROLLER_ALTER_SYNC_STATE_SET; the body is a sync_set */
struct alter_set_header {
	struct slice broker_name;
	int64_t master_id;
	int32_t master_epoch;
	int64_t invoke_time;
};
extern const struct field alter_set_header_fields[];

struct alter_set_reply {
	int32_t set_epoch;
};
extern const struct field alter_set_reply_fields[];

/* CONTROLLER_ELECT_MASTER */
struct elect_header {
	struct slice cluster_name, broker_name;
	int64_t broker_id; /* -1: any */
	bool designate;
	int64_t invoke_time;
};
extern const struct field elect_header_fields[];

/* The answers that say who is the master. */
struct master_reply {
	struct slice cluster_name, broker_name; /* of a registration */
	int64_t master_id;                      /* 0 or -1: there is none */
	struct slice master_address;
	int32_t master_epoch, set_epoch;
};
extern const struct field elect_reply_fields[];
extern const struct field register_controller_reply_fields[];
extern const struct field replica_info_reply_fields[];

/* CONTROLLER_REGISTER_BROKER */
struct register_controller_header {
	struct slice cluster_name, broker_name;
	int64_t broker_id;
	struct slice broker_address;
	int64_t invoke_time;
};
extern const struct field register_controller_header_fields[];

/* CONTROLLER_GET_REPLICA_INFO */
struct replica_info_header {
	struct slice broker_name;
};
extern const struct field replica_info_header_fields[];

/* CONTROLLER_GET_METADATA_INFO */
struct metadata_reply {
	struct slice group, leader_id, leader_address;
	bool is_leader;
	struct slice peers;
};
extern const struct field metadata_reply_fields[];

/* CLEAN_BROKER_DATA */
struct clean_broker_header {
	struct slice cluster_name, broker_name;
	struct slice ids; /* separated by semicolons; absent: all */
	bool living;      /* also a replica that is alive */
	int64_t invoke_time;
};
extern const struct field clean_broker_header_fields[];

/* CONTROLLER_GET_NEXT_BROKER_ID; CONTROLLER_APPLY_BROKER_ID answers without the id. */
struct next_id_header {
	struct slice cluster_name, broker_name;
};
extern const struct field next_id_header_fields[];

struct next_id_reply {
	struct slice cluster_name, broker_name;
	int64_t id;
};
extern const struct field next_id_reply_fields[];

/* CONTROLLER_APPLY_BROKER_ID */
struct apply_id_header {
	struct slice cluster_name, broker_name;
	int64_t id;
	struct slice check_code; /* the broker's address, a semicolon, anything */
};
extern const struct field apply_id_header_fields[];

/*
 * RENEW_LEASE: a broker says that it is alive, and hears who is the master. The lease of a master
 * lasts lease_ms from the moment when it sent the request. The body of the answer is a sync_set.
 */
struct renew_lease_header {
	struct slice cluster_name, broker_name;
	int64_t broker_id; /* as the quorum gave it */
	struct slice broker_address;
	int32_t master_epoch; /* that it is the master of; 0: none, also at its start */
	int32_t known_epoch;  /* the highest that lies on its disk */
	int64_t max_offset;   /* where its log ends */
	/*
	 * It runs as a master: it may become the first one of its name, and is given a new epoch
	 * when it is the master and holds none.
	 */
	bool wants_master;
	bool given_up; /* it writes no more, whatever it was granted */
};
extern const struct field renew_lease_header_fields[];

struct renew_lease_reply {
	int64_t master_id; /* 0: there is none */
	struct slice master_address;
	int32_t master_epoch, set_epoch;
	bool granted; /* the sender is the master and may write */
	bool
	    gave_way; /* the former master gave up its lease, which the present one has not begun */
	int64_t lease_ms;
};
extern const struct field renew_lease_reply_fields[];

/* The replicas that have all that was acknowledged. */
struct sync_set {
	const int64_t *ids;
	size_t n;
	int32_t epoch;
};

void sync_set_write(struct json_out *out, const struct sync_set *set);
/* 0, or -1 for a body that is none. The ids are in the arena. */
int sync_set_read(struct arena *arena, struct slice body, struct sync_set *set);

#endif
