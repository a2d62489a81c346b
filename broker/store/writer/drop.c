#include "config.h"

#include "broker/store/writer/drop.h"

#include <string.h>

#include "broker/store/append/append.h"
#include "broker/store/writer/flush.h"
#include "broker/store/writer/listen.h"
#include "broker/store/writer/publish.h"

struct drop {
	struct flush flush;
	const struct commit_notice *notice;
	int64_t end; /* a log that ends before has the queues still */
};

static int
put_drops(void *arg)
{
	const struct drop *drop = arg;
	struct segment_writer *out = &drop->flush.writer->out;
	int rc = flush_put(&drop->flush);

	for (size_t i = 0; i < drop->notice->n_queues && rc == SQLITE_OK; i++)
		rc = segment_put_drop(out, drop->notice->queues[i].number, drop->end);
	return rc;
}

/* Forgets the queues that the notice names, and lets go of it; an SQLite code. */
static int
drop_queues(struct writer *writer, struct commit_notice *notice, int64_t end)
{
	struct queue_table *queues = &writer->base->queues;
	struct drop drop = { { .writer = writer, .queues = true }, notice, end };
	int rc = segment_write(&writer->out, put_drops, &drop);

	if (rc != SQLITE_OK) {
		writer_failed(writer, rc);
		commit_notice_unref(notice);
		return rc;
	}
	flush_done(&drop.flush);
	for (size_t i = 0; i < notice->n_queues; i++)
		queue_table_remove(queues, queue_table_at(queues, notice->queues[i].number));
	writer_publish(writer, notice);
	return SQLITE_OK;
}

int
drop_queue(struct writer *writer, const struct queue *queue)
{
	struct commit_notice *notice = commit_notice_new(COMMIT_NOTICE_DROP, 0);

	commit_notice_add_queue(notice, &(struct commit_notice_queue){ .number = queue->number });
	/* It goes because of the next record. */
	return drop_queues(writer, notice, writer->position + 1);
}

static int
drop_topic(struct writer *writer, struct slice topic)
{
	struct commit_notice *notice = commit_notice_new(COMMIT_NOTICE_DROP, 0);
	size_t number = 0;

	for (const struct queue *queue;
	     (queue = queue_table_each(&writer->base->queues, &number)) != NULL;)
		if (slice_equal(queue->topic, topic))
			commit_notice_add_queue(
			    notice, &(struct commit_notice_queue){ .number = queue->number });
	int rc = drop_queues(writer, notice, writer->position);

	if (rc == SQLITE_OK)
		dedup_forget(&writer->dedup, dedup_topic_hash(topic));
	return rc;
}

static int
drop_topics(struct writer *writer, const struct task *first)
{
	int rc = SQLITE_OK;

	for (const struct task *task = first; task != NULL && rc == SQLITE_OK; task = task->next) {
		const struct meta_job *job = (const struct meta_job *)task;

		if (job->drop_topic != NULL)
			rc = drop_topic(writer, slice_of(job->drop_topic));
	}
	return rc;
}

static bool
any_held(const struct writer *writer)
{
	for (int i = 0; i < writer->base->n_loops; i++)
		if (writer->held[i].first != NULL)
			return true;
	return false;
}

/* Whether these changes tell another end of a RocketMQ broker's log. */
static void
note_rocketmq_end(struct writer *writer, const struct task *first)
{
	for (const struct task *task = first; task != NULL; task = task->next) {
		const struct meta_job *job = (const struct meta_job *)task;
		int64_t end;

		for (size_t i = 0; i < job->n; i++)
			if (job->changes[i].table == META_SETTING &&
			    strcmp(job->changes[i].key, STORE_ROCKETMQ_END) == 0 &&
			    job->changes[i].op == META_SET &&
			    slice_to_int64(slice_of(job->changes[i].value), &end) == 0)
				atomic_store(&writer->base->counters.rocketmq_end, end);
	}
}

/* Tells the listener, and replies: at once, or when slaves have the changes. */
static void
finish_metas(struct writer *writer, struct task *first, int status)
{
	_Atomic int64_t *meta_seq = &writer->base->counters.meta_seq;
	bool holds = status == 0 && writer->gate.on && copy_gate_holds(&writer->gate);

	for (const struct task *task = first; task != NULL && status == 0; task = task->next)
		atomic_fetch_add_explicit(meta_seq, 1, memory_order_relaxed);
	if (status == 0)
		note_rocketmq_end(writer, first);
	if (status == 0 && listen_is_wanted(writer))
		listen_tell_metas(writer, first);
	meta_finish(first, status, holds ? writer->held : writer->replies);
	if (!holds || !any_held(writer))
		return;
	copy_gate_hold_metas(
	    &writer->gate, writer->held, atomic_load_explicit(meta_seq, memory_order_relaxed));
	memset(writer->held, 0, (size_t)writer->base->n_loops * sizeof writer->held[0]);
}

void
writer_commit_metas(struct writer *writer)
{
	struct task *first = writer->batch.metas.first;
	int status = -1;

	if (meta_is_writable(writer->meta) && drop_topics(writer, first) == SQLITE_OK)
		status = meta_commit(writer->meta, first);
	finish_metas(writer, first, status);
}

void
writer_commit_needed(struct writer *writer)
{
	struct task *first = writer->batch.needed.first;
	int status = meta_is_writable(writer->meta) ? meta_commit(writer->meta, first) : -1;

	finish_metas(writer, first, status);
}
