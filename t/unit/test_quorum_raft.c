#include "config.h"

#include "nameserver/quorum/quorum_fsm.h"

/*
 * The state machine under libraft's own fixture: elections, partitions, kills and lost disks, all
 * drawn from a seed, on a simulated network and clock.
 */

#include <criterion/criterion.h>
#include <raft.h>
#include <raft/fixture.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/mem.h"

TestSuite(quorum_raft, .timeout = 240);

#define N 3 /* two name servers and a witness */
#define EPOCHS 4096

struct rig {
	struct raft_fixture fixture;
	struct quorum_fsm fsms[N];
	int64_t master_of[EPOCHS]; /* what a client was told; 0: nothing yet */
	unsigned n_told;
	bool cut[N][N];
	bool dead[N];
};

/*
 * The fixture's disk forgets that a snapshot shortened its log when it truncates the log afterwards
 * (io truncate of libraft 0.15 reads beyond its entries), so what truncates takes no snapshots.
 */
static void
start(struct rig *rig, bool snapshots)
{
	struct raft_configuration configuration;

	cr_assert_eq(raft_fixture_initialize(&rig->fixture), 0);
	for (unsigned i = 0; i < N; i++) {
		quorum_fsm_init(&rig->fsms[i]);
		cr_assert_eq(raft_fixture_grow(&rig->fixture, &rig->fsms[i].raft), 0);
	}
	cr_assert_eq(raft_fixture_configuration(&rig->fixture, N, &configuration), 0);
	cr_assert_eq(raft_fixture_bootstrap(&rig->fixture, &configuration), 0);
	raft_configuration_close(&configuration);
	for (unsigned i = 0; i < N; i++) {
		raft_set_snapshot_threshold(
		    raft_fixture_get(&rig->fixture, i), snapshots ? 32 : 100000);
		raft_set_snapshot_trailing(raft_fixture_get(&rig->fixture, i), 8);
		raft_set_pre_vote(raft_fixture_get(&rig->fixture, i), true);
	}
	cr_assert_eq(raft_fixture_start(&rig->fixture), 0);
}

static void
stop(struct rig *rig)
{
	raft_fixture_close(&rig->fixture);
	for (unsigned i = 0; i < N; i++)
		quorum_fsm_release(&rig->fsms[i]);
	free(rig);
}

/* ---- Clients ---- */

struct proposal {
	struct raft_apply request;
	struct rig *rig;
	struct quorum_command command;
	bool over;
	int status;
	enum quorum_outcome outcome;
};

/* Two clients may never be told different masters of one epoch. */
static void
on_applied(struct raft_apply *request, int status, void *result)
{
	struct proposal *proposal = request->data;
	struct rig *rig = proposal->rig;

	proposal->over = true;
	proposal->status = status;
	proposal->outcome = (enum quorum_outcome)(uintptr_t)result;
	if (status == 0 && proposal->command.op == QUORUM_PROMOTE &&
	    proposal->outcome == QUORUM_DONE) {
		uint32_t epoch = proposal->command.epoch + 1;

		cr_assert_lt(epoch, EPOCHS);
		cr_assert_eq(rig->master_of[epoch], 0, "epoch %u was given twice", epoch);
		rig->master_of[epoch] = proposal->command.id;
		rig->n_told++;
	}
}

/* 0, or the error of raft_apply. The command must outlive the run, as its texts do. */
static int
propose(struct rig *rig, unsigned server, const struct quorum_command *command,
    struct proposal *proposal)
{
	struct raft_buffer entry;
	int error;

	*proposal = (struct proposal){ .rig = rig, .command = *command };
	proposal->request.data = proposal;
	cr_assert_eq(quorum_fsm_entry(command, &entry), 0);
	error = raft_apply(
	    raft_fixture_get(&rig->fixture, server), &proposal->request, &entry, 1, on_applied);
	if (error != 0)
		raft_free(entry.base);
	return error;
}

static bool
is_over(struct raft_fixture *fixture, void *arg)
{
	(void)fixture;
	return ((struct proposal *)arg)->over;
}

