#include "config.h"

/*
 * What becomes of one half message that is due:
 *
 *   read -> parked (asked often enough, or nobody can ever be asked)
 *        -> a member is chosen -> the ask is committed -> it leaves
 *        -> no member is there: it is due again later, and this does not count as an ask
 *
 * Each step ends with an event, and the table says what is done next (check_table.h). One that is
 * lost on the way (a full disk, a failed read) comes up again, because taking it set when it is due
 * again.
 */

#include "broker/transaction/check/check_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "broker/consumers/push.h"
#include "broker/delay/real_topic.h"
#include "broker/store/store.h"
#include "broker/transaction/decide/decide.h"
#include "broker/transaction/decide/half_message.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define RETRY_DELAY_MS 1000      /* after a failure of ours */
#define RETRY_DELAY_MAX_MS 10000 /* so soon a member that came back is found */
#define TRIES_MAX 3              /* members that turned out to be gone */
#define GROUP_NAME_MAX 255
#define LINES_MAX 5 /* of the log, a second */

/* One half message at hand. */
struct check {
	LIST_ENTRY(check) link;
	struct transaction_checks *checks;
	enum check_state state;
	struct half half;
	struct arena arena;
	struct chunk *chunk; /* NULL: not read yet */
	struct record record;
	struct check_question question;
	enum check_choice members; /* whether one is connected here */
	int n_tries;
	void (*send)(struct check *check); /* once the ask is committed */
	struct check_member member;
	struct slice master;
	struct slice url;
};

static void happen(struct check *check, enum check_event event);
static void choose(struct check *check);

/* ---- one more, one less ------------------------------------------------ */

static struct check *
check_new(struct transaction_checks *checks, const struct half *half)
{
	struct check *check = mem_zalloc(sizeof *check);

	check->checks = checks;
	check->half = *half;
	LIST_INSERT_HEAD(&checks->at_hand, check, link);
	checks->n_at_hand++;
	return check;
}

static void
check_unlink(struct check *check)
{
	struct transaction_checks *checks = check->checks;

	LIST_REMOVE(check, link);
	checks->n_at_hand--;
	if (check->chunk != NULL) {
		checks->n_bytes -= check->chunk->len;
		chunk_unref(check->chunk);
	}
	arena_release(&check->arena);
	free(check);
}

/* All is done for now. */
static void
finish(struct check *check)
{
	struct transaction_checks *checks = check->checks;

	check_unlink(check);
	checks_pump(checks);
}

static void
retry_after(struct check *check, int64_t retry_delay_ms)
{
	struct half_job *job = half_job_new(HALF_SET_DUE);

	job->position = check->half.position;
	job->retry_delay_ms = retry_delay_ms;
	store_halves(check->checks->broker->store, job);
	finish(check);
}

static void
retry_soon(struct check *check)
{
	retry_after(check, RETRY_DELAY_MS);
}

/*
 * There is no member to ask. Checks without a reachable producer may use at most half of
 * transactionCheckRate, so that the others get their turn.
 */
static void
retry_for_lack(struct check *check, int64_t retry_delay_ms)
{
	const struct broker *broker = check->checks->broker;
	struct half_counts counts;

	store_half_counts(broker->store, &counts);
	int64_t turn_ms = 2 * counts.n_open * 1000 / broker->settings->transaction_check_rate;

	retry_after(check, retry_delay_ms > turn_ms ? retry_delay_ms : turn_ms);
}

static void
wait_for_member(struct check *check)
{
	const struct transaction_checks *checks = check->checks;
	int64_t interval_ms = checks->broker->settings->transaction_check_interval;

	retry_for_lack(
	    check, check_members_retry_delay_ms(checks->members, check->question.group,
		       interval_ms < RETRY_DELAY_MAX_MS ? interval_ms : RETRY_DELAY_MAX_MS,
		       clock_mono_ms()));
}

static bool
is_stopped(const struct check *check)
{
	return check->checks->stopped;
}

