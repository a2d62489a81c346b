#include "config.h"

#include "broker/pop/pop.h"

/*
 * A pop goes over the queues of its topic and of the group's retry topic once, in turn, and takes
 * what it finds until it has enough. Then one append notes all that it took, and after its commit
 * the group's offsets move on and the reply leaves. A pop that found nothing waits.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/catalog/topic_create.h"
#include "broker/consumers/commit_offset.h"
#include "broker/pop/pop_private.h"
#include "broker/pop/receipt.h"
#include "broker/pop/recode.h"
#include "broker/state/revive_record.h"
#include "broker/pop/waiting.h"
#include "broker/state/delivery.h"
#include "broker/state/group.h"
#include "broker/state/limit.h"
#include "broker/state/offset.h"
#include "broker/state/stats.h"
#include "broker/state/topic.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/hash.h"
#include "common/base/mem.h"
#include "common/base/wire.h"
#include "common/filter/filter_cache.h"
#include "common/protocol/codes.h"
#include "common/protocol/name.h"

#define MAX_SCAN 800        /* entries of one queue that a filter drops in one round */
#define RETRY_FIRST_EVERY 5 /* pops begin with the retry topic: popFromRetryProbability of 20 */
#define BUSY_MS 100         /* until a queue that another pop had is looked at again */

static void begin_round(struct pop *pop);
static void run(struct pop *pop);

/* ---- its life -------------------------------------------------------- */

static void
pop_free(struct pop *pop)
{
	filter_unref(pop->limits.filter);
	free(pop->codes);
	free(pop->texts);
	arena_release(&pop->arena);
	free(pop);
}

static void
finish(struct pop *pop, const struct popped *popped)
{
	pop->wish.front->done(pop->worker->loop, pop->kept, popped);
	pop_free(pop);
}

static void __attribute__((format(printf, 3, 4)))
refuse(struct pop *pop, int32_t code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	struct popped popped = {
		.code = code,
		.remark = arena_vprintf(&pop->arena, format, args),
	};
	va_end(args);
	finish(pop, &popped);
}

static void
drop(struct pop *pop)
{
	pop_free(pop);
}

/* There is nothing: the reply that says so. */
static void
finish_empty(struct pop *pop, int32_t code)
{
	struct popped popped = {
		.code = pop->wish.only_ask ? RESPONSE_SUCCESS : code,
		.remark = SLICE("NO_MESSAGE_IN_QUEUE"),
		.looked = true,
		.pop_time = clock_wall_ms(),
		.invisible_ms = pop->wish.invisible_ms,
		.ordered = pop->wish.ordered,
		.rest = pop->rest,
		.full = code == RESPONSE_POLLING_FULL,
	};

	if (pop->full)
		popped.remark = SLICE("as many messages are not acknowledged as "
				      "popInflightMessageThreshold allows one queue");
	finish(pop, &popped);
}

/* ---- where a group begins -------------------------------------------- */

/* Whether all that is stored is little: RocketMQ asks whether it is in memory. */
static bool
is_log_recent(const struct broker *broker)
{
	int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	struct store_stats stats;

	store_get_stats(broker->store, &stats);
	return stats.max_position - stats.min_position <=
	       memory / 100 * broker->settings->access_message_in_memory_max_ratio;
}

static int64_t
first_offset(const struct pop *pop, const struct tail_queue *queue, bool retry)
{
	if (pop->wish.from_first || retry || pop->wish.ordered ||
	    (queue->min_offset == 0 && is_log_recent(pop->worker->broker)))
		return queue->min_offset;
	return queue->max_offset > 0 ? queue->max_offset - 1 : 0;
}

static bool
set_row(struct pop *pop, const struct group_queue *queue, int64_t offset)
{
	struct offset_row row = { queue->group, queue->topic, queue->queue_id, offset };
	const char *why;

	return commit_taken(pop->worker, &row, true, &why) == COMMIT_KEPT;
}

static int64_t
get_row(const struct pop *pop, const struct group_queue *queue)
{
	struct offsets *offsets = pop->worker->broker->offsets;
	int64_t row = offsets_find(offsets, queue->group, queue->topic, queue->queue_id);
	struct offset_row at = { queue->group, queue->topic, queue->queue_id, row };
	struct reset_reader reader = { .offset = row, .by_pull = true };

	/* Whoever pops goes on where the offset was set, and need not be told. */
	if (offsets_have_resets(offsets))
		offsets_take_reset(offsets, &at, &reader, &row);
	return row;
}

