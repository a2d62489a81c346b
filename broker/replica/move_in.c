#include "config.h"

#include "broker/replica/move_in.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/replica/follow.h"
#include "broker/replica/move_adopt.h"
#include "broker/replica/move_scan.h"
#include "broker/state/attribute.h"
#include "broker/state/offset.h"
#include "broker/state/replica.h"
#include "broker/state/replica_record.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define RETRY_MS 1000
#define DELAY_TOPIC "SCHEDULE_TOPIC_XXXX"

/* What may be left behind. */
enum left_kind { LEFT_PARKED, LEFT_LEVELS, LEFT_BATCHES, LEFT_COMPACTED, LEFT_TYPES, N_LEFT };

static const struct left_text {
	const char *what, *why;
} left_texts[N_LEFT] = {
	[LEFT_PARKED] = { "half messages that RocketMQ gave up",
	    "they stay on TRANS_CHECK_MAX_TIME_TOPIC, where they can be read; nobody is asked "
	    "about them any more" },
	[LEFT_LEVELS] = { "delayed messages of a level with another delay",
	    "messageDelayLevel of the master is another one than ours, and ours counts after the "
	    "move; set the same" },
	[LEFT_BATCHES] = { "topics of queue.type BatchCQ",
	    "a batch is one record here, and is given to consumers as one message" },
	[LEFT_COMPACTED] = { "topics with cleanup.policy COMPACTION",
	    "their messages are kept by age and not compacted" },
	[LEFT_TYPES] = { "topics of an unknown message.type",
	    "the type is not kept, and they are topics like any other" },
};

struct move_counts {
	int64_t halves, delayed, timed, popped;
	int64_t left[N_LEFT];
};

struct move_in {
	struct broker *broker;
	struct loop *loop;
	/* any thread */
	pthread_mutex_t lock; /* a leaf: of counts */
	struct move_counts counts;
	_Atomic bool count_asked, begin_asked, begun;
	_Atomic bool has_offsets; /* the master told them in this run */
	struct task count_task, begin_task;
	/* loop 0 */
	struct move_scan *scan; /* NULL: none runs */
	struct move_adopt *adopt;
	struct timer retry;
	bool stopped, failed;
	int64_t end;
	char *levels; /* the master's messageDelayLevel; NULL: not told */
	int64_t n_types;
};

static void go_on(struct move_in *move);

static void
try_again(struct move_in *move, const char *what)
{
	if (move->stopped)
		return;
	if (!move->failed)
		log_error("the move from the RocketMQ master is tried again each second: %s", what);
	move->failed = true;
	loop_set_timer(move->loop, &move->retry, clock_mono_ms() + RETRY_MS);
}

/* ---- counting -------------------------------------------------------------------- */

static bool
next_word(struct slice *rest, struct slice *word)
{
	while (rest->len != 0 && slice_next(rest, ' ', word))
		if (word->len != 0)
			return true;
	return false;
}

/* Whether the level, from 0, has the same delay at the master. */
static bool
is_same_level(const struct move_in *move, int32_t level)
{
	struct slice theirs, ours, their_word = SLICE(""), our_word = SLICE("");

	if (move->levels == NULL)
		return true;
	theirs = slice_of(move->levels);
	ours = slice_of(move->broker->settings->message_delay_level);
	for (int32_t i = 0; i <= level; i++)
		if (!next_word(&theirs, &their_word) || !next_word(&ours, &our_word))
			return false;
	return slice_equal(their_word, our_word);
}

static void
count_queue(const struct move_in *move, const struct tail_queue *queue, struct move_counts *counts)
{
	struct broker *broker = move->broker;

	if (slice_is(queue->topic, HALF_PARKED_TOPIC))
		counts->left[LEFT_PARKED] += queue->max_offset - queue->min_offset;
	if (!slice_is(queue->topic, DELAY_TOPIC))
		return;
	int64_t from =
	    offsets_find(broker->offsets, SLICE(DELAY_GROUP), queue->topic, queue->queue_id);

	if (from < queue->min_offset)
		from = queue->min_offset;
	int64_t n = queue->max_offset > from ? queue->max_offset - from : 0;

	counts->delayed += n;
	if (!is_same_level(move, queue->queue_id))
		counts->left[LEFT_LEVELS] += n;
}

