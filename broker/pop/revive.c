#include "config.h"

#include "broker/pop/revive.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/catalog/topic_create.h"
#include "broker/pop/pop_private.h"
#include "broker/pop/receipt.h"
#include "broker/state/revive_record.h"
#include "broker/send/send_back.h"
#include "broker/state/group.h"
#include "broker/state/offset.h"
#include "broker/store/tail/tail.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/protocol/name.h"

#define LOOK_MS 500          /* interval when nothing is due */
#define AGAIN_MS 1000        /* after a failed read or append */
#define ACTIVE_MAX 64        /* checkpoints that are revived at once */
#define CARRY_RECORDS 100000 /* a replay reads no more than about so many */
#define READ_BYTES (1 << 20)
#define FIRST_POP_TIME "1ST_POP_TIME"

struct revival {
	struct pops *pops;
	struct loop *loop;
	struct timer look;
	struct task hint;
	_Atomic bool hinted;
	size_t n_active;
	int64_t floor;
	int64_t replay_end; /* of the revive topic, when the start began to read it */
	size_t n_replayed;
};

/* A checkpoint whose messages are revived, one after the other. */
struct revive {
	struct revival *revival;
	struct arena arena;
	struct checkpoint checkpoint;
	uint32_t bits;  /* claimed and not done yet */
	uint32_t place; /* of the message at hand */
	struct chunk *chunk;
	size_t at; /* in the chunk */
	bool dead; /* where the message at hand goes */
};

static void look(struct revival *revival);
static void revive_next(struct revive *revive, struct loop *loop);

/* ---- records of the revive topic -------------------------------------- */

static const struct tail_queue *
revive_queue(const struct worker *worker)
{
	return tail_find(worker->tail, worker->broker->pops->revive_topic, 0);
}

int64_t
revive_end(const struct worker *worker)
{
	const struct tail_queue *queue = revive_queue(worker);

	return queue != NULL ? queue->max_offset : 0;
}

struct append *
revive_append(struct broker *broker, struct loop *loop, const struct buf *bodies, size_t n)
{
	struct record one, *records = n > 1 ? mem_alloc(n * sizeof *records) : &one;

	for (size_t i = 0; i < n; i++)
		records[i] = (struct record){
			.born_timestamp = clock_wall_ms(),
			.born_host = broker->host,
			.body = buf_slice(&bodies[i]),
			.topic = broker->pops->revive_topic,
			.properties = SLICE(""),
		};
	struct append *append = append_new(broker->store, records, n);

	append->reply_loop = loop;
	if (n > 1)
		free(records);
	return append;
}

static struct append *
settled_append(struct revive *revive, struct loop *loop)
{
	struct buf body = { 0 };

	revive_record_write(&body, &(struct revive_record){
				       .kind = REVIVE_SETTLED,
				       .id = revive->checkpoint.id,
				       .bits = UINT32_C(1) << revive->place,
				   });
	struct append *append = revive_append(revive->revival->pops->broker, loop, &body, 1);

	buf_release(&body);
	return append;
}

/* ---- one message ------------------------------------------------------ */

static void
revive_end_of(struct revive *revive)
{
	struct revival *revival = revive->revival;

	if (revive->bits != 0)
		checkpoints_again(revival->pops->broker->checkpoints, revive->checkpoint.id,
		    revive->bits, clock_mono_ms() + AGAIN_MS);
	if (revive->chunk != NULL)
		chunk_unref(revive->chunk);
	arena_release(&revive->arena);
	free(revive);
	revival->n_active--;
	look(revival);
}

static void
on_stored(struct append *append, struct loop *loop)
{
	struct revive *revive = append->context;
	struct broker *broker = revive->revival->pops->broker;
	uint32_t bit = UINT32_C(1) << revive->place;
	bool stored = append->status == APPEND_OK, copied = append->companion != NULL;
	struct settled settled;

	append_free(append);
	if (!stored) {
		revive_end_of(revive);
		return;
	}
	checkpoints_settle(broker->checkpoints, revive->checkpoint.id, bit, &settled);
	revive->bits &= ~bit;
	checkpoints_count_end(broker->checkpoints, !copied        ? END_DROPPED
						   : revive->dead ? END_DEAD
								  : END_REVIVED);
	revive_next(revive, loop);
	arena_reset(&loop->arena);
}

