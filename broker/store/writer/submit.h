#ifndef STORE_SUBMIT_H
#define STORE_SUBMIT_H

/*
 * Appends on their way to the writer. The appends of one turn of a loop's events travel
 * together: at the end of the turn it is committed inline (writer_commit_inline), or posted.
 */

#include "broker/store/writer/writer.h"

struct append_queues;

/* One queue for each loop. */
struct append_queues *append_queues_new(struct writer *writer);
void append_queues_free(struct append_queues *queues);
/* On the append's reply loop. */
void append_submit(struct append_queues *queues, struct append *append);
/* Posts the appends of the loops' last turn. The loops are stopped. */
void append_queues_flush(struct append_queues *queues);

#endif