/* Moves the group on, unless somebody has set its offset meanwhile. */
static void
advance(struct pop *pop, const struct group_queue *queue, int64_t row, int64_t to)
{
	if (get_row(pop, queue) == row)
		set_row(pop, queue, to);
}

/* ---- taking ---------------------------------------------------------- */

static void
take_part(struct taken *taken, const struct body_part *part)
{
	for (size_t at = 0;
	     at + RECORD_MIN_BYTES <= part->len && taken->n < CHECKPOINT_MESSAGES_MAX;
	     at += be32_get(part->data + at))
		taken->offsets[taken->n++] =
		    (int64_t)be64_get(part->data + at + RECORD_AT_QUEUE_OFFSET);
}

/* The parts, in the pop's arena, are the pop's now. */
static void
take(struct pop *pop, const struct group_queue *queue, int64_t row, const struct pull_parts *found)
{
	if (pop->taken == NULL)
		pop->taken = arena_alloc(&pop->arena, CHECKPOINT_MESSAGES_MAX * sizeof *pop->taken);
	struct taken *taken = &pop->taken[pop->n_taken++];

	*taken = (struct taken){
		.queue = *queue,
		.retry = slice_equal(queue->topic, pop->retry_topic),
		.row = row,
		.next_offset = found->next_offset,
		.parts = found->parts,
		.n_parts = found->n_parts,
	};
	for (size_t i = 0; i < found->n_parts; i++) {
		take_part(taken, &found->parts[i]);
		pop->n_bytes += (int32_t)found->parts[i].len;
	}
	pop->n_messages += (int32_t)taken->n;
}

static void
leave(struct pop *pop, const struct group_queue *queue)
{
	checkpoints_leave(pop->worker->broker->checkpoints, queue);
}

static void
skip_filtered(struct pop *pop, const struct group_queue *queue, int64_t row, int64_t next_offset)
{
	advance(pop, queue, row, next_offset);
	pop->skipped = true;
	leave(pop, queue);
}

static void
on_cold(struct read_job *job, struct loop *loop)
{
	struct pop *pop = job->context;
	struct pull_parts found = { .n_parts = 1, .next_offset = job->in_queue.next_offset };

	(void)loop;
	switch (job->status) {
	case READ_FOUND:
		found.parts = arena_alloc(&pop->arena, sizeof *found.parts);
		*found.parts = (struct body_part){ job->chunk->data, job->chunk->len, job->chunk,
			chunk_release };
		job->chunk = NULL;
		take(pop, &pop->looking, pop->looking_row, &found);
		break;
	case READ_NO_MATCH:
		skip_filtered(pop, &pop->looking, pop->looking_row, found.next_offset);
		break;
	case READ_NOTHING: /* it expired meanwhile */
		leave(pop, &pop->looking);
		break;
	case READ_CORRUPT:
	case READ_FAILED:
		pop->unreadable = true;
		leave(pop, &pop->looking);
		break;
	}
	read_job_free(job);
	run(pop);
}

static struct pull_limits
limits_left(const struct pop *pop)
{
	struct pull_limits limits = pop->limits;

	limits.max_messages = pop->wish.max_messages - pop->n_messages;
	limits.max_bytes -= pop->n_bytes;
	if (limits.max_bytes < 1)
		limits.max_bytes = 1;
	return limits;
}

/* False: a reader looks, and on_cold goes on. The pop has the queue. */
static bool
read_queue(struct pop *pop, const struct group_queue *queue, struct tail_queue *tail, int64_t row)
{
	int64_t from = row < tail->min_offset ? tail->min_offset : row;
	struct pull_limits limits = limits_left(pop);
	struct pull_parts found;

	switch (tail_read(pop->worker->tail, tail, from, &limits, &pop->arena, &found)) {
	case TAIL_FOUND:
		take(pop, queue, row, &found);
		return true;
	case TAIL_NO_MATCH:
		skip_filtered(pop, queue, row, found.next_offset);
		return true;
	case TAIL_COLD:
		break;
	}
	struct read_job *job = read_queue_new(tail->number, from, &limits);

	pop->looking = *queue;
	pop->looking_row = row;
	job->in_queue.end_offset = tail->max_offset; /* more of it is not to be seen yet */
	job->reply_loop = pop->worker->loop;
	job->done = on_cold;
	job->context = pop;
	store_read(pop->worker->broker->store, job);
	return false;
}

