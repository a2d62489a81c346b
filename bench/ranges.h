#ifndef BENCH_RANGES_H
#define BENCH_RANGES_H

/*
 * Reads ranges of queues. Each range has one pull in flight, like a client's queue; a slot works on
 * one range until all of it is read. One loop.
 */

#include "bench/load.h"
#include "common/protocol/record.h"

struct bench;

struct range {
	uint32_t queue;
	int64_t from, to, next;
};

struct range_reader {
	struct load load;
	struct bench *bench;
	struct stencil stencil;
	struct range *ranges; /* by broker */
	uint32_t n_ranges;
	uint32_t *at; /* by broker: the first range that no slot has taken */
	bool again;   /* ranges are read again and again until the load ends */
	uint32_t max_tries;
	uint64_t n_empty;    /* pulls that returned nothing although the range was not at its end */
	uint64_t n_given_up; /* messages that could not be read */
	void (*on_record)(struct range_reader *reader, const struct range *range, int64_t offset,
	    const struct record *record);
};

/* Ranges from begin to end of all queues. max_pulled: messages a pull. 0 or -1. */
int reader_init(struct range_reader *reader, struct bench *bench, size_t n_links, uint32_t n_slots,
    uint32_t max_pulled);
void reader_release(struct range_reader *reader);
/* The stencil of a pull; hold_ms: how long it may be held. */
void pull_stencil_init(
    struct stencil *stencil, const struct bench *bench, uint32_t max_pulled, int hold_ms);

#endif
