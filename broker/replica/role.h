#ifndef BROKER_ROLE_H
#define BROKER_ROLE_H

/*
 * The role of this process. With enableControllerMode the quorum of name servers decides it, and
 * the decision lies in replica.json before it counts; brokerRole is then where a new store begins.
 * A process has one role as long as it runs: for another one it stops cleanly and starts again, in
 * the same process, with the same pid.
 */

#include "broker/context.h"
#include "broker/state/replica_record.h"

/*
 * First thing at a start: opens broker->replica_record, and sets broker_role and broker_id of the
 * settings, and broker->id. -1 after one line in the log.
 */
int role_choose(struct broker *broker);
/*
 * The store is open: a master that no quorum gives an epoch begins one. Its disk may have lost what
 * was not synced, and its slaves see by the epoch where their logs differ. -1 after one line in the
 * log.
 */
int role_begin_epoch(struct broker *broker);
/*
 * The quorum decided: a master of this epoch, or with 0 a slave. Writes it down and starts the
 * broker again. Loop 0; a decision that cannot be written is tried again later.
 */
void role_change(struct broker *broker, int64_t master_epoch, const struct replica_change *change);

#endif
