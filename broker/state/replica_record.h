#ifndef BROKER_REPLICA_RECORD_H
#define BROKER_REPLICA_RECORD_H

/*
 * What a replica knows about itself, in replica.json beside its store: the id that the quorum of
 * name servers gave to this disk, the role that it was given, and the epochs of its log: which one
 * began at which position. The file is replaced and synced before a change counts. It is no part of
 * meta.db, which slaves copy. One lock, a leaf; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

enum { REPLICA_EPOCHS_MAX = 1024 }; /* of a log; older ones are forgotten */

struct replica_epoch {
	int64_t epoch;
	int64_t position; /* of the log, where it began */
};

enum replica_role {
	REPLICA_ROLE_CONFIGURED, /* nothing was decided: brokerRole counts */
	REPLICA_ROLE_MASTER,
	REPLICA_ROLE_SLAVE,
};

/* How far a move from a RocketMQ master is (broker/replica/move_in.h). */
enum replica_move {
	REPLICA_MOVE_NONE,
	REPLICA_MOVE_BEGUN, /* nothing is followed any more; what waits is converted */
	REPLICA_MOVE_DONE, /* the role is that of `sync`, as long as brokerRole says SLAVE of `from`
	                    */
};

struct replica_moved {
	enum replica_move state;
	bool sync;      /* SYNC_MASTER, else ASYNC_MASTER */
	char from[128]; /* haMasterAddress at the move; empty: it was not set */
};

/* Why a replica has its role. */
enum replica_cause {
	REPLICA_CAUSE_CONFIGURED, /* the quorum changed nothing */
	REPLICA_CAUSE_LOST,       /* the peer was the master, and was lost */
	REPLICA_CAUSE_GAVE_WAY,   /* ... and gave way: it stopped, or a person elected this one */
	REPLICA_CAUSE_REPLACED,   /* the peer is the master, and this one was */
};

/* The last change of its role. */
struct replica_change {
	int64_t at_ms; /* wall clock; 0: there was none */
	int64_t epoch; /* that began with it */
	enum replica_cause cause;
	char peer[80]; /* its address; empty: not known */
};

const char *replica_cause_name(enum replica_cause cause); /* static */

struct replica_record;

/* NULL after one line in the log: the file is there and cannot be read. */
struct replica_record *replica_record_open(const char *directory);
void replica_record_free(struct replica_record *record);

/* 0: none yet. */
int64_t replica_record_id(struct replica_record *record);
/* A code for the application for an id: the same until there is one. Copied. */
void replica_record_check_code(
    struct replica_record *record, struct slice address, char code[static 128]);
enum replica_role replica_record_role(struct replica_record *record);
/*
 * The epoch that this replica was promoted to and has not begun yet; 0: none. A master that starts
 * without one asks for a new epoch.
 */
int64_t replica_record_promoted(struct replica_record *record);
/* The last epoch; 0: none. */
int64_t replica_record_last_epoch(struct replica_record *record);
/* When the last epoch began here, wall clock; 0: at another one, or never. */
int64_t replica_record_began_ms(struct replica_record *record);
void replica_record_change(struct replica_record *record, struct replica_change *change);
/* Copies the epochs, oldest first; returns how many. */
size_t replica_record_epochs(
    struct replica_record *record, struct replica_epoch epochs[static REPLICA_EPOCHS_MAX]);

/* There were epochs before those: more than REPLICA_EPOCHS_MAX. */
bool replica_record_forgot_epochs(struct replica_record *record);

/* Where the next start cuts the log, as the master does not have what is behind; -1: nowhere. */
int64_t replica_record_cut_at(struct replica_record *record);

/* Copied. */
void replica_record_moved(struct replica_record *record, struct replica_moved *moved);

/* Changes. 0, or -1 after one line in the log: it is not on disk, and does not count. */
int replica_record_set_id(struct replica_record *record, int64_t id);
int replica_record_set_role(struct replica_record *record, enum replica_role role, int64_t promoted,
    const struct replica_change *change);
/*
 * The log's records from this position on belong to the epoch. Later positions of former epochs are
 * forgotten with it, since the log was cut. Ends a promotion to it.
 */
int replica_record_begin_epoch(struct replica_record *record, int64_t epoch, int64_t position);
/*
 * A slave's log is its master's up to here: takes the epochs that its master had until there.
 * forgot: there were others before them.
 */
int replica_record_take_epochs(struct replica_record *record, const struct replica_epoch *epochs,
    size_t n, bool forgot, int64_t max_position);

int replica_record_set_moved(struct replica_record *record, const struct replica_moved *moved);

int replica_record_cut(struct replica_record *record, int64_t position);
/* It was cut, and ends here: epochs that began behind are forgotten with it. -1: it is empty. */
int replica_record_was_cut(struct replica_record *record, int64_t end);

#endif