static void
count_topics(struct move_in *move, struct move_counts *counts)
{
	size_t n;
	struct topic *topics = topics_list(move->broker->topics, &n, NULL);

	for (size_t i = 0; i < n; i++) {
		struct slice text = attributes_json(&topics[i].attributes, &move->loop->arena);

		counts->left[LEFT_BATCHES] += memmem(text.data, text.len, "BatchCQ", 7) != NULL;
		counts->left[LEFT_COMPACTED] +=
		    memmem(text.data, text.len, "COMPACTION", 10) != NULL;
	}
	free(topics);
	counts->left[LEFT_TYPES] = move->n_types;
}

static void
publish(struct move_in *move)
{
	struct move_counts counts = { 0 };
	const struct tail_queue *queue;
	size_t state = 0, n;

	move_scan_halves(move->scan, &n);
	counts.halves = (int64_t)n;
	move_scan_timers(move->scan, &n);
	counts.timed = (int64_t)n;
	counts.popped = move_pops_count(move_scan_pops(move->scan));
	while ((queue = tail_each(move->broker->workers[0].tail, &state)) != NULL)
		count_queue(move, queue, &counts);
	count_topics(move, &counts);
	pthread_mutex_lock(&move->lock);
	move->counts = counts;
	pthread_mutex_unlock(&move->lock);
}

static void
end_scan(struct move_in *move)
{
	move_scan_free(move->scan);
	move->scan = NULL;
}

static void
on_counted(void *arg, bool failed)
{
	struct move_in *move = arg;

	if (!failed)
		publish(move);
	end_scan(move);
	atomic_store(&move->count_asked, false);
	if (atomic_load(&move->begun))
		go_on(move);
}

static void
on_count(struct task *task, void *loop)
{
	struct move_in *move = container_of(task, struct move_in, count_task);

	(void)loop;
	if (move->stopped || move->scan != NULL || atomic_load(&move->begun))
		atomic_store(&move->count_asked, false);
	else
		move->scan = move_scan_start(move->broker, INT64_MAX, on_counted, move);
	if (!move->stopped && move->broker->follower != NULL)
		follower_refresh(move->broker->follower);
}

/* ---- the move -------------------------------------------------------------------- */

static void
become_master(struct move_in *move)
{
	struct replica_record *record = move->broker->replica_record;
	struct replica_moved moved;
	struct move_adopted counts;

	move_adopt_counts(move->adopt, &counts);
	replica_record_moved(record, &moved);
	moved.state = REPLICA_MOVE_DONE;
	if (replica_record_set_moved(record, &moved) == -1) {
		try_again(move, "replica.json cannot be written");
		return;
	}
	log_warn("this broker has moved from its RocketMQ master and starts again as the master "
		 "role=%s end=%" PRId64 " halves=%" PRId64 " timed=%" PRId64 " popped=%" PRId64
		 " committed_there=%" PRId64 " delivered_there=%" PRId64,
	    moved.sync ? "SYNC_MASTER" : "ASYNC_MASTER", move->end, counts.halves, counts.timers,
	    counts.popped, counts.decided, counts.delivered);
	daemon_restart(move->broker->daemon);
}

static void
on_adopted(void *arg, bool failed)
{
	struct move_in *move = arg;

	if (failed)
		try_again(move, "what waits could not be adopted, see the lines before");
	else
		become_master(move);
	move_adopt_free(move->adopt);
	move->adopt = NULL;
	end_scan(move);
}

static void
on_scanned(void *arg, bool failed)
{
	struct move_in *move = arg;

	if (failed) {
		end_scan(move);
		try_again(move, "the log cannot be read");
		return;
	}
	publish(move);
	move->adopt = move_adopt_start(move->broker, move->scan, move->end, on_adopted, move);
}

static void
on_end_kept(struct meta_job *job, struct loop *loop)
{
	struct move_in *move = job->context;
	int status = job->status;

	(void)loop;
	meta_job_free(job);
	if (move->stopped)
		return;
	if (status != 0)
		try_again(move, "meta.db cannot be written");
	else
		move->scan = move_scan_start(move->broker, move->end, on_scanned, move);
}

