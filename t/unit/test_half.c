#include "config.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "t/lib/half_rig.h"
#include "t/lib/vfs_fault.h"

TestSuite(half, .timeout = 120);

static void
check(struct rig *rig)
{
	char *why = half_check(rig);

	cr_assert_null(why, "%s", why);
}

/* ---- every operation from every state -------------------------------------- */

/* How a half message came to be as it is: a new one, and then these. */
static const struct way {
	const char *name;
	enum half_state state;
	enum half_op ops[3]; /* ends with HALF_OP_NONE */
	bool revocable;      /* the rollback of it */
} ways[] = {
	{ "open", HALF_OPEN, { HALF_OP_NONE }, false },
	{ "asked", HALF_OPEN, { HALF_ASK, HALF_ASK }, false },
	{ "parked", HALF_PARKED, { HALF_PARK }, false },
	{ "resumed", HALF_OPEN, { HALF_PARK, HALF_RESUME }, false },
	{ "resumed unparked", HALF_OPEN, { HALF_ASK, HALF_RESUME }, false },
	{ "committed", HALF_NONE, { HALF_COMMIT }, false },
	{ "committed when parked", HALF_NONE, { HALF_PARK, HALF_COMMIT }, false },
	{ "rolled back", HALF_NONE, { HALF_ROLLBACK }, false },
	{ "rolled back when parked", HALF_NONE, { HALF_PARK, HALF_ROLLBACK }, false },
	{ "revocable", HALF_REVOCABLE, { HALF_ASK, HALF_ROLLBACK }, true },
	{ "overridden", HALF_NONE, { HALF_ROLLBACK, HALF_OVERRIDE }, true },
};

static const struct rule {
	const char *name;
	enum half_op op;
	bool allowed[HALF_REVOCABLE + 1]; /* by the state it is in */
	enum half_state after;
	bool revocable;
} rules[] = {
	{ "commit", HALF_COMMIT, { [HALF_OPEN] = true, [HALF_PARKED] = true }, HALF_NONE },
	{ "rollback", HALF_ROLLBACK,
	    { [HALF_OPEN] = true, [HALF_PARKED] = true, [HALF_REVOCABLE] = true }, HALF_NONE },
	{ "another rollback", HALF_ROLLBACK, { [HALF_OPEN] = true, [HALF_PARKED] = true },
	    HALF_REVOCABLE, true },
	{ "override", HALF_OVERRIDE, { [HALF_REVOCABLE] = true }, HALF_NONE },
	{ "ask", HALF_ASK, { [HALF_OPEN] = true }, HALF_OPEN },
	{ "park", HALF_PARK, { [HALF_OPEN] = true }, HALF_PARKED },
	{ "resume", HALF_RESUME, { [HALF_OPEN] = true, [HALF_PARKED] = true }, HALF_OPEN },
	{ "adopt", HALF_ADOPT, { [HALF_NONE] = true }, HALF_OPEN },
};

#define N_WAYS (sizeof ways / sizeof *ways)
#define N_RULES (sizeof rules / sizeof *rules)

static int64_t
bring(struct rig *rig, const struct way *way)
{
	int64_t position = half_store(rig, 60000);

	for (size_t i = 0; i < 3 && way->ops[i] != HALF_OP_NONE; i++) {
		struct half_change change = {
			.op = way->ops[i],
			.position = position,
			.due_in_ms = 60000,
			.revocable = way->revocable && way->ops[i] == HALF_ROLLBACK,
		};

		cr_assert_eq(half_change(rig, &change).status, APPEND_OK, "%s", way->name);
	}
	cr_assert_eq(half_find(rig, position).state, way->state, "%s", way->name);
	return position;
}

static void
try_rule(struct rig *rig, const struct way *way, const struct rule *rule, int64_t position)
{
	struct store_stats before, after;
	struct half_outcome outcome;

	store_get_stats(rig->store, &before);
	outcome = half_change(rig, &(struct half_change){ .op = rule->op,
				       .position = position,
				       .due_in_ms = 60000,
				       .revocable = rule->revocable });
	store_get_stats(rig->store, &after);
	if (rule->allowed[way->state]) {
		cr_assert_eq(outcome.status, APPEND_OK, "%s: %s", way->name, rule->name);
		cr_assert_eq(
		    half_find(rig, position).state, rule->after, "%s: %s", way->name, rule->name);
		return;
	}
	cr_assert_eq(outcome.status, APPEND_NOT_OPEN, "%s: %s", way->name, rule->name);
	cr_assert_eq(outcome.found, way->state, "%s: %s", way->name, rule->name);
	cr_assert_eq(half_find(rig, position).state, way->state, "%s: %s", way->name, rule->name);
	cr_assert_eq(after.max_position, before.max_position, "%s: %s stores something", way->name,
	    rule->name);
}

