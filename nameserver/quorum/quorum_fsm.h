#ifndef NAMESERVER_QUORUM_FSM_H
#define NAMESERVER_QUORUM_FSM_H

/*
 * The state of the quorum as a state machine of libraft: entries of its log are commands, its
 * snapshots are ours. The result of an entry is its enum quorum_outcome, as a pointer. Belongs to
 * the thread that runs libraft.
 */

#include <raft.h>

#include "nameserver/quorum/quorum_state.h"

struct quorum_fsm {
	struct raft_fsm raft;
	struct quorum_state *state;
};

void quorum_fsm_init(struct quorum_fsm *fsm);
void quorum_fsm_release(struct quorum_fsm *fsm);
/* The command as an entry. 0, or -1 when memory is short; raft_apply owns the bytes then. */
int quorum_fsm_entry(const struct quorum_command *command, struct raft_buffer *entry);

#endif
