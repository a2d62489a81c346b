#include "config.h"

/*
 * One vote, whoever casts it: find the half message, see that the vote is
 * about it, hand decision and delivery to the writer as one append. The writer says
 * whether this was the first; if not, the half message's events tell
 * whether the vote repeats or contradicts what was decided.
 */

#include "broker/transaction/decide/decide.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/delay/delay.h"
#include "broker/state/stats.h"
#include "broker/store/tail/tail.h"
#include "broker/transaction/decide/half_message.h"
#include "broker/state/topic.h"
#include "common/net/conn.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define LOG_EVERY_MS 1000
#define DECISIONS_MAX 4 /* of one half message: a rollback that is overridden makes two */

/* A vote on its way. */
struct voting {
	struct worker *worker;
	struct transaction_vote vote;
	transaction_done_fn *done;
	void *context;
	int64_t copy;      /* where the record is read; -1: where it was stored */
	bool may_override; /* the group allows the sender to commit what a check rolled back */
	bool override;     /* ... and that is what this is */
	enum half_event_kind noting; /* the event that is on its way to the log */
	int64_t since_us;
	char text[];
};

static void find_half(struct voting *voting);

/* ---- the end of a vote ----------------------------------------------- */

static const char *const outcome_names[N_TRANSACTION_OUTCOMES] = {
	[TRANSACTION_DECIDED] = "decided",
	[TRANSACTION_NOTED] = "noted",
	[TRANSACTION_REPEATED] = "repeated",
	[TRANSACTION_CONTRADICTED] = "contradicted",
	[TRANSACTION_REFUSED] = "refused",
	[TRANSACTION_FAILED] = "failed",
};

/* One line a second of each kind: a peer may send what it likes as fast as it can. */
static void
log_outcome(struct voting *voting, enum transaction_outcome outcome, struct slice why)
{
	struct transactions *all = voting->worker->broker->transactions;
	const struct transaction_vote *vote = &voting->vote;
	int64_t now = clock_mono_ms();
	int64_t next = atomic_load_explicit(&all->next_log_ms[outcome], memory_order_relaxed);

	if (now < next ||
	    !atomic_compare_exchange_strong(&all->next_log_ms[outcome], &next, now + LOG_EVERY_MS))
		return;
	struct slice who = host_text(&voting->worker->loop->arena, &vote->who);

	log_warn("transaction vote %s vote=%s source=%s from=%.*s group=%.*s position=%" PRId64
		 " total=%" PRId64 " why=%.*s",
	    outcome_names[outcome], half_event_name(vote->kind), half_source_name(vote->source),
	    (int)who.len, who.data, (int)vote->group.len, vote->group.data, vote->position,
	    (int64_t)atomic_load(&all->counters.outcomes[outcome]), (int)why.len, why.data);
}

static void
finish(struct voting *voting, enum transaction_outcome outcome, struct slice why)
{
	struct transactions *all = voting->worker->broker->transactions;

	atomic_fetch_add_explicit(&all->counters.outcomes[outcome], 1, memory_order_relaxed);
	if (outcome >= TRANSACTION_CONTRADICTED)
		log_outcome(voting, outcome, why);
	if (voting->done != NULL)
		voting->done(voting->context, voting->worker->loop, outcome, why);
	free(voting);
}

static struct half_event
event_of(const struct voting *voting, enum half_event_kind kind)
{
	const struct transaction_vote *vote = &voting->vote;

	return (struct half_event){
		.kind = kind,
		.source = vote->source,
		.claimed = vote->kind,
		.override = voting->override && kind == EVENT_COMMIT,
		.position = vote->position,
		.half_offset = vote->half_offset,
		.time_ms = clock_wall_ms(),
		.who = vote->who,
		.by = vote->by,
		.reason = vote->reason,
	};
}

static struct append *
event_append(const struct voting *voting, const struct half_event *event)
{
	struct worker *worker = voting->worker;

	return half_event_append(worker->broker->store, worker->loop, &worker->loop->arena, event);
}

static void
submit(struct voting *voting, struct append *append,
    void (*done)(struct append *append, struct loop *reply_loop))
{
	append->reply_loop = voting->worker->loop;
	append->done = done;
	append->context = voting;
	store_append(voting->worker->broker->store, append);
}

