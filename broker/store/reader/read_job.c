#include "config.h"

#include "broker/store/reader/read_job.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

struct read_job *
read_job_new(enum read_kind kind)
{
	struct read_work *work = mem_zalloc(sizeof *work);

	work->job.kind = kind;
	return &work->job;
}

void
read_job_set_limits(struct read_job *job, const struct pull_limits *limits)
{
	size_t size = limits->n_tag_codes * sizeof limits->tag_codes[0];

	free((void *)(uintptr_t)job->limits.tag_codes);
	job->limits = *limits;
	if (limits->tag_codes != NULL) {
		int32_t *codes = mem_alloc(size);

		memcpy(codes, limits->tag_codes, size);
		job->limits.tag_codes = codes;
	}
}

void
read_job_free(struct read_job *job)
{
	free((void *)(uintptr_t)job->limits.tag_codes);
	free(job->topic);
	free(job->key);
	free(job->stamps);
	free(read_work(job)->entries);
	free(read_work(job)->positions);
	chunk_unref(job->chunk);
	free(job);
}

static void
run_done(struct task *task, void *loop)
{
	struct read_job *job = (struct read_job *)task;

	job->done(job, loop);
}

void
read_job_finish(struct read_job *job, enum read_status status)
{
	job->status = status;
	job->task.run = run_done;
	loop_post(job->reply_loop, &job->task);
}
