#include "config.h"

#include "broker/store/expire/expire.h"

#include <stdlib.h>

#include "broker/store/log/disk.h"
#include "broker/store/reader/reader.h"
#include "broker/store/writer/flush.h"
#include "broker/store/writer/publish.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

/*
 * Retention has three steps. The closer chooses segments and reads the first offsets of the queues
 * without them. The writer removes them from the list and publishes the new first offsets. The
 * closer unlinks the files; readers that have one open finish first.
 */

#define HELD_MAX 16 /* segments; of a larger heap the others are freed at once */

struct queue_first {
	int32_t number;
	int64_t first;
};

struct expiry {
	struct task task;
	struct store_base *base;
	struct readers *readers;
	int64_t before_ms;
	bool oldest;                /* one segment, whatever its age */
	struct segment_array *gone; /* the segments to unlink */
	struct segment *next;       /* the oldest remaining one */
	struct queue_first *firsts;
	size_t n_firsts;
	int64_t earliest_ms;
	int held[HELD_MAX][SEGMENT_FILES]; /* files without a name, to be freed */
	size_t n_held;
};

static void
expiry_free(struct expiry *expiry)
{
	segment_array_unref(expiry->gone);
	segment_unref(expiry->next);
	free(expiry->firsts);
	free(expiry);
}

/* ---- 3: the closer unlinks ------------------------------------------- */

/* No reader has the files open any more. */
static void
run_free(struct task *task, void *closer)
{
	struct expiry *expiry = (struct expiry *)task;

	(void)closer;
	for (size_t i = 0; i < expiry->n_held; i++)
		for (int k = 0; k < SEGMENT_FILES; k++)
			disk_free_slowly(expiry->held[i][k]);
	/* One that opened an unsealed segment at that moment has made its WAL again, an empty one.
	 */
	for (size_t i = 0; i < expiry->gone->n; i++)
		if (!atomic_load(&expiry->gone->list[i]->sealed))
			segment_unlink(&expiry->base->dir, expiry->gone->list[i]);
	expiry_free(expiry);
}

static void
run_unlink(struct task *task, void *closer)
{
	struct expiry *expiry = (struct expiry *)task;

	(void)closer;
	for (size_t i = 0; i < expiry->gone->n; i++) {
		struct segment *segment = expiry->gone->list[i];

		atomic_store(&segment->gone, true);
		if (expiry->n_held < HELD_MAX)
			segment_hold(segment, expiry->held[expiry->n_held++]);
		if (segment_unlink(&expiry->base->dir, segment) == -1)
			log_error("cannot remove segment file=%s", segment->path);
		else
			log_info("segment removed file=%s newest_ms=%lld", segment->path,
			    (long long)atomic_load(&segment->last_timestamp));
	}
	task->run = run_free;
	readers_sweep(expiry->readers, task);
}

/* ---- 2: the writer lets go ------------------------------------------- */

static void
set_firsts(struct writer *writer, const struct expiry *expiry)
{
	struct commit_notice *notice = commit_notice_new(COMMIT_NOTICE_FIRST, 0);

	for (size_t i = 0; i < expiry->n_firsts; i++) {
		struct queue_first it = expiry->firsts[i];
		struct queue *queue = queue_table_at(&writer->base->queues, it.number);

		if (queue == NULL || queue->first >= it.first)
			continue;
		queue->first = it.first;
		if (queue->announced)
			commit_notice_add_queue(
			    notice, &(struct commit_notice_queue){
					.number = it.number, .first = it.first });
	}
	writer_publish(writer, notice);
}

static void
forget_halves(struct writer *writer, int64_t before)
{
	int64_t n = half_table_expire(&writer->halves, before, writer->position);

	if (n > 0)
		log_warn("parked transactions expired undecided n=%lld topic=" HALF_PARKED_TOPIC,
		    (long long)n);
}

