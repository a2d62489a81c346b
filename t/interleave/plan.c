#include "config.h"

#include "t/interleave/plan.h"

#include <assert.h>

#define CHECKS_MAX 4

/* splitmix64 */
uint64_t
plan_random(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

int
plan_random_below(uint64_t *state, int n)
{
	return (int)(plan_random(state) % (uint64_t)n);
}

static bool
chance(uint64_t *state, int percent)
{
	return plan_random_below(state, 100) < percent;
}

/* The index of a weight, drawn by weights that sum up to 100. */
static int
draw(uint64_t *state, const int *weights)
{
	int left = plan_random_below(state, 100);
	int i = 0;

	while (left >= weights[i])
		left -= weights[i++];
	return i;
}

/* Most at once or nearly so; some so late that checks come between. */
static int
draw_pause(uint64_t *state, const struct plan_settings *settings)
{
	static const int weights[] = { 40, 30, 30 };
	const int spans[] = { 1, 40, 2 * (settings->timeout_ms + settings->interval_ms) };

	return plan_random_below(state, spans[draw(state, weights)]);
}

static void
draw_step(uint64_t *state, const struct plan_settings *settings, struct step *step)
{
	static const int kinds[N_STEP_KINDS] = { 82, 6, 6, 6, 0 };
	static const int votes[N_VOTES] = { 15, 47, 38 };

	*step = (struct step){
		.kind = (enum step_kind)draw(state, kinds),
		.when = chance(state, 20) ? WHEN_ANSWERED : WHEN_NOW,
		.vote = (enum vote)draw(state, votes),
		.pause_ms = draw_pause(state, settings),
		.beside = chance(state, 30),
		.oneway = chance(state, 40),
		.twin = chance(state, 30),
	};
	/* A forged END shall be one that would decide. */
	if (step->kind != STEP_END && step->vote == VOTE_UNKNOWN)
		step->vote = VOTE_COMMIT;
	if (step->vote == VOTE_UNKNOWN)
		step->oneway |= settings->oneway_unknown;
}

/* A producer or a network that says things again. */
static void
repeat_step(uint64_t *state, struct plan *plan)
{
	struct step again = plan->steps[plan->n_steps - 1];

	again.when = WHEN_NOW;
	again.pause_ms = chance(state, 50) ? 0 : plan_random_below(state, 20);
	again.beside = chance(state, 50);
	again.oneway = chance(state, 40) || (again.oneway && again.vote == VOTE_UNKNOWN);
	plan->steps[plan->n_steps++] = again;
}

static void
draw_steps(uint64_t *state, const struct plan_settings *settings, struct plan *plan)
{
	static const int counts[] = { 14, 26, 26, 20, 14 };
	int n = draw(state, counts);

	for (int i = 0; i < n && plan->n_steps < PLAN_STEPS_MAX - 1; i++) {
		draw_step(state, settings, &plan->steps[plan->n_steps++]);
		while (plan->n_steps < PLAN_STEPS_MAX - 1 && chance(state, 15))
			repeat_step(state, plan);
	}
}

static void
draw_replies(uint64_t *state, const struct plan_settings *settings, struct plan *plan)
{
	static const int votes[N_VOTES] = { 30, 37, 33 };

	plan->n_replies = 1 + (size_t)plan_random_below(state, PLAN_ANSWERS_MAX);
	for (size_t i = 0; i < plan->n_replies; i++) {
		struct check_reply *reply = &plan->replies[i];

		*reply = (struct check_reply){
			.vote = (enum vote)draw(state, votes),
			.pause_ms = chance(state, 70) ? 0 : plan_random_below(state, 100),
			.silent = chance(state, 8),
			.oneway = chance(state, 60),
			.twice = chance(state, 10),
		};
		if (reply->vote == VOTE_UNKNOWN)
			reply->oneway |= settings->oneway_unknown;
	}
}

/* What nobody decides in time is parked; then a person comes, or the sender wakes up. */
static void
draw_end(uint64_t *state, struct plan *plan)
{
	if (chance(state, 50))
		return;
	plan->steps[plan->n_steps++] = (struct step){
		.kind = chance(state, 50) ? STEP_RESUME : STEP_END,
		.when = WHEN_PARKED,
		.vote = chance(state, 60) ? VOTE_COMMIT : VOTE_ROLLBACK,
		.pause_ms = plan_random_below(state, 50),
		.oneway = chance(state, 30),
		.twin = chance(state, 50),
	};
	if (plan->steps[plan->n_steps - 1].kind == STEP_RESUME)
		plan->steps[plan->n_steps - 1].oneway = false;
}

void
plan_make(const struct plan_settings *settings, uint32_t number, struct plan *plan)
{
	uint64_t state = settings->seed ^ (uint64_t)number << 32;

	assert(settings->n_checks <= CHECKS_MAX);
	*plan = (struct plan){ .number = number };
	plan->group = (unsigned)plan_random_below(&state, N_GROUPS);
	plan->immunity_s = chance(&state, 4) ? 1 + plan_random_below(&state, 2) : 0;
	draw_steps(&state, settings, plan);
	draw_replies(&state, settings, plan);
	draw_end(&state, plan);
}
