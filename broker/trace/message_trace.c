#include "config.h"

#include "broker/trace/message_trace.h"

#include <stdlib.h>

#include "broker/delay/delay.h"
#include "broker/state/checkpoint.h"
#include "broker/state/client.h"
#include "broker/state/delivery.h"
#include "broker/state/offset.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/hash.h"
#include "common/base/mem.h"
#include "common/protocol/record.h"

/* Limits of one trace: what a peer can have the broker read for a request. */
#define GROUPS_MAX 100
#define COPIES_MAX 32 /* of one group, of each kind */
#define EVENTS_MAX 2000
#define FOUND_MAX 200 /* events of one record */

#define RETRY "%RETRY%"
#define DEAD "%DLQ%"

/* A record of the message: itself, or a copy for a group. */
struct trace_copy {
	enum trace_what what;
	struct slice topic; /* where consumers find it */
	int32_t queue_id;
	int64_t queue_offset;
	int64_t position;
	int64_t stored_ms;
	int32_t times;
};

struct group_trace {
	struct slice name;
	struct trace_copy *copies; /* oldest first of each topic */
	size_t n_copies;
};

/* The next question to a reader: the group's retry topic, its dead letters, the delayed ones. */
enum step { STEP_RETRY, STEP_DEAD, STEP_WAITING, N_STEPS };

struct job {
	struct worker *worker;
	trace_done_fn *done;
	void *context;
	struct arena arena;
	struct record record;
	struct chunk *chunk; /* that the record points into */
	struct slice unique_id;
	struct group_trace *groups;
	size_t n_groups;
	size_t at; /* the group of the step */
	enum step step;
	bool cut;
	struct trace_event *events;
	size_t n_events;
};

static void next_step(struct job *job);

static void
finish(struct job *job, enum trace_status status, const struct message_trace *trace)
{
	job->done(job->context, job->worker->loop, status, trace);
	if (job->chunk != NULL)
		chunk_unref(job->chunk);
	arena_release(&job->arena);
	free(job);
}

/* ---- groups ---------------------------------------------------------- */

static void
add_group(struct job *job, struct slice name)
{
	for (size_t i = 0; i < job->n_groups; i++)
		if (slice_equal(job->groups[i].name, name))
			return;
	if (job->n_groups == GROUPS_MAX) {
		job->cut = true;
		return;
	}
	job->groups[job->n_groups++] =
	    (struct group_trace){ .name = arena_copy(&job->arena, name) };
}

static void
on_offset_row(void *arg, const struct offset_row *row)
{
	struct job *job = arg;

	if (!slice_is(row->group, DELAY_GROUP))
		add_group(job, row->group);
}

/* The group of a retry topic or of dead letters; absent for other topics. */
static struct slice
group_of_topic(struct slice topic)
{
	size_t n = slice_starts(topic, RETRY) ? strlen(RETRY) : strlen(DEAD);

	if (!slice_starts(topic, RETRY) && !slice_starts(topic, DEAD))
		return SLICE_NONE;
	return (struct slice){ topic.data + n, topic.len - n };
}

/* Those that subscribe to the topic now, and those that have an offset in it. */
static void
find_groups(struct job *job)
{
	struct broker *broker = job->worker->broker;
	struct slice topic = job->record.topic;
	size_t n;
	const struct slice *names =
	    clients_list_subscribers(broker->clients, topic, &job->arena, &n);

	job->groups = arena_alloc(&job->arena, GROUPS_MAX * sizeof *job->groups);
	for (size_t i = 0; i < n; i++)
		add_group(job, names[i]);
	offsets_each(broker->offsets, SLICE_NONE, topic, on_offset_row, job);
	if (group_of_topic(topic).len != 0)
		add_group(job, group_of_topic(topic));
}

/* ---- copies ---------------------------------------------------------- */

static void
add_copy(struct job *job, struct group_trace *group, const struct trace_copy *copy)
{
	if (copy->position == job->record.position)
		return;
	if (group->copies == NULL)
		group->copies = arena_alloc(&job->arena, 3 * COPIES_MAX * sizeof *group->copies);
	if (group->n_copies == 3 * COPIES_MAX)
		job->cut = true;
	else
		group->copies[group->n_copies++] = *copy;
}

/* A delayed record belongs to the group of its real topic. */
static void
add_waiting(struct job *job, const struct record *record)
{
	struct slice topic = property_find(record->properties, "REAL_TOPIC");
	struct slice name = group_of_topic(topic);

	for (size_t i = 0; i < job->n_groups; i++) {
		struct group_trace *group = &job->groups[i];

		if (slice_equal(group->name, name))
			add_copy(job, group,
			    &(struct trace_copy){
				.what = TRACE_WAITING,
				.topic = arena_copy(&job->arena, topic),
				.queue_id = record->queue_id,
				.queue_offset = record->queue_offset,
				.position = record->position,
				.stored_ms = record->store_timestamp,
				.times = record->reconsume_times,
			    });
	}
}

