#include "config.h"

#include "nameserver/quorum/quorum_state.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

struct quorum_state {
	size_t n;
	struct quorum_group *groups[QUORUM_GROUPS_MAX]; /* by name */
};

struct quorum_state *
quorum_state_new(void)
{
	return mem_zalloc(sizeof(struct quorum_state));
}

static void
release_replica(struct quorum_replica *replica)
{
	free(replica->address);
	free(replica->check_code);
}

static void
free_group(struct quorum_group *group)
{
	for (size_t i = 0; i < group->n_replicas; i++)
		release_replica(&group->replicas[i]);
	free(group->cluster);
	free(group->name);
	free(group);
}

void
quorum_state_free(struct quorum_state *state)
{
	if (state == NULL)
		return;
	for (size_t i = 0; i < state->n; i++)
		free_group(state->groups[i]);
	free(state);
}

/* ---- Reading ---- */

/* The index of the first group whose name is not less. */
static size_t
place_of(const struct quorum_state *state, struct slice name)
{
	size_t low = 0, high = state->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (slice_compare(slice_of(state->groups[middle]->name), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct quorum_group *
find_group(const struct quorum_state *state, struct slice name)
{
	size_t at = place_of(state, name);

	if (at == state->n || !slice_is(name, state->groups[at]->name))
		return NULL;
	return state->groups[at];
}

const struct quorum_group *
quorum_state_find(const struct quorum_state *state, struct slice name)
{
	return find_group(state, name);
}

size_t
quorum_state_groups(const struct quorum_state *state)
{
	return state->n;
}

const struct quorum_group *
quorum_state_at(const struct quorum_state *state, size_t index)
{
	return index < state->n ? state->groups[index] : NULL;
}

static struct quorum_replica *
find_replica(struct quorum_group *group, int64_t id)
{
	for (size_t i = 0; i < group->n_replicas; i++)
		if (group->replicas[i].id == id)
			return &group->replicas[i];
	return NULL;
}

const struct quorum_replica *
quorum_group_find(const struct quorum_group *group, int64_t id)
{
	for (size_t i = 0; i < group->n_replicas; i++)
		if (group->replicas[i].id == id)
			return &group->replicas[i];
	return NULL;
}

/* ---- What a command may do ---- */

static bool
text_fits(struct slice text)
{
	return text.len > 0 && text.len <= QUORUM_TEXT_MAX &&
	       memchr(text.data, 0, text.len) == NULL;
}

/* The first replica of a name has id 1: a broker that asks for more speaks of another quorum. */
static enum quorum_outcome
check_apply_id(const struct quorum_state *state, const struct quorum_group *group,
    const struct quorum_command *command)
{
	const struct quorum_replica *replica;

	if (!text_fits(command->name) || !text_fits(command->cluster) ||
	    !text_fits(command->address) || !text_fits(command->check_code))
		return QUORUM_BAD;
	if (group == NULL && command->id != 1)
		return QUORUM_ID_TAKEN;
	if (group == NULL)
		return state->n == QUORUM_GROUPS_MAX ? QUORUM_FULL : QUORUM_DONE;
	replica = quorum_group_find(group, command->id);
	if (replica != NULL)
		return slice_is(command->check_code, replica->check_code) ? QUORUM_DONE
		                                                          : QUORUM_ID_TAKEN;
	if (command->id != group->next_id || !slice_is(command->cluster, group->cluster))
		return QUORUM_ID_TAKEN;
	return group->n_replicas == QUORUM_REPLICAS_MAX ? QUORUM_FULL : QUORUM_DONE;
}

static enum quorum_outcome
check_promote(const struct quorum_group *group, const struct quorum_command *command)
{
	const struct quorum_replica *replica = quorum_group_find(group, command->id);

	if (replica == NULL)
		return QUORUM_NO_REPLICA;
	if (command->epoch != group->epoch)
		return QUORUM_OTHER_EPOCH;
	/* The first master of a name holds all there is. */
	if (!replica->in_sync && !command->unclean && group->epoch != 0)
		return QUORUM_NOT_IN_SYNC;
	return QUORUM_DONE;
}

static bool
names(const struct quorum_command *command, int64_t id)
{
	for (size_t i = 0; i < command->n_ids; i++)
		if (command->ids[i] == id)
			return true;
	return false;
}

static bool
same_set(const struct quorum_group *group, const struct quorum_command *command)
{
	for (size_t i = 0; i < group->n_replicas; i++)
		if (group->replicas[i].in_sync != names(command, group->replicas[i].id))
			return false;
	return true;
}

static enum quorum_outcome
check_alter(const struct quorum_group *group, const struct quorum_command *command)
{
	if (group->master == 0 || command->id != group->master)
		return QUORUM_NOT_MASTER;
	if (command->epoch != group->epoch)
		return QUORUM_OTHER_EPOCH;
	if (command->set_epoch != group->set_epoch)
		return QUORUM_OTHER_SET_EPOCH;
	for (size_t i = 0; i < command->n_ids; i++)
		if (quorum_group_find(group, command->ids[i]) == NULL)
			return QUORUM_NO_REPLICA;
	if (!names(command, group->master))
		return QUORUM_SET_WITHOUT_MASTER;
	return same_set(group, command) ? QUORUM_SAME_SET : QUORUM_DONE;
}

enum quorum_outcome
quorum_state_check(const struct quorum_state *state, const struct quorum_command *command)
{
	const struct quorum_group *group = find_group(state, command->name);

	if (command->op == QUORUM_APPLY_ID)
		return check_apply_id(state, group, command);
	if (group == NULL)
		return QUORUM_NO_GROUP;
	switch (command->op) {
	case QUORUM_ADDRESS:
		if (!text_fits(command->address))
			return QUORUM_BAD;
		return quorum_group_find(group, command->id) != NULL ? QUORUM_DONE
		                                                     : QUORUM_NO_REPLICA;
	case QUORUM_PROMOTE:
		return check_promote(group, command);
	case QUORUM_ALTER:
		return check_alter(group, command);
	case QUORUM_CLEAN:
		return command->id == 0 || quorum_group_find(group, command->id) != NULL
		           ? QUORUM_DONE
		           : QUORUM_NO_REPLICA;
	default:
		return QUORUM_BAD;
	}
}

/* ---- What it does ---- */

static void
insert_group(struct quorum_state *state, struct quorum_group *group)
{
	size_t at = place_of(state, slice_of(group->name));

	memmove(
	    &state->groups[at + 1], &state->groups[at], (state->n - at) * sizeof state->groups[0]);
	state->groups[at] = group;
	state->n++;
}

static struct quorum_group *
add_group(struct quorum_state *state, struct slice cluster, struct slice name)
{
	struct quorum_group *group = mem_zalloc(sizeof *group);

	group->cluster = slice_dup(cluster);
	group->name = slice_dup(name);
	group->next_id = 1;
	insert_group(state, group);
	return group;
}

static void
apply_id(struct quorum_state *state, const struct quorum_command *command)
{
	struct quorum_group *group = find_group(state, command->name);

	if (group == NULL)
		group = add_group(state, command->cluster, command->name);
	if (find_replica(group, command->id) != NULL)
		return; /* the broker repeats what it did not hear the answer of */
	group->replicas[group->n_replicas++] = (struct quorum_replica){
		.id = command->id,
		.address = slice_dup(command->address),
		.check_code = slice_dup(command->check_code),
	};
	group->next_id = command->id + 1;
}

static void
set_address(struct quorum_group *group, const struct quorum_command *command)
{
	struct quorum_replica *replica = find_replica(group, command->id);

	free(replica->address);
	replica->address = slice_dup(command->address);
}

/* The others come into the set again when they have copied what the new master has. */
static void
promote(struct quorum_group *group, int64_t id)
{
	group->master = id;
	group->epoch++;
	group->set_epoch++;
	for (size_t i = 0; i < group->n_replicas; i++)
		group->replicas[i].in_sync = group->replicas[i].id == id;
}

static void
alter(struct quorum_group *group, const struct quorum_command *command)
{
	group->set_epoch++;
	for (size_t i = 0; i < group->n_replicas; i++)
		group->replicas[i].in_sync = names(command, group->replicas[i].id);
}

static void
clean_group(struct quorum_state *state, struct quorum_group *group)
{
	size_t at = place_of(state, slice_of(group->name));

	free_group(group);
	state->n--;
	memmove(
	    &state->groups[at], &state->groups[at + 1], (state->n - at) * sizeof state->groups[0]);
}

/* A cleaned master stays named by nobody: the next election takes one of the set. */
static void
clean(struct quorum_state *state, struct quorum_group *group, int64_t id)
{
	struct quorum_replica *replica = find_replica(group, id);

	if (replica == NULL || group->n_replicas == 1) {
		clean_group(state, group);
		return;
	}
	release_replica(replica);
	group->n_replicas--;
	memmove(replica, replica + 1,
	    (size_t)(&group->replicas[group->n_replicas] - replica) * sizeof *replica);
	group->set_epoch++;
	if (group->master == id)
		group->master = 0;
}

enum quorum_outcome
quorum_state_apply(struct quorum_state *state, const struct quorum_command *command)
{
	struct quorum_group *group = find_group(state, command->name);
	enum quorum_outcome outcome = quorum_state_check(state, command);

	if (outcome != QUORUM_DONE)
		return outcome;
	switch (command->op) {
	case QUORUM_APPLY_ID:
		apply_id(state, command);
		break;
	case QUORUM_ADDRESS:
		set_address(group, command);
		break;
	case QUORUM_PROMOTE:
		promote(group, command->id);
		break;
	case QUORUM_ALTER:
		alter(group, command);
		break;
	case QUORUM_CLEAN:
		clean(state, group, command->id);
		break;
	}
	return QUORUM_DONE;
}

/* ---- Snapshots ---- */

static bool
group_is_sound(const struct quorum_group *group)
{
	if (!text_fits(slice_of(group->cluster)) || !text_fits(slice_of(group->name)) ||
	    group->n_replicas == 0 || group->master < 0 || group->next_id < 2)
		return false;
	for (size_t i = 0; i < group->n_replicas; i++) {
		const struct quorum_replica *replica = &group->replicas[i];

		if (replica->id < 1 || replica->id >= group->next_id ||
		    (i > 0 && replica->id <= replica[-1].id) ||
		    !text_fits(slice_of(replica->address)) ||
		    !text_fits(slice_of(replica->check_code)))
			return false;
	}
	return group->master == 0 || quorum_group_find(group, group->master) != NULL;
}

int
quorum_state_restore(struct quorum_state *state, struct quorum_group *group)
{
	if (!group_is_sound(group) || state->n == QUORUM_GROUPS_MAX ||
	    find_group(state, slice_of(group->name)) != NULL) {
		free_group(group);
		return -1;
	}
	insert_group(state, group);
	return 0;
}
