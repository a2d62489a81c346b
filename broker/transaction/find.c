#include "config.h"

#include "broker/transaction/find.h"

#include "broker/store/half/half.h"
#include "broker/store/store.h"

static void go_on(struct transaction_search *search);

static void
submit(struct transaction_search *search, struct read_job *job,
    void (*done)(struct read_job *job, struct loop *reply_loop))
{
	job->reply_loop = search->worker->loop;
	job->done = done;
	job->context = search;
	store_read(search->worker->broker->store, job);
}

static void
add(struct transaction_search *search, int64_t position, int64_t copy)
{
	for (size_t i = 0; i < search->n; i++)
		if (search->positions[i] == position)
			return;
	if (search->n == TRANSACTION_FIND_MAX)
		return;
	search->positions[search->n] = position;
	search->copies[search->n++] = copy;
}

/* Adds the half message of this record, which is itself, its copy or the delivered message. False:
 * none of them. */
static bool
add_record(struct transaction_search *search, const struct record *record)
{
	if (slice_is(record->topic, HALF_TOPIC))
		add(search, record->position, -1);
	else if (slice_is(record->topic, HALF_PARKED_TOPIC))
		add(search, record->prepared_offset, record->position);
	else if ((record->sys_flag & SYS_FLAG_TRANSACTION) == SYS_FLAG_COMMIT)
		add(search, record->prepared_offset, -1);
	else
		return false;
	return true;
}

static void
note_failure(struct transaction_search *search, const struct read_job *job)
{
	if (job->status == READ_CORRUPT || job->status == READ_FAILED)
		search->failed = true;
}

/* ---- by transaction id -------------------------------------------------- */

static void
on_key(struct read_job *job, struct loop *reply_loop)
{
	struct transaction_search *search = job->context;
	struct slice rest = { "", 0 };
	struct record record;

	(void)reply_loop;
	note_failure(search, job);
	if (job->status == READ_FOUND)
		rest = (struct slice){ job->chunk->data, job->chunk->len };
	while (record_decode(rest.data, rest.len, &record) == 0) {
		rest.data += record.size;
		rest.len -= record.size;
		/* the index has other keys of messages too, which are no ids */
		if (slice_equal(property_find(record.properties, "UNIQ_KEY"), search->id))
			add_record(search, &record);
	}
	search->cut = job->n_records == TRANSACTION_FIND_MAX;
	read_job_free(job);
	go_on(search);
}

static bool
ask_key(struct transaction_search *search, struct slice topic)
{
	submit(search, read_key_new(topic, search->id, TRANSACTION_FIND_MAX), on_key);
	return true;
}

static bool
ask_half_key(struct transaction_search *search)
{
	return ask_key(search, SLICE(HALF_TOPIC));
}

/* The parked copy stays in the log longer than the half message. */
static bool
ask_parked_key(struct transaction_search *search)
{
	return ask_key(search, SLICE(HALF_PARKED_TOPIC));
}

/* ---- by position -------------------------------------------------------- */

static void
on_events(struct read_job *job, struct loop *reply_loop)
{
	struct transaction_search *search = job->context;

	(void)reply_loop;
	note_failure(search, job);
	if (job->n_records != 0)
		add(search, search->position, -1);
	read_job_free(job);
	go_on(search);
}

/* A decided half message is not in the table. Its events may outlive its record. */
static void
on_table(struct half_job *job, struct loop *reply_loop)
{
	struct transaction_search *search = job->context;
	bool found = job->n != 0;

	half_job_free(job);
	if (found) {
		add(search, search->position, -1);
		go_on(search);
		return;
	}
	struct slice key = half_event_key(&reply_loop->arena, search->position);

	submit(search, read_key_new(SLICE(HALF_EVENT_TOPIC), key, 1), on_events);
}

static bool
is_stored_at(const struct transaction_search *search, const struct record *record)
{
	const struct host *host = &search->host;

	return host->ip_len == 0 || (host->ip_len == record->store_host.ip_len &&
					host->port == record->store_host.port &&
					memcmp(host->ip, record->store_host.ip, host->ip_len) == 0);
}

/* When the record has left the log, the table may still have the half message. */
static void
on_position(struct read_job *job, struct loop *reply_loop)
{
	struct transaction_search *search = job->context;
	bool found = job->status == READ_FOUND;
	struct half_job *ask;
	struct record record;

	(void)reply_loop;
	if (job->status == READ_FAILED)
		search->failed = true;
	if (found && record_decode(job->chunk->data, job->chunk->len, &record) == 0 &&
	    is_stored_at(search, &record))
		add_record(search, &record);
	read_job_free(job);
	if (found) {
		go_on(search);
		return;
	}
	ask = half_job_new(HALF_FIND);
	ask->reply_loop = search->worker->loop;
	ask->done = on_table;
	ask->context = search;
	ask->position = search->position;
	store_halves(search->worker->broker->store, ask);
}

static bool
ask_position(struct transaction_search *search)
{
	submit(search, read_position_new(search->position), on_position);
	return true;
}

static bool
ask_decimal(struct transaction_search *search)
{
	return slice_to_int64(search->id, &search->position) == 0 && search->position >= 0 &&
	       ask_position(search);
}

/* Unique ids have the same form; read as offset ids they name other brokers. */
static bool
ask_offset_id(struct transaction_search *search)
{
	return message_id_parse(search->id, &search->host, &search->position) == 0 &&
	       search->position >= 0 && ask_position(search);
}

/* ---- one after the other, until there is one ----------------------------- */

static void
go_on(struct transaction_search *search)
{
	static bool (*const steps[])(struct transaction_search * search) = {
		ask_decimal,
		ask_half_key,
		ask_parked_key,
		ask_offset_id,
	};

	while (search->n == 0 && search->step < sizeof steps / sizeof steps[0])
		if (steps[search->step++](search))
			return;
	search->done(search, search->worker->loop);
}

void
transaction_find(struct transaction_search *search)
{
	go_on(search);
}