static void
submit(struct revive *revive, struct append *append)
{
	append->done = on_stored;
	append->context = revive;
	store_append(revive->revival->pops->broker->store, append);
}

/* The message cannot be had, or belongs nowhere. */
static void
drop_message(struct revive *revive, struct loop *loop, const char *why)
{
	const struct checkpoint *it = &revive->checkpoint;

	log_warn("a popped message is dropped: %s group=%.*s topic=%.*s queue=%" PRId32
		 " offset=%" PRId64,
	    why, (int)it->queue.group.len, it->queue.group.data, (int)it->queue.topic.len,
	    it->queue.topic.data, it->queue.queue_id,
	    it->start_offset + it->distance[revive->place]);
	submit(revive, settled_append(revive, loop));
}

/* The topic that the producer sent to. */
static struct slice
origin_topic(const struct checkpoint *checkpoint)
{
	struct slice topic = checkpoint->queue.topic;
	size_t skipped = strlen(TOPIC_RETRY_PREFIX) + checkpoint->queue.group.len + 1;

	if (!slice_starts(topic, TOPIC_RETRY_PREFIX) || topic.len <= skipped)
		return topic;
	return (struct slice){ topic.data + skipped, topic.len - skipped };
}

static struct slice
copy_properties(struct revive *revive, const struct record *record, struct arena *arena)
{
	static const char *const none[] = { NULL };
	struct buf text = { 0 }, time = { 0 };

	property_copy_without(&text, record->properties, none);
	if (property_find(record->properties, FIRST_POP_TIME).len == 0) {
		buf_append_int(&time, revive->checkpoint.pop_time);
		property_append(&text, SLICE(FIRST_POP_TIME), buf_slice(&time));
	}
	if (revive->dead && property_find(record->properties, "RETRY_TOPIC").len == 0)
		property_append(&text, SLICE("RETRY_TOPIC"), origin_topic(&revive->checkpoint));
	struct slice copy = text.len <= RECORD_PROPERTIES_MAX ? arena_copy(arena, buf_slice(&text))
	                                                      : record->properties;

	buf_release(&text);
	buf_release(&time);
	return copy;
}

/* The retry topic. False: it cannot be made now. */
static bool
find_retry_topic(struct revive *revive, struct topic *topic)
{
	struct broker *broker = revive->revival->pops->broker;
	const struct group_queue *queue = &revive->checkpoint.queue;
	size_t prefix = strlen(TOPIC_RETRY_PREFIX);
	struct buf name = { 0 };
	const char *why = "";

	if (slice_starts(queue->topic, TOPIC_RETRY_PREFIX))
		buf_append_slice(&name, queue->topic);
	else
		retry_topic_write(&name, queue->group, queue->topic);
	bool made = topic_find_or_create_retry(
	    broker, (struct slice){ name.data + prefix, name.len - prefix }, 1, false, topic, &why);

	if (!made)
		log_warn("popped messages wait to be revived: their topic cannot be made "
			 "topic=%.*s why=\"%s\"",
		    (int)name.len, name.data, why);
	buf_release(&name);
	return made;
}

static struct append *
retry_append(struct revive *revive, struct record *record)
{
	struct broker *broker = revive->revival->pops->broker;
	struct topic topic;

	if (!find_retry_topic(revive, &topic))
		return NULL;
	record->topic = slice_of(topic.name);
	record->queue_id = 0;
	record->reconsume_times++;
	return append_new(broker->store, record, 1);
}

static struct append *
dead_append(struct revive *revive, const struct record *record, const struct group *group)
{
	struct worker *worker = &revive->revival->pops->broker->workers[0];
	struct back_wish wish = { .group = group, .delay_level = -1, .max_times = -1 };
	struct back_outcome outcome;
	struct append *append = send_back_append(worker, record, &wish, &outcome);

	if (append == NULL)
		log_warn("popped messages wait for the dead letters group=%s why=\"%.*s\"",
		    group->name, (int)outcome.remark.len, outcome.remark.data);
	return append;
}