Test(half, every_act_from_every_state)
{
	struct rig rig;

	rig_init(&rig);
	rig_open(&rig);
	for (size_t i = 0; i < N_WAYS; i++)
		for (size_t j = 0; j < N_RULES; j++)
			try_rule(&rig, &ways[i], &rules[j], bring(&rig, &ways[i]));
	check(&rig);
	rig_release(&rig);
}

Test(half, and_the_same_after_a_restart)
{
	int64_t positions[N_WAYS][N_RULES];
	struct rig rig;

	rig_init(&rig);
	rig_open(&rig);
	for (size_t i = 0; i < N_WAYS; i++)
		for (size_t j = 0; j < N_RULES; j++)
			positions[i][j] = bring(&rig, &ways[i]);
	check(&rig);
	rig_close(&rig);
	rig_open(&rig);
	check(&rig);
	for (size_t i = 0; i < N_WAYS; i++)
		for (size_t j = 0; j < N_RULES; j++)
			try_rule(&rig, &ways[i], &rules[j], positions[i][j]);
	check(&rig);
	rig_release(&rig);
}

Test(half, what_is_no_half_message_cannot_be_decided)
{
	struct rig rig;

	rig_init(&rig);
	rig_open(&rig);
	int64_t position = half_store(&rig, 60000);
	struct outcome ordinary = rig_append(&rig, &(struct sample){ .topic = "ordinary" });
	struct half_outcome event = half_op(&rig, HALF_ASK, position);
	int64_t strange[] = { -1, INT64_MIN, INT64_MAX, position + 1, ordinary.position,
		event.position, ordinary.position + 1000000 };

	for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
		for (size_t j = 0; j < N_RULES && rules[j].op != HALF_ADOPT; j++)
			try_rule(&rig, &(struct way){ .name = "strange" }, &rules[j], strange[i]);
	cr_assert_eq(half_find(&rig, position).state, HALF_OPEN);
	check(&rig);
	free(ordinary.records);
	rig_release(&rig);
}

/* ---- many in one commit ---------------------------------------------- */

/* The writer takes what waits as one batch: all of these race for the same half message. */
Test(half, of_many_decisions_at_once_the_first_counts)
{
	struct half_outcome outcomes[40];
	struct rig rig;

	rig_init(&rig);
	rig_open(&rig);
	for (int round = 0; round < 20; round++) {
		int64_t position = half_store(&rig, 60000);
		enum half_op first = round % 2 ? HALF_COMMIT : HALF_ROLLBACK;

		for (int i = 0; i < 40; i++)
			half_submit(&rig,
			    &(struct half_change){
				.op = i == 0 ? first : HALF_COMMIT,
				.position = position,
			    },
			    0, &outcomes[i]);
		rig_wait(&rig);
		cr_assert_eq(outcomes[0].status, APPEND_OK);
		for (int i = 1; i < 40; i++)
			cr_assert_eq(outcomes[i].status, APPEND_NOT_OPEN);
		cr_assert_eq(half_deliveries(&rig, position), (size_t)round % 2);
	}
	check(&rig);
	rig_release(&rig);
}

/* ---- commits that fail ----------------------------------------------- */

static void
open_faulty(struct rig *rig, enum store_flush flush)
{
	vfs_fault_register();
	rig_init(rig);
	rig->options.vfs = "fault";
	rig->options.flush = flush;
	rig->options.flush_interval_ms = 100000;
	rig_open(rig);
}

/* A commit that does not happen changes nothing; the next one does. */
static void
fail_each(struct rig *rig, int code)
{
	int64_t positions[N_WAYS][N_RULES];

	for (size_t i = 0; i < N_WAYS; i++)
		for (size_t j = 0; j < N_RULES; j++)
			positions[i][j] = bring(rig, &ways[i]);
	for (size_t i = 0; i < N_WAYS; i++) {
		for (size_t j = 0; j < N_RULES; j++) {
			if (!rules[j].allowed[ways[i].state])
				continue;
			vfs_fault_plan(FAULT_WRITE, 1, true, code);
			struct half_outcome outcome = half_op(rig, rules[j].op, positions[i][j]);
			vfs_fault_plan(FAULT_WRITE, 0, false, 0);
			cr_assert_neq(
			    outcome.status, APPEND_OK, "%s: %s", ways[i].name, rules[j].name);
			cr_assert_neq(
			    outcome.status, APPEND_NOT_OPEN, "%s: %s", ways[i].name, rules[j].name);
			cr_assert_eq(half_find(rig, positions[i][j]).state, ways[i].state, "%s: %s",
			    ways[i].name, rules[j].name);
			/* A full disk is probed only now and then. */
			while ((outcome = half_op(rig, rules[j].op, positions[i][j])).status ==
			       APPEND_DISK_FULL)
				continue;
			cr_assert_eq(
			    outcome.status, APPEND_OK, "%s: %s", ways[i].name, rules[j].name);
		}
	}
	check(rig);
}