/* Where the group goes on; -1: nowhere, it may have no offset. */
static int64_t
row_of(struct pop *pop, const struct group_queue *queue, const struct tail_queue *tail)
{
	int64_t row = get_row(pop, queue);

	if (row >= 0)
		return row;
	row = first_offset(pop, tail, slice_equal(queue->topic, pop->retry_topic));
	if (pop->wish.only_ask || set_row(pop, queue, row))
		return row;
	pop->no_row = true;
	return -1;
}

/* False: a reader looks at it. */
static bool
look_at(struct pop *pop, const struct group_queue *queue)
{
	struct broker *broker = pop->worker->broker;
	struct tail_queue *tail = tail_find(pop->worker->tail, queue->topic, queue->queue_id);
	struct enter_wish wish = {
		.ordered = pop->wish.ordered,
		.attempt = pop->wish.attempt,
		.max_messages = broker->settings->enable_pop_message_threshold
		                    ? broker->settings->pop_inflight_message_threshold
		                    : INT64_MAX,
	};

	if (tail == NULL || tail->max_offset == tail->min_offset)
		return true;
	int64_t row = row_of(pop, queue, tail);

	if (row == -1 || row >= tail->max_offset)
		return true;
	int64_t rest = tail->max_offset - (row < tail->min_offset ? tail->min_offset : row);

	if (pop->wish.only_ask) {
		pop->rest += rest;
		return true;
	}
	switch (checkpoints_enter(broker->checkpoints, queue, &wish)) {
	case ENTER_YES:
		break;
	case ENTER_BUSY:
		pop->busy = true;
		return true;
	case ENTER_FULL:
		pop->full = true;
		pop->rest += rest;
		limits_refuse(broker->limits, LIMIT_POP_INFLIGHT, 1);
		return true;
	case ENTER_BLOCKED:
		return true;
	}
	row = get_row(pop, queue); /* the pop before may have moved it */
	if (row >= 0 && row < tail->max_offset)
		return read_queue(pop, queue, tail, row);
	leave(pop, queue);
	return true;
}

/* ---- the reply ------------------------------------------------------- */

static void
release_parts(struct pop *pop)
{
	for (size_t i = 0; i < pop->n_taken; i++) {
		for (size_t k = 0; k < pop->taken[i].n_parts; k++)
			body_part_release(&pop->taken[i].parts[k]);
	}
}

static const uint16_t *
counts_of(struct pop *pop, const struct checkpoint *checkpoint)
{
	size_t size = checkpoint->n * sizeof checkpoint->count[0];

	return memcpy(arena_alloc(&pop->arena, size + 1), checkpoint->count, size);
}

/* For message traces. */
static void
note_delivery(const struct pop *pop, const struct taken *taken)
{
	struct worker *worker = pop->worker;
	struct deliveries *deliveries = worker->broker->deliveries;
	const struct tail_queue *queue =
	    tail_find(worker->tail, taken->queue.topic, taken->queue.queue_id);

	if (deliveries_are_noted(deliveries) && queue != NULL && taken->n != 0)
		deliveries_note(deliveries, worker->loop->index,
		    &(struct delivery_event){
			.kind = DELIVERY_SENT,
			.queue = queue->number,
			.group = hash_of(pop->wish.group),
			.from = taken->offsets[0],
			.to = taken->offsets[taken->n - 1] + 1,
			.conn = pop->wish.member,
			.peer = pop->wish.peer,
		    });
}

static void
deliver(struct pop *pop)
{
	struct worker *worker = pop->worker;
	struct pop_piece *pieces = arena_alloc(&pop->arena, pop->n_taken * sizeof *pieces);
	struct popped popped = {
		.remark = SLICE("FOUND"),
		.looked = true,
		.pop_time = pop->checkpoints[0].pop_time,
		.invisible_ms = pop->wish.invisible_ms,
		.ordered = pop->wish.ordered,
		.rest = pop->rest,
		.pieces = pieces,
		.n_pieces = pop->n_taken,
	};
	size_t n_parts = 0;

	for (size_t i = 0; i < pop->n_taken; i++)
		n_parts += pop->taken[i].n_parts;
	struct body_part *parts = arena_alloc(&pop->arena, (n_parts + 1) * sizeof *parts);

	for (size_t i = 0; i < pop->n_taken; i++) {
		struct taken *taken = &pop->taken[i];

		if (taken->retry)
			recode_retry(pop, taken, &pop->checkpoints[i]);
		pieces[i] = (struct pop_piece){ taken->queue.topic, taken->retry,
			taken->queue.queue_id, pop->checkpoints[i].start_offset, taken->offsets,
			counts_of(pop, &pop->checkpoints[i]), taken->n };
		memcpy(parts + popped.n_parts, taken->parts, taken->n_parts * sizeof *parts);
		popped.n_parts += taken->n_parts;
		note_delivery(pop, taken);
		stats_get(worker->broker->stats, worker->loop->index, taken->queue.topic,
		    pop->wish.group, (uint32_t)taken->n, (uint64_t)taken->parts[0].len);
	}
	popped.parts = parts;
	finish(pop, &popped);
}