static void
revive_message(struct revive *revive, struct loop *loop, struct record *record)
{
	struct broker *broker = revive->revival->pops->broker;
	struct group group;

	if (!groups_find(broker->groups, revive->checkpoint.queue.group, &group)) {
		drop_message(revive, loop, "its group was deleted");
		return;
	}
	revive->dead = record->reconsume_times >= group.retry_max;
	record->properties = copy_properties(revive, record, &loop->arena);
	struct append *append =
	    revive->dead ? dead_append(revive, record, &group) : retry_append(revive, record);

	if (append == NULL) {
		revive_end_of(revive);
		return;
	}
	append->reply_loop = loop;
	append->companion = settled_append(revive, loop);
	append->companion->reply_loop = NULL;
	submit(revive, append);
}

/* ---- one checkpoint --------------------------------------------------- */

/* Finds the message at hand in what was read. */
static bool
find_in_chunk(struct revive *revive, int64_t offset, struct record *record)
{
	while (revive->chunk != NULL && revive->at < revive->chunk->len) {
		if (record_decode(revive->chunk->data + revive->at, revive->chunk->len - revive->at,
			record) == -1)
			return false;
		if (record->queue_offset > offset)
			return false;
		revive->at += record->size;
		if (record->queue_offset == offset)
			return true;
	}
	return false;
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct revive *revive = job->context;
	int64_t offset = job->in_queue.offset;
	enum read_status status = job->status;
	struct record record;

	if (revive->chunk != NULL)
		chunk_unref(revive->chunk);
	revive->chunk = job->chunk;
	revive->at = 0;
	job->chunk = NULL;
	read_job_free(job);
	if (status == READ_FAILED)
		revive_end_of(revive);
	else if (status == READ_FOUND && find_in_chunk(revive, offset, &record))
		revive_message(revive, loop, &record);
	else
		drop_message(
		    revive, loop, status == READ_CORRUPT ? "it is damaged" : "it has expired");
	arena_reset(&loop->arena);
}

static void
revive_next(struct revive *revive, struct loop *loop)
{
	struct broker *broker = revive->revival->pops->broker;
	const struct checkpoint *it = &revive->checkpoint;
	struct record record;
	struct topic topic;

	if (revive->bits == 0) {
		revive_end_of(revive);
		return;
	}
	revive->place = (uint32_t)__builtin_ctz(revive->bits);
	int64_t offset = it->start_offset + it->distance[revive->place];
	const struct tail_queue *queue =
	    tail_find(broker->workers[0].tail, it->queue.topic, it->queue.queue_id);

	if (find_in_chunk(revive, offset, &record)) {
		revive_message(revive, loop, &record);
		return;
	}
	if (queue == NULL || !topics_find(broker->topics, it->queue.topic, &topic)) {
		drop_message(revive, loop, "its topic was deleted");
		return;
	}
	struct read_job *job = read_queue_new(queue->number, offset,
	    &(struct pull_limits){ .max_messages = CHECKPOINT_MESSAGES_MAX,
		.max_bytes = READ_BYTES,
		.max_scan = CHECKPOINT_MESSAGES_MAX });

	job->reply_loop = loop;
	job->done = on_read;
	job->context = revive;
	store_read(broker->store, job);
}

/* ---- looking ---------------------------------------------------------- */

static void
take_due(struct revival *revival)
{
	struct broker *broker = revival->pops->broker;
	int64_t now_ms = clock_mono_ms();

	while (revival->n_active < ACTIVE_MAX) {
		struct revive *revive = mem_zalloc(sizeof *revive);
		const struct group_queue *queue = &revive->checkpoint.queue;

		revive->revival = revival;
		if (!checkpoints_take_due(broker->checkpoints, now_ms, &revive->checkpoint,
			&revive->bits, &revive->arena)) {
			free(revive);
			return;
		}
		if (revive->bits != 0) {
			revival->n_active++;
			revive_next(revive, revival->loop);
			continue;
		}
		if (revive->checkpoint.ordered)
			pop_wake(broker, revival->loop, queue->group, queue->topic);
		arena_release(&revive->arena);
		free(revive);
	}
}

/* What a replay need not read again is an ordinary offset. */
static void
keep_floor(struct revival *revival)
{
	struct broker *broker = revival->pops->broker;
	int64_t floor = checkpoints_floor(broker->checkpoints, revive_end(&broker->workers[0]));
	struct offset_row row = { SLICE(REVIVE_GROUP), revival->pops->revive_topic, 0, floor };
	struct offset_limits limits = { SIZE_MAX, SIZE_MAX };
	int64_t before;

	if (floor <= revival->floor)
		return;
	revival->floor = floor;
	store_keep_unsettled(broker->store, floor);
	offsets_put(broker->offsets, &row, true, &limits, &before);
}

