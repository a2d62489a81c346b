#ifndef STORE_BATCH_H
#define STORE_BATCH_H

/*
 * The contents of one commit: tasks are dequeued into the batch, then its records get their places
 * in the log, their queues and the commit's chunk.
 */

#include "broker/store/log/chunk.h"
#include "broker/store/tail/commit_notice.h"
#include "broker/store/writer/writer.h"

/* Run by tasks in the writer's inbox, with the writer as receiver. */
void dequeue_append(struct task *task, void *writer);
void dequeue_read(struct task *task, void *writer);
void dequeue_meta(struct task *task, void *writer);
void dequeue_half(struct task *task, void *writer);
void dequeue_timed(struct task *task, void *writer);

/* Fills a new batch from the inbox, up to a bound. */
void batch_dequeue(struct writer *writer);
/* Fails the batch's appends and changes of meta.db. */
void batch_fail(struct writer *writer);
/* Hands the batch's reads to the readers, with entries that only the writer has. */
void batch_pass_reads(struct writer *writer);
/* Places all appends; those that are not to be stored are replied to and leave the batch. */
void batch_place(struct writer *writer, struct chunk *chunk, struct commit_notice *notice);
/* The commit failed: the queues' next offsets are as before. */
void batch_take_back(struct writer *writer, const struct commit_notice *notice);

#endif
