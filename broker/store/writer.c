#include "config.h"

#include "broker/store/writer.h"

#include <stdlib.h>

#include "broker/store/meta.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

/*
 * A batch is bounded so that its chunk is one malloc of a size that the heap
 * recycles, and so that the first of a burst is not delayed by the last.
 */
#define BATCH_BYTES (1 << 20)
#define BATCH_RECORDS 4096
#define PROBE_MS 1000

struct writer *
writer_new(struct store *store)
{
	struct writer *writer = mem_zalloc(sizeof *writer);

	writer->store = store;
	mailbox_init(&writer->inbox);
	return writer;
}

void
writer_free(struct writer *writer)
{
	segment_writer_close(&writer->out);
	half_rows_close(&writer->half_rows);
	half_table_release(&writer->halves);
	pending_release(&writer->pending);
	mailbox_release(&writer->inbox);
	free(writer->homes);
	free(writer);
}

void
writer_post(struct writer *writer, struct task *task)
{
	mailbox_post(&writer->inbox, task);
}

static bool
batch_is_full(const struct batch *batch)
{
	return batch->barrier || batch->n_bytes >= BATCH_BYTES || batch->n_records >= BATCH_RECORDS;
}

static void
gather(struct writer *writer)
{
	writer->batch = (struct batch){ 0 };
	while (!batch_is_full(&writer->batch)) {
		struct task *task = writer->todo;

		if (task == NULL) {
			task = writer->todo = mailbox_take(&writer->inbox);
			if (task == NULL)
				return;
		}
		writer->todo = task->next;
		task->run(task, writer);
	}
}

void
writer_tell(struct writer *writer, struct news *news)
{
	for (int i = 0; i < writer->store->n_loops; i++) {
		struct notice *notice = notice_new(writer->store->tails[i], news);

		task_chain_add(&writer->homes[i], &notice->task);
	}
	news_unref(news);
}

static void
send_home(struct writer *writer)
{
	for (int i = 0; i < writer->store->n_loops; i++) {
		struct task_chain *chain = &writer->homes[i];

		if (chain->first != NULL)
			mailbox_post_chain(
			    &writer->store->loops[i].inbox, chain->first, chain->last);
		*chain = (struct task_chain){ 0 };
	}
}

static bool
is_refusing(const struct writer *writer, enum store_refusal why)
{
	return atomic_load(&writer->store->counters.refusals) & why;
}

static int
write_probe(void *arg)
{
	return segment_put_probe(arg);
}

/* A full disk is asked once a second whether it is still full. */
static void
probe(struct writer *writer)
{
	if (!is_refusing(writer, REFUSAL_FULL) || is_refusing(writer, REFUSAL_BROKEN) ||
	    clock_mono_ms() < writer->next_probe_ms)
		return;
	writer->next_probe_ms = clock_mono_ms() + PROBE_MS;
	int rc = segment_write(&writer->out, write_probe, &writer->out);

	if (rc == SQLITE_OK) {
		store_unrefuse(writer->store, REFUSAL_FULL);
		log_info("store takes messages again path=%s", writer->store->path);
	} else if (!sql_is_full(rc)) {
		writer_failed(writer, rc);
	}
}

static int
idle_ms(const struct writer *writer)
{
	int64_t wait = writer->next_probe_ms - clock_mono_ms();

	if (is_refusing(writer, REFUSAL_BROKEN))
		return -1;
	if (is_refusing(writer, REFUSAL_FULL))
		return wait > 0 ? (int)wait : 0;
	int index_ms = writer_flush_in_ms(writer), rows_ms = half_rows_flush_in_ms(writer);

	if (index_ms == -1 || rows_ms == -1)
		return index_ms > rows_ms ? index_ms : rows_ms;
	return index_ms < rows_ms ? index_ms : rows_ms;
}

static void
flush_if_due(struct writer *writer)
{
	if (!writer_flush_is_due(writer) || is_refusing(writer, REFUSAL_BROKEN | REFUSAL_FULL))
		return;
	int rc = writer_flush(writer, false);

	if (rc != SQLITE_OK) {
		writer->pending_since_ms = clock_mono_ms();
		writer_failed(writer, rc);
	}
}

static void
turn(struct writer *writer)
{
	gather(writer);
	if (writer->batch.appends.first != NULL)
		writer_commit(writer);
	else
		flush_if_due(writer);
	send_home(writer);
	if (writer->batch.metas.first != NULL) {
		meta_commit(writer, writer->batch.metas.first);
		send_home(writer);
	}
	writer_pass_reads(writer);
	if (half_rows_flush_in_ms(writer) == 0)
		half_rows_flush(writer, false);
	writer_tell_halves(writer);
	probe(writer);
}

static void *
run(void *arg)
{
	struct writer *writer = arg;

	while (!writer->stop) {
		if (writer->todo == NULL)
			mailbox_wait(&writer->inbox, idle_ms(writer));
		turn(writer);
	}
	return NULL;
}

void
writer_start(struct writer *writer)
{
	writer->homes = mem_zalloc((size_t)writer->store->n_loops * sizeof writer->homes[0]);
	store_start_thread(&writer->thread, "writer", run, writer);
}

static void
take_stop(struct task *task, void *arg)
{
	struct writer *writer = arg;

	(void)task;
	writer->stop = true;
	writer->batch.barrier = true;
}

void
writer_drain(struct writer *writer)
{
	do {
		gather(writer);
		for (struct task *task = writer->batch.appends.first, *next; task != NULL;
		     task = next) {
			next = task->next;
			append_finish(
			    writer->store, (struct append *)task, APPEND_FAILED, writer->homes);
		}
		meta_refuse(writer, writer->batch.metas.first);
		send_home(writer);
		writer_pass_reads(writer);
	} while (writer->todo != NULL);
}

void
writer_stop(struct writer *writer)
{
	writer->stop_task.run = take_stop;
	mailbox_post(&writer->inbox, &writer->stop_task);
	pthread_join(writer->thread, NULL);
	writer->ended = true;
	if (is_refusing(writer, REFUSAL_BROKEN))
		return;
	half_rows_flush_all(writer);
	int rc = writer_flush(writer, true);

	if (rc != SQLITE_OK)
		log_warn("store could not write its index at the end, the next start will error=%s",
		    sqlite3_errstr(rc));
}