/* Half messages and timed messages among the records below make a start with going. */
static bool
may_go(struct writer *writer, int64_t before)
{
	bool halves = half_table_may_expire(&writer->halves, before, clock_mono_ms());

	return timed_table_may_expire(&writer->timed, before, writer_synced(writer)) && halves;
}

/*
 * Open half messages keep their segments until they are decided or parked, timed messages until
 * they are carried forward. This makes it due now, so that the next try finds them gone.
 */
static void
run_let_go(struct task *task, void *arg)
{
	struct expiry *expiry = (struct expiry *)task;
	struct writer *writer = arg;
	struct store_base *base = expiry->base;
	struct segment_array *array = segments_ref(&base->segments);
	size_t n = 0;

	/* Two requests may choose the same segments; the second finds nothing to remove. */
	while (n < array->n && array->list[n] != expiry->next)
		n++;
	if (n > 0 && n < array->n && may_go(writer, expiry->next->first)) {
		forget_halves(writer, expiry->next->first);
		expiry->gone = segment_array_new(array->list, n);
		segments_set(&base->segments, segment_array_new(array->list + n, array->n - n));
		set_firsts(writer, expiry);
		atomic_store(&base->counters.min_position, expiry->next->first);
		atomic_store(&base->counters.earliest_ms, expiry->earliest_ms);
		task->run = run_unlink;
		closer_post(&base->inboxes, task);
	} else {
		expiry_free(expiry);
	}
	segment_array_unref(array);
}

/* ---- 1: the closer chooses ------------------------------------------- */

/* One that is not sealed yet has its WAL. */
static int
open_to_read(const struct log_dir *dir, struct segment *segment, sqlite3 **db)
{
	bool sealed = atomic_load(&segment->sealed);

	return segment_open(dir, segment, sealed ? SQL_IMMUTABLE : SQL_READ, db);
}

static int64_t
last_timestamp(const struct log_dir *dir, struct segment *segment)
{
	int64_t known = atomic_load(&segment->last_timestamp);
	sqlite3 *db;

	if (known != 0 || open_to_read(dir, segment, &db) != SQLITE_OK)
		return known;
	if (segment_info(db, "last_timestamp", &known) == SQLITE_ROW)
		atomic_store(&segment->last_timestamp, known);
	sql_close(db);
	return known;
}

/*
 * How many of the oldest segments have expired. The live one, the last of the array, never has. One
 * that waits for its checkpoint goes like any other, and is never copied.
 */
static size_t
count_expired(const struct expiry *expiry, const struct segment_array *array)
{
	size_t n = 0;

	while (n + 1 < array->n) {
		int64_t newest = last_timestamp(&expiry->base->dir, array->list[n]);

		if (!expiry->oldest && (newest == 0 || newest >= expiry->before_ms))
			break;
		n++;
		if (expiry->oldest)
			break;
	}
	return n;
}

/* ---- segments that are still needed ---- */

/* Whether a row of bounds begins after a needed entry. */
static bool
is_past_kept(const struct store_base *base, sqlite3_stmt *row)
{
	int queue_id = sqlite3_column_int(row, 0);
	bool settled_topic = sqlite3_column_int(row, 2) != 0;

	if (queue_id < 0 || queue_id >= (settled_topic ? 1 : STORE_KEPT_QUEUES))
		return false;
	int64_t kept_from =
	    atomic_load(settled_topic ? &base->unsettled_from : &base->kept_from[queue_id]);

	return kept_from != 0 && sqlite3_column_int64(row, 1) > kept_from - 1;
}

