#include "config.h"

#include "broker/replica/cut.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/state/replica_record.h"
#include "broker/store/store.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define READ_BYTES (256 << 10)

struct cut {
	struct broker *broker;
	void (*failed)(void *arg, const char *why);
	void *arg;
	char *path; /* of the file that keeps it */
	int file;
	int64_t from, end; /* log positions */
	bool stopped;
};

/* All of it is in the file. */
static void
finish(struct cut *cut)
{
	if (fsync(cut->file) == -1) {
		cut->failed(cut->arg, strerror(errno));
		return;
	}
	if (replica_record_begin_anew(cut->broker->replica_record) == -1) {
		cut->failed(cut->arg, "replica.json cannot be written");
		return;
	}
	log_warn("this log has an end that the master's does not have: it is kept, and the broker "
		 "starts again with an empty log from=%" PRId64 " to=%" PRId64 " file=%s",
	    cut->from, cut->end, cut->path);
	daemon_restart(cut->broker->daemon);
}

static void read_from(struct cut *cut, int64_t position);

static void
on_read(struct read_job *job, struct loop *loop)
{
	struct cut *cut = job->context;
	int64_t next = job->in_log.next_position;
	const struct chunk *chunk = job->chunk;
	const char *why = NULL;

	(void)loop;
	if (job->status != READ_FOUND)
		why = "the log cannot be read";
	else if (write(cut->file, chunk->data, chunk->len) != (ssize_t)chunk->len)
		why = "the disk takes no more";
	read_job_free(job);
	if (cut->stopped)
		return;
	if (why != NULL)
		cut->failed(cut->arg, why);
	else if (next < cut->end)
		read_from(cut, next);
	else
		finish(cut);
}

static void
read_from(struct cut *cut, int64_t position)
{
	struct read_job *job = read_log_new(position, READ_BYTES);

	job->reply_loop = broker_main_loop(cut->broker);
	job->done = on_read;
	job->context = cut;
	store_read(cut->broker->store, job);
}

struct cut *
cut_new(
    struct broker *broker, int64_t position, void (*failed)(void *arg, const char *why), void *arg)
{
	struct cut *cut = mem_zalloc(sizeof *cut);
	struct store_bounds bounds;
	struct buf path = { 0 };

	store_get_bounds(broker->store, &bounds);
	buf_printf(&path, "%s/cut-%" PRId64 "-%" PRId64 ".log",
	    broker->settings->store_path_root_dir,
	    replica_record_last_epoch(broker->replica_record), position);
	*cut = (struct cut){
		.broker = broker,
		.failed = failed,
		.arg = arg,
		.path = buf_take(&path),
		.file = -1,
		.from = position,
		.end = bounds.max_position,
	};
	return cut;
}

void
cut_start(struct cut *cut)
{
	cut->file = open(cut->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (cut->file == -1)
		cut->failed(cut->arg, strerror(errno));
	else
		read_from(cut, cut->from);
}

void
cut_stop(struct cut *cut)
{
	if (cut != NULL)
		cut->stopped = true;
}

void
cut_free(struct cut *cut)
{
	if (cut == NULL)
		return;
	if (cut->file != -1)
		close(cut->file);
	free(cut->path);
	free(cut);
}
