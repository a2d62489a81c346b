#include "config.h"

#include "broker/store/writer/syncer.h"

#include <stdlib.h>

#include "broker/store/log/disk.h"
#include "broker/store/sqlite/trick.h"
#include "broker/store/sqlite/wal.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/thread.h"

/*
 * ASYNC_FLUSH: syncs the live segment's WAL every flush_interval_ms, with a
 * handle of its own from the store's VFS, so that neither commits nor the
 * writer's connection wait. Segments that the writer has left are synced
 * before the live one: a power cut then takes a suffix of the log, as far as
 * the order of syncs can tell; replay sets aside whatever lies behind a hole all the same.
 */

/*
 * Between two syncs, what was written is sent to the disk in small steps without waiting for it. A
 * sync that finds half a second of writes kept commits waiting for 20 to 40 ms while the file
 * system found blocks for all of it.
 */
#define STEP_MS 20

struct syncer {
	struct store_base *base;
	struct mailbox inbox;
	pthread_t thread;
	bool stop;
	struct task stop_task;
	struct segment *segment; /* whose WAL the handle is; NULL: none */
	struct wal_handle wal;
	int64_t synced;  /* log position */
	int64_t due_ms;  /* monotonic: when the next sync is */
	int64_t started; /* bytes of the WAL that are on their way to the disk */
};

struct leave_task {
	struct task task;
	struct segment *segment;
	int64_t end;
};

static void
close_wal(struct syncer *syncer)
{
	wal_handle_close(&syncer->wal);
	segment_unref(syncer->segment);
	syncer->segment = NULL;
}

static int
open_wal(struct syncer *syncer, struct segment *segment)
{
	const struct log_dir *dir = &syncer->base->dir;

	close_wal(syncer);
	syncer->started = 0;
	int rc = wal_handle_open(&syncer->wal, dir->vfs, segment->path);
	if (rc != SQLITE_OK)
		return rc;
	syncer->segment = segment_ref(segment);
	/* The file has a name since the last sync: that has to last, too. */
	if (disk_sync_directory(dir->path) == 0)
		return SQLITE_OK;
	close_wal(syncer);
	return SQLITE_IOERR_DIR_FSYNC;
}

/* All of the segment that was committed when this began. */
static int
sync_segment(struct syncer *syncer, struct segment *segment)
{
	if (atomic_load(&segment->sealed))
		return SQLITE_OK;
	int rc = syncer->segment != segment ? open_wal(syncer, segment) : SQLITE_OK;

	if (rc == SQLITE_OK)
		rc = wal_handle_sync(&syncer->wal);
	/* The closer was quicker: a sealed segment is synced, its WAL may be gone, or it expired.
	 */
	if (rc == SQLITE_CANTOPEN && (atomic_load(&segment->sealed) || atomic_load(&segment->gone)))
		return SQLITE_OK;
	return rc;
}

static void
note_synced(struct syncer *syncer, int rc, const struct segment *segment, int64_t position)
{
	struct store_base *base = syncer->base;

	if (rc == SQLITE_OK) {
		syncer->synced = position;
		atomic_store(&base->counters.synced_position, position);
		return;
	}
	if (!write_block_holds(&base->write_blocks, WRITE_BLOCK_BROKEN))
		log_error("store could not sync and takes nothing more until a restart; look at "
			  "the disk file=%s-wal error=%s",
		    segment->path, sqlite3_errstr(rc));
	write_block_set(&base->write_blocks, WRITE_BLOCK_BROKEN);
}

static bool
has_unsynced(const struct syncer *syncer)
{
	const struct store_base *base = syncer->base;

	return atomic_load_explicit(&base->counters.max_position, memory_order_acquire) !=
	           syncer->synced &&
	       !write_block_holds(&base->write_blocks, WRITE_BLOCK_BROKEN);
}

static void
sync_live(struct syncer *syncer)
{
	struct store_base *base = syncer->base;
	int64_t end = atomic_load_explicit(&base->counters.max_position, memory_order_acquire);

	if (!has_unsynced(syncer))
		return;
	struct segment_array *array = segments_ref(&base->segments);
	struct segment *live = array->list[array->n - 1];

	/* When it has just become the live one, the task that tells so is on its way. */
	if (live->first <= syncer->synced)
		note_synced(syncer, sync_segment(syncer, live), live, end);
	segment_array_unref(array);
}

/* A hint: what goes wrong here shows in the sync. */
static void
start_live(struct syncer *syncer)
{
	struct store_base *base = syncer->base;
	struct segment_array *array = segments_ref(&base->segments);
	struct segment *live = array->list[array->n - 1];
	int64_t end = atomic_load_explicit(&base->counters.wal_bytes, memory_order_relaxed);

	if (end < syncer->started)
		syncer->started = 0; /* of another segment */
	if (live == syncer->segment && end > syncer->started) {
		wal_handle_start(&syncer->wal, syncer->started, end);
		syncer->started = end;
	}
	segment_array_unref(array);
}

static int
wait_ms(const struct syncer *syncer)
{
	bool steps = !(syncer->base->options.tricks_off & TRICK_WRITE_BACK) && has_unsynced(syncer);
	int64_t wait = syncer->due_ms - clock_mono_ms();

	if (steps && wait > STEP_MS)
		return STEP_MS;
	return wait > 0 ? (int)wait : 0;
}

static void
run_leave(struct task *task, void *arg)
{
	struct leave_task *leave = (struct leave_task *)task;
	struct syncer *syncer = arg;

	note_synced(syncer, sync_segment(syncer, leave->segment), leave->segment, leave->end);
	if (syncer->segment == leave->segment)
		close_wal(syncer);
	syncer->due_ms = 0; /* of the next one: that opens it */
	segment_unref(leave->segment);
	free(leave);
}

void
syncer_leave(struct syncer *syncer, struct segment *segment, int64_t end)
{
	struct leave_task *leave = mem_alloc(sizeof *leave);

	*leave = (struct leave_task){ { .run = run_leave }, segment_ref(segment), end };
	mailbox_post(&syncer->inbox, &leave->task);
}

static void *
run(void *arg)
{
	struct syncer *syncer = arg;

	while (!syncer->stop) {
		mailbox_wait(&syncer->inbox, wait_ms(syncer));
		for (struct task *task = mailbox_take(&syncer->inbox), *next; task != NULL;
		     task = next) {
			next = task->next;
			task->run(task, syncer);
		}
		int64_t now_ms = clock_mono_ms();

		if (now_ms >= syncer->due_ms) {
			sync_live(syncer);
			syncer->due_ms = now_ms + syncer->base->options.flush_interval_ms;
		} else {
			start_live(syncer);
		}
	}
	return NULL;
}

static void
run_stop(struct task *task, void *arg)
{
	(void)task;
	((struct syncer *)arg)->stop = true;
}

struct syncer *
syncer_start(struct store_base *base)
{
	struct syncer *syncer = mem_zalloc(sizeof *syncer);

	syncer->base = base;
	syncer->synced = atomic_load(&base->counters.max_position);
	syncer->due_ms = clock_mono_ms() + base->options.flush_interval_ms;
	mailbox_init(&syncer->inbox);
	thread_start(&syncer->thread, "syncer", run, syncer);
	return syncer;
}

void
syncer_stop(struct syncer *syncer)
{
	syncer->stop_task.run = run_stop;
	mailbox_post(&syncer->inbox, &syncer->stop_task);
	pthread_join(syncer->thread, NULL);
	close_wal(syncer);
	mailbox_release(&syncer->inbox);
	free(syncer);
}
