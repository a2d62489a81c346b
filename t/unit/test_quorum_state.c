#include "config.h"

#include "nameserver/quorum/quorum_state.h"

#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(quorum_state, .timeout = 30);

static enum quorum_outcome
apply_id(struct quorum_state *state, const char *name, int64_t id, const char *code)
{
	return quorum_state_apply(state, &(struct quorum_command){ .op = QUORUM_APPLY_ID,
					     .cluster = SLICE("c"),
					     .name = slice_of(name),
					     .id = id,
					     .address = SLICE("10.0.0.1:10911"),
					     .check_code = slice_of(code) });
}

static enum quorum_outcome
promote(struct quorum_state *state, const char *name, uint32_t epoch, int64_t id, bool unclean)
{
	return quorum_state_apply(state, &(struct quorum_command){ .op = QUORUM_PROMOTE,
					     .name = slice_of(name),
					     .id = id,
					     .epoch = epoch,
					     .unclean = unclean });
}

static enum quorum_outcome
alter(struct quorum_state *state, int64_t master, uint32_t epoch, uint32_t set_epoch, int64_t other)
{
	return quorum_state_apply(state, &(struct quorum_command){ .op = QUORUM_ALTER,
					     .name = SLICE("a"),
					     .id = master,
					     .epoch = epoch,
					     .set_epoch = set_epoch,
					     .n_ids = other != 0 ? 2 : 1,
					     .ids = { master, other } });
}

static struct quorum_state *
two_replicas(void)
{
	struct quorum_state *state = quorum_state_new();

	cr_assert_eq(apply_id(state, "a", 1, "x"), QUORUM_DONE);
	cr_assert_eq(apply_id(state, "a", 2, "y"), QUORUM_DONE);
	return state;
}

Test(quorum_state, an_id_belongs_to_the_disk_that_applied_for_it)
{
	struct quorum_state *state = quorum_state_new();

	cr_assert_eq(apply_id(state, "a", 2, "x"), QUORUM_ID_TAKEN);
	cr_assert_eq(apply_id(state, "a", 1, "x"), QUORUM_DONE);
	cr_assert_eq(apply_id(state, "a", 1, "x"), QUORUM_DONE, "the answer was lost");
	cr_assert_eq(apply_id(state, "a", 1, "y"), QUORUM_ID_TAKEN);
	cr_assert_eq(apply_id(state, "a", 3, "y"), QUORUM_ID_TAKEN);
	cr_assert_eq(apply_id(state, "a", 2, ""), QUORUM_BAD);
	cr_assert_eq(apply_id(state, "a", 2, "y"), QUORUM_DONE);
	cr_assert_eq(quorum_state_find(state, SLICE("a"))->next_id, 3);
	for (int64_t id = 3; id <= QUORUM_REPLICAS_MAX; id++)
		cr_assert_eq(apply_id(state, "a", id, "z"), QUORUM_DONE);
	cr_assert_eq(apply_id(state, "a", QUORUM_REPLICAS_MAX + 1, "z"), QUORUM_FULL);
	quorum_state_free(state);
}

Test(quorum_state, only_a_member_of_the_set_is_promoted_and_only_in_the_epoch_it_was_chosen_for)
{
	struct quorum_state *state = two_replicas();
	const struct quorum_group *group = quorum_state_find(state, SLICE("a"));

	cr_assert_eq(promote(state, "b", 0, 1, false), QUORUM_NO_GROUP);
	cr_assert_eq(promote(state, "a", 0, 3, false), QUORUM_NO_REPLICA);
	cr_assert_eq(promote(state, "a", 0, 1, false), QUORUM_DONE);
	cr_assert_eq(promote(state, "a", 0, 2, false), QUORUM_OTHER_EPOCH);
	cr_assert_eq(promote(state, "a", 1, 2, false), QUORUM_NOT_IN_SYNC);
	cr_assert_eq(alter(state, 1, 1, group->set_epoch, 2), QUORUM_DONE);
	cr_assert_eq(promote(state, "a", 1, 2, false), QUORUM_DONE);
	cr_assert_eq(group->epoch, 2);
	cr_assert_eq(group->master, 2);
	cr_assert(!group->replicas[0].in_sync && group->replicas[1].in_sync);
	cr_assert_eq(promote(state, "a", 2, 1, true), QUORUM_DONE, "a person may");
	quorum_state_free(state);
}