/* Index entries are hashes, so the records are compared. */
static void
take_copies(struct job *job, const struct read_job *read)
{
	struct group_trace *group = &job->groups[job->at];
	struct slice rest = { read->chunk->data, read->chunk->len };
	struct record record;

	for (; record_decode(rest.data, rest.len, &record) == 0;
	     rest.data += record.size, rest.len -= record.size) {
		if (!slice_equal(property_find(record.properties, "UNIQ_KEY"), job->unique_id))
			continue;
		if (job->step == STEP_WAITING) {
			add_waiting(job, &record);
			continue;
		}
		if (!slice_equal(group_of_topic(record.topic), group->name))
			continue;
		add_copy(job, group,
		    &(struct trace_copy){
			.what = job->step == STEP_DEAD ? TRACE_DEAD : TRACE_SENT_BACK,
			.topic = arena_copy(&job->arena, record.topic),
			.queue_id = record.queue_id,
			.queue_offset = record.queue_offset,
			.position = record.position,
			.stored_ms = record.store_timestamp,
			.times = record.reconsume_times,
		    });
	}
}

static void
on_copies(struct read_job *read, struct loop *loop)
{
	struct job *job = read->context;
	bool failed = read->status == READ_FAILED || read->status == READ_CORRUPT;

	(void)loop;
	if (read->status == READ_FOUND)
		take_copies(job, read);
	job->cut |= read->by_key.more;
	read_job_free(read);
	if (failed) {
		finish(job, TRACE_FAILED, NULL);
		return;
	}
	if (job->step == STEP_RETRY) {
		job->step = STEP_DEAD;
	} else if (job->step == STEP_DEAD) {
		job->step = STEP_RETRY;
		job->at++;
	} else {
		job->step = N_STEPS;
	}
	next_step(job);
}

/* ---- what happened to a record --------------------------------------- */

static void
add_event(struct job *job, const struct trace_event *event)
{
	if (job->n_events == EVENTS_MAX)
		job->cut = true;
	else
		job->events[job->n_events++] = *event;
}

static struct slice
offset_id(struct job *job, int64_t position)
{
	return message_id(&job->arena, &job->worker->broker->host, position);
}

/* The client is still connected, or the broker remembers it. */
static struct slice
client_of(struct job *job, struct conn_id conn)
{
	const struct broker *broker = job->worker->broker;
	struct client client;

	if (clients_find_conn(broker->clients, conn, &job->arena, &client))
		return client.id;
	return deliveries_gone_client(broker->deliveries, conn, &job->arena);
}

/* Deliveries and acknowledgements of one record, of the groups that have an entry here. */
static void
add_deliveries(struct job *job, const struct trace_copy *copy, const struct group_trace *only)
{
	const struct tail_queue *queue = tail_find(job->worker->tail, copy->topic, copy->queue_id);
	struct delivery_list found = { 0 };

	if (queue != NULL)
		found = deliveries_find(job->worker->broker->deliveries, queue->number,
		    copy->queue_offset, FOUND_MAX, &job->arena);
	job->cut |= found.cut;
	for (size_t i = 0; i < found.n; i++) {
		const struct delivery_event *delivery = &found.list[i];
		bool sent = delivery->kind == DELIVERY_SENT;
		struct trace_event event = {
			.what = sent ? TRACE_DELIVERED : TRACE_ACKNOWLEDGED,
			.time_ms = delivery->first_ms,
			.until_ms = delivery->last_ms,
			.topic = copy->topic,
			.queue_id = copy->queue_id,
			.queue_offset = copy->queue_offset,
			.times = copy->times,
		};

		if (copy->position != job->record.position)
			event.msg_id = offset_id(job, copy->position);
		for (size_t j = 0; j < job->n_groups; j++)
			if (hash_of(job->groups[j].name) == delivery->group)
				event.group = job->groups[j].name;
		if (event.group.data == NULL ||
		    (only != NULL && !slice_equal(event.group, only->name)))
			continue;
		if (sent) {
			event.client = client_of(job, delivery->conn);
			event.address = host_text(&job->arena, &delivery->peer);
		}
		add_event(job, &event);
	}
}

static struct trace_copy
own_copy(const struct job *job)
{
	return (struct trace_copy){
		.what = TRACE_STORED,
		.topic = job->record.topic,
		.queue_id = job->record.queue_id,
		.queue_offset = job->record.queue_offset,
		.position = job->record.position,
		.stored_ms = job->record.store_timestamp,
		.times = job->record.reconsume_times,
	};
}

