#ifndef STORE_APPLY_H
#define STORE_APPLY_H

/*
 * Stores records that another broker placed (store_apply). What a record means to queues, keys,
 * half messages and timed messages is what a replay of it means.
 */

#include "broker/store/writer/writer.h"

/* Run by tasks in the writer's inbox, with the writer as receiver. */
void dequeue_apply(struct task *task, void *writer);
/* The job of the batch: commits, tells the tails, replies. */
void writer_apply(struct writer *writer);
/* Replies to the batch's job with this status. */
void apply_finish(struct writer *writer, enum apply_status status);

#endif
