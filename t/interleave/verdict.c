#include "config.h"

#include "t/interleave/verdict.h"

#include "t/interleave/model.h"

#define FLIGHT_MS 500 /* an ask may be on its way so long while the decision is answered */
#define CLOCK_MS 5    /* two clocks that count in milliseconds */

const char *
rule_name(enum rule rule)
{
	static const char *const names[N_RULES] = {
		[RULE_TWICE] = "delivered more than once",
		[RULE_OWN_ROLLBACK] = "delivered after the sender's rollback was accepted",
		[RULE_CHECK_ROLLBACK] = "delivered after a check's rollback was accepted",
		[RULE_UNCOMMITTED] = "delivered without a commit",
		[RULE_LOST] = "committed and not delivered",
		[RULE_ALTERED] = "message altered",
		[RULE_ASKED_AFTER] = "asked after its decision was acknowledged",
		[RULE_ASKED_EARLY] = "asked before its time",
		[RULE_ASKED_OFTEN] = "asked more often than is set",
		[RULE_FORGED] = "forged END accepted",
		[RULE_REFUSED] = "genuine END refused as forged",
		[RULE_BOTH] = "commit and rollback both accepted",
		[RULE_UNEXPLAINED] = "outcome that no order of the votes explains",
		[RULE_PARKED] = "parked twice, or although decided",
		[RULE_FORGOTTEN] = "undecided, and neither asked nor parked",
		[RULE_STATE] = "broker tells another outcome than it delivered",
		[RULE_CONTRADICTIONS] = "contradictions listed are not those planted",
		[RULE_CHANGED] = "records changed when read again",
		[RULE_GAP] = "gaps in the offsets of a queue",
		[RULE_STRAY] = "records that nobody sent",
	};

	return names[rule];
}

/* A history with what most rules ask for. */
struct view {
	const struct evidence *evidence;
	const struct entry *entries;
	size_t n;
	size_t n_delivered, n_parked, n_asked, n_resumed;
	struct ballot ballots[PLAN_VOTES_MAX];
	size_t n_ballots;
	struct worlds worlds;
};

/* Whether a vote like this began before the tick. */
static bool
voted_before(const struct view *view, enum vote vote, uint64_t tick)
{
	for (size_t i = 0; i < view->n_ballots; i++)
		if (view->ballots[i].vote == vote && view->ballots[i].begun < tick)
			return true;
	return false;
}

/* A rollback that was accepted before any commit was sent: the decision, beyond all doubt. */
static bool
rolled_back_first(const struct view *view, bool from_check)
{
	for (size_t i = 0; i < view->n_ballots; i++) {
		const struct ballot *ballot = &view->ballots[i];

		if (ballot->vote == VOTE_ROLLBACK && ballot->from_check == from_check &&
		    ballot->reply == REPLY_ACCEPTED &&
		    !voted_before(view, VOTE_COMMIT, ballot->ended))
			return true;
	}
	return false;
}

static bool
committed_first(const struct view *view)
{
	for (size_t i = 0; i < view->n_ballots; i++) {
		const struct ballot *ballot = &view->ballots[i];

		if (ballot->vote == VOTE_COMMIT &&
		    (ballot->reply == REPLY_ACCEPTED || ballot->sure) &&
		    !voted_before(view, VOTE_ROLLBACK, ballot->ended))
			return true;
	}
	return false;
}

static bool
was_accepted(const struct view *view, enum vote vote, bool also_from_check)
{
	for (size_t i = 0; i < view->n_ballots; i++) {
		const struct ballot *ballot = &view->ballots[i];

		if (ballot->vote == vote && ballot->reply == REPLY_ACCEPTED &&
		    (also_from_check || !ballot->from_check))
			return true;
	}
	return false;
}

/* When the decision was known outside the broker; INT64_MAX: it never was. */
static int64_t
decided_ms(const struct view *view)
{
	int64_t first_ms = INT64_MAX;

	for (size_t i = 0; i < view->n; i++) {
		const struct entry *entry = &view->entries[i];
		int64_t known_ms = INT64_MAX;

		if (entry->kind == ENTRY_DELIVERED)
			known_ms = entry->begun_ms;
		if ((entry->kind == ENTRY_END || entry->kind == ENTRY_ANSWER) &&
		    entry->vote != VOTE_UNKNOWN && entry->reply == REPLY_ACCEPTED)
			known_ms = entry->ended_ms;
		if (known_ms < first_ms)
			first_ms = known_ms;
	}
	return first_ms;
}

static bool
happened_after(const struct view *view, enum entry_kind kind, int64_t time_ms)
{
	for (size_t i = 0; i < view->n; i++)
		if (view->entries[i].kind == kind && time_ms != INT64_MAX &&
		    view->entries[i].begun_ms > time_ms + FLIGHT_MS)
			return true;
	return false;
}

static bool
replied(const struct view *view, enum entry_kind kind, enum reply reply)
{
	for (size_t i = 0; i < view->n; i++)
		if (view->entries[i].kind == kind && view->entries[i].reply == reply)
			return true;
	return false;
}

/* ---- the rules --------------------------------------------------------------- */

static bool
is_twice(const struct view *view)
{
	return view->n_delivered > 1;
}

static bool
is_after_own_rollback(const struct view *view)
{
	return view->n_delivered > 0 && rolled_back_first(view, false);
}

