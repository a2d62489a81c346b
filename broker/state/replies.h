#ifndef BROKER_REPLIES_H
#define BROKER_REPLIES_H

/*
 * How many replies to requests of clients were delivered, and the memory of those on their way. Any
 * thread; no lock.
 */

#include <stdbool.h>
#include <stdint.h>

struct replies;

struct reply_counts {
	uint64_t delivered;
	uint64_t undelivered; /* the requester is unknown, gone, or did not answer */
	uint64_t bytes;       /* of replies on their way */
};

struct replies *replies_new(void);
void replies_free(struct replies *replies);
/* One is on its way now; the bytes of all, it included. */
uint64_t replies_begin(struct replies *replies, uint64_t bytes);
void replies_end(struct replies *replies, uint64_t bytes);
void replies_count(struct replies *replies, bool delivered);
void replies_get_counts(const struct replies *replies, struct reply_counts *counts);

#endif
