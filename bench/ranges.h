#ifndef BENCH_RANGES_H
#define BENCH_RANGES_H

/*
 * Reads ranges of queues with one pull in flight for each, as clients do. A range belongs to a
 * slot until it is read.
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
	uint32_t *at; /* per broker: the first one that no slot has taken */
	bool again;   /* a range that is read begins anew, until the load ends */
	uint32_t max_tries;
	uint64_t n_empty;    /* pulls that brought nothing though there was something */
	uint64_t n_given_up; /* messages that could not be read */
	void (*on_record)(struct range_reader *reader, const struct range *range, int64_t offset,
	    const struct record *record);
};

/* All that the queues have between begin and end. max_pulled: messages of a pull. 0 or -1. */
int reader_init(struct range_reader *reader, struct bench *bench, size_t n_links, uint32_t n_slots,
    uint32_t max_pulled);
void reader_release(struct range_reader *reader);
/* The stencil of a pull; hold_ms: how long it may be held. */
void pull_stencil_init(
    struct stencil *stencil, const struct bench *bench, uint32_t max_pulled, int hold_ms);

#endif
