#include "config.h"

/*
 * The way of a decision: read the half message, see that the decision is about it, and hand both
 * the decision and the message that is delivered to the writer as one append. The writer knows
 * whether it is the first. If not, the events of the half message tell whether this one repeats or
 * contradicts the decision of before.
 *
 * Each step ends with an event. The table says what is done next (decide_table.h).
 */

#include "broker/transaction/decide/decide.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/delay/delay.h"
#include "broker/delay/timed.h"
#include "broker/delay/timed_message.h"
#include "broker/state/stats.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "broker/transaction/decide/decide_table.h"
#include "broker/transaction/decide/half_message.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/net/conn.h"

#define LOG_EVERY_MS 1000
#define DECISIONS_MAX 4 /* of one half message: a rollback that is overridden makes two */

/* A decision on its way. */
struct pending_end {
	struct worker *worker;
	struct transaction_decision decision;
	transaction_done_fn *done;
	void *context;
	enum decide_state state;
	int64_t copy;      /* where the record is read; -1: where it was stored */
	bool may_override; /* the group allows the sender to commit what a check rolled back */
	bool override;     /* this does so */
	int64_t since_us;
	/* for the action of an event */
	const struct record *half; /* FOUND: lent while the action runs */
	enum half_event_kind kept; /* KEEPING: the event; READING_EVENTS: the decision before */
	enum append_status append_error; /* NOT_STORED */
	char text[];
};

static void happen(struct pending_end *end, enum decide_event event);

/* ---- the outcome ------------------------------------------------------- */

static const char *const outcome_names[N_TRANSACTION_OUTCOMES] = {
	[TRANSACTION_DECIDED] = "decided",
	[TRANSACTION_UNDECIDED] = "undecided",
	[TRANSACTION_REPEATED] = "repeated",
	[TRANSACTION_CONTRADICTED] = "contradicted",
	[TRANSACTION_REFUSED] = "refused",
	[TRANSACTION_FAILED] = "failed",
};

/* One line a second of each kind, because a peer may send any number. */
static void
log_outcome(struct pending_end *end, enum transaction_outcome outcome, struct slice why)
{
	struct transactions *all = end->worker->broker->transactions;
	const struct transaction_decision *decision = &end->decision;
	int64_t now = clock_mono_ms();
	int64_t next = atomic_load_explicit(&all->next_log_ms[outcome], memory_order_relaxed);

	if (now < next ||
	    !atomic_compare_exchange_strong(&all->next_log_ms[outcome], &next, now + LOG_EVERY_MS))
		return;
	struct slice who = host_text(&end->worker->loop->arena, &decision->who);

	log_warn("transaction end %s decision=%s source=%s from=%.*s group=%.*s position=%" PRId64
		 " total=%" PRId64 " why=%.*s",
	    outcome_names[outcome], half_event_name(decision->kind),
	    half_source_name(decision->source), (int)who.len, who.data, (int)decision->group.len,
	    decision->group.data, decision->position,
	    (int64_t)atomic_load(&all->counters.outcomes[outcome]), (int)why.len, why.data);
}

static void
finish(struct pending_end *end, enum transaction_outcome outcome, struct slice why)
{
	struct transactions *all = end->worker->broker->transactions;

	atomic_fetch_add_explicit(&all->counters.outcomes[outcome], 1, memory_order_relaxed);
	if (outcome >= TRANSACTION_CONTRADICTED)
		log_outcome(end, outcome, why);
	if (end->done != NULL)
		end->done(end->context, end->worker->loop, outcome, why);
	pool_free(&end->worker->loop->pool, end);
}

static struct half_event
event_of(const struct pending_end *end, enum half_event_kind kind)
{
	const struct transaction_decision *decision = &end->decision;

	return (struct half_event){
		.kind = kind,
		.source = decision->source,
		.claimed = decision->kind,
		.override = end->override && kind == EVENT_COMMIT,
		.position = decision->position,
		.half_offset = decision->half_offset,
		.time_ms = clock_wall_ms(),
		.who = decision->who,
		.by = decision->by,
		.reason = decision->reason,
	};
}

