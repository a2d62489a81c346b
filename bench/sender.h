#ifndef BENCH_SENDER_H
#define BENCH_SENDER_H

/* Sends single messages, batches and oneway messages, numbered by the ledger. One loop. */

#include "bench/load.h"
#include "bench/payload.h"

struct bench;

struct sender {
	struct load load;
	struct bench *bench;
	struct stencil stencil, oneway;
	struct payload payload;
	uint32_t n_oneway; /* oneway messages of an operation; one that wants a reply follows */
};

/* As the settings want. 0 or -1. */
int sender_init(struct sender *sender, struct bench *bench);
void sender_release(struct sender *sender);

/* The stencil of a send; properties may hold STENCIL_MARK_ID. */
void send_stencil_init(struct stencil *stencil, const struct bench *bench,
    const struct command *request, int32_t sys_flag, struct slice properties);
/* Writes the parts that differ from message to message. */
void send_stencil_put(
    struct stencil *stencil, const struct bench *bench, uint32_t queue, uint64_t number);
/* Stores at least n messages in batches, as fast as possible. 0, or -1 when one is refused. */
int sender_fill(struct bench *bench, uint64_t n);

#endif