static unsigned
leader(struct rig *rig)
{
	cr_assert(raft_fixture_step_until_has_leader(&rig->fixture, 30000));
	return raft_fixture_leader_index(&rig->fixture);
}

static void
must(struct rig *rig, const struct quorum_command *command)
{
	struct proposal proposal;

	cr_assert_eq(propose(rig, leader(rig), command, &proposal), 0);
	cr_assert(raft_fixture_step_until(&rig->fixture, is_over, &proposal, 30000));
	cr_assert_eq(proposal.status, 0);
	cr_assert_eq(proposal.outcome, QUORUM_DONE);
}

static void
two_replicas(struct rig *rig)
{
	struct quorum_command apply = { .op = QUORUM_APPLY_ID,
		.cluster = SLICE("c"),
		.name = SLICE("a"),
		.address = SLICE("h:1"),
		.check_code = SLICE("x"),
		.id = 1 };

	must(rig, &apply);
	apply.id = 2;
	must(rig, &apply);
}

static void
assert_equal_states(struct rig *rig)
{
	struct buf first = { 0 };

	quorum_state_encode(rig->fsms[0].state, &first);
	for (unsigned i = 1; i < N; i++) {
		struct buf other = { 0 };

		quorum_state_encode(rig->fsms[i].state, &other);
		cr_assert(slice_equal(buf_slice(&first), buf_slice(&other)));
		buf_release(&other);
	}
	buf_release(&first);
}

Test(quorum_raft, a_cut_off_leader_decides_nothing)
{
	struct rig *rig = mem_zalloc(sizeof *rig);
	struct quorum_command promote = { .op = QUORUM_PROMOTE, .name = SLICE("a"), .id = 1 };
	struct proposal lost;
	unsigned old;

	start(rig, false);
	two_replicas(rig);
	must(rig, &promote);
	old = leader(rig);
	for (unsigned i = 0; i < N; i++)
		if (i != old) {
			raft_fixture_saturate(&rig->fixture, old, i);
			raft_fixture_saturate(&rig->fixture, i, old);
		}
	promote.epoch = 1;
	cr_assert_eq(propose(rig, old, &promote, &lost), 0);
	raft_fixture_step_until_elapsed(&rig->fixture, 8000);
	cr_assert(!lost.over || lost.status != 0);
	cr_assert_neq(leader(rig), old);
	promote.unclean = true;
	promote.id = 2;
	must(rig, &promote);
	for (unsigned i = 0; i < N; i++) {
		raft_fixture_desaturate(&rig->fixture, old, i);
		raft_fixture_desaturate(&rig->fixture, i, old);
	}
	raft_fixture_step_until_elapsed(&rig->fixture, 8000);
	cr_assert_eq(quorum_state_find(rig->fsms[old].state, SLICE("a"))->master, 2);
	assert_equal_states(rig);
	stop(rig);
}

/* ---- Whatever happens ---- */

static void
cut(struct rig *rig, unsigned from, unsigned to, bool on)
{
	if (from == to || rig->cut[from][to] == on)
		return;
	rig->cut[from][to] = on;
	if (on)
		raft_fixture_saturate(&rig->fixture, from, to);
	else
		raft_fixture_desaturate(&rig->fixture, from, to);
}

static void
heal(struct rig *rig)
{
	for (unsigned i = 0; i < N; i++)
		for (unsigned j = 0; j < N; j++)
			cut(rig, i, j, false);
	for (unsigned i = 0; i < N; i++) {
		if (rig->dead[i])
			raft_fixture_revive(&rig->fixture, i);
		rig->dead[i] = false;
	}
}

