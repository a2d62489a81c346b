#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "t/interleave/content.h"
#include "t/interleave/play.h"

#define SOON_MS 2000     /* what was sent so long before a kill has been done ... */
#define OVERTAKEN_MS 500 /* ... when what was sent so much later was answered before the kill */
#define FORGED_BYTES 7

/* Something that was sent for a trial and may be answered. */
struct sent {
	struct trial *trial;
	size_t entry;
	bool next_waits; /* the next step begins when this one is answered */
};

/* An answer to a check that is given a little later. */
struct later {
	struct timer timer;
	struct trial *trial;
	struct member *member;
	struct transaction_half half;
	struct check_reply answer;
	bool again;
};

static void next_step(struct trial *trial);
static void wake(struct trial *trial);

static bool
is_decided(const struct trial *trial)
{
	for (size_t i = 0; i < trial->history.n; i++) {
		const struct entry *entry = &trial->history.entries[i];

		if (entry->kind == ENTRY_DELIVERED ||
		    ((entry->kind == ENTRY_END || entry->kind == ENTRY_ANSWER) &&
			entry->vote != VOTE_UNKNOWN && entry->reply == REPLY_ACCEPTED))
			return true;
	}
	return false;
}

static void
over(struct trial *trial)
{
	if (trial->is_over)
		return;
	trial->is_over = true;
	play_over(trial->play);
}

static size_t
note(struct trial *trial, enum entry_kind kind)
{
	struct entry entry = {
		.kind = kind,
		.begun = play_tick(trial->play),
		.ended = TICK_NEVER,
		.begun_ms = clock_mono_ms(),
	};

	return history_add(&trial->history, &entry);
}

static void
note_reply(struct trial *trial, size_t at, int32_t code)
{
	struct entry *entry = &trial->history.entries[at];

	entry->ended = play_tick(trial->play);
	entry->ended_ms = clock_mono_ms();
	entry->code = code;
	entry->reply = code == RESPONSE_SUCCESS ? REPLY_ACCEPTED
	               : code == RESPONSE_TRANSACTION_SHOULD_COMMIT ||
	                       code == RESPONSE_TRANSACTION_SHOULD_ROLLBACK
	                   ? REPLY_CONTRADICTED
	                   : REPLY_REFUSED;
}

void
trial_killed(struct trial *trial)
{
	int64_t soon_ms = clock_mono_ms() - SOON_MS;

	/* A busy disk may take longer than that. */
	if (soon_ms > trial->play->answered_ms - OVERTAKEN_MS)
		soon_ms = trial->play->answered_ms - OVERTAKEN_MS;
	for (size_t i = 0; i < trial->history.n; i++)
		if (trial->history.entries[i].begun_ms >= soon_ms)
			trial->history.entries[i].sure = false;
}

/* ---- votes ---------------------------------------------------------------- */

static void
on_ended(void *arg, const struct twinmq_error *error, int32_t code, struct slice remark)
{
	struct sent *sent = arg;
	struct trial *trial = sent->trial;
	const struct entry *entry = &trial->history.entries[sent->entry];
	bool next_waits = sent->next_waits;

	(void)remark;
	if (error == NULL && !entry->oneway) {
		note_reply(trial, sent->entry, code);
		if (entry->begun_ms > trial->play->answered_ms)
			trial->play->answered_ms = entry->begun_ms;
	}
	free(sent);
	if (next_waits)
		next_step(trial);
	else
		wake(trial);
}

static void
send_end(struct trial *trial, struct member *member, enum entry_kind kind,
    struct transaction_end *end, bool next_waits)
{
	static const enum vote votes[] = {
		[DECISION_UNKNOWN] = VOTE_UNKNOWN,
		[DECISION_COMMIT] = VOTE_COMMIT,
		[DECISION_ROLLBACK] = VOTE_ROLLBACK,
	};
	struct sent *sent = mem_zalloc(sizeof *sent);
	size_t at = note(trial, kind);
	struct entry *entry = &trial->history.entries[at];

	entry->vote = votes[end->decision];
	entry->oneway = end->oneway;
	entry->twin = member->twin;
	entry->position = end->half.position;
	entry->sure = end->oneway && trial->play->phase == PLAY_UP;
	*sent = (struct sent){ trial, at, next_waits };
	transaction_end_async(member->mq, end, on_ended, sent);
}

static enum transaction_decision
decision_of(enum vote vote)
{
	static const enum transaction_decision decisions[N_VOTES] = {
		[VOTE_UNKNOWN] = DECISION_UNKNOWN,
		[VOTE_COMMIT] = DECISION_COMMIT,
		[VOTE_ROLLBACK] = DECISION_ROLLBACK,
	};

	return decisions[vote];
}

