#ifndef BROKER_RECEIPT_H
#define BROKER_RECEIPT_H

/*
 * Receipts of popped messages, as clients keep them in the property POP_CK and send them back in
 * extraInfo, and the fields of a pop's reply from which clients build them. Source: ExtraInfoUtil
 * and KeyBuilder of 5.3.3. Pure functions, any thread.
 */

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/slice.h"

#define RECEIPT_ORDERED_QUEUE 999 /* the revive queue of an ordered pop */
#define RECEIPT_REVIVE_QUEUE 0    /* there is one */
#define RECEIPT_TOPIC "0"         /* the message was in its topic, */
#define RECEIPT_RETRY "1"         /* ... in the retry topic of the group, */
#define RECEIPT_RETRY_V2 "2"      /* ... with a + in its name */

struct receipt {
	int64_t start_offset, pop_time, invisible_ms;
	int32_t revive_queue;
	struct slice retry;
	struct slice broker_name;
	int32_t queue_id;
	int64_t offset; /* of the message; -1: left out */
};

/* 0, or -1 when it is none. Texts point into it. */
int receipt_read(struct slice text, struct receipt *receipt);
void receipt_write(struct buf *text, const struct receipt *receipt);
/* %RETRY%GROUP_TOPIC */
void retry_topic_write(struct buf *text, struct slice group, struct slice topic);

#endif