/* Whether earlier segments have needed records; true if this segment is unreadable. */
static bool
is_needed_before(const struct store_base *base, struct segment *segment)
{
	bool needed = false;
	sqlite3_stmt *statement = NULL;
	sqlite3 *db;
	int rc = open_to_read(&base->dir, segment, &db);

	if (rc != SQLITE_OK)
		return true;
	rc = sqlite3_prepare_v2(db,
	    "SELECT queue_id, first, topic IS ?2 FROM bounds WHERE topic IN (?1, ?2)", -1,
	    &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(statement, 1, base->options.kept_topic, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc =
		    sqlite3_bind_text(statement, 2, base->options.settled_topic, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		while ((rc = sqlite3_step(statement)) == SQLITE_ROW && !needed)
			needed = is_past_kept(base, statement);
	sqlite3_finalize(statement);
	sql_close(db);
	return needed || (rc != SQLITE_DONE && rc != SQLITE_ROW);
}

/*
 * The number of the n oldest segments before the first needed one. The first offsets grow from
 * segment to segment, so a binary search finds it.
 */
static size_t
count_not_needed(struct store_base *base, const struct segment_array *array, size_t n)
{
	size_t low = 0, high = n;

	if (n == 0 || base->options.kept_topic == NULL)
		return n;
	if (!is_needed_before(base, array->list[n]))
		low = n; /* as a rule */
	else
		high--;
	while (low < high) {
		size_t middle = low + (high - low + 1) / 2;

		if (is_needed_before(base, array->list[middle]))
			high = middle - 1;
		else
			low = middle;
	}
	if (low < n && !base->keeping)
		log_info(
		    "expired segments stay until the delayed messages in them are delivered and "
		    "the pops in them settled "
		    "n=%zu oldest=%s",
		    n - low, array->list[low]->path);
	base->keeping = low < n;
	return low;
}

static int
read_firsts(struct expiry *expiry, sqlite3 *db)
{
	sqlite3_stmt *statement;
	size_t cap = 0;
	int rc = sqlite3_prepare_v2(db, "SELECT number, first FROM bounds", -1, &statement, NULL);

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(statement);
		if (rc != SQLITE_ROW)
			break;
		if (expiry->n_firsts == cap) {
			cap = cap != 0 ? 2 * cap : 64;
			expiry->firsts =
			    mem_realloc(expiry->firsts, cap * sizeof expiry->firsts[0]);
		}
		expiry->firsts[expiry->n_firsts++] =
		    (struct queue_first){ sqlite3_column_int(statement, 0),
			    sqlite3_column_int64(statement, 1) };
	}
	sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The first offsets of the queues and the age of the log, from expiry->next on. */
static int
read_next(struct expiry *expiry)
{
	sqlite3 *db;
	int rc = open_to_read(&expiry->base->dir, expiry->next, &db);

	if (rc != SQLITE_OK)
		return rc;
	rc = read_firsts(expiry, db);
	expiry->earliest_ms = segment_earliest(db, expiry->next->path);
	sql_close(db);
	return rc;
}

static void
run_choose(struct task *task, void *closer)
{
	struct expiry *expiry = (struct expiry *)task;
	struct segment_array *array = segments_ref(&expiry->base->segments);
	size_t n = count_expired(expiry, array);

	n = count_not_needed(expiry->base, array, n);
	(void)closer;
	if (n > 0) {
		expiry->next = segment_ref(array->list[n]);
		int rc = read_next(expiry);

		if (rc != SQLITE_OK) {
			log_error("segment could not be read, nothing is removed file=%s error=%s",
			    expiry->next->path, sqlite3_errstr(rc));
			n = 0;
		}
	}
	segment_array_unref(array);
	if (n == 0) {
		expiry_free(expiry);
		return;
	}
	task->run = run_let_go;
	writer_post(&expiry->base->inboxes, task);
}

static void
start(struct expiry how)
{
	struct expiry *expiry = mem_alloc(sizeof *expiry);

	*expiry = how;
	expiry->task.run = run_choose;
	expiry->earliest_ms = -1;
	closer_post(&expiry->base->inboxes, &expiry->task);
}

void
expire_before(struct store_base *base, struct readers *readers, int64_t before_ms)
{
	start((struct expiry){ .base = base, .readers = readers, .before_ms = before_ms });
}

void
expire_oldest(struct store_base *base, struct readers *readers)
{
	start((struct expiry){ .base = base, .readers = readers, .oldest = true });
}