/* ---- steps ---------------------------------------------------------------- */

static void
on_resumed(
    void *arg, const struct twinmq_error *error, const struct command *answer, struct slice body)
{
	struct sent *sent = arg;

	(void)body;
	if (error == NULL)
		note_reply(sent->trial, sent->entry, answer->code);
	next_step(sent->trial);
	free(sent);
}

static void
resume(struct trial *trial, struct member *member)
{
	struct sent *sent = mem_zalloc(sizeof *sent);
	struct command request = { .code = REQUEST_RESUME_CHECK_HALF_MESSAGE };
	struct resume_check_header header = { .topic = slice_of(trial->play->settings.topic) };
	struct arena arena = { 0 };

	*sent = (struct sent){ trial, note(trial, ENTRY_RESUME), true };
	trial->history.entries[sent->entry].twin = member->twin;
	trial->n_resumed++;
	header.msg_id = slice_of(trial->message_id);
	fields_encode(resume_check_header_fields, &header, &arena, &request);
	twinmq_call_async(member->mq, slice_of(trial->play->settings.broker), &request, SLICE(""),
	    ANSWER_TIMEOUT_MS, on_resumed, sent);
	arena_release(&arena);
}

static void
do_step(struct trial *trial)
{
	const struct step *step = &trial->plan.steps[trial->at_step++];
	struct member *member = &trial->play->members[trial->plan.group][step->twin];
	struct transaction_end end = {
		.group = member->group,
		.half = trial->half,
		.decision = decision_of(step->vote),
		.oneway = step->oneway,
	};
	bool more = trial->at_step < trial->plan.n_steps;
	bool next_waits = !step->oneway && !(more && trial->plan.steps[trial->at_step].beside);

	if (step->kind == STEP_RESUME) {
		resume(trial, member);
		return;
	}
	if (step->kind == STEP_WRONG_GROUP)
		end.group = SLICE("interleave-strangers");
	if (step->kind == STEP_WRONG_POSITION)
		end.half.position += FORGED_BYTES;
	if (step->kind == STEP_WRONG_OFFSET)
		end.half.queue_offset++;
	send_end(
	    trial, member, step->kind == STEP_END ? ENTRY_END : ENTRY_FORGED, &end, next_waits);
	if (!next_waits)
		next_step(trial);
}

/* How long the broker may take to do what a step waits for. */
static int
patience_ms(const struct trial *trial, enum step_when when)
{
	const struct plan_settings *settings = &trial->play->settings.plan;
	int first_ms = settings->timeout_ms + trial->plan.immunity_s * 1000;

	return first_ms + 500 +
	       (when == WHEN_ANSWERED ? 2 : 2 * (settings->n_checks + 1)) * settings->interval_ms;
}

static bool
may_go_on(const struct trial *trial, enum step_when when)
{
	return when == WHEN_NOW || (when == WHEN_ANSWERED && trial->n_answered > 0) ||
	       (when == WHEN_PARKED && trial->n_parked > 0);
}

static void
next_step(struct trial *trial)
{
	const struct step *step = &trial->plan.steps[trial->at_step];
	int64_t now_ms = clock_mono_ms();

	if (trial->is_over)
		return;
	if (trial->at_step == trial->plan.n_steps ||
	    (step->when == WHEN_PARKED && is_decided(trial))) {
		loop_drop_timer(&trial->play->loop, &trial->timer);
		over(trial);
		return;
	}
	trial->waits = !may_go_on(trial, step->when);
	loop_set_timer(&trial->play->loop, &trial->timer,
	    now_ms + (trial->waits ? patience_ms(trial, step->when) : step->pause_ms));
}

/* What it waits for may have come, or may not come any more. */
static void
wake(struct trial *trial)
{
	enum step_when when;

	if (!trial->waits || trial->is_over)
		return;
	when = trial->plan.steps[trial->at_step].when;
	if (may_go_on(trial, when) || (when == WHEN_PARKED && is_decided(trial)))
		next_step(trial);
}

static void
on_timer(struct timer *timer)
{
	struct trial *trial = container_of(timer, struct trial, timer);

	/* It will not be parked any more. */
	if (trial->waits && trial->plan.steps[trial->at_step].when == WHEN_PARKED) {
		over(trial);
		return;
	}
	trial->waits = false;
	do_step(trial);
}

/* ---- the half message ------------------------------------------------------ */

