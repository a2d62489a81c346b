#ifndef STORE_SUBMIT_H
#define STORE_SUBMIT_H

/*
 * Appends on their way to the writer. The appends of one turn of a loop's events travel
 * together, those of several turns where that pays (gather.h): at the end of a turn they are
 * committed inline (writer_commit_inline), or posted.
 */

#include "broker/store/writer/writer.h"

struct append_queues;

/* One queue for each loop. */
struct append_queues *append_queues_new(struct writer *writer);
void append_queues_free(struct append_queues *queues);
/* On the append's reply loop. */
void append_submit(struct append_queues *queues, struct append *append);
/* Of store_apply: commits the job inline if it is small, or posts it. On the job's reply loop. */
void apply_submit(struct writer *writer, struct apply_job *job);
/* Posts the appends that wait in the first n loops, which are the caller's or stopped. */
void append_queues_flush(struct append_queues *queues, int n_loops);

#endif
