#ifndef STORE_DROP_H
#define STORE_DROP_H

#include "broker/store/writer/writer.h"

/*
 * Commits the batch's changes of meta.db. Where a job deletes a topic, the log forgets its queues
 * first: a topic without queues is whole, queues without a topic are not.
 */
void writer_commit_metas(struct writer *writer);
/* The jobs of the batch that its appends need; none of them drops a topic. */
void writer_commit_needed(struct writer *writer);

/* Forgets a queue whose next life begins; the notice leaves with the batch. An SQLite code. */
int drop_queue(struct writer *writer, const struct queue *queue);

#endif
