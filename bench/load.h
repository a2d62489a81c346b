#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

/*
 * Keeps slots busy and counts. Closed loop: a slot begins its next operation when the last one is
 * done. Open loop: operations are due at a constant rate, and any free slot takes the next one. The
 * latency counts from the due time, so a broker that stalls cannot hide it. What was due and never
 * began counts with the time that it had waited in the end.
 *
 * All slots start at once. After the warm-up, counts are reset and on_measure is called. After the
 * duration, on_measure is called again and no operation begins, except those that were due before
 * and get a few seconds more. The load is over when the last operation is done. One loop.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bench/histogram.h"
#include "bench/link.h"

#define FAILURE_KINDS 12
#define LOAD_WARM_UP_UNTIL_TOLD (-1)

struct failure {
	int32_t code; /* of the reply, or an enum twinmq_code */
	uint64_t n;
};

struct counts {
	int64_t began_us, ended_us; /* of clock_mono_us */
	uint64_t n_good;            /* messages */
	uint64_t n_bytes;           /* of their bodies */
	uint64_t n_failed;
	uint64_t n_behind; /* open loop: operations that were due but not begun in time */
	uint64_t n_waited; /* open loop: operations that found no free slot when they were due */
	struct failure failures[FAILURE_KINDS];
	struct histogram latency;
	struct histogram late; /* open loop: from the due time to the beginning */
};

struct load {
	/* ---- the caller sets these ---- */
	struct links links;
	void (*begin)(struct load *load, struct slot *slot);
	void (*on_measure)(struct load *load, bool begins); /* may be NULL */
	void (*on_second)(struct load *load);               /* may be NULL */
	void *context;
	uint32_t n_each;       /* messages of an operation */
	int64_t rate;          /* messages a second; 0: closed loop */
	uint64_t n_operations; /* at most; 0: no limit */
	uint64_t n_enough;     /* good messages after which no operation begins; 0: no limit */
	int64_t warm_up_ms;    /* LOAD_WARM_UP_UNTIL_TOLD: until load_measure is called */
	int64_t duration_ms;   /* 0: until n_operations or n_enough is reached */
	bool times_itself;     /* the caller adds to counts.latency for each message */
	/* ---- results ---- */
	struct counts counts;
	/* ---- internal ---- */
	uint64_t n_begun;
	size_t n_busy;
	struct slot_list free;   /* open loop; the longest idle slot is first */
	struct slot_list parked; /* try again at the next tick */
	struct timer phase;
	struct event *pace;
	int pace_fd;
	int64_t paced_from_us;
	int ticks;
	bool measuring, catching_up, ending, over;
};

/* Makes n_links links with n_slots slots; the caller fills them in, then calls load_run. */
void load_init(
    struct load *load, struct loop *loop, int timeout_ms, size_t n_links, uint32_t n_slots);
void load_release(struct load *load);
void load_start(struct load *load);
/* Runs the loop until the load is over. */
void load_wait(struct load *load);
void load_run(struct load *load); /* both */
/* Begins or ends measuring. The beginning resets all counts. */
void load_measure(struct load *load, bool begins);
/* Ends the measured time and begins no more operations. */
void load_end(struct load *load);

/* Ends the slot's operation (code 0, or the reason of the failure) and begins the next one. */
void load_done(struct slot *slot, int32_t code, uint64_t n_messages, uint64_t n_bytes);
/*
 * Whether the latency of an operation that was due at due_us counts. In an open loop it counts also
 * when the reply came after the measured time; otherwise the slowest ones would be left out.
 */
bool load_times(const struct load *load, int64_t due_us);
/* Retires the slot: there are no more operations for it. */
void load_rest(struct slot *slot);

/* Good messages a second, over the measured time. */
double counts_rate(const struct counts *counts);
double counts_seconds(const struct counts *counts);

#endif