/* One or both directions of a link, or a server, at most one of them at a time. */
static void
misfortune(struct rig *rig)
{
	unsigned i = (unsigned)random() % N, j = (i + 1 + (unsigned)random() % (N - 1)) % N;

	heal(rig);
	switch (random() % 5) {
	case 0:
		cut(rig, i, j, true);
		break;
	case 1:
		cut(rig, i, j, true);
		cut(rig, j, i, true);
		break;
	case 2: /* a server alone */
		for (j = 0; j < N; j++) {
			cut(rig, i, j, true);
			cut(rig, j, i, true);
		}
		break;
	case 3:
		raft_fixture_kill(&rig->fixture, i);
		rig->dead[i] = true;
		break;
	default:
		raft_fixture_set_network_latency(&rig->fixture, i, 1 + (unsigned)random() % 200);
		raft_fixture_set_disk_latency(&rig->fixture, i, 1 + (unsigned)random() % 200);
	}
}

/* A client that knows the state of some server, often an old one, asks any server. */
static void
random_command(struct rig *rig, struct quorum_command *command)
{
	const struct quorum_group *group =
	    quorum_state_find(rig->fsms[random() % N].state, SLICE("a"));

	*command = (struct quorum_command){ .name = SLICE("a"), .id = 1 + random() % 2 };
	if (group != NULL) {
		command->epoch = group->epoch;
		command->set_epoch = group->set_epoch;
	}
	command->op = random() % 2 == 0 ? QUORUM_PROMOTE : QUORUM_ALTER;
	command->unclean = random() % 2 == 0;
	command->n_ids = 2;
	command->ids[0] = 1;
	command->ids[1] = 2;
}

static void
play(unsigned seed)
{
	enum { ROUNDS = 300 };
	struct rig *rig = mem_zalloc(sizeof *rig);
	struct proposal *proposals = mem_zalloc(ROUNDS * sizeof *proposals);

	srandom(seed);
	start(rig, false);
	two_replicas(rig);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct quorum_command command;

		if (random() % 8 == 0)
			misfortune(rig);
		random_command(rig, &command);
		for (unsigned server = 0; server < N; server++)
			if (!rig->dead[server] &&
			    raft_state(raft_fixture_get(&rig->fixture, server)) == RAFT_LEADER &&
			    propose(rig, server, &command, &proposals[i]) == 0)
				break;
		raft_fixture_step_until_elapsed(&rig->fixture, (unsigned)random() % 400);
	}
	heal(rig);
	for (unsigned i = 0; i < N; i++) {
		raft_fixture_set_network_latency(&rig->fixture, i, 15);
		raft_fixture_set_disk_latency(&rig->fixture, i, 10);
	}
	raft_fixture_step_until_elapsed(&rig->fixture, 30000);
	cr_assert_gt(rig->n_told, 10, "seed %u: only %u promotions", seed, rig->n_told);
	assert_equal_states(rig);
	stop(rig);
	free(proposals);
}

Test(quorum_raft, an_epoch_is_given_once_whatever_happens)
{
	const char *seed = getenv("QUORUM_SEED");

	for (unsigned i = 1; seed == NULL && i <= 5; i++)
		play(i);
	if (seed != NULL)
		play((unsigned)atoi(seed));
}

/* A server whose disk was lost starts empty and is given a snapshot. */
Test(quorum_raft, a_server_without_a_disk_gets_a_snapshot)
{
	struct rig *rig = mem_zalloc(sizeof *rig);
	struct quorum_command promote = {
		.op = QUORUM_PROMOTE, .name = SLICE("a"), .id = 1, .unclean = true
	};
	unsigned behind;

	start(rig, true);
	two_replicas(rig);
	behind = (leader(rig) + 1) % N;
	raft_fixture_kill(&rig->fixture, behind);
	for (promote.epoch = 0; promote.epoch < 100; promote.epoch++)
		must(rig, &promote);
	cr_assert_eq(quorum_state_find(rig->fsms[behind].state, SLICE("a"))->epoch, 0);
	raft_fixture_revive(&rig->fixture, behind);
	raft_fixture_step_until_elapsed(&rig->fixture, 10000);
	cr_assert_eq(quorum_state_find(rig->fsms[behind].state, SLICE("a"))->epoch, 100);
	assert_equal_states(rig);
	stop(rig);
}