static void
on_noted(struct append *append, struct loop *loop)
{
	struct pop *pop = append->context;
	struct broker *broker = pop->worker->broker;
	bool stored = append->status == APPEND_OK, earlier = false;
	struct slice group = arena_copy(&loop->arena, pop->wish.group);
	struct slice topic = arena_copy(&loop->arena, pop->wish.topic);
	bool waits = pop->wish.front->waits(loop, pop->kept), rest = pop->rest > 0;

	for (size_t i = 0; i < pop->n_taken; i++) {
		const struct taken *taken = &pop->taken[i];
		int64_t id = append->queue_offset + (int64_t)i;

		if (stored) {
			earlier |= checkpoints_activate(broker->checkpoints, pop->reserved[i], id);
			advance(pop, &taken->queue, taken->row,
			    pop->wish.ordered ? pop->checkpoints[i].start_offset
					      : taken->next_offset);
		} else {
			checkpoints_abandon(broker->checkpoints, pop->reserved[i]);
		}
		if (stored && !waits)
			checkpoints_hasten(broker->checkpoints, id);
		leave(pop, &taken->queue);
	}
	append_free(append);
	if (stored && waits) {
		deliver(pop);
	} else {
		release_parts(pop);
		refuse(pop, RESPONSE_SYSTEM_ERROR, "the pop could not be noted on disk");
	}
	if (earlier || !waits)
		revive_hint(broker, loop);
	if (rest)
		pop_wake(broker, loop, group, topic);
	arena_reset(&loop->arena);
}

static void
note(struct pop *pop)
{
	struct broker *broker = pop->worker->broker;
	struct buf *bodies = arena_zalloc(&pop->arena, pop->n_taken * sizeof *bodies);

	pop->checkpoints = arena_zalloc(&pop->arena, pop->n_taken * sizeof *pop->checkpoints);
	for (size_t i = 0; i < pop->n_taken; i++) {
		const struct taken *taken = &pop->taken[i];
		struct checkpoint *it = &pop->checkpoints[i];
		/* A queue's expired begin is none of it. */
		int64_t start =
		    taken->row < taken->offsets[0] - INT32_MAX ? taken->offsets[0] : taken->row;

		*it = (struct checkpoint){
			.queue = taken->queue,
			.id = -1,
			.start_offset = start,
			.next_offset = taken->next_offset,
			.invisible_ms = pop->wish.invisible_ms,
			.ordered = pop->wish.ordered,
			.attempt = pop->wish.attempt,
			.n = (uint32_t)taken->n,
		};
		for (size_t k = 0; k < taken->n; k++)
			it->distance[k] = (int32_t)(taken->offsets[k] - start);
	}
	checkpoints_reserve(broker->checkpoints, pop->checkpoints, pop->reserved, pop->n_taken,
	    clock_wall_ms(), revive_end(pop->worker));
	for (size_t i = 0; i < pop->n_taken; i++)
		revive_record_write(&bodies[i], &(struct revive_record){ .kind = REVIVE_CHECKPOINT,
						    .checkpoint = pop->checkpoints[i] });
	struct append *append = revive_append(broker, pop->worker->loop, bodies, pop->n_taken);

	for (size_t i = 0; i < pop->n_taken; i++)
		buf_release(&bodies[i]);
	append->done = on_noted;
	append->context = pop;
	store_append(broker->store, append);
}

/* ---- rounds ---------------------------------------------------------- */

static void
on_again(struct task *task, void *receiver)
{
	struct loop *loop = receiver;

	begin_round(container_of(task, struct pop, again));
	arena_reset(&loop->arena);
}