static void
add_stored(struct job *job, const struct trace_copy *copy, struct slice group)
{
	struct trace_event event = {
		.what = copy->what,
		.time_ms = copy->stored_ms,
		.until_ms = copy->stored_ms,
		.group = group,
		.topic = copy->topic,
		.queue_id = copy->queue_id,
		.queue_offset = copy->queue_offset,
		.times = copy->times,
	};

	if (copy->position != job->record.position)
		event.msg_id = offset_id(job, copy->position);
	else
		event.address = host_text(&job->arena, &job->record.born_host);
	add_event(job, &event);
}

/* ---- the state of a group -------------------------------------------- */

/* Whether it was popped and is not acknowledged yet. */
static bool
is_taken(const struct job *job, struct slice group, const struct trace_copy *copy)
{
	return checkpoints_are_open(job->worker->broker->checkpoints,
	    &(struct group_queue){ group, copy->topic, copy->queue_id }, copy->queue_offset);
}

static bool
is_past(const struct job *job, struct slice group, const struct trace_copy *copy)
{
	return !is_taken(job, group, copy) && offsets_find(job->worker->broker->offsets, group,
						  copy->topic, copy->queue_id) > copy->queue_offset;
}

/* Whether the group's subscription leaves the tag of the message out. */
static bool
is_filtered(const struct job *job, const struct client_group *group)
{
	int32_t tag = (int32_t)tag_hash(property_find(job->record.properties, "TAGS"));

	for (size_t i = 0; i < group->n_subscriptions; i++) {
		const struct subscription *wish = &group->subscriptions[i];

		if (!slice_equal(wish->topic, job->record.topic) || wish->n_codes == 0)
			continue;
		for (size_t j = 0; j < wish->n_codes; j++)
			if (wish->codes[j] == tag)
				return false;
		return true;
	}
	return false;
}

static bool
was_delivered(const struct job *job, struct slice group)
{
	for (size_t i = 0; i < job->n_events; i++)
		if (job->events[i].what == TRACE_DELIVERED &&
		    slice_equal(job->events[i].group, group))
			return true;
	return false;
}

/* A copy that waited for its delay is one record on the delay topic, and one where it went then. */
static bool
has_other(const struct group_trace *group, const struct trace_copy *copy)
{
	for (size_t i = 0; i < group->n_copies; i++) {
		const struct trace_copy *other = &group->copies[i];

		if (other->times == copy->times &&
		    (other->what == TRACE_WAITING) != (copy->what == TRACE_WAITING))
			return true;
	}
	return false;
}

static const char *
state_of(const struct job *job, const struct group_trace *group, const struct client_group *now)
{
	struct trace_copy own = own_copy(job);
	const struct trace_copy *last = &own;

	for (size_t i = 0; i < group->n_copies; i++) {
		const struct trace_copy *copy = &group->copies[i];

		if (copy->what == TRACE_DEAD)
			return "DEAD";
		if (copy->times > last->times)
			last = copy;
	}
	if (last->what == TRACE_WAITING)
		return "RETRY";
	if (last != &own)
		return is_past(job, group->name, last) ? "CONSUMED" : "RETRY";
	if (now->n_members != 0 && now->model == MODEL_BROADCASTING)
		return "CONSUME_BROADCASTING";
	if (is_past(job, group->name, &own))
		return is_filtered(job, now) ? "CONSUMED_BUT_FILTERED" : "CONSUMED";
	if (was_delivered(job, group->name) || is_taken(job, group->name, &own))
		return "DELIVERED";
	if (now->n_members == 0)
		return "NOT_ONLINE";
	return now->type == CONSUME_ACTIVELY ? "PULL" : "NOT_CONSUME_YET";
}

/* ---- the result ------------------------------------------------------ */

static int
by_time(const void *left, const void *right)
{
	const struct trace_event *a = left, *b = right;

	if (a->time_ms != b->time_ms)
		return a->time_ms < b->time_ms ? -1 : 1;
	if (a->times != b->times)
		return a->times < b->times ? -1 : 1;
	return (a->what > b->what) - (a->what < b->what);
}