static struct append *
event_append(const struct pending_end *end, const struct half_event *event)
{
	struct worker *worker = end->worker;

	return half_event_append(worker->broker->store, worker->loop, &worker->loop->arena, event);
}

static void
submit(struct pending_end *end, struct append *append,
    void (*done)(struct append *append, struct loop *reply_loop))
{
	append->reply_loop = end->worker->loop;
	append->done = done;
	append->context = end;
	store_append(end->worker->broker->store, append);
}

/* ---- the actions that end it ------------------------------------------- */

static void
fail_stored(struct pending_end *end)
{
	finish(end, TRANSACTION_FAILED,
	    end->append_error == APPEND_DISK_FULL
		? SLICE("not decided: the disk is full; free some space, the transaction stays "
			"open")
		: SLICE("not decided: the disk reported an error, see the broker's log; the "
			"transaction stays open"));
}

static void
fail_unreadable(struct pending_end *end)
{
	finish(end, TRANSACTION_FAILED,
	    SLICE("the half message cannot be read, see the broker's log"));
}

static void
fail_unreadable_events(struct pending_end *end)
{
	finish(end, TRANSACTION_FAILED,
	    SLICE("it is not open, and how it was decided cannot be read, see the broker's log"));
}

static void
refuse_unknown(struct pending_end *end)
{
	finish(end, TRANSACTION_REFUSED, SLICE("there is no half message at this commitLogOffset"));
}

static void
refuse_expired(struct pending_end *end)
{
	finish(end, TRANSACTION_REFUSED, SLICE("the half message has expired"));
}

static void
refuse_forgotten(struct pending_end *end)
{
	finish(end, TRANSACTION_REFUSED,
	    SLICE("it is not open, and no decision about it is in the log any more"));
}

static void
end_decided(struct pending_end *end)
{
	finish(end, TRANSACTION_DECIDED, SLICE(""));
}

static void
end_kept(struct pending_end *end)
{
	if (end->kept == EVENT_UNKNOWN)
		finish(end, TRANSACTION_UNDECIDED, SLICE(""));
	else if (end->kept == EVENT_REPEAT)
		finish(end, TRANSACTION_REPEATED, SLICE("it was decided so before"));
	else
		finish(end, TRANSACTION_CONTRADICTED,
		    end->decision.kind == EVENT_COMMIT ? SLICE("it was rolled back before")
						       : SLICE("it was committed before"));
}

/* ---- what was decided before ------------------------------------------- */

static void
on_kept(struct append *append, struct loop *loop)
{
	struct pending_end *end = append->context;

	(void)loop;
	end->append_error = append->status;
	append_free(append);
	happen(end, end->append_error == APPEND_OK ? DECIDE_STORED : DECIDE_NOT_STORED);
}

/* Keeps the decision as an event that changes nothing. */
static void
keep_event(struct pending_end *end, enum half_event_kind kind)
{
	struct half_event event = event_of(end, kind);

	end->kept = kind;
	end->state = DECIDE_KEEPING;
	submit(end, event_append(end, &event), on_kept);
}

static void
keep_late(struct pending_end *end)
{
	keep_event(end, end->kept == end->decision.kind ? EVENT_REPEAT : EVENT_CONTRADICT);
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
	struct pending_end *end = job->context;
	bool unreadable = job->status == READ_FAILED || job->status == READ_CORRUPT;
	bool found = find_decision(job, end->decision.position, &end->kept);

	read_job_free(job);
	happen(end, found ? DECIDE_FOUND : unreadable ? DECIDE_UNREADABLE : DECIDE_MISSING);
	arena_reset(&loop->arena);
}

static void
read_events(struct pending_end *end)
{
	struct loop *loop = end->worker->loop;
	struct slice key = half_decision_key(&loop->arena, end->decision.position);
	struct read_job *job = read_key_new(SLICE(HALF_EVENT_TOPIC), key, DECISIONS_MAX);

	end->state = DECIDE_READING_EVENTS;
	job->reply_loop = loop;
	job->done = on_events;
	job->context = end;
	store_read(end->worker->broker->store, job);
}

/* ---- deciding -------------------------------------------------------- */