static struct slice
failure_text(enum append_status status)
{
	return status == APPEND_DISK_FULL
	           ? SLICE("not decided: the disk is full; free some space, the transaction stays "
			   "open")
	           : SLICE("not decided: the disk reported an error, see the broker's log; the "
			   "transaction stays open");
}

/* ---- what was decided before ----------------------------------------- */

static void
on_noted(struct append *append, struct loop *loop)
{
	struct voting *voting = append->context;
	enum append_status status = append->status;

	(void)loop;
	append_free(append);
	if (status != APPEND_OK)
		finish(voting, TRANSACTION_FAILED, failure_text(status));
	else if (voting->noting == EVENT_UNKNOWN)
		finish(voting, TRANSACTION_NOTED, SLICE(""));
	else if (voting->noting == EVENT_REPEAT)
		finish(voting, TRANSACTION_REPEATED, SLICE("it was decided so before"));
	else
		finish(voting, TRANSACTION_CONTRADICTED,
		    voting->vote.kind == EVENT_COMMIT ? SLICE("it was rolled back before")
						      : SLICE("it was committed before"));
}

/* Keeps the vote as an event that changes nothing. */
static void
note(struct voting *voting, enum half_event_kind kind)
{
	struct half_event event = event_of(voting, kind);

	voting->noting = kind;
	submit(voting, event_append(voting, &event), on_noted);
}

/* The last decision counts: a commit may have followed a revocable rollback. */
static bool
find_decision(const struct read_job *job, int64_t position, enum half_event_kind *kind)
{
	struct half_event event;
	struct record record;
	int64_t newest = -1;

	for (size_t at = 0; job->chunk != NULL && at < job->chunk->len; at += record.size) {
		if (record_decode(job->chunk->data + at, job->chunk->len - at, &record) == -1)
			break;
		if (half_event_parse(&record, &event) == -1 || event.position != position ||
		    record.position < newest || event.kind > EVENT_ROLLBACK)
			continue;
		newest = record.position;
		*kind = event.kind;
	}
	return newest != -1;
}

static void
on_events(struct read_job *job, struct loop *loop)
{
	struct voting *voting = job->context;
	enum half_event_kind decided = EVENT_UNKNOWN;
	bool found = find_decision(job, voting->vote.position, &decided);

	read_job_free(job);
	if (!found)
		finish(voting, TRANSACTION_REFUSED,
		    SLICE("it is not open, and no decision about it is in the log any more"));
	else
		note(voting, decided == voting->vote.kind ? EVENT_REPEAT : EVENT_CONTRADICT);
	arena_reset(&loop->arena);
}

static void
look_up_decision(struct voting *voting)
{
	struct loop *loop = voting->worker->loop;
	struct read_job *job = read_job_new(READ_KEY);

	job->topic = mem_strdup(HALF_EVENT_TOPIC);
	job->key = slice_dup(half_decision_key(&loop->arena, voting->vote.position));
	job->max_messages = DECISIONS_MAX;
	job->end_ms = INT64_MAX;
	job->reply_loop = loop;
	job->done = on_events;
	job->context = voting;
	store_read(voting->worker->broker->store, job);
}

/* ---- deciding -------------------------------------------------------- */

static enum transaction_policy
policy_of(const struct voting *voting, const struct known_properties *known)
{
	struct broker *broker = voting->worker->broker;
	struct producer_group group;

	producer_groups_find(
	    broker->producer_groups, known->producer_group, &voting->worker->loop->arena, &group);
	return group.policy;
}

static void
count_decision(const struct voting *voting, const struct append *append)
{
	struct worker *worker = voting->worker;
	struct transaction_counters *counters = &worker->broker->transactions->counters;

	if (append->half.op == HALF_ROLLBACK) {
		atomic_fetch_add_explicit(&counters->rollbacks, 1, memory_order_relaxed);
		return;
	}
	atomic_fetch_add_explicit(&counters->commits, 1, memory_order_relaxed);
	if (append->half.op == HALF_OVERRIDE)
		atomic_fetch_add_explicit(&counters->overrides, 1, memory_order_relaxed);
	stats_put(worker->broker->stats, worker->loop->index, append->topic, 1, append->size,
	    clock_mono_us() - voting->since_us);
}

