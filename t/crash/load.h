#ifndef T_CRASH_LOAD_H
#define T_CRASH_LOAD_H

/*
 * A load on brokers: connections with a window of lanes each, all on one loop. A lane does one
 * operation at a time: `next` begins it, and its end calls lane_again or lane_end. One thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/twinmq.h"

struct load;

struct lane {
	struct load *load;
	struct twinmq *mq;
	struct producer *producer; /* without retries, bodies uncompressed */
	struct timer pause;
	uint64_t number; /* for `next`: of its first message on the way */
	uint32_t n;      /* for `next`: messages on the way */
};

struct load {
	/* Set by the caller, before load_open. */
	const char *name_servers;
	const char *group; /* of the producers */
	size_t n_handles;
	size_t window; /* lanes of a connection */
	int timeout_ms;
	void (*next)(struct lane *lane);
	void *context; /* for `next` */
	/* internal */
	struct loop loop;
	struct twinmq **handles;
	struct lane *lanes;
	size_t n_lanes, n_busy;
};

/* Ends the program when the addresses are wrong. */
void load_open(struct load *load);
/* Every lane begins; returns when each has ended. */
void load_run(struct load *load);
void load_close(struct load *load);
/* Begins the next operation after the pause; 0: at the end of the turn. */
void lane_again(struct lane *lane, int64_t pause_ms);
void lane_end(struct lane *lane);

/* SIGTERM sets it. */
void load_stop_on_sigterm(void);
bool load_stopping(void);
void load_stop(void);

/* Ends the program when the text is not a number in these bounds. */
size_t number_argument(const char *text, size_t min, size_t max);

#endif
