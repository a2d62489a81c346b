#ifndef BENCH_SENDER_H
#define BENCH_SENDER_H

/* Sends messages whose numbers the ledger gives out: single ones, batches, oneway ones. */

#include "bench/load.h"
#include "bench/payload.h"

struct bench;

struct sender {
	struct load load;
	struct bench *bench;
	struct stencil stencil, oneway;
	struct payload payload;
	uint32_t n_oneway; /* of an operation, before the one that asks for an answer */
};

/* What the settings say. 0 or -1. */
int sender_init(struct sender *sender, struct bench *bench);
void sender_release(struct sender *sender);

/* The stencil of a send; properties may hold STENCIL_MARK_ID. */
void send_stencil_init(struct stencil *stencil, const struct bench *bench,
    const struct command *request, int32_t sys_flag, struct slice properties);
/* Places that differ, of the message at hand. */
void send_stencil_put(
    struct stencil *stencil, const struct bench *bench, uint32_t queue, uint64_t number);
/* Stores n messages at least, in batches, as fast as it goes. 0, or -1 when one was refused. */
int sender_fill(struct bench *bench, uint64_t n);

#endif
