#include "config.h"

#include "broker/consumers/progress.h"

#include <stdlib.h>

#include "broker/state/checkpoint.h"
#include "broker/state/client.h"
#include "broker/state/offset.h"
#include "broker/state/stats.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"

struct progress_report *
progress_report_new(const struct request *request,
    void (*write)(struct json_out *out, const struct progress_report *report))
{
	struct progress_report *report = mem_zalloc(sizeof *report);

	report->ticket = request_ticket(request);
	report->broker = request_broker(request);
	report->write = write;
	return report;
}

static void
progress_report_free(struct progress_report *report)
{
	free(report->rows);
	free(report->topics);
	arena_release(&report->arena);
	free(report);
}

/* ---- gathering ------------------------------------------------------- */

/* Names of topics that a group has offsets of. */
struct topic_names {
	struct arena *arena;
	struct slice *list;
	size_t n, cap;
};

/* Rows of one topic come one after the other. */
static void
on_row(void *arg, const struct offset_row *row)
{
	struct topic_names *names = arg;

	if (names->n != 0 && slice_equal(names->list[names->n - 1], row->topic))
		return;
	if (names->n == names->cap) {
		names->cap = names->cap != 0 ? names->cap * 2 : 16;
		names->list = mem_realloc(names->list, names->cap * sizeof *names->list);
	}
	names->list[names->n++] = arena_copy(names->arena, row->topic);
}

static struct consume_progress *
add_row(struct progress_report *report)
{
	if (report->n_rows == report->cap_rows) {
		report->cap_rows = report->cap_rows != 0 ? report->cap_rows * 2 : 16;
		report->rows = mem_realloc(report->rows, report->cap_rows * sizeof *report->rows);
	}
	return &report->rows[report->n_rows++];
}

static struct progress_topic *
add_topic(struct progress_report *report)
{
	if (report->n_topics == report->cap_topics) {
		report->cap_topics = report->cap_topics != 0 ? report->cap_topics * 2 : 16;
		report->topics =
		    mem_realloc(report->topics, report->cap_topics * sizeof *report->topics);
	}
	return &report->topics[report->n_topics++];
}

/* Of a group that pops: what it acknowledged without a gap, and how far it took (5.x). */
static void
set_popped(struct consume_progress *row, struct broker *broker, struct slice group)
{
	struct group_queue queue = { group, row->queue.topic, row->queue.id };
	struct checkpoint_span span;

	if (!checkpoints_find_span(broker->checkpoints, &queue, &span))
		return;
	row->pull_offset = row->consumer_offset > span.end ? row->consumer_offset : span.end;
	if (span.first < row->consumer_offset)
		row->consumer_offset = span.first;
}

static void
read_queue(struct worker *worker, struct slice group, struct slice topic, int32_t queue_id,
    struct consume_progress *row)
{
	struct broker *broker = worker->broker;
	const struct tail_queue *queue = tail_find(worker->tail, topic, queue_id);
	int64_t offset = offsets_find(broker->offsets, group, topic, queue_id);
	int64_t end = queue != NULL ? queue->max_offset : 0;

	*row = (struct consume_progress){
		.queue = { topic, slice_of(broker->settings->broker_name), queue_id },
		.broker_offset = end,
		.consumer_offset = offset < 0     ? 0
		                   : offset < end ? offset
		                                  : end,
		.pull_offset = -1,
	};
	set_popped(row, broker, group);
}

static void
gather_topic(struct progress_report *report, struct worker *worker, struct slice group,
    const struct topic *topic)
{
	struct slice name = arena_copy(&report->arena, slice_of(topic->name));

	*add_topic(report) = (struct progress_topic){
		.group = group,
		.tps = stats_get_tps(worker->broker->stats, name, group),
		.first = report->n_rows,
		.n = (size_t)topic->read_queues,
	};
	for (int32_t i = 0; i < topic->read_queues; i++) {
		struct consume_progress *row = add_row(report);
		int64_t ago_s = offsets_committed_ago_s(worker->broker->offsets, group, name, i);

		read_queue(worker, group, name, i, row);
		row->committed_ms = ago_s >= 0 ? clock_wall_ms() - ago_s * 1000 : 0;
	}
}

