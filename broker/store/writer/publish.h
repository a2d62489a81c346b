#ifndef STORE_PUBLISH_H
#define STORE_PUBLISH_H

/* From the writer to the loops. */

#include "broker/store/tail/commit_notice.h"
#include "broker/store/writer/writer.h"

/*
 * Sends the notice to each loop, before the batch's replies; takes the reference over. Where copies
 * hide what they lack, it goes when the copy gate lets it.
 */
void writer_publish(struct writer *writer, struct commit_notice *notice);
/* Posts the replies of this batch. */
void writer_post_replies(struct writer *writer);

#endif