static void
count_decision(const struct pending_end *end, const struct append *append)
{
	struct worker *worker = end->worker;
	struct transaction_counters *counters = &worker->broker->transactions->counters;

	if (append->half.op == HALF_ROLLBACK) {
		atomic_fetch_add_explicit(&counters->rollbacks, 1, memory_order_relaxed);
		return;
	}
	atomic_fetch_add_explicit(&counters->commits, 1, memory_order_relaxed);
	if (append->half.op == HALF_OVERRIDE)
		atomic_fetch_add_explicit(&counters->overrides, 1, memory_order_relaxed);
	stats_put(worker->broker->stats, worker->loop->index, append->topic, 1, append->size,
	    clock_mono_us() - end->since_us);
}

static enum decide_event
event_of_append(const struct pending_end *end, const struct append *append)
{
	if (append->status == APPEND_OK)
		return DECIDE_STORED;
	if (append->status != APPEND_NOT_OPEN)
		return DECIDE_NOT_STORED;
	return append->half.found == HALF_REVOCABLE && end->may_override && !end->override
	           ? DECIDE_REVOCABLE
	           : DECIDE_NOT_OPEN;
}

static void
on_decided(struct append *append, struct loop *loop)
{
	struct pending_end *end = append->context;
	enum decide_event event = event_of_append(end, append);

	(void)loop;
	if (event == DECIDE_STORED)
		count_decision(end, append);
	if (event == DECIDE_STORED && append->timed.op == TIMED_STORE)
		timed_messages_hint(end->worker->broker->timed, &append->timed);
	end->append_error = append->status;
	append_free(append);
	happen(end, event);
}

/* The delivered record, and its decision behind it: one commit. */
static void
commit(struct pending_end *end, const struct record *half, const struct known_properties *known)
{
	struct worker *worker = end->worker;
	struct broker *broker = worker->broker;
	struct arena *arena = &worker->loop->arena;
	struct half_event event = event_of(end, EVENT_COMMIT);
	struct record delivered = *half;
	const struct topic *topic;

	/* A CRC that is computed again would hide that the disk has changed the body. */
	delivered.crc_stands = true;
	delivered.prepared_offset = end->decision.position;
	if (!transaction_restore(&delivered, known, arena)) {
		finish(end, TRANSACTION_REFUSED,
		    SLICE("the half message does not say which topic it is for"));
		return;
	}
	topic = topics_find_again(broker->topics, delivered.topic, worker->committed_to);
	if (topic == NULL) {
		finish(end, TRANSACTION_FAILED,
		    arena_printf(arena,
			"its topic %.*s was deleted; create it again, the transaction stays open",
			(int)delivered.topic.len, delivered.topic.data));
		return;
	}
	delivered.queue_id = topic_queue_now(topic, delivered.queue_id);

	int level = delay_level(broker->delays, known->delay);
	int64_t due = level > 0 ? delay_divert(broker->delays, level, &delivered, arena) : 0;
	struct timed timed;
	bool later = level == 0 && timed_is_asked(known) &&
	             timed_wish_of(broker, known, &timed) == TIMED_WISH_LATER;

	if (later)
		timed_divert(&delivered, &timed, arena);
	struct append *append =
	    append_new_known(broker->store, end->worker->loop, &delivered, known);

	if (level > 0)
		append_set_tag_hash(append, due);
	if (later)
		append->timed = timed_store_change(&timed);
	append->half = (struct half_change){
		.op = end->override ? HALF_OVERRIDE : HALF_COMMIT,
		.position = end->decision.position,
	};
	append->companion = event_append(end, &event);
	end->state = DECIDE_STORING;
	submit(end, append, on_decided);
}

static void
roll_back(struct pending_end *end, bool revocable)
{
	struct half_event event = event_of(end, EVENT_ROLLBACK);
	struct append *append;

	event.revocable = revocable;
	append = event_append(end, &event);
	append->half = (struct half_change){
		.op = HALF_ROLLBACK,
		.revocable = revocable,
		.position = end->decision.position,
	};
	end->state = DECIDE_STORING;
	submit(end, append, on_decided);
}

static bool
is_reply_to_ask(enum half_source source)
{
	return source == SOURCE_CHECK || source == SOURCE_URL;
}