Test(half, a_commit_that_fails_changes_nothing)
{
	struct rig rig;

	open_faulty(&rig, STORE_FLUSH_ASYNC);
	fail_each(&rig, SQLITE_IOERR_WRITE);
	rig_close(&rig);
	rig_open(&rig);
	check(&rig);
	rig_release(&rig);
}

/* Several changes of one half message in the batch that fails: all are undone, the last first. */
Test(half, a_chain_of_changes_is_undone)
{
	static const enum half_op chain[] = { HALF_ASK, HALF_ASK, HALF_PARK, HALF_RESUME, HALF_ASK,
		HALF_COMMIT, HALF_ROLLBACK };
	struct half_outcome outcomes[3 * 7];
	int64_t positions[3];
	struct rig rig;

	open_faulty(&rig, STORE_FLUSH_ASYNC);
	for (int i = 0; i < 3; i++)
		positions[i] = half_store(&rig, 60000);
	cr_assert_eq(half_op(&rig, HALF_PARK, positions[1]).status, APPEND_OK);
	cr_assert_eq(half_op(&rig, HALF_ASK, positions[2]).status, APPEND_OK);
	vfs_fault_plan(FAULT_WRITE, 1, true, SQLITE_IOERR_WRITE);
	for (int i = 0; i < 21; i++)
		half_submit(&rig,
		    &(struct half_change){ .op = chain[i / 3], .position = positions[i % 3] },
		    i / 3 + 1, &outcomes[i]);
	rig_wait(&rig);
	vfs_fault_plan(FAULT_WRITE, 0, false, 0);
	for (int i = 0; i < 21; i++)
		cr_assert_neq(outcomes[i].status, APPEND_OK);
	check(&rig);
	cr_assert_eq(half_find(&rig, positions[0]).n_asked, 0);
	cr_assert_eq(half_find(&rig, positions[1]).state, HALF_PARKED);
	cr_assert_eq(half_find(&rig, positions[2]).n_asked, 1);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(half_op(&rig, HALF_COMMIT, positions[i]).status, APPEND_OK);
	check(&rig);
	rig_release(&rig);
}

/* A sync that fails: nothing is acknowledged until a restart, after which either may be so. */
Test(half, a_failed_sync_leaves_it_to_the_restart)
{
	struct rig rig;

	open_faulty(&rig, STORE_FLUSH_SYNC);
	int64_t one = half_store(&rig, 60000), other = half_store(&rig, 60000);

	vfs_fault_plan(FAULT_SYNC, 1, false, SQLITE_IOERR_FSYNC);
	cr_assert_eq(half_op(&rig, HALF_COMMIT, one).status, APPEND_FAILED);
	cr_assert_eq(half_op(&rig, HALF_COMMIT, one).status, APPEND_FAILED);
	cr_assert_eq(half_op(&rig, HALF_ROLLBACK, other).status, APPEND_FAILED);
	rig_close(&rig);
	rig_open(&rig);
	check(&rig);
	enum half_state now = half_find(&rig, one).state;
	struct half_outcome again = half_op(&rig, HALF_COMMIT, one);
	cr_assert_eq(again.status, now == HALF_OPEN ? APPEND_OK : APPEND_NOT_OPEN);
	cr_assert_eq(half_deliveries(&rig, one), 1);
	cr_assert_eq(half_op(&rig, HALF_COMMIT, other).status, APPEND_OK);
	check(&rig);
	rig_release(&rig);
}

/* ---- asking the table ------------------------------------------------ */

Test(half, a_list_in_parts_has_each_once)
{
	struct rig rig;
	size_t n;

	rig_init(&rig);
	rig_open(&rig);
	cr_assert_eq((free(half_list(&rig, &n)), n), 0);
	for (int i = 0; i < 1234; i++)
		half_store(&rig, 60000);
	struct half *halves = half_list(&rig, &n);
	cr_assert_eq(n, 1234);
	for (size_t i = 1; i < n; i++)
		cr_assert_lt(halves[i - 1].position, halves[i].position);
	free(halves);
	rig_release(&rig);
}

