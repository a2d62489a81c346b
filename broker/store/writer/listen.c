#include "config.h"

#include "broker/store/writer/listen.h"

#include <assert.h>
#include <stdlib.h>

#include "broker/store/append/append.h"
#include "common/base/mem.h"

static_assert((int)HA_REMOVE_OF_TOPIC == (int)META_REMOVE_OF_TOPIC && (int)HA_SET == (int)META_SET,
    "ha.h has the values of enum meta_op");
static_assert((int)HA_OFFSET == (int)META_OFFSET && (int)HA_TOPIC == (int)META_TOPIC,
    "ha.h has the values of enum meta_table");

static void
run_heard(struct task *task, void *loop)
{
	struct store_news *news = (struct store_news *)task;

	(void)loop;
	news->listener->heard(news->listener, news);
}

void
store_news_free(struct store_news *news)
{
	chunk_unref(news->chunk);
	free(news->tags);
	buf_release(&news->changes);
	free(news);
}

static struct store_news *
news_new(const struct writer *writer)
{
	struct store_news *news = mem_zalloc(sizeof *news);

	news->task.run = run_heard;
	news->listener = writer->listener;
	news->position = writer->position;
	news->meta_seq =
	    atomic_load_explicit(&writer->base->counters.meta_seq, memory_order_relaxed);
	return news;
}

/* ---- records --------------------------------------------------------- */

static size_t
count_tags(const struct writer *writer)
{
	size_t n = 0;

	for (const struct task *task = writer->batch.appends.first; task != NULL;
	     task = task->next) {
		const struct append *append = (const struct append *)task;

		if (append_layout(append)->own_tag_hash)
			n += append->n_records;
	}
	return n;
}

static void
add_tags(struct store_news *news, const struct append *append)
{
	const struct append_layout *layout = append_layout(append);
	int64_t position = append->position;

	for (uint32_t i = 0; i < append->n_records; i++) {
		news->tags[news->n_tags++] = (struct ha_tag){ position, layout->items[i].tag_hash };
		position += layout->items[i].size;
	}
}

void
listen_tell_growth(struct writer *writer, struct chunk *chunk)
{
	struct store_news *news = news_new(writer);
	size_t n_tags = count_tags(writer);

	news->chunk = chunk_ref(chunk);
	if (n_tags != 0)
		news->tags = mem_alloc(n_tags * sizeof news->tags[0]);
	for (const struct task *task = writer->batch.appends.first; n_tags != 0 && task != NULL;
	     task = task->next) {
		const struct append *append = (const struct append *)task;

		if (append_layout(append)->own_tag_hash)
			add_tags(news, append);
	}
	loop_post(writer->listener->loop, &news->task);
}

/* ---- meta.db --------------------------------------------------------- */

static struct slice
text_of(const char *text)
{
	return text != NULL ? slice_of(text) : (struct slice){ "", 0 };
}

static void
add_changes(struct store_news *news, const struct meta_job *job)
{
	if (job->drop_topic != NULL)
		ha_change_write(&news->changes,
		    &(struct ha_change){ .op = HA_DROP_TOPIC, .topic = text_of(job->drop_topic) });
	for (size_t i = 0; i < job->n; i++) {
		const struct meta_change *change = &job->changes[i];

		ha_change_write(&news->changes, &(struct ha_change){
						    .op = (enum ha_op)change->op,
						    .table = (enum ha_table)change->table,
						    .key = text_of(change->key),
						    .value = text_of(change->value),
						    .topic = text_of(change->topic),
						    .queue_id = change->queue_id,
						    .offset = change->offset,
						});
	}
}

void
listen_tell_metas(struct writer *writer, const struct task *first)
{
	struct store_news *news = news_new(writer);

	for (const struct task *task = first; task != NULL; task = task->next)
		add_changes(news, (const struct meta_job *)task);
	loop_post(writer->listener->loop, &news->task);
}