Test(quorum_state, a_former_master_changes_no_set)
{
	struct quorum_state *state = two_replicas();
	const struct quorum_group *group = quorum_state_find(state, SLICE("a"));

	cr_assert_eq(alter(state, 1, 0, 0, 2), QUORUM_NOT_MASTER);
	cr_assert_eq(promote(state, "a", 0, 1, false), QUORUM_DONE);
	cr_assert_eq(alter(state, 1, 1, 0, 2), QUORUM_OTHER_SET_EPOCH);
	cr_assert_eq(alter(state, 1, 1, 1, 0), QUORUM_SAME_SET);
	cr_assert_eq(alter(state, 1, 1, 1, 7), QUORUM_NO_REPLICA);
	cr_assert_eq(alter(state, 1, 1, 1, 2), QUORUM_DONE);
	cr_assert_eq(promote(state, "a", 1, 2, false), QUORUM_DONE);
	cr_assert_eq(alter(state, 1, 1, group->set_epoch, 2), QUORUM_NOT_MASTER);
	cr_assert_eq(alter(state, 2, 1, group->set_epoch, 1), QUORUM_OTHER_EPOCH);
	cr_assert_eq(alter(state, 2, 2, group->set_epoch, 1), QUORUM_DONE);
	quorum_state_free(state);
}

Test(quorum_state, what_is_cleaned_is_gone_and_its_id_is_not_given_again)
{
	struct quorum_state *state = two_replicas();
	struct quorum_command clean = { .op = QUORUM_CLEAN, .name = SLICE("a"), .id = 1 };

	cr_assert_eq(promote(state, "a", 0, 1, false), QUORUM_DONE);
	cr_assert_eq(quorum_state_apply(state, &clean), QUORUM_DONE);
	cr_assert_eq(quorum_state_apply(state, &clean), QUORUM_NO_REPLICA);
	cr_assert_eq(quorum_state_find(state, SLICE("a"))->master, 0);
	cr_assert_eq(apply_id(state, "a", 1, "x"), QUORUM_ID_TAKEN);
	cr_assert_eq(apply_id(state, "a", 3, "z"), QUORUM_DONE);
	clean.id = 0;
	cr_assert_eq(quorum_state_apply(state, &clean), QUORUM_DONE);
	cr_assert_eq(quorum_state_groups(state), 0);
	quorum_state_free(state);
}

/* ---- Bytes ---- */

static struct buf
snapshot_of(const struct quorum_state *state)
{
	struct buf bytes = { 0 };

	quorum_state_encode(state, &bytes);
	return bytes;
}

Test(quorum_state, a_snapshot_and_each_of_its_damages)
{
	struct quorum_state *state = two_replicas(), *copy;
	struct quorum_command clean = { .op = QUORUM_CLEAN, .name = SLICE("a"), .id = 1 };
	struct buf bytes, again;

	promote(state, "a", 0, 2, false);
	apply_id(state, "b", 1, "x");
	quorum_state_apply(state, &clean);
	bytes = snapshot_of(state);
	cr_assert_eq(bytes.len % 8, 0);
	copy = quorum_state_decode(buf_slice(&bytes));
	cr_assert_not_null(copy);
	again = snapshot_of(copy);
	cr_assert(slice_equal(buf_slice(&bytes), buf_slice(&again)));
	quorum_state_free(copy);
	for (size_t i = 0; i < bytes.len; i++) {
		cr_assert_null(quorum_state_decode((struct slice){ bytes.data, i }));
		for (int bit = 0; bit < 8; bit++) {
			bytes.data[i] ^= (char)(1 << bit);
			quorum_state_free(quorum_state_decode(buf_slice(&bytes)));
			bytes.data[i] ^= (char)(1 << bit);
		}
	}
	buf_release(&bytes);
	buf_release(&again);
	quorum_state_free(state);
}