static void
on_decided(struct append *append, struct loop *loop)
{
	struct voting *voting = append->context;
	enum append_status status = append->status;
	enum half_state found = append->half.found;

	(void)loop;
	if (status == APPEND_OK)
		count_decision(voting, append);
	append_free(append);
	if (status == APPEND_OK)
		finish(voting, TRANSACTION_DECIDED, SLICE(""));
	else if (status != APPEND_NOT_OPEN)
		finish(voting, TRANSACTION_FAILED, failure_text(status));
	else if (found == HALF_REVOCABLE && voting->may_override && !voting->override) {
		voting->override = true;
		find_half(voting);
	} else {
		look_up_decision(voting);
	}
}

/* The delivered record, and behind it the decision: one commit. */
static void
commit(struct voting *voting, const struct record *half, const struct known_properties *known)
{
	struct worker *worker = voting->worker;
	struct broker *broker = worker->broker;
	struct arena *arena = &worker->loop->arena;
	struct half_event event = event_of(voting, EVENT_COMMIT);
	struct record delivered = *half;
	struct topic topic;

	/* Taken again, the CRC would vouch for a body that the disk has changed. */
	delivered.crc_stands = true;
	delivered.prepared_offset = voting->vote.position;
	if (!transaction_restore(&delivered, known, arena)) {
		finish(voting, TRANSACTION_REFUSED,
		    SLICE("the half message does not say which topic it is for"));
		return;
	}
	if (!topics_find(broker->topics, delivered.topic, &topic)) {
		finish(voting, TRANSACTION_FAILED,
		    arena_printf(arena,
			"its topic %.*s was deleted; create it again, the transaction stays open",
			(int)delivered.topic.len, delivered.topic.data));
		return;
	}
	delivered.queue_id = topic_queue_now(&topic, delivered.queue_id);

	int level = delay_level(broker->delays, known->delay);
	int64_t due = level > 0 ? delay_divert(broker->delays, level, &delivered, arena) : 0;
	struct append *append =
	    append_new_known(broker->store, voting->worker->loop, &delivered, known);

	if (level > 0)
		append_set_tag_hash(append, due);
	append->half = (struct half_change){
		.op = voting->override ? HALF_OVERRIDE : HALF_COMMIT,
		.position = voting->vote.position,
	};
	append->companion = event_append(voting, &event);
	submit(voting, append, on_decided);
}

static void
roll_back(struct voting *voting, bool revocable)
{
	struct half_event event = event_of(voting, EVENT_ROLLBACK);
	struct append *append;

	event.revocable = revocable;
	append = event_append(voting, &event);
	append->half = (struct half_change){
		.op = HALF_ROLLBACK,
		.revocable = revocable,
		.position = voting->vote.position,
	};
	submit(voting, append, on_decided);
}

static bool
is_reply_to_ask(enum half_source source)
{
	return source == SOURCE_CHECK || source == SOURCE_URL;
}

/* NULL when the vote is about this half message, else why it is not. */
static const char *
mismatch(
    const struct voting *voting, const struct record *half, const struct known_properties *known)
{
	const struct transaction_vote *vote = &voting->vote;
	bool copied = voting->copy != -1;

	if (!slice_is(half->topic, copied ? HALF_PARKED_TOPIC : HALF_TOPIC) ||
	    (copied ? half->prepared_offset : half->position) != vote->position)
		return "there is no half message at this commitLogOffset";
	if (!copied && vote->half_offset != -1 && half->queue_offset != vote->half_offset)
		return "the tranStateTableOffset is not that of the half message";
	if (vote->group.data != NULL && !slice_equal(vote->group, known->producer_group))
		return "the producer group wrong: it is not the one that sent the half message";
	return NULL;
}

static void
judge(struct voting *voting, const struct record *half)
{
	struct transaction_vote *vote = &voting->vote;
	struct known_properties known;
	const char *why;

	properties_read(half->properties, &known);
	why = mismatch(voting, half, &known);
	if (why != NULL) {
		finish(voting, TRANSACTION_REFUSED, slice_of(why));
		return;
	}
	if (voting->copy == -1)
		vote->half_offset = half->queue_offset;
	bool lenient = vote->kind != EVENT_UNKNOWN && vote->source != SOURCE_ADMIN &&
	               policy_of(voting, &known) == POLICY_COMMIT_WINS_ONCE;
	if (vote->kind == EVENT_UNKNOWN) {
		note(voting, EVENT_UNKNOWN);
	} else if (vote->kind == EVENT_COMMIT) {
		voting->may_override = lenient && vote->source == SOURCE_SENDER;
		commit(voting, half, &known);
	} else {
		roll_back(voting, lenient && is_reply_to_ask(vote->source));
	}
}