struct carry {
	struct revival *revival;
	int64_t id;
};

static void
on_carried(struct append *append, struct loop *loop)
{
	struct carry *carry = append->context;

	(void)loop;
	checkpoints_moved(carry->revival->pops->broker->checkpoints, carry->id,
	    append->status == APPEND_OK ? append->queue_offset : -1);
	append_free(append);
	free(carry);
}

/* A checkpoint that is invisible for long is written again, so that a replay stays short. */
static void
carry_oldest(struct revival *revival)
{
	struct broker *broker = revival->pops->broker;
	int64_t before = revive_end(&broker->workers[0]) - CARRY_RECORDS;
	struct revive_record record = { .kind = REVIVE_CHECKPOINT };

	for (int i = 0; i < ACTIVE_MAX && before > 0; i++) {
		struct buf body = { 0 };

		if (!checkpoints_take_oldest(
			broker->checkpoints, before, &record.checkpoint, &revival->loop->arena))
			return;
		struct carry *carry = mem_alloc(sizeof *carry);

		*carry = (struct carry){ revival, record.checkpoint.id };
		revive_record_write(&body, &record);
		struct append *append = revive_append(broker, revival->loop, &body, 1);

		buf_release(&body);
		append->done = on_carried;
		append->context = carry;
		store_append(broker->store, append);
	}
}

static void
look(struct revival *revival)
{
	struct broker *broker = revival->pops->broker;
	int64_t now_ms = clock_mono_ms();

	if (!atomic_load(&revival->pops->ready))
		return;
	take_due(revival);
	keep_floor(revival);
	carry_oldest(revival);
	int64_t due_ms = checkpoints_next_due(broker->checkpoints);

	if (due_ms > now_ms + LOOK_MS || revival->n_active == ACTIVE_MAX)
		due_ms = now_ms + LOOK_MS;
	loop_set_timer(revival->loop, &revival->look, due_ms > now_ms ? due_ms : now_ms + 1);
}

static void
on_look(struct timer *timer)
{
	struct revival *revival = container_of(timer, struct revival, look);

	look(revival);
	arena_reset(&revival->loop->arena);
}

static void
on_hint(struct task *task, void *receiver)
{
	struct revival *revival = container_of(task, struct revival, hint);

	(void)receiver;
	atomic_store(&revival->hinted, false);
	look(revival);
}

void
revive_hint(struct broker *broker, struct loop *here)
{
	struct revival *revival = broker->pops->revival;

	(void)here;
	if (!atomic_exchange(&revival->hinted, true))
		loop_post(revival->loop, &revival->hint);
}

/* ---- replay ----------------------------------------------------------- */

static void
replay_checkpoint(struct broker *broker, const struct checkpoint *checkpoint, int64_t offset)
{
	const struct group_queue *queue = &checkpoint->queue;
	struct offset_row row = { queue->group, queue->topic, queue->queue_id,
		checkpoint->next_offset };
	struct offset_limits limits = { SIZE_MAX, SIZE_MAX };
	int64_t before;
	const struct tail_queue *tail =
	    tail_find(broker->workers[0].tail, queue->topic, queue->queue_id);

	/* Its topic was deleted, and begins anew. */
	if (tail == NULL || checkpoint->next_offset > tail->max_offset)
		return;
	checkpoints_restore(broker->checkpoints, checkpoint, offset, clock_wall_ms());
	int64_t now = offsets_find(broker->offsets, queue->group, queue->topic, queue->queue_id);

	/* meta.db lags: the pop was noted, the group's offset not yet. One that was set back stays.
	 */
	if (!checkpoint->ordered &&
	    (now == -1 || (now >= checkpoint->start_offset && now < checkpoint->next_offset)))
		offsets_put(broker->offsets, &row, true, &limits, &before);
}

static void
replay_settled(struct broker *broker, const struct revive_record *record)
{
	struct settled settled;

	checkpoints_settle(broker->checkpoints, record->id, record->bits, &settled);
}