static enum check_event
event_of_append(const struct check *check, enum append_status status)
{
	if (status == APPEND_OK)
		return CHECK_STORED;
	if (is_stopped(check))
		return CHECK_STOPPED;
	return status == APPEND_NOT_OPEN ? CHECK_NOT_OPEN : CHECK_NOT_STORED;
}

/* Whether a log line may be written: a few a second. */
static bool
may_log(struct transaction_checks *checks)
{
	int64_t now_ms = clock_mono_ms();

	if (now_ms - checks->lines_ms >= 1000) {
		checks->lines_ms = now_ms;
		checks->n_lines = 0;
	}
	return checks->n_lines++ < LINES_MAX;
}

/* ---- events ---------------------------------------------------------- */

static struct append *
event_append(struct check *check, const struct half_event *event)
{
	struct transaction_checks *checks = check->checks;

	return half_event_append(checks->broker->store, checks->loop, &check->arena, event);
}

static void
submit(struct check *check, struct append *append,
    void (*done)(struct append *append, struct loop *reply_loop))
{
	append->reply_loop = check->checks->loop;
	append->done = done;
	append->context = check;
	store_append(check->checks->broker->store, append);
}

/* ---- parking --------------------------------------------------------- */

static void
end_parked(struct check *check)
{
	struct transaction_counters *counters = &check->checks->broker->transactions->counters;
	int64_t n = atomic_fetch_add_explicit(&counters->parked, 1, memory_order_relaxed);
	struct slice group = check->question.group;

	if (may_log(check->checks))
		log_warn("transaction parked position=%" PRId64 " group=%.*s asked=%" PRId32
			 " total=%" PRId64,
		    check->half.position, (int)group.len, group.data != NULL ? group.data : "",
		    check->half.n_asked, n + 1);
	finish(check);
}

static void
on_parked(struct append *append, struct loop *loop)
{
	struct check *check = append->context;
	enum append_status status = append->status;

	(void)loop;
	append_free(append);
	happen(check, event_of_append(check, status));
}

/*
 * It is not asked about any more. A copy goes to the topic that operators look at; it stays when
 * the original expires.
 */
static void
park(struct check *check, struct slice reason)
{
	struct half_event event = {
		.kind = EVENT_PARK,
		.source = SOURCE_BROKER,
		.position = check->half.position,
		.half_offset = check->question.header.tran_state_table_offset,
		.time_ms = clock_wall_ms(),
		.n_asked = check->half.n_asked,
		.reason = reason,
	};
	struct record copy = check->record;

	if (check->chunk == NULL)
		copy = (struct record){
			.born_timestamp = event.time_ms,
			.born_host = { .ip_len = 4 },
			.body = SLICE(""),
			.properties = SLICE(""),
		};
	copy.topic = SLICE(HALF_PARKED_TOPIC);
	copy.queue_id = 0;
	copy.prepared_offset = check->half.position;
	struct append *append = append_new(check->checks->broker->store, &copy, 1);

	append->half = (struct half_change){ .op = HALF_PARK, .position = check->half.position };
	append->companion = event_append(check, &event);
	check->state = CHECK_PARKING;
	submit(check, append, on_parked);
}

static void
park_unreadable(struct check *check)
{
	park(check, SLICE("its record cannot be read"));
}

/* ---- asking ---------------------------------------------------------- */

static void
leave(struct check *check)
{
	check->send(check);
}

static void
on_asked(struct append *append, struct loop *loop)
{
	struct check *check = append->context;
	struct transaction_counters *counters = &check->checks->broker->transactions->counters;
	enum append_status status = append->status;

	(void)loop;
	append_free(append);
	if (status == APPEND_OK)
		atomic_fetch_add_explicit(&counters->asked, 1, memory_order_relaxed);
	happen(check, is_stopped(check) ? CHECK_STOPPED : event_of_append(check, status));
}

/* A URL that may still reply is not asked about the same half message again. */
static int64_t
retry_delay_after(const struct broker_settings *settings, enum half_source source)
{
	int64_t interval_ms = settings->transaction_check_interval;

	if (source == SOURCE_URL && settings->transaction_check_url_timeout > interval_ms)
		return settings->transaction_check_url_timeout;
	return interval_ms;
}

