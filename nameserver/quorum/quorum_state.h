#ifndef NAMESERVER_QUORUM_STATE_H
#define NAMESERVER_QUORUM_STATE_H

/*
 * What the name servers agree on: for each broker name its replicas, which of them is the master in
 * which epoch, and which are in sync. Nothing else. The state changes by commands only, which come
 * from the log of the quorum in the same order everywhere. No function here reads a clock, a
 * setting or the network, so each name server computes the same state.
 *
 * The leader decides and puts its decision into a command. The command names the epochs that the
 * decision was made for. Applied later, on another state, it changes nothing.
 *
 * The words are those of RocketMQ's controller (ReplicasInfoManager of 5.3.3): a replica has an id
 * from 1 on, which lies on its disk; the epoch of the set grows with each change of the set. One
 * thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/slice.h"

enum {
	QUORUM_GROUPS_MAX = 1024, /* broker names; the same on all servers, so it is no option */
	QUORUM_REPLICAS_MAX = 16, /* of one broker name */
	QUORUM_TEXT_MAX = 255,    /* bytes of a name, an address or a check code */
};

struct quorum_replica {
	int64_t id; /* from 1 on */
	bool in_sync;
	char *address;    /* host:port */
	char *check_code; /* what the broker drew when it applied for the id */
};

struct quorum_group {
	char *cluster;
	char *name;
	uint32_t epoch;     /* of the master; 0: there was never one */
	uint32_t set_epoch; /* changes of the in-sync set */
	int64_t master;     /* 0: there was never one */
	int64_t next_id;
	size_t n_replicas;
	struct quorum_replica replicas[QUORUM_REPLICAS_MAX]; /* by id */
};

enum quorum_op {
	QUORUM_APPLY_ID = 1, /* cluster, name, id, address, check_code */
	QUORUM_ADDRESS,      /* name, id, address */
	QUORUM_PROMOTE,      /* name, epoch (the present one), id, unclean */
	QUORUM_ALTER,        /* name, epoch, set_epoch, id (of the master), ids */
	QUORUM_CLEAN,        /* name, id; id 0: all of the name */
};

struct quorum_command {
	enum quorum_op op;
	bool unclean; /* the new master need not be in sync */
	struct slice cluster, name, address, check_code;
	int64_t id;
	uint32_t epoch, set_epoch;
	size_t n_ids;
	int64_t ids[QUORUM_REPLICAS_MAX];
};

/* What became of a command. All but QUORUM_DONE left the state as it was. */
enum quorum_outcome {
	QUORUM_DONE,
	QUORUM_NO_GROUP,
	QUORUM_NO_REPLICA,
	QUORUM_ID_TAKEN,
	QUORUM_OTHER_EPOCH,     /* of the master */
	QUORUM_OTHER_SET_EPOCH, /* of the set */
	QUORUM_NOT_MASTER,
	QUORUM_NOT_IN_SYNC,
	QUORUM_SAME_SET,
	QUORUM_SET_WITHOUT_MASTER,
	QUORUM_FULL,
	QUORUM_BAD, /* bytes that are no command of this version */
};

struct quorum_state;

struct quorum_state *quorum_state_new(void);
void quorum_state_free(struct quorum_state *state);

enum quorum_outcome quorum_state_apply(
    struct quorum_state *state, const struct quorum_command *command);
/* The same without a change. */
enum quorum_outcome quorum_state_check(
    const struct quorum_state *state, const struct quorum_command *command);

/* Lent until the next command. NULL: not there. */
const struct quorum_group *quorum_state_find(const struct quorum_state *state, struct slice name);
size_t quorum_state_groups(const struct quorum_state *state);
/* The groups in order of their names, `index` from 0 on; NULL after the last one. */
const struct quorum_group *quorum_state_at(const struct quorum_state *state, size_t index);
/* NULL: not there. */
const struct quorum_replica *quorum_group_find(const struct quorum_group *group, int64_t id);

/* Adds a group of a snapshot and owns it then. -1: no commands could have made it; it is freed. */
int quorum_state_restore(struct quorum_state *state, struct quorum_group *group);

/*
 * Entries of the log and snapshots: big-endian, a version in front, zeros up to the next multiple
 * of 8 bytes (libraft wants that of its entries). A decoded command points into the bytes. 0, or -1
 * for bytes that are no command.
 */
void quorum_command_encode(const struct quorum_command *command, struct buf *to);
int quorum_command_decode(struct slice bytes, struct quorum_command *command);
void quorum_state_encode(const struct quorum_state *state, struct buf *to);
/* NULL for bytes that are no snapshot. */
struct quorum_state *quorum_state_decode(struct slice bytes);

#endif
