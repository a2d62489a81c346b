#include "config.h"

#include "t/interleave/model.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/mem.h"

struct search {
	enum plan_group policy;
	const struct ballot *ballots;
	size_t n;
	/* By votes counted and state: the numbers of contradictions with which it was reached. */
	uint32_t (*seen)[N_MODEL_STATES];
	struct worlds *worlds;
};

struct tally {
	enum model_state state;
	bool accepted; /* else it contradicts */
};

const char *
model_state_name(enum model_state state)
{
	static const char *const names[N_MODEL_STATES] = {
		[MODEL_UNDECIDED] = "undecided",
		[MODEL_COMMITTED] = "committed",
		[MODEL_ROLLED_BACK] = "rolled back",
		[MODEL_REVOCABLE] = "rolled back by a check",
	};

	return names[state];
}

/* The promise: mqbroker(8), the states of a transaction. */
static struct tally
count_vote(enum plan_group policy, enum model_state state, const struct ballot *ballot)
{
	bool commit = ballot->vote == VOTE_COMMIT;

	if (state == MODEL_UNDECIDED && commit)
		return (struct tally){ MODEL_COMMITTED, true };
	if (state == MODEL_UNDECIDED && policy == GROUP_COMMIT_WINS_ONCE && ballot->from_check)
		return (struct tally){ MODEL_REVOCABLE, true };
	if (state == MODEL_UNDECIDED)
		return (struct tally){ MODEL_ROLLED_BACK, true };
	if (state == MODEL_COMMITTED || state == MODEL_ROLLED_BACK)
		return (struct tally){ state, commit == (state == MODEL_COMMITTED) };
	/* Revocable: the sender has the last word, either way. */
	if (ballot->from_check)
		return (struct tally){ MODEL_REVOCABLE, !commit };
	return (struct tally){ commit ? MODEL_COMMITTED : MODEL_ROLLED_BACK, true };
}

/* Whether it may be the next: what ended before it began was counted before. */
static bool
may_be_next(const struct search *search, uint32_t counted, size_t next)
{
	for (size_t i = 0; i < search->n; i++)
		if ((counted & 1u << i) == 0 &&
		    search->ballots[i].ended < search->ballots[next].begun)
			return false;
	return true;
}

static bool
all_counted(const struct search *search, uint32_t counted)
{
	for (size_t i = 0; i < search->n; i++) {
		const struct ballot *ballot = &search->ballots[i];

		if ((counted & 1u << i) == 0 && (ballot->sure || ballot->reply != REPLY_NONE))
			return false;
	}
	return true;
}

static void
explore(struct search *search, uint32_t counted, enum model_state state, unsigned contradictions)
{
	if ((search->seen[counted][state] & 1u << contradictions) != 0)
		return;
	search->seen[counted][state] |= 1u << contradictions;
	if (all_counted(search, counted))
		search->worlds->contradictions[state] |= 1u << contradictions;
	for (size_t i = 0; i < search->n; i++) {
		const struct ballot *ballot = &search->ballots[i];
		struct tally tally = count_vote(search->policy, state, ballot);

		if ((counted & 1u << i) != 0 || !may_be_next(search, counted, i))
			continue;
		if (ballot->reply != REPLY_NONE &&
		    (ballot->reply == REPLY_ACCEPTED) != tally.accepted)
			continue;
		explore(search, counted | 1u << i, tally.state, contradictions + !tally.accepted);
	}
}

void
model_explore(enum plan_group policy, const struct ballot *ballots, size_t n, struct worlds *worlds)
{
	struct search search = { policy, ballots, n, NULL, worlds };

	assert(n <= PLAN_VOTES_MAX);
	*worlds = (struct worlds){ 0 };
	search.seen = mem_zalloc(sizeof *search.seen << n);
	explore(&search, 0, MODEL_UNDECIDED, 0);
	free(search.seen);
}

size_t
model_ballots(const struct history *history, struct ballot *ballots)
{
	size_t n = 0;

	for (size_t i = 0; i < history->n; i++) {
		const struct entry *entry = &history->entries[i];

		if ((entry->kind != ENTRY_END && entry->kind != ENTRY_ANSWER) ||
		    entry->vote == VOTE_UNKNOWN)
			continue;
		assert(n < PLAN_VOTES_MAX);
		/* One that was refused for another reason counts nowhere; a rule of its own tells
		 * of it. */
		if (entry->reply == REPLY_REFUSED)
			continue;
		ballots[n++] = (struct ballot){ entry->vote, entry->reply,
			entry->kind == ENTRY_ANSWER, entry->sure, entry->begun, entry->ended };
	}
	return n;
}

bool
worlds_any(const struct worlds *worlds)
{
	uint32_t any = 0;

	for (size_t i = 0; i < N_MODEL_STATES; i++)
		any |= worlds->contradictions[i];
	return any != 0;
}

bool
worlds_have(const struct worlds *worlds, bool delivered, int contradictions)
{
	uint32_t wanted = contradictions < 0    ? UINT32_MAX
	                  : contradictions > 31 ? 0
	                                        : 1u << contradictions;
	uint32_t found = 0;

	for (size_t i = 0; i < N_MODEL_STATES; i++)
		if ((i == MODEL_COMMITTED) == delivered)
			found |= worlds->contradictions[i];
	return (found & wanted) != 0;
}

bool
worlds_undecided(const struct worlds *worlds)
{
	return worlds->contradictions[MODEL_UNDECIDED] != 0;
}