static void
replay_one(struct revival *revival, const struct record *stored)
{
	struct broker *broker = revival->pops->broker;
	struct revive_record record;

	if (stored->position < store_rocketmq_end(broker->store))
		return; /* its pops have records of ours */
	if (revive_record_read(stored->body, &record) == -1) {
		log_warn("unreadable record of the revive topic is skipped offset=%" PRId64,
		    stored->queue_offset);
		return;
	}
	revival->n_replayed++;
	switch (record.kind) {
	case REVIVE_CHECKPOINT:
		replay_checkpoint(broker, &record.checkpoint, stored->queue_offset);
		break;
	case REVIVE_SETTLED:
		replay_settled(broker, &record);
		break;
	case REVIVE_VISIBLE:
		checkpoints_set_visible(broker->checkpoints, record.id, record.bits,
		    clock_mono_ms() + record.visible_ms - clock_wall_ms());
		break;
	}
}

static void
replay_done(struct revival *revival)
{
	struct checkpoint_counts counts;

	checkpoints_get_counts(revival->pops->broker->checkpoints, &counts);
	if (revival->n_replayed != 0)
		log_info("popped messages are known again records=%zu checkpoints=%zu "
			 "messages=%zu",
		    revival->n_replayed, counts.n_checkpoints, counts.n_messages);
	atomic_store(&revival->pops->ready, true);
	look(revival);
}

static void replay_from(struct revival *revival, int64_t offset);

static void
on_replayed(struct read_job *job, struct loop *loop)
{
	struct revival *revival = job->context;
	int64_t next = job->in_queue.next_offset;
	struct record record;

	if (job->status == READ_FOUND) {
		for (size_t at = 0; at < job->chunk->len && record_decode(job->chunk->data + at,
								job->chunk->len - at, &record) == 0;
		     at += record.size)
			replay_one(revival, &record);
	} else {
		log_error("the revive topic cannot be read, popped messages may come again or be "
			  "lost offset=%" PRId64,
		    job->in_queue.offset);
		next = job->in_queue.offset + 1;
	}
	read_job_free(job);
	replay_from(revival, next);
	arena_reset(&loop->arena);
}

static void
replay_from(struct revival *revival, int64_t offset)
{
	struct broker *broker = revival->pops->broker;
	const struct tail_queue *queue = revive_queue(&broker->workers[0]);

	if (queue != NULL && offset < queue->min_offset)
		offset = queue->min_offset;
	if (queue == NULL || offset >= revival->replay_end) {
		replay_done(revival);
		return;
	}
	struct read_job *job = read_queue_new(queue->number, offset,
	    &(struct pull_limits){
		.max_messages = 10000, .max_bytes = READ_BYTES, .max_scan = 10000 });

	job->reply_loop = revival->loop;
	job->done = on_replayed;
	job->context = revival;
	store_read(broker->store, job);
}

/* ---- start and end ---------------------------------------------------- */

struct pops *
pops_new(struct broker *broker)
{
	struct pops *pops = mem_zalloc(sizeof *pops);
	struct revival *revival = mem_zalloc(sizeof *revival);

	pops->broker = broker;
	pops->revival = revival;
	pthread_mutex_init(&pops->counts_lock, NULL);
	snprintf(pops->revive_topic_text, sizeof pops->revive_topic_text, REVIVE_TOPIC_PREFIX "%s",
	    broker->settings->broker_cluster_name);
	pops->revive_topic = slice_of(pops->revive_topic_text);
	revival->pops = pops;
	revival->loop = broker_main_loop(broker);
	revival->look.due = on_look;
	revival->hint.run = on_hint;
	return pops;
}

const char *
pops_topic(const struct pops *pops)
{
	return pops->revive_topic_text;
}

void
pops_start(struct pops *pops)
{
	struct revival *revival = pops->revival;
	int64_t offset =
	    offsets_find(pops->broker->offsets, SLICE(REVIVE_GROUP), pops->revive_topic, 0);

	revival->floor = offset > 0 ? offset : 0;
	store_keep_unsettled(pops->broker->store, revival->floor);
	revival->replay_end = revive_end(&pops->broker->workers[0]);
	replay_from(revival, revival->floor);
}

void
pops_free(struct pops *pops)
{
	if (pops == NULL)
		return;
	loop_drop_timer(pops->revival->loop, &pops->revival->look);
	pthread_mutex_destroy(&pops->counts_lock);
	strmap_release(&pops->counts, free);
	free(pops->revival);
	free(pops);
}
