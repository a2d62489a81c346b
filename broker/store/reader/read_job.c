#include "config.h"

#include "broker/store/reader/read_job.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define KEY_BYTES_MAX (8 << 20) /* clients refuse a frame of 16 MiB; one message fits always */

static struct read_job *
job_new(enum read_kind kind)
{
	struct read_work *work = mem_zalloc(sizeof *work);

	work->job.kind = kind;
	return &work->job;
}

struct read_job *
read_queue_new(int32_t queue, int64_t offset, const struct pull_limits *limits)
{
	struct read_job *job = job_new(READ_QUEUE);
	size_t size = limits->n_tag_codes * sizeof limits->tag_codes[0];

	job->in_queue = (struct queue_read){
		.queue = queue, .offset = offset, .limits = *limits, .end_offset = INT64_MAX
	};
	if (limits->tag_codes != NULL) {
		int32_t *codes = mem_alloc(size);

		memcpy(codes, limits->tag_codes, size);
		job->in_queue.limits.tag_codes = codes;
	}
	if (limits->filter != NULL)
		filter_ref(limits->filter);
	return job;
}

struct read_job *
read_position_new(int64_t position)
{
	struct read_job *job = job_new(READ_POSITION);

	job->position = position;
	return job;
}

struct read_job *
read_key_new(struct slice topic, struct slice key, int32_t max_messages)
{
	struct read_job *job = job_new(READ_KEY);

	job->by_key = (struct key_read){
		.topic = slice_dup(topic),
		.key = slice_dup(key),
		.max_messages = max_messages,
		.end_ms = INT64_MAX,
		.max_bytes = KEY_BYTES_MAX,
	};
	return job;
}

struct read_job *
read_time_new(int32_t queue, int64_t ms, bool upper)
{
	struct read_job *job = job_new(READ_TIME);

	job->by_time = (struct time_read){ .queue = queue, .ms = ms, .upper = upper };
	return job;
}

struct read_job *
read_stamps_new(struct stamp_query *list, size_t n)
{
	struct read_job *job = job_new(READ_STAMPS);

	job->stamps = (struct stamps_read){ list, n };
	return job;
}

struct read_job *
read_log_new(int64_t position, size_t max_bytes)
{
	struct read_job *job = job_new(READ_LOG);

	job->in_log = (struct log_read){ .position = position, .max_bytes = max_bytes };
	return job;
}

void
read_job_free(struct read_job *job)
{
	if (job->kind == READ_QUEUE) {
		free((void *)(uintptr_t)job->in_queue.limits.tag_codes);
		if (job->in_queue.limits.filter != NULL)
			filter_unref(job->in_queue.limits.filter);
	} else if (job->kind == READ_KEY) {
		free(job->by_key.topic);
		free(job->by_key.key);
	} else if (job->kind == READ_STAMPS) {
		free(job->stamps.list);
	} else if (job->kind == READ_LOG) {
		free(job->in_log.tags);
	}
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