/* All that came before is in the log: it ends here, unless an earlier run has said where. */
static void
on_settled(struct half_job *settled, struct loop *loop)
{
	struct move_in *move = settled->context;
	struct store *store = move->broker->store;
	struct meta_job *job;
	struct store_bounds bounds;
	char text[32];

	(void)loop;
	half_job_free(settled);
	if (move->stopped)
		return;
	store_get_bounds(store, &bounds);
	move->end = store_rocketmq_end(store);
	if (move->end > bounds.max_position)
		move->end = bounds.max_position;
	snprintf(text, sizeof text, "%" PRId64, move->end);
	job = meta_job_new();
	meta_job_put(job, META_SETTING, SLICE(STORE_ROCKETMQ_END), slice_of(text));
	job->before_appends = true;
	job->reply_loop = move->loop;
	job->done = on_end_kept;
	job->context = move;
	store_meta(store, job);
}

/* The move has begun; nothing else is under way. */
static void
go_on(struct move_in *move)
{
	struct half_job *job;

	if (move->stopped || move->scan != NULL)
		return;
	job = half_job_new(HALF_FIND);
	job->position = -1;
	job->reply_loop = move->loop;
	job->done = on_settled;
	job->context = move;
	store_halves(move->broker->store, job);
}

static void
on_retry(struct timer *timer)
{
	go_on(container_of(timer, struct move_in, retry));
}

static void
on_begin(struct task *task, void *loop)
{
	struct move_in *move = container_of(task, struct move_in, begin_task);

	(void)loop;
	if (move->stopped)
		return;
	log_warn("the move from the RocketMQ master begins: nothing is copied any more");
	atomic_store(&move->begun, true);
	follower_stop(move->broker->follower);
	go_on(move);
}

/* It is on disk. -1: it is not, after a line in the log. */
static int
keep_begin(struct broker *broker, bool sync)
{
	const char *from = broker->settings->ha_master_address;
	struct replica_moved moved = { .state = REPLICA_MOVE_BEGUN, .sync = sync };

	snprintf(moved.from, sizeof moved.from, "%s", from != NULL ? from : "");
	return replica_record_set_moved(broker->replica_record, &moved);
}

/* ---- asked ----------------------------------------------------------------------- */

bool
move_in_has_begun(const struct broker *broker)
{
	struct replica_moved moved;

	replica_record_moved(broker->replica_record, &moved);
	return moved.state == REPLICA_MOVE_BEGUN;
}

/* Of a slave: what it copies. */
static void
fill_state(struct broker *broker, struct arena *arena, struct move_in_status *status)
{
	struct replica_state *state = arena_alloc(arena, sizeof *state);
	struct store_bounds bounds;

	replica_get(broker->replica, state);
	store_get_bounds(broker->store, &bounds);
	status->master = slice_of(state->master);
	status->master_answers = state->phase == REPLICA_COPYING;
	status->behind_bytes =
	    state->master_max > bounds.max_position ? state->master_max - bounds.max_position : 0;
	status->state = state->master_max != 0 && status->behind_bytes == 0 &&
	                        atomic_load(&broker->move_in->has_offsets)
	                    ? MOVE_IN_CAUGHT_UP
	                    : MOVE_IN_COPYING;
	if (atomic_load(&broker->move_in->begin_asked))
		status->state = MOVE_IN_MOVING;
}

static void
fill_counts(const struct move_counts *counts, struct arena *arena, struct move_in_status *status)
{
	struct move_in_left *left = arena_alloc(arena, N_LEFT * sizeof *left);

	status->halves_open = counts->halves;
	status->delayed = counts->delayed;
	status->timed = counts->timed;
	status->popped_open = counts->popped;
	status->left = left;
	for (int i = 0; i < N_LEFT; i++)
		if (counts->left[i] > 0)
			left[status->n_left++] = (struct move_in_left){
				.what = slice_of(left_texts[i].what),
				.n = counts->left[i],
				.why = slice_of(left_texts[i].why),
			};
}

