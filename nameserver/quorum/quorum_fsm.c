#include "config.h"

#include "nameserver/quorum/quorum_fsm.h"

#include <string.h>

/* Bytes that raft_free releases: libraft may have an allocator of its own. */
static int
raft_copy(struct buf *from, struct raft_buffer *to)
{
	to->base = raft_malloc(from->len);
	if (to->base != NULL)
		memcpy(to->base, from->data, from->len);
	to->len = from->len;
	buf_release(from);
	return to->base != NULL ? 0 : -1;
}

int
quorum_fsm_entry(const struct quorum_command *command, struct raft_buffer *entry)
{
	struct buf bytes = { 0 };

	quorum_command_encode(command, &bytes);
	return raft_copy(&bytes, entry);
}

/* An entry that this version cannot read changes nothing, on every server of this version alike. */
static int
on_apply(struct raft_fsm *raft, const struct raft_buffer *entry, void **result)
{
	struct quorum_fsm *fsm = raft->data;
	struct quorum_command command;
	enum quorum_outcome outcome = QUORUM_BAD;

	if (quorum_command_decode((struct slice){ entry->base, entry->len }, &command) == 0)
		outcome = quorum_state_apply(fsm->state, &command);
	*result = (void *)(uintptr_t)outcome; /* NOLINT */
	return 0;
}

static int
on_snapshot(struct raft_fsm *raft, struct raft_buffer *bufs[], unsigned *n_bufs)
{
	struct quorum_fsm *fsm = raft->data;
	struct buf bytes = { 0 };

	*bufs = raft_malloc(sizeof **bufs);
	if (*bufs == NULL)
		return RAFT_NOMEM;
	quorum_state_encode(fsm->state, &bytes);
	if (raft_copy(&bytes, *bufs) == -1) {
		raft_free(*bufs);
		return RAFT_NOMEM;
	}
	*n_bufs = 1;
	return 0;
}

/* The bytes are ours only when this succeeds. */
static int
on_restore(struct raft_fsm *raft, struct raft_buffer *bytes)
{
	struct quorum_fsm *fsm = raft->data;
	struct quorum_state *state = quorum_state_decode((struct slice){ bytes->base, bytes->len });

	if (state == NULL)
		return RAFT_MALFORMED;
	quorum_state_free(fsm->state);
	fsm->state = state;
	raft_free(bytes->base);
	return 0;
}

void
quorum_fsm_init(struct quorum_fsm *fsm)
{
	*fsm = (struct quorum_fsm){
		.raft = { .version = 1,
		    .data = fsm,
		    .apply = on_apply,
		    .snapshot = on_snapshot,
		    .restore = on_restore },
		.state = quorum_state_new(),
	};
}

void
quorum_fsm_release(struct quorum_fsm *fsm)
{
	quorum_state_free(fsm->state);
}