int64_t
progress_lag(
    struct worker *worker, struct slice group, struct slice topic, int32_t first, int32_t n)
{
	struct consume_progress row;
	int64_t lag = 0;

	for (int32_t i = first; i < first + n; i++) {
		read_queue(worker, group, topic, i, &row);
		lag += row.broker_offset - row.consumer_offset;
	}
	return lag;
}

static int
by_topic(const void *key, const void *element)
{
	const struct slice *topic = key;
	const struct subscription *subscription = element;

	return slice_compare(*topic, subscription->topic);
}

bool
progress_shows(const struct client_group *online, struct slice topic)
{
	return online->n_subscriptions != 0 &&
	       bsearch(&topic, online->subscriptions, online->n_subscriptions,
		   sizeof *online->subscriptions, by_topic) != NULL;
}

void
progress_report_add(struct progress_report *report, const struct request *request,
    struct slice group, struct slice topic, bool ordered_only)
{
	struct worker *worker = request_worker(request);
	struct broker *broker = worker->broker;
	struct topic_names names = { .arena = &report->arena };
	struct client_group online;
	bool is_online = clients_find_group(broker->clients, group, &report->arena, &online);

	group = arena_copy(&report->arena, group);
	if (topic.len != 0)
		on_row(&names, &(struct offset_row){ .topic = topic });
	else
		offsets_each(broker->offsets, group, SLICE_NONE, on_row, &names);
	for (size_t i = 0; i < names.n; i++) {
		struct topic config;

		if (!topics_find(broker->topics, names.list[i], &config) ||
		    (ordered_only && !config.order) ||
		    (is_online && !progress_shows(&online, names.list[i])))
			continue;
		gather_topic(report, worker, group, &config);
	}
	free(names.list);
}

/* ---- store times, and the answer ------------------------------------- */

static void
reply_with(struct progress_report *report, struct loop *loop)
{
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	report->write(&out, report);
	struct reply reply = { .code = RESPONSE_SUCCESS, .body = buf_slice(&text) };

	ticket_reply(loop, &report->ticket, &reply);
	buf_release(&text);
	progress_report_free(report);
}

/* Whether the store time of the last consumed message can be asked for. */
static const struct tail_queue *
stamped_queue(struct tail *tail, const struct consume_progress *row)
{
	const struct tail_queue *queue = tail_find(tail, row->queue.topic, row->queue.id);

	if (queue == NULL || row->consumer_offset - 1 < queue->min_offset ||
	    row->consumer_offset > queue->max_offset)
		return NULL;
	return queue;
}

/* The stamps are in the order of the rows that were asked for. */
static void
on_stamps(struct read_job *job, struct loop *reply_loop)
{
	struct progress_report *report = job->context;
	struct worker *worker = reply_loop->context;
	size_t at = 0;

	for (size_t i = 0; i < report->n_rows && at < job->stamps.n; i++) {
		const struct stamp_query *stamp = &job->stamps.list[at];
		const struct tail_queue *queue =
		    tail_find(worker->tail, report->rows[i].queue.topic, report->rows[i].queue.id);

		if (queue == NULL || queue->number != stamp->queue ||
		    report->rows[i].consumer_offset - 1 != stamp->offset)
			continue;
		report->rows[i].last_timestamp = stamp->timestamp;
		at++;
	}
	read_job_free(job);
	reply_with(report, reply_loop);
}

enum verdict
progress_report_send(struct progress_report *report, const struct request *request)
{
	struct worker *worker = request_worker(request);
	struct stamp_query *stamps = mem_alloc(report->n_rows * sizeof *stamps);
	size_t n = 0;

	for (size_t i = 0; i < report->n_rows; i++) {
		const struct tail_queue *queue = stamped_queue(worker->tail, &report->rows[i]);

		if (queue != NULL)
			stamps[n++] = (struct stamp_query){ .queue = queue->number,
				.offset = report->rows[i].consumer_offset - 1 };
	}
	if (n == 0) {
		free(stamps);
		reply_with(report, request->loop);
		return VERDICT_LATER;
	}
	struct read_job *job = read_stamps_new(stamps, n);

	job->reply_loop = request->loop;
	job->done = on_stamps;
	job->context = report;
	store_read(worker->broker->store, job);
	return VERDICT_LATER;
}
