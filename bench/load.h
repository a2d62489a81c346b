#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

/*
 * Keeps slots busy and counts. Closed loop: a slot begins its next operation when the last
 * one is done. Open loop: operations are due at a constant rate whatever the broker
 * does, any free slot takes the next one, and its time counts from when it was due,
 * also when it had to wait for a slot: a broker that stalls cannot hide it.
 *
 * A run: all slots start; after the warm-up what was counted is forgotten and on_measure
 * is called; after the duration it is called again and nothing more is begun but, for a few
 * seconds, what was due before then; the load is over when the last operation is done. One loop.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bench/histogram.h"
#include "bench/link.h"

#define FAILURE_KINDS 12
#define LOAD_WARM_UP_UNTIL_TOLD (-1)

struct failure {
	int32_t code; /* of the answer, or of enum twinmq_code */
	uint64_t n;
};

struct counts {
	int64_t began_us, ended_us; /* of clock_mono_us */
	uint64_t n_good;            /* messages */
	uint64_t n_bytes;           /* of their bodies */
	uint64_t n_failed;
	uint64_t n_behind; /* open loop: operations that were due and not begun in time */
	struct failure failures[FAILURE_KINDS];
	struct histogram latency;
};

struct load {
	/* ---- set by the caller ---- */
	struct links links;
	void (*begin)(struct load *load, struct slot *slot);
	void (*on_measure)(struct load *load, bool begins); /* may be NULL */
	void (*on_second)(struct load *load);               /* may be NULL */
	void *context;
	uint32_t n_each;       /* messages of an operation */
	int64_t rate;          /* messages a second; 0: closed loop */
	uint64_t n_operations; /* at most; 0: no limit */
	uint64_t n_enough;     /* after so many good messages none begins; 0: no limit */
	int64_t warm_up_ms;    /* LOAD_WARM_UP_UNTIL_TOLD: until load_measure is called */
	int64_t duration_ms;   /* 0: until there are enough */
	bool times_itself;     /* the caller adds to counts.latency, for each message */
	/* ---- results ---- */
	struct counts counts;
	/* ---- internal ---- */
	uint64_t n_begun;
	size_t n_busy;
	struct slot *free, **last_free; /* open loop; the one that waits longest is first */
	struct slot *parked;            /* they try again at the next tick */
	struct timer phase;
	struct event *pace;
	int pace_fd;
	int64_t paced_from_us;
	int ticks;
	bool measuring, catching_up, ending, over;
};

/* n links with slots; the caller fills them, then calls load_run. */
void load_init(
    struct load *load, struct loop *loop, int timeout_ms, size_t n_links, uint32_t n_slots);
void load_release(struct load *load);
void load_start(struct load *load);
/* Runs the loop until the load is over. */
void load_wait(struct load *load);
void load_run(struct load *load); /* both */
/* Begins or ends what is measured; what was counted before the beginning is forgotten. */
void load_measure(struct load *load, bool begins);
/* The measured time is over. */
void load_end(struct load *load);

/* The operation of this slot is through: code 0, or why it failed. The next one begins. */
void load_done(struct slot *slot, int32_t code, uint64_t n_messages, uint64_t n_bytes);
/*
 * Whether the time of what was due then counts: also, with an open loop, when it was due in the
 * measured time and is answered after it. Who is late must not be left out.
 */
bool load_times(const struct load *load, int64_t due_us);
/* The slot takes no part any more: there is nothing left for it. */
void load_rest(struct slot *slot);

/* Good messages a second, over the measured time. */
double counts_rate(const struct counts *counts);
double counts_seconds(const struct counts *counts);

#endif