static void
wait_or_finish(struct pop *pop)
{
	int64_t now_ms = clock_mono_ms();
	int64_t at_ms = pop->deadline_ms;

	if (now_ms >= at_ms) {
		finish_empty(pop, RESPONSE_POLLING_TIMEOUT);
		return;
	}
	if (pop->busy && at_ms > now_ms + BUSY_MS)
		at_ms = now_ms + BUSY_MS;
	arena_release(&pop->arena); /* one that waits is small */
	pop->taken = NULL;
	if (!waiting_add(pop->worker->waiting, pop, at_ms))
		finish_empty(pop, RESPONSE_POLLING_FULL);
}

static void
end_round(struct pop *pop)
{
	if (pop->n_taken != 0) {
		note(pop);
	} else if (pop->wish.only_ask && pop->rest > 0) {
		finish(pop, &(struct popped){ .looked = true, .found = true });
	} else if (pop->skipped) {
		pop->again.run = on_again;
		loop_post(pop->worker->loop, &pop->again);
	} else if (pop->unreadable) {
		refuse(pop, RESPONSE_SYSTEM_ERROR,
		    "a message of %.*s cannot be read, see the broker's log",
		    (int)pop->wish.topic.len, pop->wish.topic.data);
	} else if (pop->no_row) {
		refuse(pop, RESPONSE_SYSTEM_BUSY, "%s", limit_remark(LIMIT_CONSUMER_OFFSETS));
	} else {
		wait_or_finish(pop);
	}
}

/* The queue of a lane. False: there are no more. */
static bool
queue_of_lane(const struct pop *pop, struct group_queue *queue)
{
	int32_t n_before = pop->retry_first ? pop->n_retry_queues : pop->n_queues;
	bool retry = (pop->lane < n_before) == pop->retry_first;
	int32_t index = pop->lane < n_before ? pop->lane : pop->lane - n_before;
	int32_t n = retry ? pop->n_retry_queues : pop->n_queues;

	if (index >= n)
		return false;
	*queue = (struct group_queue){
		.group = pop->wish.group,
		.topic = retry ? pop->retry_topic : pop->wish.topic,
		.queue_id = (index + (int32_t)(pop->first % (uint32_t)n)) % n,
	};
	if (!retry && pop->wish.queue_id >= 0)
		queue->queue_id = pop->wish.queue_id;
	return true;
}

static void
run(struct pop *pop)
{
	struct group_queue queue;

	while (pop->n_messages < pop->wish.max_messages && pop->n_bytes < pop->limits.max_bytes &&
	       queue_of_lane(pop, &queue)) {
		pop->lane++;
		if (!look_at(pop, &queue))
			return;
	}
	/* What was not looked at may have messages; the next pop finds out. */
	if (pop->n_taken != 0 && queue_of_lane(pop, &queue))
		pop->rest++;
	for (size_t i = 0; i < pop->n_taken; i++) {
		const struct taken *taken = &pop->taken[i];
		const struct tail_queue *tail =
		    tail_find(pop->worker->tail, taken->queue.topic, taken->queue.queue_id);

		if (tail != NULL && tail->max_offset > taken->next_offset)
			pop->rest += tail->max_offset - taken->next_offset;
	}
	end_round(pop);
}

static void
begin_round(struct pop *pop)
{
	struct broker *broker = pop->worker->broker;
	struct topic topic;

	if (!pop->wish.front->waits(pop->worker->loop, pop->kept)) {
		pop_free(pop);
		return;
	}
	pop->n_queues = pop->n_retry_queues = pop->lane = 0;
	pop->n_messages = pop->n_bytes = 0;
	pop->rest = 0;
	pop->skipped = pop->full = pop->busy = pop->unreadable = pop->no_row = false;
	if (!atomic_load(&broker->pops->ready)) {
		pop->busy = true;
		wait_or_finish(pop);
		return;
	}
	if (topics_find(broker->topics, pop->wish.topic, &topic))
		pop->n_queues = pop->wish.queue_id >= 0 ? 1 : topic.read_queues;
	if (!pop->wish.ordered && topics_find(broker->topics, pop->retry_topic, &topic))
		pop->n_retry_queues = topic.read_queues;
	pop->first = pop->worker->next_queue++;
	pop->retry_first = pop->first % RETRY_FIRST_EVERY == 0;
	run(pop);
}