int
move_in_look(struct broker *broker, struct arena *arena, struct move_in_status *status)
{
	struct move_in *move = broker->move_in;
	struct move_counts counts;

	*status = (struct move_in_status){ .master = SLICE(""), .refusal = SLICE("") };
	if (move == NULL) {
		struct replica_moved moved;

		replica_record_moved(broker->replica_record, &moved);
		status->state = MOVE_IN_MOVED;
		status->master = slice_of(broker->ha_address);
		return moved.state == REPLICA_MOVE_DONE ? 0 : -1;
	}
	if (store_rocketmq_end(broker->store) == 0)
		return -1;
	fill_state(broker, arena, status);
	pthread_mutex_lock(&move->lock);
	counts = move->counts;
	pthread_mutex_unlock(&move->lock);
	fill_counts(&counts, arena, status);
	if (!atomic_exchange(&move->count_asked, true))
		loop_post(move->loop, &move->count_task);
	return 0;
}

struct slice
move_in_begin(struct broker *broker, bool sync, bool force, struct arena *arena)
{
	struct move_in *move = broker->move_in;
	struct move_in_status status;

	if (move == NULL || store_rocketmq_end(broker->store) == 0)
		return SLICE("this broker follows no RocketMQ master");
	if (broker->settings->enable_controller_mode)
		return SLICE("the quorum of name servers decides who is the master: start this "
			     "broker without enableControllerMode for the move");
	fill_state(broker, arena, &status);
	if (status.state == MOVE_IN_MOVING)
		return SLICE_NONE;
	if (status.behind_bytes > 0 && !force)
		return arena_printf(arena,
		    "%" PRId64 " bytes of the master's log are not here yet, and the master %s: %s",
		    status.behind_bytes, status.master_answers ? "answers" : "does not answer",
		    status.master_answers ? "stop its producers and wait, or say force"
					  : "start it again, or say force and lose them");
	if (status.state != MOVE_IN_CAUGHT_UP && !force)
		return SLICE("the master has not told its log's end and its tables since this "
			     "broker started, so nobody knows whether all is here: wait, start it "
			     "again, or say force");
	if (atomic_exchange(&move->begin_asked, true))
		return SLICE_NONE;
	if (keep_begin(broker, sync) == -1) {
		atomic_store(&move->begin_asked, false);
		return SLICE("replica.json cannot be written, see the broker's log");
	}
	loop_post(move->loop, &move->begin_task);
	return SLICE_NONE;
}

/* ---- told ------------------------------------------------------------------------- */

void
move_in_note_levels(struct move_in *move, struct slice levels)
{
	if (move == NULL)
		return;
	free(move->levels);
	move->levels = slice_dup(levels);
}

void
move_in_note_types(struct move_in *move, int64_t n_topics)
{
	if (move != NULL)
		move->n_types = n_topics;
}

void
move_in_note_offsets(struct move_in *move)
{
	if (move != NULL)
		atomic_store(&move->has_offsets, true);
}

/* ---- start and end ------------------------------------------------------------------ */

struct move_in *
move_in_new(struct broker *broker)
{
	struct move_in *move = mem_zalloc(sizeof *move);

	pthread_mutex_init(&move->lock, NULL);
	move->broker = broker;
	move->loop = broker_main_loop(broker);
	move->counts = (struct move_counts){ -1, -1, -1, -1, { 0 } };
	move->count_task.run = on_count;
	move->begin_task.run = on_begin;
	move->retry.due = on_retry;
	if (move_in_has_begun(broker)) {
		log_info("a move from a RocketMQ master had begun and goes on");
		atomic_store(&move->begin_asked, true);
		atomic_store(&move->begun, true);
		loop_set_timer(move->loop, &move->retry, clock_mono_ms());
	}
	return move;
}

void
move_in_stop(struct move_in *move)
{
	if (move == NULL || move->stopped)
		return;
	move->stopped = true;
	loop_drop_timer(move->loop, &move->retry);
	move_scan_stop(move->scan);
	move_adopt_stop(move->adopt);
}

void
move_in_free(struct move_in *move)
{
	if (move == NULL)
		return;
	move_in_stop(move);
	move_adopt_free(move->adopt);
	move_scan_free(move->scan);
	pthread_mutex_destroy(&move->lock);
	free(move->levels);
	free(move);
}
