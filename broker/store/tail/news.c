#include "config.h"

#include "broker/store/tail/news.h"

#include <stdlib.h>
#include <string.h>

#include "broker/store/tail/tail.h"
#include "common/base/mem.h"

struct news *
news_new(enum news_kind kind, size_t n_entries)
{
	struct news *news = mem_alloc(sizeof *news + n_entries * sizeof news->entries[0]);

	*news = (struct news){ .kind = kind, .n_entries = n_entries };
	atomic_init(&news->refs, 1);
	return news;
}

struct news *
news_ref(struct news *news)
{
	atomic_fetch_add_explicit(&news->refs, 1, memory_order_relaxed);
	return news;
}

void
news_unref(struct news *news)
{
	if (atomic_fetch_sub_explicit(&news->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < news->n_queues; i++)
		free((char *)(uintptr_t)news->queues[i].topic.data);
	chunk_unref(news->chunk);
	free(news->queues);
	free(news);
}

void
news_add_queue(struct news *news, const struct news_queue *queue)
{
	size_t n = news->n_queues;

	/* A power of two: full. */
	if ((n & (n - 1)) == 0)
		news->queues =
		    mem_realloc(news->queues, (n != 0 ? 2 * n : 1) * sizeof news->queues[0]);
	news->queues[n] = *queue;
	news->queues[n].topic.data = slice_dup(queue->topic);
	news->n_queues++;
}

static void
notice_run(struct task *task, void *loop)
{
	struct notice *notice = (struct notice *)task;

	(void)loop;
	tail_apply(notice->tail, notice->news);
	news_unref(notice->news);
	free(notice);
}

struct notice *
notice_new(struct tail *tail, struct news *news)
{
	struct notice *notice = mem_alloc(sizeof *notice);

	*notice = (struct notice){ { .run = notice_run }, tail, news_ref(news) };
	return notice;
}