static void
on_time_over(struct pop *pop)
{
	struct loop *loop = pop->worker->loop;

	if (clock_mono_ms() < pop->deadline_ms)
		begin_round(pop);
	else
		finish_empty(pop, RESPONSE_POLLING_TIMEOUT);
	arena_reset(&loop->arena);
}

/* ---- checks ---------------------------------------------------------- */

static bool
is_odd(const struct pop_wish *wish)
{
	return !wish->only_ask &&
	       (wish->max_messages < 1 || wish->max_messages > CHECKPOINT_MESSAGES_MAX ||
		   wish->invisible_ms < 1 || wish->invisible_ms > POP_INVISIBLE_MAX_MS ||
		   wish->attempt.len > CHECKPOINT_ATTEMPT_MAX);
}

/* False: it was refused. */
static bool
check_wish(struct pop *pop)
{
	const struct pop_wish *wish = &pop->wish;
	struct broker *broker = pop->worker->broker;
	struct topic topic;

	if (!(broker->settings->broker_permission & PERM_READ))
		refuse(pop, RESPONSE_NO_PERMISSION, "the broker[%s] pop message is forbidden",
		    broker->address);
	else if (is_odd(wish))
		refuse(pop, RESPONSE_INVALID_PARAMETER,
		    "a pop takes 1 to %d messages for 1 to %" PRId64 " ms, with an attemptId of "
		    "at most %d bytes",
		    CHECKPOINT_MESSAGES_MAX, POP_INVISIBLE_MAX_MS, CHECKPOINT_ATTEMPT_MAX);
	else if (!topics_find(broker->topics, wish->topic, &topic))
		refuse(pop, RESPONSE_TOPIC_NOT_EXIST, "topic[%.*s] not exist, apply first please!",
		    (int)wish->topic.len, wish->topic.data);
	else if (!(topic.perm & PERM_READ))
		refuse(pop, RESPONSE_NO_PERMISSION, "the topic[%s] peeking message is forbidden",
		    topic.name);
	else if (wish->queue_id >= topic.read_queues)
		refuse(pop, RESPONSE_INVALID_PARAMETER,
		    "queueId[%" PRId32
		    "] is illegal, topic:[%s] topicConfig.readQueueNums:[%" PRId32 "]",
		    wish->queue_id, topic.name, topic.read_queues);
	else
		return true;
	return false;
}

static bool
check_group(struct pop *pop)
{
	struct broker *broker = pop->worker->broker;
	struct checkpoint_counts counts;
	struct group group;
	const char *why;

	checkpoints_get_counts(broker->checkpoints, &counts);
	if (group_is_internal(pop->wish.group))
		refuse(pop, RESPONSE_NO_PERMISSION, "%.*s is a group of the broker itself",
		    (int)pop->wish.group.len, pop->wish.group.data);
	else if (!group_find_or_create(broker, pop->wish.group, &group, &why))
		refuse(pop, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST,
		    "subscription group [%.*s] does not exist: %s", (int)pop->wish.group.len,
		    pop->wish.group.data, why);
	else if (!group.consume_enable)
		refuse(pop, RESPONSE_NO_PERMISSION, "subscription group no permission, %s",
		    group.name);
	else if (pop->retry_topic.len > NAME_TOPIC_MAX)
		refuse(pop, RESPONSE_INVALID_PARAMETER,
		    "the name of the retry topic %.*s would have more than %d bytes: use shorter "
		    "names",
		    (int)pop->retry_topic.len, pop->retry_topic.data, NAME_TOPIC_MAX);
	else if (store_is_busy(broker->store))
		refuse(pop, RESPONSE_SYSTEM_BUSY, "too much waits for the disk");
	else if (!limits_allow(broker->limits, LIMIT_POP_CHECKPOINTS, counts.n_checkpoints + 1))
		refuse(pop, RESPONSE_SYSTEM_BUSY, "%s", limit_remark(LIMIT_POP_CHECKPOINTS));
	else
		return true;
	return false;
}

static bool
take_filter(struct pop *pop)
{
	struct worker *worker = pop->worker;
	struct slice type = pop->wish.expression_type;
	struct filter_fault fault;

	if (!worker->broker->settings->enable_property_filter || !slice_is(type, "SQL92")) {
		refuse(pop, RESPONSE_SYSTEM_ERROR,
		    "The broker does not support consumer to filter message by %.*s", (int)type.len,
		    type.data);
		return false;
	}
	struct filter *filter = filter_cache_take(worker->filters, pop->wish.expression, &fault);

	pop->limits.filter = filter;
	if (filter == NULL)
		refuse(pop, RESPONSE_SUBSCRIPTION_PARSE_FAILED,
		    "parse the consumer's subscription failed: %s", fault.text);
	return filter != NULL;
}

