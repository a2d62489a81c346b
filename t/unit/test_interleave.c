#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "t/interleave/content.h"
#include "t/interleave/model.h"
#include "t/interleave/verdict.h"

TestSuite(interleave, .timeout = 30);

#define C VOTE_COMMIT
#define R VOTE_ROLLBACK
#define YES REPLY_ACCEPTED
#define NO REPLY_CONTRADICTED
#define MUTE REPLY_NONE
#define NEVER TICK_NEVER

/* The worlds as text: "committed 0 2, rolled back 1", in the order of states. */
static void
worlds_write(const struct worlds *worlds, struct buf *text)
{
	for (int state = 0; state < N_MODEL_STATES; state++) {
		if (worlds->contradictions[state] == 0)
			continue;
		buf_printf(text, "%s%s", text->len != 0 ? ", " : "",
		    model_state_name((enum model_state)state));
		for (int n = 0; n < 32; n++)
			if ((worlds->contradictions[state] & 1u << n) != 0)
				buf_printf(text, " %d", n);
	}
}

Test(interleave, all_orders_that_explain_the_replies)
{
	static const struct {
		const char *name;
		enum plan_group policy;
		size_t n;
		struct ballot ballots[4]; /* vote, reply, from a check, sure, begun, ended */
		const char *want;
	} cases[] = {
		{ "nothing", 0, 0, { { 0 } }, "undecided 0" },
		{ "a commit", 0, 1, { { C, YES, 0, 0, 1, 2 } }, "committed 0" },
		{ "one that may be lost", 0, 1, { { C, MUTE, 0, 0, 1, NEVER } },
		    "undecided 0, committed 0" },
		{ "one that is not", 0, 1, { { C, MUTE, 0, 1, 1, NEVER } }, "committed 0" },
		{ "said again", 0, 2, { { C, YES, 0, 0, 1, 2 }, { C, YES, 0, 0, 3, 4 } },
		    "committed 0" },
		{ "first wins", 0, 2, { { R, YES, 0, 0, 1, 2 }, { C, NO, 0, 0, 3, 4 } },
		    "rolled back 1" },
		{ "both cannot be", 0, 2, { { R, YES, 0, 0, 1, 2 }, { C, YES, 0, 0, 3, 4 } }, "" },
		{ "not against the order", 0, 2, { { R, NO, 0, 0, 1, 2 }, { C, YES, 0, 0, 3, 4 } },
		    "" },
		{ "but side by side", 0, 2, { { R, NO, 0, 0, 1, 4 }, { C, YES, 0, 0, 2, 3 } },
		    "committed 1" },
		{ "oneway, in either order", 0, 2,
		    { { R, MUTE, 0, 1, 1, NEVER }, { C, MUTE, 0, 1, 2, NEVER } },
		    "committed 1, rolled back 1" },
		{ "oneway, or lost", 0, 2,
		    { { R, MUTE, 0, 0, 1, NEVER }, { C, MUTE, 0, 1, 2, NEVER } },
		    "committed 0 1, rolled back 1" },
		{ "a check's rollback, first wins", GROUP_FIRST_WINS, 2,
		    { { R, YES, 1, 0, 1, 2 }, { C, NO, 0, 0, 3, 4 } }, "rolled back 1" },
		{ "a check's rollback, commit wins once", GROUP_COMMIT_WINS_ONCE, 3,
		    { { R, YES, 1, 0, 1, 2 }, { C, YES, 0, 0, 3, 4 }, { R, NO, 0, 0, 5, 6 } },
		    "committed 1" },
		{ "not a check's commit", GROUP_COMMIT_WINS_ONCE, 2,
		    { { R, YES, 1, 0, 1, 2 }, { C, NO, 1, 0, 3, 4 } }, "rolled back by a check 1" },
		{ "the sender's rollback is final", GROUP_COMMIT_WINS_ONCE, 3,
		    { { R, YES, 1, 0, 1, 2 }, { R, YES, 0, 0, 3, 4 }, { C, NO, 0, 0, 5, 6 } },
		    "rolled back 1" },
		{ "also where a check said so later", GROUP_COMMIT_WINS_ONCE, 3,
		    { { R, YES, 0, 0, 1, 2 }, { R, YES, 1, 0, 3, 4 }, { C, YES, 0, 0, 5, 6 } },
		    "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct worlds worlds;
		struct buf text = { 0 };

		model_explore(cases[i].policy, cases[i].ballots, cases[i].n, &worlds);
		worlds_write(&worlds, &text);
		cr_expect_str_eq(
		    buf_text(&text), cases[i].want, "%s: %s", cases[i].name, buf_text(&text));
		buf_release(&text);
	}
}

Test(interleave, explores_as_many_votes_as_a_plan_may_have)
{
	struct ballot ballots[PLAN_VOTES_MAX];
	struct worlds worlds;

	for (unsigned i = 0; i < PLAN_VOTES_MAX; i++)
		ballots[i] =
		    (struct ballot){ i % 3 == 0 ? R : C, MUTE, i % 2 == 0, false, i, NEVER };
	model_explore(GROUP_COMMIT_WINS_ONCE, ballots, PLAN_VOTES_MAX, &worlds);
	for (int state = 0; state < N_MODEL_STATES; state++)
		cr_expect_neq(worlds.contradictions[state], 0, "%d", state);
}

#define HALF                                                                                       \
	{                                                                                          \
		.kind = ENTRY_HALF, .reply = YES, .begun = 1, .ended = 2, .begun_ms = 0,           \
		.ended_ms = 1                                                                      \
	}
#define END(v, r, at)                                                                              \
	{                                                                                          \
		.kind = ENTRY_END, .vote = v, .reply = r, .begun = at, .ended = (at) + 1,          \
		.begun_ms = at, .ended_ms = (at) + 1                                               \
	}
#define ANSWER(v, r, at)                                                                           \
	{                                                                                          \
		.kind = ENTRY_ANSWER, .vote = v, .reply = r, .begun = at, .ended = (at) + 1,       \
		.begun_ms = at, .ended_ms = (at) + 1                                               \
	}
#define SEEN(what, at)                                                                             \
	{                                                                                          \
		.kind = what, .begun = at, .ended = NEVER, .begun_ms = at                          \
	}
#define BROKEN(rule) (1u << RULE_##rule)

static const struct plan_settings settings = {
	.timeout_ms = 400, .interval_ms = 400, .n_checks = 2
};

Test(interleave, each_rule_finds_its_breach)
{
	static const struct {
		const char *name;
		enum told_state state;
		int contradictions;
		size_t n;
		struct entry entries[6];
		uint32_t want;
	} cases[] = {
		{ "delivered", TOLD_COMMITTED, 0, 3,
		    { HALF, END(C, YES, 10), SEEN(ENTRY_DELIVERED, 12) }, 0 },
		{ "rolled back", TOLD_ROLLED_BACK, 1, 3, { HALF, END(R, YES, 10), END(C, NO, 20) },
		    0 },
		{ "parked", TOLD_PARKED, 0, 4,
		    { HALF, SEEN(ENTRY_ASKED, 400), SEEN(ENTRY_ASKED, 800),
			SEEN(ENTRY_PARKED, 1200) },
		    0 },
		{ "twice", TOLD_NOTHING, -1, 4,
		    { HALF, END(C, YES, 10), SEEN(ENTRY_DELIVERED, 12), SEEN(ENTRY_DELIVERED, 13) },
		    BROKEN(TWICE) },
		{ "rollback, delivered", TOLD_NOTHING, -1, 4,
		    { HALF, END(R, YES, 10), END(C, YES, 20), SEEN(ENTRY_DELIVERED, 30) },
		    BROKEN(OWN_ROLLBACK) | BROKEN(BOTH) | BROKEN(UNEXPLAINED) },
		{ "a check's rollback, delivered", TOLD_NOTHING, -1, 5,
		    { HALF, SEEN(ENTRY_ASKED, 400), ANSWER(R, YES, 410), END(C, YES, 420),
			SEEN(ENTRY_DELIVERED, 430) },
		    BROKEN(CHECK_ROLLBACK) | BROKEN(BOTH) | BROKEN(UNEXPLAINED) },
		{ "no commit", TOLD_NOTHING, -1, 2, { HALF, SEEN(ENTRY_DELIVERED, 5) },
		    BROKEN(UNCOMMITTED) | BROKEN(UNEXPLAINED) },
		{ "the commit came later", TOLD_NOTHING, -1, 3,
		    { HALF, SEEN(ENTRY_DELIVERED, 5), END(C, YES, 10) }, BROKEN(UNCOMMITTED) },
		{ "lost", TOLD_NOTHING, -1, 2, { HALF, END(C, YES, 10) },
		    BROKEN(LOST) | BROKEN(UNEXPLAINED) },
		{ "asked after", TOLD_NOTHING, -1, 3,
		    { HALF, END(R, YES, 10), SEEN(ENTRY_ASKED, 600) }, BROKEN(ASKED_AFTER) },
		{ "an ask that was on its way", TOLD_NOTHING, -1, 3,
		    { HALF, END(R, YES, 410), SEEN(ENTRY_ASKED, 420) }, 0 },
		{ "asked early", TOLD_NOTHING, -1, 3,
		    { HALF, SEEN(ENTRY_ASKED, 300), END(R, YES, 310) }, BROKEN(ASKED_EARLY) },
		{ "asked often", TOLD_NOTHING, -1, 5,
		    { HALF, SEEN(ENTRY_ASKED, 400), SEEN(ENTRY_ASKED, 800), SEEN(ENTRY_ASKED, 1200),
			SEEN(ENTRY_PARKED, 1600) },
		    BROKEN(ASKED_OFTEN) },
		{ "forged", TOLD_NOTHING, -1, 3,
		    { HALF, { .kind = ENTRY_FORGED, .reply = YES, .begun = 5, .ended = 6 },
			END(R, YES, 10) },
		    BROKEN(FORGED) },
		{ "refused", TOLD_NOTHING, -1, 3,
		    { HALF, END(C, REPLY_REFUSED, 5), END(R, YES, 10) }, BROKEN(REFUSED) },
		{ "parked twice", TOLD_NOTHING, -1, 3,
		    { HALF, SEEN(ENTRY_PARKED, 900), SEEN(ENTRY_PARKED, 950) }, BROKEN(PARKED) },
		{ "parked late", TOLD_NOTHING, -1, 3,
		    { HALF, END(R, YES, 10), SEEN(ENTRY_PARKED, 950) }, BROKEN(PARKED) },
		{ "forgotten", TOLD_NOTHING, -1, 1, { HALF }, BROKEN(FORGOTTEN) },
		{ "still open", TOLD_OPEN, 0, 2, { HALF, SEEN(ENTRY_PARKED, 950) }, BROKEN(STATE) },
		{ "not in the books", TOLD_NOTHING, 0, 2, { HALF, END(R, YES, 10) },
		    BROKEN(STATE) },
		{ "told otherwise", TOLD_ROLLED_BACK, 0, 3,
		    { HALF, END(C, YES, 10), SEEN(ENTRY_DELIVERED, 12) }, BROKEN(STATE) },
		{ "a contradiction too many", TOLD_COMMITTED, 1, 3,
		    { HALF, END(C, YES, 10), SEEN(ENTRY_DELIVERED, 12) }, BROKEN(CONTRADICTIONS) },
		{ "one too few", TOLD_ROLLED_BACK, 0, 3, { HALF, END(R, YES, 10), END(C, NO, 20) },
		    BROKEN(CONTRADICTIONS) },
	};
	static const struct plan plan = { .group = GROUP_FIRST_WINS };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct history history = { 0 };
		struct evidence evidence = { &plan, &settings, &history, false, cases[i].state,
			cases[i].contradictions };

		for (size_t j = 0; j < cases[i].n; j++)
			history_add(&history, &cases[i].entries[j]);
		cr_expect_eq(verdict_find(&evidence), cases[i].want, "%s: %x", cases[i].name,
		    verdict_find(&evidence));
		history_release(&history);
	}
}