/* NULL: the decision is about this half message. Else why it is not. */
static const char *
mismatch(
    const struct pending_end *end, const struct record *half, const struct known_properties *known)
{
	const struct transaction_decision *decision = &end->decision;
	bool copied = end->copy != -1;

	if (!slice_is(half->topic, copied ? HALF_PARKED_TOPIC : HALF_TOPIC) ||
	    (copied ? half->prepared_offset : half->position) != decision->position)
		return "there is no half message at this commitLogOffset";
	if (!copied && decision->half_offset != -1 && half->queue_offset != decision->half_offset)
		return "the tranStateTableOffset is not that of the half message";
	if (decision->group.data != NULL && !slice_equal(decision->group, known->producer_group))
		return "the producer group wrong: it is not the one that sent the half message";
	return NULL;
}

static void
decide_record(struct pending_end *end)
{
	struct transaction_decision *decision = &end->decision;
	const struct record *half = end->half;
	struct known_properties known;
	const char *why;

	properties_read(half->properties, &known);
	why = mismatch(end, half, &known);
	if (why != NULL) {
		finish(end, TRANSACTION_REFUSED, slice_of(why));
		return;
	}
	if (end->copy == -1)
		decision->half_offset = half->queue_offset;
	bool lenient = decision->kind != EVENT_UNKNOWN && decision->source != SOURCE_ADMIN &&
	               producer_groups_policy(end->worker->broker->producer_groups,
			   known.producer_group) == POLICY_COMMIT_WINS_ONCE;

	if (decision->kind == EVENT_UNKNOWN) {
		keep_event(end, EVENT_UNKNOWN);
	} else if (decision->kind == EVENT_COMMIT) {
		end->may_override = lenient && decision->source == SOURCE_SENDER;
		commit(end, half, &known);
	} else {
		roll_back(end, lenient && is_reply_to_ask(decision->source));
	}
}

/* ---- reading the half message ------------------------------------------ */

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct pending_end *end = job->context;
	enum decide_event event = DECIDE_MISSING;
	struct record half;

	if (job->status == READ_FOUND &&
	    record_decode(job->chunk->data, job->chunk->len, &half) == 0)
		event = DECIDE_FOUND;
	else if (job->status == READ_FAILED || job->status == READ_CORRUPT)
		event = DECIDE_UNREADABLE;
	end->half = &half;
	happen(end, event);
	read_job_free(job);
	arena_reset(&loop->arena);
}

/* Most half messages are decided while they are in memory. */
static bool
decide_from_tail(struct pending_end *end)
{
	struct record half;
	struct slice data;

	if (end->copy != -1 || !tail_half(end->worker->tail, end->decision.half_offset, &data) ||
	    record_decode(data.data, data.len, &half) == -1 ||
	    half.position != end->decision.position)
		return false;
	end->half = &half;
	happen(end, DECIDE_FOUND);
	return true;
}

static void
read_half(struct pending_end *end)
{
	struct read_job *job;

	end->state = end->copy == -1 ? DECIDE_READING : DECIDE_READING_COPY;
	if (decide_from_tail(end))
		return;
	job = read_position_new(end->copy != -1 ? end->copy : end->decision.position);
	job->reply_loop = end->worker->loop;
	job->done = on_read;
	job->context = end;
	store_read(end->worker->broker->store, job);
}

static void
override(struct pending_end *end)
{
	end->override = true;
	read_half(end);
}

static void
on_copy_found(struct half_job *job, struct loop *loop)
{
	struct pending_end *end = job->context;

	(void)loop;
	end->copy = job->n != 0 ? job->halves[0].copy : -1;
	half_job_free(job);
	happen(end, end->copy != -1 ? DECIDE_FOUND : DECIDE_MISSING);
}

/* The record may have expired while a parked copy is left. */
static void
find_copy(struct pending_end *end)
{
	struct half_job *job = half_job_new(HALF_FIND);

	end->state = DECIDE_FINDING_COPY;
	job->position = end->decision.position;
	job->reply_loop = end->worker->loop;
	job->done = on_copy_found;
	job->context = end;
	store_halves(end->worker->broker->store, job);
}

