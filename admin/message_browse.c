#include "config.h"

#include "admin/message_browse.h"

#include <stdio.h>

#include "admin/message.h"

#define BATCH 32

/* What is not shown yet of one queue: the offsets [begin, end). */
struct browsed {
	struct message_queue queue;
	int64_t begin, end;
	struct record *batch; /* in the order of the page */
	size_t n, at;
};

struct browsing {
	struct admin *admin;
	const struct browse *browse;
	struct browsed *queues;
	int64_t left;
};

/* ---- where ------------------------------------------------------------------------------- */

/* The place of a queue in "BROKER:QUEUE:OFFSET,..."; -1: it is not there. */
static int64_t
cursor_offset(const struct browse *browse, const struct message_queue *queue)
{
	struct slice rest = browse->cursor, part;
	char name[300];
	int len = snprintf(name, sizeof name, "%.*s:%d:", (int)queue->broker_name.len,
	    queue->broker_name.data, (int)queue->id);
	int64_t offset;

	while (slice_next(&rest, ',', &part)) {
		part = slice_trim(part);
		if (len >= (int)sizeof name || !slice_starts(part, name))
			continue;
		part.data += len;
		part.len -= (size_t)len;
		return slice_to_int64(part, &offset) == 0 && offset >= 0 ? offset : -1;
	}
	return -1;
}

/* Brokers differ by one in the offset that they return for a time: the times of messages decide. */
static int
find_ends(struct browsing *browsing, struct browsed *queue)
{
	const struct browse *browse = browsing->browse;
	struct twinmq *mq = browsing->admin->mq;
	int64_t first, last, from = 0, to = INT64_MAX;

	if (twinmq_min_offset(mq, &queue->queue, &first) == -1 ||
	    twinmq_max_offset(mq, &queue->queue, &last) == -1 ||
	    (browse->begin_ms > 0 &&
		twinmq_offset_at(mq, &queue->queue, browse->begin_ms, &from) == -1) ||
	    (browse->end_ms < INT64_MAX &&
		twinmq_offset_at(mq, &queue->queue, browse->end_ms + 1, &to) == -1))
		return admin_fail_call(browsing->admin);
	queue->begin = from - 1 > first ? from - 1 : first;
	queue->end = to < last - 1 ? to + 1 : last;
	if (browse->cursor.data == NULL)
		return 0;
	int64_t at = cursor_offset(browse, &queue->queue);

	if (at == -1)
		queue->end = queue->begin; /* it is new since the first page */
	else if (browse->newest && at < queue->end)
		queue->end = at;
	else if (!browse->newest && at > queue->begin)
		queue->begin = at;
	return 0;
}

/* ---- reading ----------------------------------------------------------------------------- */

/* A broker may send fewer messages than it was asked for. */
static int
read_batch(struct browsing *browsing, struct browsed *queue, int64_t from, int64_t to)
{
	struct admin *admin = browsing->admin;
	struct pull_spec pull = { .queue = queue->queue, .offset = from };
	struct pull_result result;

	queue->n = queue->at = 0;
	while (pull.offset < to && queue->n < BATCH) {
		pull.max_messages = (int32_t)(to - pull.offset);
		if (!admin_is_within(admin))
			return -1;
		if (twinmq_pull(admin->mq, &pull, &admin->arena, &result) == -1)
			return admin_fail_call(admin);
		if (result.status != PULL_FOUND && result.status != PULL_NO_MATCH)
			break;
		if (result.next_offset <= pull.offset)
			break;
		while (queue->n < BATCH &&
		       pulled_next(&result.records, SLICE_NONE, &queue->batch[queue->n]))
			if (queue->batch[queue->n].queue_offset < to)
				queue->n++;
		pull.offset = result.next_offset;
	}
	return 0;
}

static void
turn_around(struct record *batch, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct record one = batch[i];

		batch[i] = batch[n - 1 - i];
		batch[n - 1 - i] = one;
	}
}

