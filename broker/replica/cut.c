#include "config.h"

#include "broker/replica/cut.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/state/replica_record.h"
#include "broker/store/store.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/path.h"

#define READ_BYTES (256 << 10)
#define SPARE_BYTES (16 << 20) /* of the disk, for the store itself */

struct cut {
	struct broker *broker;
	void (*failed)(void *arg, const char *why);
	void *arg;
	char *path; /* of the file that keeps it */
	int file;
	int64_t from, end; /* log positions */
	int64_t n_messages;
	bool stopped;
};

/* A part of it helps nobody, and may fill the disk. */
static void
give_up(struct cut *cut, const char *why)
{
	unlink(cut->path);
	cut->failed(cut->arg, why);
}

/* How many messages there are, in a file beside the file; a start does not read all of it again. */
static void
note_count(const struct cut *cut)
{
	struct buf path = { 0 };
	FILE *file;

	buf_printf(&path, "%s.count", cut->path);
	file = fopen(buf_text(&path), "we");
	if (file != NULL) {
		fprintf(file, "%" PRId64 "\n", cut->n_messages);
		fclose(file);
	}
	buf_release(&path);
}

/* All of it is in the file, whose name is synced along with that of replica.json. */
static void
finish(struct cut *cut)
{
	if (fsync(cut->file) == -1) {
		give_up(cut, strerror(errno));
		return;
	}
	if (replica_record_cut(cut->broker->replica_record, cut->from) == -1) {
		give_up(cut, "replica.json cannot be written");
		return;
	}
	note_count(cut);
	log_warn("this log has an end that the master's does not have: it is kept in a file, and "
		 "the broker starts again without it from=%" PRId64 " to=%" PRId64
		 " messages=%" PRId64 " file=%s",
	    cut->from, cut->end, cut->n_messages, cut->path);
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
	if (job->status == READ_NOTHING)
		why = "no message of ours begins where it ends; start this slave with an empty "
		      "store";
	else if (job->status != READ_FOUND)
		why = "the log cannot be read";
	else if (write(cut->file, chunk->data, chunk->len) != (ssize_t)chunk->len)
		why = "the disk takes no more";
	cut->n_messages += job->n_records;
	read_job_free(job);
	if (cut->stopped)
		return;
	if (why != NULL)
		give_up(cut, why);
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

/* So that the disk is not filled in vain each time that it is tried. */
static bool
has_room(const struct cut *cut)
{
	int64_t total, available;

	return path_disk_space(cut->broker->settings->store_path_root_dir, &total, &available) ==
	           -1 ||
	       available - (cut->end - cut->from) >= SPARE_BYTES;
}

void
cut_start(struct cut *cut)
{
	char why[64];

	if (!has_room(cut)) {
		snprintf(why, sizeof why, "its %" PRId64 " bytes do not fit on the disk",
		    cut->end - cut->from);
		cut->failed(cut->arg, why);
		return;
	}
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

static int64_t
read_count(int directory, const char *name)
{
	char path[300];
	long long n = 0;

	snprintf(path, sizeof path, "%s.count", name);
	int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	FILE *file = fd != -1 ? fdopen(fd, "r") : NULL;

	if (file == NULL) {
		if (fd != -1)
			close(fd);
		return 0;
	}
	if (fscanf(file, "%lld", &n) != 1 || n < 0)
		n = 0;
	fclose(file);
	return n;
}

void
cut_count(struct broker *broker)
{
	const char *path = broker->settings->store_path_root_dir;
	DIR *directory = opendir(path);

	if (directory == NULL)
		return; /* a new broker */
	for (const struct dirent *one; (one = readdir(directory)) != NULL;) {
		int64_t epoch, position;
		int end = 0;

		if (sscanf(one->d_name, "cut-%" SCNd64 "-%" SCNd64 ".log%n", &epoch, &position,
			&end) != 2 ||
		    end == 0 || one->d_name[end] != '\0')
			continue;
		broker->cut.files++;
		broker->cut.messages += read_count(dirfd(directory), one->d_name);
	}
	closedir(directory);
	if (broker->cut.files != 0)
		log_warn("ends of this log that its master did not have are kept beside it; see "
			 "mqadmin lostMessages -d %s files=%" PRId64 " messages=%" PRId64,
		    path, broker->cut.files, broker->cut.messages);
}