/* The ask is committed before it leaves: none leaves after a decision, and each one is counted. */
static void
ask(struct check *check, enum half_source source, const struct host *who, struct slice by,
    void (*send)(struct check *check))
{
	struct half_event event = {
		.kind = EVENT_ASK,
		.source = source,
		.position = check->half.position,
		.half_offset = check->question.header.tran_state_table_offset,
		.time_ms = clock_wall_ms(),
		.retry_delay_ms = retry_delay_after(check->checks->broker->settings, source),
		.n_asked = ++check->half.n_asked,
		.who = *who,
		.by = by,
	};
	struct append *append = event_append(check, &event);

	check->send = send;
	check->state = CHECK_ASKING;
	append->half = (struct half_change){
		.op = HALF_ASK,
		.position = event.position,
		.due_in_ms = event.retry_delay_ms,
	};
	submit(check, append, on_asked);
}

static void
choose_again(struct check *check)
{
	if (++check->n_tries < TRIES_MAX)
		choose(check);
	else
		retry_soon(check);
}

static void
on_pushed(void *context, struct loop *loop, enum push_result result)
{
	struct check *check = context;

	(void)loop;
	if (result != PUSH_SENT && !is_stopped(check))
		check_members_refused(check->checks->members, check->question.group,
		    check->member.conn, half_event_key(&check->arena, check->half.position),
		    clock_mono_ms());
	happen(check, is_stopped(check)     ? CHECK_STOPPED
		      : result == PUSH_SENT ? CHECK_SENT
					    : CHECK_NOT_SENT);
}

static void
send_to_member(struct check *check)
{
	struct transaction_checks *checks = check->checks;

	check->state = CHECK_PUSHING;
	check_members_asked(checks->members, check->question.group, check->member.conn,
	    half_event_key(&check->arena, check->half.position), clock_mono_ms());
	push_check(checks->broker, check->member.conn, &check->question.header,
	    check->question.body, on_pushed, check);
}

static void
send_to_master(struct check *check)
{
	relay_out_ask(check->checks->relay_out, check->master, &check->question);
	finish(check);
}

static void
send_to_url(struct check *check)
{
	check_urls_ask(check->checks->urls, check->url, &check->question);
	finish(check);
}

/* ---- choosing who is asked --------------------------------------------- */

/* No member is connected, here or elsewhere. */
static void
choose_url(struct check *check)
{
	struct transaction_checks *checks = check->checks;
	int64_t now_ms = clock_mono_ms();
	struct slice group = check->question.group;
	struct host host;

	switch (check_urls_choose(checks->urls, group, now_ms, &check->arena, &check->url, &host)) {
	case CHECK_CHOSEN:
		ask(check, SOURCE_URL, &host, check->url, send_to_url);
		break;
	case CHECK_BUSY:
		retry_for_lack(check, check_urls_retry_delay_ms(checks->urls, group, now_ms));
		break;
	case CHECK_NOBODY:
		wait_for_member(check);
		break;
	}
}

static void
ask_master(struct check *check)
{
	struct host nowhere = { .ip_len = 4 };

	ask(check, SOURCE_CHECK, &nowhere,
	    arena_printf(
		&check->arena, "a member at %.*s", (int)check->master.len, check->master.data),
	    send_to_master);
}

static void
on_found(void *context, enum check_choice elsewhere, struct slice master)
{
	struct check *check = context;
	enum check_event event = CHECK_OCCUPIED;

	if (is_stopped(check)) {
		event = CHECK_STOPPED;
	} else if (elsewhere == CHECK_CHOSEN) {
		check->master = arena_copy(&check->arena, master);
		event = CHECK_FOUND;
	} else if (elsewhere == CHECK_NOBODY && check->members == CHECK_NOBODY) {
		event = CHECK_MISSING;
	}
	happen(check, event);
}