/* ---- the table ----------------------------------------------------------- */

/* After the action the decision may be gone. */
typedef void action_fn(struct pending_end *end);

static const struct row {
	const char *name;
	action_fn *run; /* NULL: impossible */
} table[N_DECIDE_STATES][N_DECIDE_EVENTS] = {
#define ROW(action)                                                                                \
	{                                                                                          \
#action, action                                                                    \
	}
	[DECIDE_READING] = {
		[DECIDE_FOUND] = ROW(decide_record),
		[DECIDE_MISSING] = ROW(find_copy),
		[DECIDE_UNREADABLE] = ROW(fail_unreadable),
	},
	[DECIDE_FINDING_COPY] = {
		[DECIDE_FOUND] = ROW(read_half),
		[DECIDE_MISSING] = ROW(refuse_unknown),
	},
	[DECIDE_READING_COPY] = {
		[DECIDE_FOUND] = ROW(decide_record),
		[DECIDE_MISSING] = ROW(refuse_expired),
		[DECIDE_UNREADABLE] = ROW(fail_unreadable),
	},
	[DECIDE_STORING] = {
		[DECIDE_STORED] = ROW(end_decided),
		[DECIDE_NOT_OPEN] = ROW(read_events),
		[DECIDE_REVOCABLE] = ROW(override),
		[DECIDE_NOT_STORED] = ROW(fail_stored),
	},
	[DECIDE_READING_EVENTS] = {
		[DECIDE_FOUND] = ROW(keep_late),
		[DECIDE_MISSING] = ROW(refuse_forgotten),
		[DECIDE_UNREADABLE] = ROW(fail_unreadable_events),
	},
	[DECIDE_KEEPING] = {
		[DECIDE_STORED] = ROW(end_kept),
		[DECIDE_NOT_STORED] = ROW(fail_stored),
	},
#undef ROW
};

static const char *const state_names[N_DECIDE_STATES] = {
	[DECIDE_READING] = "reading",
	[DECIDE_FINDING_COPY] = "finding copy",
	[DECIDE_READING_COPY] = "reading copy",
	[DECIDE_STORING] = "storing",
	[DECIDE_READING_EVENTS] = "reading events",
	[DECIDE_KEEPING] = "keeping",
};

static const char *const event_names[N_DECIDE_EVENTS] = {
	[DECIDE_FOUND] = "found",
	[DECIDE_MISSING] = "missing",
	[DECIDE_UNREADABLE] = "unreadable",
	[DECIDE_STORED] = "stored",
	[DECIDE_NOT_OPEN] = "not open",
	[DECIDE_REVOCABLE] = "revocable",
	[DECIDE_NOT_STORED] = "not stored",
};

const char *
decide_state_name(enum decide_state state)
{
	return state_names[state];
}

const char *
decide_event_name(enum decide_event event)
{
	return event_names[event];
}

const char *
decide_action_name(enum decide_state state, enum decide_event event)
{
	return table[state][event].run != NULL ? table[state][event].name : "impossible";
}

static void
happen(struct pending_end *end, enum decide_event event)
{
	const struct row *row = &table[end->state][event];

	if (row->run == NULL)
		fatal("a decision met what is impossible state=\"%s\" event=\"%s\"",
		    state_names[end->state], event_names[event]);
	row->run(end);
}

/* ---- the beginning -------------------------------------------------------- */

static struct slice
copy_text(char **at, struct slice text)
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
transaction_decide(struct worker *worker, const struct transaction_decision *decision,
    transaction_done_fn *done, void *context)
{
	struct pending_end *end = pool_alloc(&worker->loop->pool,
	    sizeof *end + decision->group.len + decision->by.len + decision->reason.len);
	char *at = end->text;

	*end = (struct pending_end){
		.worker = worker,
		.decision = *decision,
		.done = done,
		.context = context,
		.copy = -1,
		.since_us = clock_mono_us(),
	};
	end->decision.group = copy_text(&at, decision->group);
	end->decision.by = copy_text(&at, decision->by);
	end->decision.reason = copy_text(&at, decision->reason);
	read_half(end);
}