/* The next messages of the queue, unless some are left. */
static int
fill(struct browsing *browsing, struct browsed *queue)
{
	bool newest = browsing->browse->newest;

	while (queue->at == queue->n && queue->begin < queue->end) {
		int64_t n = queue->end - queue->begin < BATCH ? queue->end - queue->begin : BATCH;
		int64_t from = newest ? queue->end - n : queue->begin;

		if (read_batch(browsing, queue, from, from + n) == -1)
			return -1;
		if (queue->n != 0 && newest)
			turn_around(queue->batch, queue->n);
		if (queue->n != 0)
			return 0;
		if (newest) /* there are none at these offsets */
			queue->end = from;
		else
			queue->begin = from + n;
	}
	return 0;
}

static void
step_over(struct browsing *browsing, struct browsed *queue)
{
	int64_t offset = queue->batch[queue->at++].queue_offset;

	if (browsing->browse->newest)
		queue->end = offset;
	else
		queue->begin = offset + 1;
}

/* The queue whose next message is the first of all; NULL: there is none. */
static struct browsed *
first_of_all(struct browsing *browsing)
{
	struct browsed *first = NULL;

	for (size_t i = 0; i < browsing->browse->n_queues; i++) {
		struct browsed *queue = &browsing->queues[i];

		if (queue->at == queue->n)
			continue;
		int64_t at = queue->batch[queue->at].store_timestamp;

		if (first == NULL ||
		    (browsing->browse->newest ? at > first->batch[first->at].store_timestamp
					      : at < first->batch[first->at].store_timestamp))
			first = queue;
	}
	return first;
}

static int
show_all(struct browsing *browsing)
{
	const struct browse *browse = browsing->browse;
	struct found_message found = { 0 };
	struct browsed *queue;

	while (browsing->left > 0 && (queue = first_of_all(browsing)) != NULL) {
		found.record = queue->batch[queue->at];
		int64_t at = found.record.store_timestamp;

		if (at >= browse->begin_ms && at <= browse->end_ms) {
			if (browse->on_message != NULL)
				browse->on_message(browse->arg, &found.record);
			else if (message_show(browsing->admin, &found, 0) == -1)
				return -1;
			browsing->left--;
		}
		step_over(browsing, queue);
		if (fill(browsing, queue) == -1)
			return -1;
	}
	return 0;
}

/* ---- the page ---------------------------------------------------------------------------- */

static void
report_next(struct browsing *browsing)
{
	struct admin *admin = browsing->admin;
	struct buf text = { 0 };

	if (first_of_all(browsing) == NULL)
		return;
	for (size_t i = 0; i < browsing->browse->n_queues; i++) {
		const struct browsed *queue = &browsing->queues[i];

		buf_printf(&text, "%s%.*s:%d:%lld", i != 0 ? "," : "",
		    (int)queue->queue.broker_name.len, queue->queue.broker_name.data,
		    (int)queue->queue.id,
		    (long long)(browsing->browse->newest ? queue->end : queue->begin));
	}
	report_text(
	    &admin->report, "next", "More with -a", arena_copy(&admin->arena, buf_slice(&text)));
	buf_release(&text);
}

int
message_browse(struct admin *admin, const struct browse *browse)
{
	struct browsing browsing = { .admin = admin, .browse = browse, .left = browse->max };
	int result = 0;

	browsing.queues = arena_zalloc(&admin->arena, browse->n_queues * sizeof *browsing.queues);
	for (size_t i = 0; i < browse->n_queues && result == 0; i++) {
		struct browsed *queue = &browsing.queues[i];

		queue->queue = browse->queues[i];
		queue->batch = arena_alloc(&admin->arena, (BATCH + 1) * sizeof *queue->batch);
		result = find_ends(&browsing, queue);
		if (result == 0)
			result = fill(&browsing, queue);
	}
	if (browse->on_message != NULL)
		return result == 0 ? show_all(&browsing) : -1;
	report_open_list(&admin->report, "messages");
	if (result == 0)
		result = show_all(&browsing);
	report_close_list(&admin->report);
	if (result == 0)
		report_next(&browsing);
	return result;
}