Test(quorum_state, a_command_and_each_of_its_damages)
{
	struct quorum_command command = { .op = QUORUM_ALTER,
		.cluster = SLICE("cluster"),
		.name = SLICE("broker-a"),
		.address = SLICE("h:1"),
		.check_code = SLICE("h:1;7"),
		.unclean = true,
		.id = 3,
		.epoch = 4,
		.set_epoch = 5,
		.n_ids = 2,
		.ids = { 3, 9 } };
	struct quorum_command read;
	struct buf bytes = { 0 };

	quorum_command_encode(&command, &bytes);
	cr_assert_eq(bytes.len % 8, 0);
	cr_assert_eq(quorum_command_decode(buf_slice(&bytes), &read), 0);
	cr_assert(read.op == command.op && read.unclean && read.id == 3 && read.epoch == 4 &&
		  read.set_epoch == 5 && read.n_ids == 2 && read.ids[1] == 9 &&
		  slice_is(read.name, "broker-a") && slice_is(read.check_code, "h:1;7"));
	for (size_t i = 0; i < bytes.len; i++) {
		cr_assert_eq(quorum_command_decode((struct slice){ bytes.data, i }, &read), -1);
		for (int bit = 0; bit < 8; bit++) {
			bytes.data[i] ^= (char)(1 << bit);
			quorum_command_decode(buf_slice(&bytes), &read);
			bytes.data[i] ^= (char)(1 << bit);
		}
	}
	buf_release(&bytes);
}

/* Random commands: an epoch has one master, and a snapshot in between changes nothing. */
static void
random_command(struct quorum_command *command, const struct quorum_state *state)
{
	static const char *const group_names[] = { "a", "b", "c" };
	const char *name = group_names[random() % 3];
	const struct quorum_group *group = quorum_state_find(state, slice_of(name));

	*command = (struct quorum_command){
		.op = (enum quorum_op)(QUORUM_APPLY_ID + random() % 4),
		.unclean = random() % 8 == 0,
		.cluster = SLICE("c"),
		.name = slice_of(name),
		.address = SLICE("h:1"),
		.check_code = slice_of(random() % 2 == 0 ? "x" : "y"),
		.id = 1 + random() % 4,
	};
	if (group != NULL) {
		command->epoch = group->epoch - (random() % 4 == 0);
		command->set_epoch = group->set_epoch - (random() % 4 == 0);
	}
	command->n_ids = (size_t)random() % 4;
	for (size_t i = 0; i < command->n_ids; i++)
		command->ids[i] = 1 + random() % 4;
	if (random() % 100 == 0)
		command->op = QUORUM_CLEAN;
}

Test(quorum_state, an_epoch_has_one_master)
{
	struct quorum_state *state = quorum_state_new();

	srandom(14);
	for (int i = 0; i < 100000; i++) {
		struct quorum_command command;
		const struct quorum_group *group;
		uint32_t epoch = 0;
		int64_t master = 0;
		enum quorum_outcome checked;

		random_command(&command, state);
		group = quorum_state_find(state, command.name);
		if (group != NULL) {
			epoch = group->epoch;
			master = group->master;
		}
		checked = quorum_state_check(state, &command);
		cr_assert_eq(quorum_state_apply(state, &command), checked);
		group = quorum_state_find(state, command.name);
		if (group != NULL && command.op != QUORUM_CLEAN && epoch == group->epoch)
			cr_assert_eq(master, group->master);
		if (group != NULL && command.op == QUORUM_PROMOTE && checked == QUORUM_DONE)
			cr_assert_eq(group->epoch, epoch + 1);
		if (group != NULL && group->master != 0)
			cr_assert(quorum_group_find(group, group->master)->in_sync);
		if (i % 100 == 0) {
			struct buf bytes = snapshot_of(state);

			quorum_state_free(state);
			state = quorum_state_decode(buf_slice(&bytes));
			cr_assert_not_null(state);
			buf_release(&bytes);
		}
	}
	quorum_state_free(state);
}
