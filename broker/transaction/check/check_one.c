#include "config.h"

/*
 * What becomes of one half message that is due:
 *
 *   read -> parked (asked often enough, or nobody can be asked at all)
 *        -> somebody is chosen -> the ask is committed -> it leaves
 *        -> nobody is there: put off, which counts as no ask
 *
 * One that is lost on the way (a full disk, a failed read) comes up again: taking it put it off.
 */

#include "broker/transaction/check/check_private.h"

#include <inttypes.h>
#include <stdlib.h>

#include "broker/consumers/push.h"
#include "broker/delay/real_topic.h"
#include "broker/transaction/decide/decide.h"
#include "broker/transaction/decide/half_message.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define RETRY_MS 1000
#define PATIENCE_MS 10000 /* so soon a member that came back is found */
#define TRIES_MAX 3       /* members that turned out to be gone */
#define GROUP_NAME_MAX 255
#define LINES_MAX 5 /* of the log, a second */

/* One half message at hand. */
struct check {
	struct check *next, *prev;
	struct transaction_checks *checks;
	struct half half;
	struct arena arena;
	struct chunk *chunk; /* NULL: not read yet */
	struct record record;
	struct check_question question;
	enum check_choice members; /* whether one is connected here */
	int n_tries;
	void (*leave)(struct check *check); /* once the ask is committed */
	struct check_member member;
	struct slice master;
	struct slice url;
};

static void choose(struct check *check);

static struct check *
check_new(struct transaction_checks *checks, const struct half *half)
{
	struct check *check = mem_zalloc(sizeof *check);

	check->checks = checks;
	check->half = *half;
	check->next = checks->first;
	if (check->next != NULL)
		check->next->prev = check;
	checks->first = check;
	checks->n_at_hand++;
	return check;
}

static void
check_unlink(struct check *check)
{
	struct transaction_checks *checks = check->checks;

	*(check->prev != NULL ? &check->prev->next : &checks->first) = check->next;
	if (check->next != NULL)
		check->next->prev = check->prev;
	checks->n_at_hand--;
	if (check->chunk != NULL) {
		checks->n_bytes -= check->chunk->len;
		chunk_unref(check->chunk);
	}
	arena_release(&check->arena);
	free(check);
}

/* All is done that can be for now. */
static void
finish(struct check *check)
{
	struct transaction_checks *checks = check->checks;

	check_unlink(check);
	checks_pump(checks);
}

static void
put_off(struct check *check, int64_t wait_ms)
{
	struct half_job *job = half_job_new(HALF_PUT_OFF);

	job->position = check->half.position;
	job->put_off_ms = wait_ms;
	store_halves(check->checks->broker->store, job);
	finish(check);
}

/*
 * There is nobody to ask. Masses that wait for somebody take at most half of
 * what we may look after, so that others get their turn.
 */
static void
put_off_for_lack(struct check *check, int64_t patience_ms)
{
	const struct broker *broker = check->checks->broker;
	struct half_counts counts;

	store_half_counts(broker->store, &counts);
	int64_t turn_ms = 2 * counts.n_open * 1000 / broker->settings->transaction_check_rate;

	put_off(check, patience_ms > turn_ms ? patience_ms : turn_ms);
}

static int64_t
patience_ms(const struct check *check)
{
	const struct transaction_checks *checks = check->checks;
	int64_t interval_ms = checks->broker->settings->transaction_check_interval;

	return check_members_patience_ms(checks->members, check->question.group,
	    interval_ms < PATIENCE_MS ? interval_ms : PATIENCE_MS, clock_mono_ms());
}

static bool
is_stopped(const struct check *check)
{
	return check->checks->stopped;
}

/* It was decided meanwhile, or the disk failed and may be well soon. */
static void
not_stored(struct check *check, enum append_status status)
{
	if (status == APPEND_NOT_OPEN || is_stopped(check))
		finish(check);
	else
		put_off(check, RETRY_MS);
}

/* A line, unless there were enough this second. */
static bool
may_say(struct transaction_checks *checks)
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
on_parked(struct append *append, struct loop *loop)
{
	struct check *check = append->context;
	struct transaction_counters *counters = &check->checks->broker->transactions->counters;
	enum append_status status = append->status;
	bool parked = status == APPEND_OK;

	(void)loop;
	append_free(append);
	if (parked) {
		int64_t n = atomic_fetch_add_explicit(&counters->parked, 1, memory_order_relaxed);

		if (may_say(check->checks))
			log_warn("transaction parked position=%" PRId64 " group=%.*s asked=%" PRId32
				 " total=%" PRId64,
			    check->half.position, (int)check->question.group.len,
			    check->question.group.data != NULL ? check->question.group.data : "",
			    check->half.n_asked, n + 1);
	}
	if (parked)
		finish(check);
	else
		not_stored(check, status);
}

/* Not asked about any more: a copy where people look, which is also kept when the original expires.
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
	submit(check, append, on_parked);
}

/* ---- asking ---------------------------------------------------------- */

static void
on_asked(struct append *append, struct loop *loop)
{
	struct check *check = append->context;
	struct transaction_counters *counters = &check->checks->broker->transactions->counters;
	enum append_status status = append->status;
	bool asked = status == APPEND_OK;

	(void)loop;
	append_free(append);
	if (asked)
		atomic_fetch_add_explicit(&counters->asked, 1, memory_order_relaxed);
	if (asked && !is_stopped(check))
		check->leave(check);
	else
		not_stored(check, status);
}