static bool
is_after_check_rollback(const struct view *view)
{
	return view->evidence->plan->group == GROUP_FIRST_WINS && view->n_delivered > 0 &&
	       rolled_back_first(view, true);
}

static bool
is_uncommitted(const struct view *view)
{
	for (size_t i = 0; i < view->n; i++)
		if (view->entries[i].kind == ENTRY_DELIVERED &&
		    !voted_before(view, VOTE_COMMIT, view->entries[i].begun))
			return true;
	return false;
}

static bool
is_lost(const struct view *view)
{
	return view->n_delivered == 0 && committed_first(view);
}

static bool
is_altered(const struct view *view)
{
	return view->evidence->altered;
}

static bool
is_asked_after(const struct view *view)
{
	return happened_after(view, ENTRY_ASKED, decided_ms(view));
}

static bool
is_asked_early(const struct view *view)
{
	const struct plan *plan = view->evidence->plan;
	int wait_ms =
	    plan->immunity_s > 0 ? plan->immunity_s * 1000 : view->evidence->settings->timeout_ms;

	for (size_t i = 0; i < view->n; i++)
		if (view->entries[i].kind == ENTRY_ASKED)
			return view->entries[i].begun_ms + CLOCK_MS <
			       view->entries[0].begun_ms + wait_ms;
	return false;
}

static bool
is_asked_often(const struct view *view)
{
	return view->n_asked > (size_t)view->evidence->settings->n_checks * (1 + view->n_resumed);
}

static bool
is_forged(const struct view *view)
{
	return replied(view, ENTRY_FORGED, REPLY_ACCEPTED);
}

static bool
is_refused(const struct view *view)
{
	return replied(view, ENTRY_END, REPLY_REFUSED) ||
	       replied(view, ENTRY_ANSWER, REPLY_REFUSED);
}

/* With commit-wins-once a sender's commit may be accepted behind the rollback of a check. */
static bool
is_both(const struct view *view)
{
	return was_accepted(view, VOTE_COMMIT, true) &&
	       was_accepted(view, VOTE_ROLLBACK, view->evidence->plan->group == GROUP_FIRST_WINS);
}

static bool
is_unexplained(const struct view *view)
{
	return !worlds_have(&view->worlds, view->n_delivered > 0, -1);
}

static bool
is_parked_wrongly(const struct view *view)
{
	return view->n_parked > 1 + view->n_resumed ||
	       happened_after(view, ENTRY_PARKED, decided_ms(view));
}

static bool
is_forgotten(const struct view *view)
{
	return view->entries[0].reply == REPLY_ACCEPTED && view->n_delivered == 0 &&
	       view->n_ballots == 0 && view->n_parked == 0;
}

static bool
is_told_otherwise(const struct view *view)
{
	bool delivered = view->n_delivered > 0;

	/* One that was acknowledged has to be in the books, where there are any. */
	if (view->evidence->state == TOLD_NOTHING)
		return view->evidence->contradictions >= 0 &&
		       view->entries[0].reply == REPLY_ACCEPTED;
	if (view->evidence->state == TOLD_OPEN)
		return true; /* all that was open has been asked often enough */
	if (view->evidence->state == TOLD_PARKED)
		return delivered || view->n_parked == 0 || !worlds_undecided(&view->worlds);
	return delivered != (view->evidence->state == TOLD_COMMITTED);
}

static bool
is_listed_wrongly(const struct view *view)
{
	int listed = view->evidence->contradictions;

	return listed >= 0 && worlds_have(&view->worlds, view->n_delivered > 0, -1) &&
	       !worlds_have(&view->worlds, view->n_delivered > 0, listed);
}

static bool (*const rules[N_RULES])(const struct view *view) = {
	[RULE_TWICE] = is_twice,
	[RULE_OWN_ROLLBACK] = is_after_own_rollback,
	[RULE_CHECK_ROLLBACK] = is_after_check_rollback,
	[RULE_UNCOMMITTED] = is_uncommitted,
	[RULE_LOST] = is_lost,
	[RULE_ALTERED] = is_altered,
	[RULE_ASKED_AFTER] = is_asked_after,
	[RULE_ASKED_EARLY] = is_asked_early,
	[RULE_ASKED_OFTEN] = is_asked_often,
	[RULE_FORGED] = is_forged,
	[RULE_REFUSED] = is_refused,
	[RULE_BOTH] = is_both,
	[RULE_UNEXPLAINED] = is_unexplained,
	[RULE_PARKED] = is_parked_wrongly,
	[RULE_FORGOTTEN] = is_forgotten,
	[RULE_STATE] = is_told_otherwise,
	[RULE_CONTRADICTIONS] = is_listed_wrongly,
};

uint32_t
verdict_find(const struct evidence *evidence)
{
	const struct history *history = evidence->history;
	struct view view = {
		.evidence = evidence,
		.entries = history->entries,
		.n = history->n,
		.n_delivered = history_count(history, ENTRY_DELIVERED),
		.n_parked = history_count(history, ENTRY_PARKED),
		.n_asked = history_count(history, ENTRY_ASKED),
		.n_resumed = history_count(history, ENTRY_RESUME),
	};
	uint32_t broken = 0;

	view.n_ballots = model_ballots(history, view.ballots);
	model_explore(
	    (enum plan_group)evidence->plan->group, view.ballots, view.n_ballots, &view.worlds);
	for (size_t i = 0; i < N_RULES; i++)
		if (rules[i] != NULL && rules[i](&view))
			broken |= 1u << i;
	return broken;
}
