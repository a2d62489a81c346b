#ifndef STORE_SUBMIT_H
#define STORE_SUBMIT_H

/*
 * Appends on their way to the writer. What a loop appends in one turn of its events travels
 * together: at the end of the turn it is committed inline (writer_commit_inline), or posted.
 */

#include "broker/store/writer/writer.h"

struct append_queues;

/* One queue for each loop. */
struct append_queues *append_queues_new(struct writer *writer);
void append_queues_free(struct append_queues *queues);
/* On the append's reply loop. */
void append_submit(struct append_queues *queues, struct append *append);
/* Posts what the loops appended in their last turn. The loops are stopped. */
void append_queues_flush(struct append_queues *queues);

#endif