/* Positions of what is due now, at most `max`, which is then not due for a minute. */
static size_t
take_due(struct rig *rig, size_t max, int64_t *positions)
{
	struct half_job *job = half_ask(rig, HALF_DUE, 0, max, 60000);
	size_t n = job->n;

	cr_assert_leq(n, max);
	for (size_t i = 0; i < n; i++)
		positions[i] = job->halves[i].position;
	half_job_free(job);
	return n;
}

Test(half, due_ones_come_in_order_and_once)
{
	/* So far apart that not even a commit between them turns their order round. */
	static const int64_t waits[] = { 60000, 2000, 500, 60000, 1500, 1000, 0 };
	static const size_t order[] = { 6, 2, 5, 4, 1 };
	struct half_outcome outcomes[7];
	int64_t positions[7], due[7];
	struct rig rig;

	rig_init(&rig);
	rig_open(&rig);
	for (int i = 0; i < 7; i++)
		half_submit(&rig, &(struct half_change){ .op = HALF_STORE, .due_in_ms = waits[i] },
		    0, &outcomes[i]);
	rig_wait(&rig);
	for (int i = 0; i < 7; i++)
		positions[i] = outcomes[i].position;
	usleep(2050000);
	cr_assert_eq(take_due(&rig, 2, due), 2);
	cr_assert_eq(due[0], positions[order[0]]);
	cr_assert_eq(due[1], positions[order[1]]);
	cr_assert_eq(take_due(&rig, 7, due), 3);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(due[i], positions[order[2 + i]]);
	cr_assert_eq(take_due(&rig, 7, due), 0);
	/* Put off to now: due again, the others are not. */
	half_job_free(half_ask(&rig, HALF_SET_DUE, positions[3], 0, 0));
	cr_assert_eq(take_due(&rig, 7, due), 1);
	cr_assert_eq(due[0], positions[3]);
	check(&rig);
	rig_release(&rig);
}

/* Who took one looks after it only as long as the broker lives. */
Test(half, what_was_taken_is_due_again_after_a_restart)
{
	int64_t positions[2], due[2];
	struct rig rig;

	rig_init(&rig);
	rig.options.flush = STORE_FLUSH_SYNC; /* rows are of what is on the disk */
	rig_open(&rig);
	for (int i = 0; i < 2; i++)
		positions[i] = half_store(&rig, 0);
	cr_assert_eq(take_due(&rig, 2, due), 2);
	half_job_free(half_ask(&rig, HALF_SET_DUE, positions[1], 0, 60000));
	rig_close(&rig);
	rig_open(&rig);
	cr_assert_eq(take_due(&rig, 2, due), 1);
	cr_assert_eq(due[0], positions[0]);
	rig_release(&rig);
}

Test(half, what_is_decided_or_parked_is_never_due)
{
	int64_t positions[4], due[4];
	struct rig rig;

	rig_init(&rig);
	rig_open(&rig);
	for (int i = 0; i < 4; i++)
		positions[i] = half_store(&rig, 0);
	cr_assert_eq(half_op(&rig, HALF_COMMIT, positions[0]).status, APPEND_OK);
	cr_assert_eq(half_op(&rig, HALF_ROLLBACK, positions[1]).status, APPEND_OK);
	cr_assert_eq(half_op(&rig, HALF_PARK, positions[2]).status, APPEND_OK);
	cr_assert_eq(take_due(&rig, 4, due), 1);
	cr_assert_eq(due[0], positions[3]);
	cr_assert_eq(half_op(&rig, HALF_ASK, positions[3]).status, APPEND_OK);
	cr_assert_eq(take_due(&rig, 4, due), 0, "asked, so due in a minute");
	rig_release(&rig);
}

Test(half, a_parked_one_tells_where_its_copy_is)
{
	struct rig rig;
	struct half half;

	rig_init(&rig);
	rig_open(&rig);
	int64_t position = half_store(&rig, 0);
	cr_assert_eq(half_find(&rig, position).copy, -1);
	int64_t copy = half_op(&rig, HALF_PARK, position).position;
	half = half_find(&rig, position);
	cr_assert_eq(half.copy, copy);
	rig_close(&rig);
	rig_open(&rig);
	half = half_find(&rig, position);
	cr_assert_eq(half.state, HALF_PARKED);
	cr_assert_eq(half.copy, copy);
	rig_release(&rig);
}