static void
on_half(void *arg, const struct twinmq_error *error, const struct transaction_half *half,
    const struct send_result *result)
{
	struct trial *trial = arg;
	struct entry *entry = &trial->history.entries[0];

	if (error != NULL) {
		if (error->code > 0)
			note_reply(trial, 0, error->code);
		over(trial);
		return;
	}
	note_reply(trial, 0, RESPONSE_SUCCESS);
	entry->position = half->position;
	trial->acknowledged = true;
	trial->half = *half;
	trial->queue_id = result->queue.id;
	snprintf(trial->message_id, sizeof trial->message_id, "%.*s", (int)result->message_id.len,
	    result->message_id.data);
	next_step(trial);
}

void
trial_begin(struct trial *trial)
{
	struct play *play = trial->play;
	struct member *member = &play->members[trial->plan.group][0];
	struct arena arena = { 0 };
	struct content content = content_make(
	    play->settings.plan.seed, trial->plan.number, trial->plan.immunity_s, &arena);
	struct message message = {
		.topic = slice_of(play->settings.topic),
		.tags = content.tags,
		.keys = content.keys,
		.body = content.body,
		.properties = content.properties,
		.n_properties = content.n_properties,
		.flag = content.flag,
		.queue_id = MESSAGE_ANY_QUEUE,
	};

	trial->timer.due = on_timer;
	note(trial, ENTRY_HALF);
	transaction_half_async(member->producer, &message, on_half, trial);
	arena_release(&arena);
}

void
trial_release(struct trial *trial)
{
	loop_drop_timer(&trial->play->loop, &trial->timer);
	history_release(&trial->history);
}

/* ---- what the broker says --------------------------------------------------- */

static void
compare(struct trial *trial, bool delivered, const struct record *record)
{
	struct arena arena = { 0 };
	struct content content = content_make(
	    trial->play->settings.plan.seed, trial->plan.number, trial->plan.immunity_s, &arena);
	const char *difference =
	    content_difference(&content, trial->half.unique_id, delivered, record);

	if (difference == NULL && delivered && trial->acknowledged &&
	    record->queue_id != trial->queue_id)
		difference = "queue";
	if (difference != NULL)
		trial->altered = difference;
	arena_release(&arena);
}

static void reply_now(struct later *later);

static void
on_reply_due(struct timer *timer)
{
	reply_now(container_of(timer, struct later, timer));
}

static void
reply_now(struct later *later)
{
	struct trial *trial = later->trial;
	struct transaction_end end = {
		.group = later->member->group,
		.half = later->half,
		.decision = decision_of(later->answer.vote),
		.from_check = true,
		.oneway = later->answer.oneway,
	};
	bool again = later->again;

	send_end(trial, later->member, ENTRY_ANSWER, &end, false);
	if (again) {
		later->again = false;
		reply_now(later);
		return;
	}
	free(later);
	trial->n_answered++;
	wake(trial);
}

/* The model can count so many votes; what is asked for more is not answered. */
static bool
has_votes_left(const struct trial *trial)
{
	size_t n = history_count(&trial->history, ENTRY_END) +
	           history_count(&trial->history, ENTRY_ANSWER);

	return n + 4 + trial->plan.n_steps - trial->at_step <= PLAN_VOTES_MAX;
}

void
trial_asked(struct trial *trial, struct member *member, const struct transaction_half *half,
    const struct record *record)
{
	size_t which =
	    trial->n_asked < trial->plan.n_replies ? trial->n_asked : trial->plan.n_replies - 1;
	const struct check_reply *answer = &trial->plan.replies[which];
	size_t at = note(trial, ENTRY_ASKED);

	trial->history.entries[at].position = half->position;
	trial->history.entries[at].twin = member->twin;
	trial->n_asked++;
	if (trial->half.unique_id[0] == '\0')
		trial->half = *half;
	compare(trial, false, record);
	if (answer->silent || !has_votes_left(trial))
		return;

	struct later *later = mem_zalloc(sizeof *later);

	*later = (struct later){
		.timer = { .due = on_reply_due },
		.trial = trial,
		.member = member,
		.half = *half,
		.answer = *answer,
		.again = answer->twice,
	};
	if (answer->pause_ms == 0)
		reply_now(later);
	else
		loop_set_timer(
		    &trial->play->loop, &later->timer, clock_mono_ms() + answer->pause_ms);
}

void
trial_delivered(struct trial *trial, const struct record *record)
{
	note(trial, ENTRY_DELIVERED);
	trial->n_delivered++;
	compare(trial, true, record);
	wake(trial);
}

void
trial_parked(struct trial *trial, const struct record *record)
{
	size_t at = note(trial, ENTRY_PARKED);

	/* When it was, and not when we read of it, which a restart may have put off. */
	trial->history.entries[at].begun_ms -= clock_wall_ms() - record->store_timestamp;
	trial->n_parked++;
	compare(trial, false, record);
	wake(trial);
}