static void
choose(struct check *check)
{
	struct transaction_checks *checks = check->checks;
	const struct check_question *question = &check->question;

	check->members = check_members_choose(checks->members, question->group,
	    &question->born_host, clock_mono_ms(), &check->arena, &check->member);
	if (check->members == CHECK_CHOSEN) {
		ask(check, SOURCE_CHECK, &check->member.host, check->member.id, send_to_member);
	} else {
		check->state = CHECK_SEARCHING;
		relay_out_find(checks->relay_out, question->group, on_found, check);
	}
}

/* ---- the record ------------------------------------------------------ */

static struct slice
encode(struct arena *arena, const struct record *record)
{
	size_t size = record_size(record);
	char *at = arena_alloc(arena, size);

	record_encode(record, at);
	record_place(at, record->queue_offset, record->position, record->store_timestamp);
	return (struct slice){ at, size };
}

/* False: nobody can ever be asked. */
static bool
compose(struct check *check, const char **why)
{
	struct check_question *question = &check->question;
	struct arena *arena = &check->arena;
	struct record sent = check->record;
	struct known_properties known;
	struct slice id;

	sent.position = check->half.position; /* of a copy too */
	sent.prepared_offset = 0;
	id = transaction_id(arena, &sent);
	question->header = (struct check_transaction_header){
		.tran_state_table_offset = sent.queue_offset,
		.commit_log_offset = sent.position,
		.msg_id = id,
		.transaction_id = id,
		.offset_msg_id = message_id(arena, &sent.store_host, sent.position),
		.topic = SLICE(HALF_TOPIC),
		.broker_name = slice_of(check->checks->broker->settings->broker_name),
	};
	properties_read(sent.properties, &known);
	question->group = known.producer_group;
	question->keys = known.keys;
	question->born_host = sent.born_host;
	*why = "it does not say which group of producers sent it";
	if (question->group.len == 0 || question->group.len > GROUP_NAME_MAX)
		return false;
	*why = "it does not say which topic it is for";
	if (!real_topic_restore(&sent, &known, 0, arena))
		return false;
	question->topic = sent.topic;
	question->body = encode(arena, &sent);
	return true;
}

static void
consider(struct check *check)
{
	const struct broker_settings *settings = check->checks->broker->settings;
	const char *why;

	if (!compose(check, &why))
		park(check, slice_of(why));
	else if (check->half.expiring)
		park(check, SLICE("its record was about to be removed by retention"));
	else if (check->half.n_asked >= settings->transaction_check_max)
		park(check, arena_printf(&check->arena, "nobody decided after %" PRId32 " asks",
				check->half.n_asked));
	else
		choose(check);
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct check *check = job->context;
	struct transaction_checks *checks = check->checks;
	enum check_event event = job->status == READ_FAILED ? CHECK_UNREADABLE : CHECK_MISSING;

	(void)loop;
	checks->n_reading--;
	if (job->status == READ_FOUND &&
	    record_decode(job->chunk->data, job->chunk->len, &check->record) == 0) {
		check->chunk = job->chunk;
		checks->n_bytes += check->chunk->len;
		job->chunk = NULL;
		event = CHECK_FOUND;
	}
	read_job_free(job);
	happen(check, is_stopped(check) ? CHECK_STOPPED : event);
	checks_pump(checks); /* one read less */
}

static void
start_read(struct check *check, enum check_state state, int64_t position)
{
	struct read_job *job = read_position_new(position);

	check->state = state;
	check->checks->n_reading++;
	job->reply_loop = check->checks->loop;
	job->done = on_read;
	job->context = check;
	store_read(check->checks->broker->store, job);
}

static void
read_copy(struct check *check)
{
	if (check->half.copy != -1)
		start_read(check, CHECK_READING_COPY, check->half.copy);
	else
		park_unreadable(check);
}

/* ---- the table --------------------------------------------------------- */

/* After the action the check may be gone. */
typedef void action_fn(struct check *check);