/* ---- diagnostic the half message ---------------------------------------- */

static void
on_copy_found(struct half_job *job, struct loop *loop)
{
	struct voting *voting = job->context;
	int64_t copy = job->n != 0 ? job->halves[0].copy : -1;

	(void)loop;
	half_job_free(job);
	if (copy == -1) {
		finish(voting, TRANSACTION_REFUSED,
		    SLICE("there is no half message at this commitLogOffset"));
		return;
	}
	voting->copy = copy;
	find_half(voting);
}

/* The record may have expired, and a parked copy be left. */
static void
look_for_copy(struct voting *voting)
{
	struct half_job *job = half_job_new(HALF_FIND);

	job->position = voting->vote.position;
	job->reply_loop = voting->worker->loop;
	job->done = on_copy_found;
	job->context = voting;
	store_halves(voting->worker->broker->store, job);
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct voting *voting = job->context;
	struct record half;

	if (job->status == READ_FOUND &&
	    record_decode(job->chunk->data, job->chunk->len, &half) == 0)
		judge(voting, &half);
	else if (job->status == READ_FAILED || job->status == READ_CORRUPT)
		finish(voting, TRANSACTION_FAILED,
		    SLICE("the half message cannot be read, see the broker's log"));
	else if (voting->copy == -1)
		look_for_copy(voting);
	else
		finish(voting, TRANSACTION_REFUSED, SLICE("the half message has expired"));
	read_job_free(job);
	arena_reset(&loop->arena);
}

/* Most are decided while they are in memory. */
static bool
judge_from_tail(struct voting *voting)
{
	static const struct pull_limits one = { .max_messages = 1, .max_scan = 1 };
	struct worker *worker = voting->worker;
	struct tail_queue *queue = tail_find(worker->tail, SLICE(HALF_TOPIC), 0);
	int64_t offset = voting->vote.half_offset;
	struct pull_result result;
	struct record half;

	if (queue == NULL || voting->copy != -1 || offset < queue->min_offset ||
	    offset >= queue->max_offset ||
	    tail_read(worker->tail, queue, offset, &one, &worker->loop->arena, &result) !=
		TAIL_FOUND)
		return false;
	const struct body_part *parts = result.parts;
	bool found = result.n_parts == 1 &&
	             record_decode(parts[0].data, parts[0].len, &half) == 0 &&
	             half.position == voting->vote.position;

	if (found)
		judge(voting, &half);
	for (size_t i = 0; i < result.n_parts; i++)
		body_part_release(&result.parts[i]);
	return found;
}

static void
find_half(struct voting *voting)
{
	struct read_job *job;

	if (judge_from_tail(voting))
		return;
	job = read_job_new(READ_POSITION);
	job->offset = voting->copy != -1 ? voting->copy : voting->vote.position;
	job->reply_loop = voting->worker->loop;
	job->done = on_read;
	job->context = voting;
	store_read(voting->worker->broker->store, job);
}

static struct slice
keep_text(char **at, struct slice text)
{
	char *start = *at;

	if (text.data == NULL)
		return text;
	if (text.len != 0)
		memcpy(start, text.data, text.len);
	*at += text.len;
	return (struct slice){ start, text.len };
}

void
transaction_vote(struct worker *worker, const struct transaction_vote *vote,
    transaction_done_fn *done, void *context)
{
	struct voting *voting =
	    mem_alloc(sizeof *voting + vote->group.len + vote->by.len + vote->reason.len);
	char *at = voting->text;

	*voting = (struct voting){
		.worker = worker,
		.vote = *vote,
		.done = done,
		.context = context,
		.copy = -1,
		.since_us = clock_mono_us(),
	};
	voting->vote.group = keep_text(&at, vote->group);
	voting->vote.by = keep_text(&at, vote->by);
	voting->vote.reason = keep_text(&at, vote->reason);
	find_half(voting);
}