static bool
read_filter(struct pop *pop)
{
	struct slice rest = slice_trim(pop->wish.expression), tag;
	size_t n = 0;

	pop->limits = (struct pull_limits){
		.max_bytes =
		    (int32_t)pop->worker->broker->settings->max_transfer_bytes_on_message_in_memory,
		.max_scan = MAX_SCAN,
	};
	if (rest.len == 0 || slice_is(rest, "*"))
		return true;
	if (pop->wish.expression_type.len != 0 &&
	    !slice_equal_nocase(pop->wish.expression_type, SLICE("TAG")))
		return take_filter(pop);
	int32_t *codes = pop->codes = mem_alloc((rest.len / 2 + 1) * sizeof *codes);

	while (tags_next(&rest, &tag))
		codes[n++] = (int32_t)tag_hash(tag);
	pop->limits.tag_codes = codes;
	pop->limits.n_tag_codes = n;
	if (n == 0)
		refuse(pop, RESPONSE_SUBSCRIPTION_PARSE_FAILED,
		    "parse the consumer's subscription failed: it names no tag");
	return n != 0;
}

static struct slice
put_text(struct buf *text, struct slice from)
{
	struct slice copy = { text->data + text->len, from.len };

	buf_append_slice(text, from);
	return copy;
}

/* What it needs while it waits. */
static void
copy_texts(struct pop *pop, const struct pop_wish *wish)
{
	struct buf text = { 0 };

	buf_reserve(&text, 2 * (wish->group.len + wish->topic.len) + wish->attempt.len +
			       strlen(TOPIC_RETRY_PREFIX) + 1);
	pop->wish.group = put_text(&text, wish->group);
	pop->wish.topic = put_text(&text, wish->topic);
	pop->wish.attempt = put_text(&text, wish->attempt);
	pop->retry_topic.data = text.data + text.len;
	retry_topic_write(&text, wish->group, wish->topic);
	pop->retry_topic.len = (size_t)(text.data + text.len - pop->retry_topic.data);
	pop->texts = text.data;
}

void
pop_messages(struct worker *worker, const struct pop_wish *wish)
{
	struct pop *pop = mem_zalloc(sizeof *pop);
	int64_t wait_ms = wish->wait_ms > POP_WAIT_MAX_MS ? POP_WAIT_MAX_MS : wish->wait_ms;

	pop->worker = worker;
	pop->wish = *wish;
	copy_texts(pop, wish);
	pop->deadline_ms = clock_mono_ms() + (wait_ms > 0 ? wait_ms : 0);
	wish->front->keep(pop->kept, wish->request);
	if (check_wish(pop) && check_group(pop) && read_filter(pop))
		begin_round(pop);
}

/* ---- waking ---------------------------------------------------------- */

struct wake {
	struct task task;
	struct slice group, topic;
	char text[];
};

static void
on_wake(struct task *task, void *receiver)
{
	struct wake *wake = container_of(task, struct wake, task);
	const struct worker *worker = ((struct loop *)receiver)->context;

	waiting_wake(worker->waiting, wake->group, wake->topic, -1);
	free(wake);
}

void
pop_wake(struct broker *broker, struct loop *here, struct slice group, struct slice topic)
{
	if (atomic_load(&broker->pops->n_waiting) == 0)
		return;
	for (int i = 0; i < broker->n_workers; i++) {
		struct worker *worker = &broker->workers[i];

		if (worker->loop == here) {
			waiting_wake(worker->waiting, group, topic, -1);
			continue;
		}
		struct wake *wake = mem_alloc(sizeof *wake + group.len + topic.len);

		wake->task.run = on_wake;
		memcpy(wake->text, group.data, group.len);
		memcpy(wake->text + group.len, topic.data, topic.len);
		wake->group = (struct slice){ wake->text, group.len };
		wake->topic = (struct slice){ wake->text + group.len, topic.len };
		loop_post(worker->loop, &wake->task);
	}
}

void
pop_attach(struct worker *worker)
{
	worker->waiting = waiting_new(worker, begin_round, on_time_over);
}

void
pop_detach(struct worker *worker)
{
	waiting_free(worker->waiting, drop);
}
