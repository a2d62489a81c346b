#include "config.h"

#include "broker/delay/recall.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/delay/timed.h"
#include "broker/delay/timed_message.h"
#include "common/base/base64url.h"
#include "common/base/mem.h"
#include "common/protocol/record.h"

#define CANDIDATES_MAX                                                                             \
	64 /* records with the key: copies that were carried, events, repeated keys */

struct recall {
	struct worker *worker;
	struct recall_question question;
	recall_done_fn *done;
	void *context;
	struct chunk *chunk; /* records with the key, the newest last or first */
	size_t at;           /* in the chunk, behind the candidate at hand */
	bool found, repeated;
	char text[];
};

static void try_next(struct recall *recall);

static void
finish(struct recall *recall, enum recall_outcome outcome, const struct append *event)
{
	if (outcome == RECALL_DONE)
		timed_messages_count_recalled(recall->worker->broker->timed);
	recall->done(recall->context, recall->worker->loop, outcome, event);
	if (recall->chunk != NULL)
		chunk_unref(recall->chunk);
	free(recall);
}

static void
on_stored(struct append *append, struct loop *loop)
{
	struct recall *recall = append->context;
	enum append_status status = append->status;

	(void)loop;
	if (status == APPEND_OK)
		finish(recall, RECALL_DONE, append);
	else if (status == APPEND_NOT_OPEN)
		try_next(recall);
	else
		finish(recall, RECALL_FAILED, NULL);
	append_free(append);
}

static void
end_wait(struct recall *recall, const struct record *record, const struct known_properties *known)
{
	struct timed_event event = {
		.kind = "recall",
		.mark = timed_mark(record->position),
		.topic = recall->question.topic,
		.unique_key = recall->question.unique_key,
		.due_ms = known->timer_out_ms,
		.by = recall->question.by,
	};
	struct append *append = timed_event_append(recall->worker, &event);

	append->timed = (struct timed_change){ .op = TIMED_DONE, .position = record->position };
	append->reply_loop = recall->worker->loop;
	append->done = on_stored;
	append->context = recall;
	store_append(recall->worker->broker->store, append);
}

/* Whether the record is about a message as the question has it. */
static bool
fits(const struct recall *recall, const struct record *record, struct known_properties *known)
{
	struct timed timed;

	properties_read(record->properties, known);
	return slice_is(record->topic, TIMED_TOPIC) && timed_of_properties(known, &timed) &&
	       timed.due_ms == recall->question.due_ms &&
	       slice_equal(known->real_topic, recall->question.topic) &&
	       slice_equal(known->unique_key, recall->question.unique_key);
}

/* Tries to end the wait of the next record that fits; the writer knows whether it still waits. */
static void
try_next(struct recall *recall)
{
	struct known_properties known;
	struct record record;

	while (recall->chunk != NULL && recall->at < recall->chunk->len &&
	       record_decode(recall->chunk->data + recall->at, recall->chunk->len - recall->at,
		   &record) == 0) {
		recall->at += record.size;
		if (!fits(recall, &record, &known))
			continue;
		recall->found = true;
		if (record.queue_id == TIMED_QUEUE_MESSAGES) {
			end_wait(recall, &record, &known);
			return;
		}
		recall->repeated |= slice_is(known.tags, "recall");
	}
	finish(recall,
	    recall->repeated ? RECALL_REPEATED
	    : recall->found  ? RECALL_LATE
			     : RECALL_UNKNOWN,
	    NULL);
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct recall *recall = job->context;
	bool failed = job->status == READ_FAILED;

	recall->chunk = job->chunk;
	job->chunk = NULL;
	read_job_free(job);
	if (failed)
		finish(recall, RECALL_FAILED, NULL);
	else
		try_next(recall);
	arena_reset(&loop->arena);
}

/* The text's copy, behind the others. */
static struct slice
keep(char **at, struct slice text)
{
	struct slice copy = { *at, text.len };

	if (text.len == 0)
		return SLICE_NONE;
	*at = mempcpy(*at, text.data, text.len);
	return copy;
}

void
timed_recall(struct worker *worker, const struct recall_question *question, recall_done_fn *done,
    void *context)
{
	size_t len = question->topic.len + question->unique_key.len + question->by.len;
	struct recall *recall = mem_zalloc(sizeof *recall + len);
	struct read_job *job =
	    read_key_new(SLICE(TIMED_TOPIC), question->unique_key, CANDIDATES_MAX);
	char *at = recall->text;

	recall->worker = worker;
	recall->question.topic = keep(&at, question->topic);
	recall->question.unique_key = keep(&at, question->unique_key);
	recall->question.by = keep(&at, question->by);
	recall->question.due_ms = question->due_ms;
	recall->done = done;
	recall->context = context;
	job->reply_loop = worker->loop;
	job->done = on_read;
	job->context = recall;
	store_read(worker->broker->store, job);
}

const char *
recall_fault(enum recall_outcome outcome)
{
	switch (outcome) {
	case RECALL_DONE:
		return "it is recalled";
	case RECALL_REPEATED:
		return "it was recalled before";
	case RECALL_LATE:
		return "it was delivered before, or dropped because its topic was deleted";
	case RECALL_UNKNOWN:
		return "no message with this key waits for this time";
	case RECALL_FAILED:
		return "the disk reported an error, see the broker's log; the message still waits";
	}
	return "";
}

/* ---- handles ------------------------------------------------------------ */

struct slice
recall_handle_text(struct arena *arena, const struct recall_handle *handle)
{
	return base64url_encode(
	    arena, arena_printf(arena, "v1 %.*s %.*s %" PRId64 " %.*s", (int)handle->topic.len,
		       handle->topic.data, (int)handle->broker_name.len, handle->broker_name.data,
		       handle->due_ms, (int)handle->unique_key.len, handle->unique_key.data));
}

int
recall_handle_parse(struct arena *arena, struct slice text, struct recall_handle *handle)
{
	struct slice rest, version, time;

	if (base64url_decode(arena, text, &rest) == -1 || rest.len == 0 ||
	    !slice_next(&rest, ' ', &version) || !slice_is(version, "v1") || rest.len == 0 ||
	    !slice_next(&rest, ' ', &handle->topic) || rest.len == 0 ||
	    !slice_next(&rest, ' ', &handle->broker_name) || rest.len == 0 ||
	    !slice_next(&rest, ' ', &time) || rest.len == 0)
		return -1;
	handle->unique_key = rest;
	if (slice_to_int64(time, &handle->due_ms) == -1)
		handle->due_ms = -1;
	return 0;
}

struct slice
recall_handle_of(const struct broker *broker, const struct append *append, struct arena *arena)
{
	struct recall_handle handle = {
		.broker_name = slice_of(broker->settings->broker_name),
		.due_ms = append->timed.due_ms,
	};
	struct known_properties known;
	struct record record;

	if (record_decode(append->records, append->size, &record) == -1)
		return SLICE_NONE;
	properties_read(record.properties, &known);
	handle.topic = known.real_topic;
	handle.unique_key = known.unique_key;
	/* As RocketMQ: a retry has no handle. */
	if (handle.unique_key.len == 0 || slice_starts(handle.topic, "%RETRY%"))
		return SLICE_NONE;
	return recall_handle_text(arena, &handle);
}