static void
tell_group(struct job *job, const struct group_trace *group, struct trace_group *told)
{
	struct broker *broker = job->worker->broker;
	struct client_group now = { 0 };

	clients_find_group(broker->clients, group->name, &job->arena, &now);
	for (size_t i = 0; i < group->n_copies; i++) {
		struct trace_copy copy = group->copies[i];

		if (copy.what == TRACE_SENT_BACK)
			add_deliveries(job, &copy, group);
		if (has_other(group, &group->copies[i]))
			copy.what = copy.what == TRACE_WAITING ? TRACE_SENT_BACK : TRACE_DUE;
		add_stored(job, &copy, group->name);
	}
	*told = (struct trace_group){
		.group = group->name,
		.state = slice_of(state_of(job, group, &now)),
		.n_members = (int32_t)now.n_members,
		.committed = offsets_find(
		    broker->offsets, group->name, job->record.topic, job->record.queue_id),
	};
}

static void
tell(struct job *job)
{
	const struct record *record = &job->record;
	struct trace_copy own = own_copy(job);
	struct trace_group *groups = arena_alloc(&job->arena, (job->n_groups + 1) * sizeof *groups);
	struct slice origin = property_find(record->properties, "ORIGIN_MESSAGE_ID");

	job->events = arena_alloc(&job->arena, EVENTS_MAX * sizeof *job->events);
	add_stored(job, &own, SLICE_NONE);
	add_deliveries(job, &own, NULL);
	for (size_t i = 0; i < job->n_groups; i++)
		tell_group(job, &job->groups[i], &groups[i]);
	qsort(job->events, job->n_events, sizeof *job->events, by_time);
	struct message_trace trace = {
		.topic = record->topic,
		.msg_id = message_id(&job->arena, &record->store_host, record->position),
		.unique_id = job->unique_id,
		.origin_id = origin,
		.queue_id = record->queue_id,
		.queue_offset = record->queue_offset,
		.store_host = host_text(&job->arena, &record->store_host),
		.born_host = host_text(&job->arena, &record->born_host),
		.born_ms = record->born_timestamp,
		.stored_ms = record->store_timestamp,
		.groups = groups,
		.n_groups = job->n_groups,
		.events = job->events,
		.n_events = job->n_events,
		.cut = job->cut,
		.since_ms = deliveries_since(job->worker->broker->deliveries),
	};

	if (trace.since_ms == 0)
		trace.since_ms = job->worker->broker->boot_ms;
	finish(job, TRACE_FOUND, &trace);
}

/* ---- one step after the other ---------------------------------------- */

static void
ask_copies(struct job *job, struct slice topic)
{
	struct read_job *read = read_key_new(topic, job->unique_id, COPIES_MAX);

	read->by_key.end_ms = INT64_MAX;
	read->reply_loop = job->worker->loop;
	read->done = on_copies;
	read->context = job;
	store_read(job->worker->broker->store, read);
}

/* Topics that do not exist are left out: most groups have no dead letters. */
static void
next_step(struct job *job)
{
	struct topics *topics = job->worker->broker->topics;
	struct topic topic;

	for (; job->at < job->n_groups && job->step != N_STEPS; job->at++, job->step = STEP_RETRY) {
		struct slice group = job->groups[job->at].name;

		for (; job->step <= STEP_DEAD; job->step++) {
			struct slice name = arena_printf(&job->arena, "%s%.*s",
			    job->step == STEP_RETRY ? RETRY : DEAD, (int)group.len, group.data);

			if (!topics_find(topics, name, &topic))
				continue;
			ask_copies(job, name);
			return;
		}
	}
	if (job->step == N_STEPS || job->n_groups == 0) {
		tell(job);
		return;
	}
	job->step = STEP_WAITING;
	ask_copies(job, SLICE(DELAY_TOPIC));
}

static void
on_record(struct read_job *read, struct loop *loop)
{
	struct job *job = read->context;
	enum trace_status status = read->status == READ_FOUND     ? TRACE_FOUND
	                           : read->status == READ_NOTHING ? TRACE_NO_MESSAGE
	                                                          : TRACE_FAILED;

	(void)loop;
	if (status == TRACE_FOUND &&
	    record_decode(read->chunk->data, read->chunk->len, &job->record) == -1)
		status = TRACE_FAILED;
	if (status != TRACE_FOUND) {
		read_job_free(read);
		finish(job, status, NULL);
		return;
	}
	job->chunk = read->chunk;
	read->chunk = NULL;
	read_job_free(read);
	job->unique_id = property_find(job->record.properties, "UNIQ_KEY");
	find_groups(job);
	if (job->unique_id.len == 0)
		job->step = N_STEPS; /* copies are found by this key only */
	next_step(job);
}

void
message_trace_start(struct worker *worker, int64_t position, trace_done_fn *done, void *context)
{
	struct job *job = mem_zalloc(sizeof *job);
	struct read_job *read = read_position_new(position);

	job->worker = worker;
	job->done = done;
	job->context = context;
	read->reply_loop = worker->loop;
	read->done = on_record;
	read->context = job;
	store_read(worker->broker->store, read);
}