Test(interleave, plans_are_drawn_from_the_seed_alone)
{
	struct plan_settings other = settings;
	unsigned n_groups[N_GROUPS] = { 0 };
	unsigned n_same = 0;

	other.seed = 2;
	for (uint32_t i = 0; i < 1000; i++) {
		struct plan one, again, two;

		plan_make(&settings, i, &one);
		plan_make(&settings, i, &again);
		plan_make(&other, i, &two);
		cr_assert_eq(memcmp(&one, &again, sizeof one), 0);
		n_same += memcmp(&one, &two, sizeof one) == 0;
		cr_assert_leq(one.n_steps, PLAN_STEPS_MAX);
		cr_assert(one.n_replies >= 1 && one.n_replies <= PLAN_ANSWERS_MAX);
		n_groups[one.group]++;
	}
	cr_expect_lt(n_same, 10);
	cr_expect_gt(n_groups[GROUP_FIRST_WINS], 400);
	cr_expect_gt(n_groups[GROUP_COMMIT_WINS_ONCE], 400);
}

/* The record that a broker makes of it. */
static struct slice
record_of(const struct content *content, struct arena *arena)
{
	struct buf properties = { 0 };
	struct record record = {
		.topic = SLICE("T"),
		.body = content->body,
		.flag = content->flag,
		.sys_flag = SYS_FLAG_COMMIT,
		.born_host = { .ip_len = 4 },
		.store_host = { .ip_len = 4 },
	};
	char *data;

	property_append(&properties, SLICE("KEYS"), content->keys);
	property_append(&properties, SLICE("TAGS"), content->tags);
	property_append(&properties, SLICE("UNIQ_KEY"), SLICE("ID"));
	for (size_t i = 0; i < content->n_properties; i++)
		property_append(
		    &properties, content->properties[i].key, content->properties[i].value);
	record.properties = arena_copy(arena, buf_slice(&properties));
	buf_release(&properties);
	data = arena_alloc(arena, record_size(&record));
	record_encode(&record, data);
	return (struct slice){ data, record_size(&record) };
}

Test(interleave, a_message_that_was_altered_is_told)
{
	struct arena arena = { 0 };

	for (uint32_t i = 0; i < 100; i++) {
		struct content content = content_make(7, i, (int)(i % 3), &arena);
		struct content other = content_make(7, i + 1, (int)(i % 3), &arena);
		struct slice data = record_of(&content, &arena);
		struct record record;

		cr_assert_eq(record_decode(data.data, data.len, &record), 0);
		cr_expect_eq(content_number(&record), i);
		cr_expect_null(content_difference(&content, "ID", true, &record));
		cr_expect_str_eq(content_difference(&content, "OTHER", true, &record), "unique id");
		cr_expect_str_eq(content_difference(&other, "ID", true, &record), "body");
		other.body = content.body;
		cr_expect_str_eq(content_difference(&other, "ID", true, &record), "keys");
		record.flag++;
		cr_expect_str_eq(content_difference(&content, "ID", true, &record), "flag");
		cr_expect_null(content_difference(&content, "ID", false, &record));
	}
	arena_release(&arena);
}
