#include "config.h"

#include "broker/store/tail/commit_notice.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

struct commit_notice *
commit_notice_new(enum commit_notice_kind kind, size_t n_entries)
{
	struct commit_notice *notice =
	    mem_alloc(sizeof *notice + n_entries * sizeof notice->entries[0]);

	*notice = (struct commit_notice){ .kind = kind, .n_entries = n_entries };
	atomic_init(&notice->refs, 1);
	return notice;
}

struct commit_notice *
commit_notice_ref(struct commit_notice *notice)
{
	atomic_fetch_add_explicit(&notice->refs, 1, memory_order_relaxed);
	return notice;
}

void
commit_notice_unref(struct commit_notice *notice)
{
	if (atomic_fetch_sub_explicit(&notice->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < notice->n_queues; i++)
		free((char *)(uintptr_t)notice->queues[i].topic.data);
	chunk_unref(notice->chunk);
	free(notice->queues);
	free(notice);
}

void
commit_notice_add_queue(struct commit_notice *notice, const struct commit_notice_queue *queue)
{
	size_t n = notice->n_queues;

	/* A power of two: full. */
	if ((n & (n - 1)) == 0)
		notice->queues =
		    mem_realloc(notice->queues, (n != 0 ? 2 * n : 1) * sizeof notice->queues[0]);
	notice->queues[n] = *queue;
	notice->queues[n].topic.data = slice_dup(queue->topic);
	notice->n_queues++;
}
