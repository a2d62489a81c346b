#include "config.h"

#include "broker/store/closer/closer.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store/closer/checkpointer.h"
#include "broker/store/sqlite/sql.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/path.h"
#include "common/base/thread.h"

#define TICK_MS 1000

struct closer {
	struct store_base *base;
	pthread_t thread;
	atomic_bool stop;
	struct task stop_task;
	pthread_mutex_t template_lock; /* a leaf */
	bool has_template;
	int64_t last_commits, trimmed_commits;
	struct checkpointer *checkpointer;
};

struct closer *
closer_new(struct store_base *base, struct readers *readers)
{
	struct closer *closer = mem_zalloc(sizeof *closer);

	closer->base = base;
	closer->checkpointer = checkpointer_new(base, readers);
	pthread_mutex_init(&closer->template_lock, NULL);
	return closer;
}

void
closer_free(struct closer *closer)
{
	checkpointer_free(closer->checkpointer);
	pthread_mutex_destroy(&closer->template_lock);
	free(closer);
}

/* ---- templates ------------------------------------------------------- */

/* Under template_lock. */
static int
make_template(struct closer *closer)
{
	int rc = closer->has_template ? SQLITE_OK : segment_make_template(&closer->base->dir);

	closer->has_template = rc == SQLITE_OK;
	return rc;
}

static void
prepare_template(struct closer *closer)
{
	pthread_mutex_lock(&closer->template_lock);
	int rc = make_template(closer);
	pthread_mutex_unlock(&closer->template_lock);
	if (rc != SQLITE_OK)
		log_debug("no template for the next segment error=%s", sqlite3_errstr(rc));
}

int
closer_make_segment(struct closer *closer, const struct segment *segment)
{
	pthread_mutex_lock(&closer->template_lock);
	int rc = make_template(closer);
	if (rc == SQLITE_OK && segment_adopt_template(&closer->base->dir, segment) == -1)
		rc = SQLITE_CANTOPEN;
	closer->has_template = false;
	pthread_mutex_unlock(&closer->template_lock);
	return rc;
}

/* ---- sealing --------------------------------------------------------- */

void
closer_seal(struct closer *closer, const struct segment_writer *left)
{
	checkpointer_seal(closer->checkpointer, left);
	/* For the segment after the one that comes now. */
	mailbox_wake(&closer->base->inboxes.closer);
}

/* ---- databases of others ---------------------------------------------- */

struct checkpoint_task {
	struct task task;
	const char *path;
	atomic_bool *busy;
};

static int
checkpoint_file(const char *path, const char *vfs)
{
	sqlite3 *db;
	int64_t version;
	int rc = sql_open(path, vfs, SQL_WRITE, &db);

	/* A connection knows of the WAL once it has read. */
	if (rc == SQLITE_OK)
		rc = sql_int64(db, "PRAGMA user_version", &version);
	if (rc == SQLITE_ROW)
		rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	sql_close(db);
	return rc;
}

static void
run_checkpoint(struct task *task, void *arg)
{
	struct checkpoint_task *checkpoint = (struct checkpoint_task *)task;
	struct closer *closer = arg;
	int rc =
	    closer->stop ? SQLITE_OK : checkpoint_file(checkpoint->path, closer->base->options.vfs);

	if (rc != SQLITE_OK)
		log_warn("checkpoint failed, trying again file=%s error=%s", checkpoint->path,
		    sqlite3_errstr(rc));
	atomic_store(checkpoint->busy, false);
	free(checkpoint);
}

void
closer_checkpoint(struct closer *closer, const char *path, atomic_bool *busy)
{
	struct checkpoint_task *checkpoint = mem_alloc(sizeof *checkpoint);

	*checkpoint = (struct checkpoint_task){ { .run = run_checkpoint }, path, busy };
	closer_post(&closer->base->inboxes, &checkpoint->task);
}

/* ---- the disk -------------------------------------------------------- */

static void
watch_disk(struct closer *closer)
{
	struct store_base *base = closer->base;
	int limit = base->options.disk_refuse_percent;
	int64_t total, available;

	if (path_disk_space(base->dir.path, &total, &available) == -1)
		return;
	bool blocked = write_block_holds(&base->write_blocks, WRITE_BLOCK_LIMIT);
	bool block =
	    limit > 0 && total > 0 && 100.0 * (double)(total - available) / (double)total > limit;

	if (block == blocked)
		return;
	if (block)
		write_block_set(&base->write_blocks, WRITE_BLOCK_LIMIT);
	else
		write_block_clear(&base->write_blocks, WRITE_BLOCK_LIMIT);
	log_warn("store %s path=%s free=%lld total=%lld limit_percent=%d",
	    block ? "refuses messages, the disk is too full; free some space"
		  : "takes messages again, there is space",
	    base->dir.path, (long long)available, (long long)total, limit);
}

/* When a load ends, its memory goes back to the system. */
static void
trim_memory(struct closer *closer)
{
	int64_t n_commits =
	    atomic_load_explicit(&closer->base->counters.n_commits, memory_order_relaxed);

	if (n_commits == closer->last_commits && n_commits != closer->trimmed_commits) {
		malloc_trim(0);
		closer->trimmed_commits = n_commits;
	}
	closer->last_commits = n_commits;
}

static void
tick(struct closer *closer)
{
	watch_disk(closer);
	trim_memory(closer);
	/* The spare WAL is space that a full disk can have back. */
	if (write_block_holds(&closer->base->write_blocks, WRITE_BLOCK_FULL | WRITE_BLOCK_LIMIT))
		segment_drop_spare(&closer->base->dir);
}

static void
run_tasks(struct closer *closer)
{
	for (struct task *task = mailbox_take(&closer->base->inboxes.closer), *next; task != NULL;
	     task = next) {
		next = task->next;
		task->run(task, closer);
	}
}

static void *
run(void *arg)
{
	struct closer *closer = arg;
	int64_t next_tick_ms = 0;

	while (!closer->stop) {
		int64_t now = clock_mono_ms();

		if (now >= next_tick_ms) {
			tick(closer);
			next_tick_ms = now + TICK_MS;
		}
		prepare_template(closer);
		mailbox_wait(&closer->base->inboxes.closer, TICK_MS);
		run_tasks(closer);
	}
	return NULL;
}

static void
run_nothing(struct task *task, void *closer)
{
	(void)task;
	(void)closer;
}

void
closer_start(struct closer *closer)
{
	watch_disk(closer);
	thread_start(&closer->thread, "closer", run, closer);
	checkpointer_start(closer->checkpointer);
}

void
closer_stop(struct closer *closer)
{
	checkpointer_stop(closer->checkpointer);
	/* Not by a task: tasks that wait need not be done before the stop. */
	atomic_store(&closer->stop, true);
	closer->stop_task.run = run_nothing;
	mailbox_post(&closer->base->inboxes.closer, &closer->stop_task);
	pthread_join(closer->thread, NULL);
}

void
closer_drain(struct closer *closer)
{
	checkpointer_drain(closer->checkpointer);
	run_tasks(closer);
}