static const struct row {
	const char *name;
	action_fn *run; /* NULL: impossible */
} table[N_CHECK_STATES][N_CHECK_EVENTS] = {
#define ROW(action)                                                                                \
	{                                                                                          \
#action, action                                                                    \
	}
	[CHECK_READING] = {
		[CHECK_FOUND] = ROW(consider),
		[CHECK_MISSING] = ROW(read_copy),
		[CHECK_UNREADABLE] = ROW(retry_soon),
		[CHECK_STOPPED] = ROW(finish),
	},
	[CHECK_READING_COPY] = {
		[CHECK_FOUND] = ROW(consider),
		[CHECK_MISSING] = ROW(park_unreadable),
		[CHECK_UNREADABLE] = ROW(retry_soon),
		[CHECK_STOPPED] = ROW(finish),
	},
	[CHECK_SEARCHING] = {
		[CHECK_FOUND] = ROW(ask_master),
		[CHECK_MISSING] = ROW(choose_url),
		[CHECK_OCCUPIED] = ROW(wait_for_member),
		[CHECK_STOPPED] = ROW(finish),
	},
	[CHECK_ASKING] = {
		[CHECK_STORED] = ROW(leave),
		[CHECK_NOT_OPEN] = ROW(finish),
		[CHECK_NOT_STORED] = ROW(retry_soon),
		[CHECK_STOPPED] = ROW(finish),
	},
	[CHECK_PUSHING] = {
		[CHECK_SENT] = ROW(finish),
		[CHECK_NOT_SENT] = ROW(choose_again),
		[CHECK_STOPPED] = ROW(finish),
	},
	[CHECK_PARKING] = {
		[CHECK_STORED] = ROW(end_parked),
		[CHECK_NOT_OPEN] = ROW(finish),
		[CHECK_NOT_STORED] = ROW(retry_soon),
		[CHECK_STOPPED] = ROW(finish),
	},
#undef ROW
};

static const char *const state_names[N_CHECK_STATES] = {
	[CHECK_READING] = "reading",
	[CHECK_READING_COPY] = "reading copy",
	[CHECK_SEARCHING] = "searching",
	[CHECK_ASKING] = "asking",
	[CHECK_PUSHING] = "pushing",
	[CHECK_PARKING] = "parking",
};

static const char *const event_names[N_CHECK_EVENTS] = {
	[CHECK_FOUND] = "found",
	[CHECK_MISSING] = "missing",
	[CHECK_UNREADABLE] = "unreadable",
	[CHECK_OCCUPIED] = "occupied",
	[CHECK_STORED] = "stored",
	[CHECK_NOT_OPEN] = "not open",
	[CHECK_NOT_STORED] = "not stored",
	[CHECK_SENT] = "sent",
	[CHECK_NOT_SENT] = "not sent",
	[CHECK_STOPPED] = "stopped",
};

const char *
check_state_name(enum check_state state)
{
	return state_names[state];
}

const char *
check_event_name(enum check_event event)
{
	return event_names[event];
}

const char *
check_action_name(enum check_state state, enum check_event event)
{
	return table[state][event].run != NULL ? table[state][event].name : "impossible";
}

static void
happen(struct check *check, enum check_event event)
{
	const struct row *row = &table[check->state][event];

	if (row->run == NULL)
		fatal("a check met what is impossible state=\"%s\" event=\"%s\"",
		    state_names[check->state], event_names[event]);
	row->run(check);
}

/* ---- from outside ---------------------------------------------------- */

void
check_begin(struct transaction_checks *checks, const struct half *half)
{
	start_read(check_new(checks, half), CHECK_READING, half->position);
}

const char *
check_state_of(const struct transaction_checks *checks, int64_t position)
{
	const struct check *check;

	LIST_FOREACH(check, &checks->at_hand, link)
		if (check->half.position == position)
			return state_names[check->state];
	return NULL;
}

void
checks_drop(struct transaction_checks *checks)
{
	while (!LIST_EMPTY(&checks->at_hand))
		check_unlink(LIST_FIRST(&checks->at_hand));
}