/* A URL is not asked about one while it still may answer. */
static int64_t
wait_after(const struct broker_settings *settings, enum half_source source)
{
	int64_t interval_ms = settings->transaction_check_interval;

	if (source == SOURCE_URL && settings->transaction_check_url_timeout > interval_ms)
		return settings->transaction_check_url_timeout;
	return interval_ms;
}

/* The ask is kept first: so none leaves once there is a decision, and each is counted. */
static void
ask(struct check *check, enum half_source source, const struct host *who, struct slice by,
    void (*leave)(struct check *check))
{
	struct half_event event = {
		.kind = EVENT_ASK,
		.source = source,
		.position = check->half.position,
		.half_offset = check->question.header.tran_state_table_offset,
		.time_ms = clock_wall_ms(),
		.wait_ms = wait_after(check->checks->broker->settings, source),
		.n_asked = ++check->half.n_asked,
		.who = *who,
		.by = by,
	};
	struct append *append = event_append(check, &event);

	check->leave = leave;
	append->half = (struct half_change){
		.op = HALF_ASK,
		.position = event.position,
		.wait_ms = event.wait_ms,
	};
	submit(check, append, on_asked);
}

static void
on_pushed(void *context, struct loop *reply_loop, enum push_result result)
{
	struct check *check = context;

	(void)reply_loop;
	if (is_stopped(check) || result == PUSH_SENT) {
		finish(check);
		return;
	}
	check_members_refused(check->checks->members, check->question.group, check->member.conn,
	    half_event_key(&check->arena, check->half.position), clock_mono_ms());
	if (++check->n_tries < TRIES_MAX)
		choose(check);
	else
		put_off(check, RETRY_MS);
}

static void
leave_to_member(struct check *check)
{
	struct transaction_checks *checks = check->checks;

	check_members_asked(checks->members, check->question.group, check->member.conn,
	    half_event_key(&check->arena, check->half.position), clock_mono_ms());
	push_check(checks->broker, check->member.conn, &check->question.header,
	    check->question.body, on_pushed, check);
}

static void
leave_to_master(struct check *check)
{
	relay_out_ask(check->checks->relay_out, check->master, &check->question);
	finish(check);
}

static void
leave_to_url(struct check *check)
{
	check_urls_ask(check->checks->urls, check->url, &check->question);
	finish(check);
}

/* Nobody is connected, here or elsewhere. */
static void
choose_url(struct check *check)
{
	struct transaction_checks *checks = check->checks;
	int64_t now_ms = clock_mono_ms();
	struct slice group = check->question.group;
	struct host host;

	switch (check_urls_choose(checks->urls, group, now_ms, &check->arena, &check->url, &host)) {
	case CHECK_CHOSEN:
		ask(check, SOURCE_URL, &host, check->url, leave_to_url);
		break;
	case CHECK_LATER:
		put_off_for_lack(check, check_urls_patience_ms(checks->urls, group, now_ms));
		break;
	case CHECK_NOBODY:
		put_off_for_lack(check, patience_ms(check));
		break;
	}
}

static void
on_found(void *context, enum check_choice elsewhere, struct slice master)
{
	struct check *check = context;
	struct host nowhere = { .ip_len = 4 };

	if (is_stopped(check)) {
		check_unlink(check);
	} else if (elsewhere == CHECK_CHOSEN) {
		check->master = arena_copy(&check->arena, master);
		ask(check, SOURCE_CHECK, &nowhere,
		    arena_printf(&check->arena, "a member at %.*s", (int)master.len, master.data),
		    leave_to_master);
	} else if (elsewhere == CHECK_NOBODY && check->members == CHECK_NOBODY) {
		choose_url(check);
	} else {
		put_off_for_lack(check, patience_ms(check));
	}
}

static void
choose(struct check *check)
{
	struct transaction_checks *checks = check->checks;
	const struct check_question *question = &check->question;

	check->members = check_members_choose(checks->members, question->group,
	    &question->born_host, clock_mono_ms(), &check->arena, &check->member);
	if (check->members == CHECK_CHOSEN)
		ask(check, SOURCE_CHECK, &check->member.host, check->member.id, leave_to_member);
	else
		relay_out_find(checks->relay_out, question->group, on_found, check);
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

/* False when nobody can be asked, ever. */
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
judge(struct check *check)
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

static void start_read(struct check *check, int64_t position);

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct check *check = job->context;
	struct transaction_checks *checks = check->checks;
	enum read_status status = job->status;
	int64_t position = job->offset;

	(void)loop;
	checks->n_reading--;
	if (status == READ_FOUND &&
	    record_decode(job->chunk->data, job->chunk->len, &check->record) == 0) {
		check->chunk = job->chunk;
		checks->n_bytes += check->chunk->len;
		job->chunk = NULL;
	}
	read_job_free(job);
	if (is_stopped(check))
		check_unlink(check);
	else if (check->chunk != NULL)
		judge(check);
	else if (status == READ_FAILED)
		put_off(check, RETRY_MS);
	else if (check->half.copy != -1 && position != check->half.copy)
		start_read(check, check->half.copy);
	else
		park(check, SLICE("its record cannot be read"));
	checks_pump(checks); /* one read less */
}

static void
start_read(struct check *check, int64_t position)
{
	struct read_job *job = read_job_new(READ_POSITION);

	check->checks->n_reading++;
	job->offset = position;
	job->reply_loop = check->checks->loop;
	job->done = on_read;
	job->context = check;
	store_read(check->checks->broker->store, job);
}

/* ---- from outside ---------------------------------------------------- */

void
check_begin(struct transaction_checks *checks, const struct half *half)
{
	start_read(check_new(checks, half), half->position);
}

void
checks_drop(struct transaction_checks *checks)
{
	while (checks->first != NULL)
		check_unlink(checks->first);
}
