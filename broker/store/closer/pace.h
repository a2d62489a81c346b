#ifndef STORE_PACE_H
#define STORE_PACE_H

/*
 * How fast a sealed segment is copied. A checkpoint that is written back at its end makes each sync
 * of the live segment wait for all of it. So it goes in steps, each written back before the next.
 * Measured, 8 KB and fdatasync each 0.65 ms beside 256 MB: at once, the longest took 154 ms; in
 * steps of 1 MB 2 to 8 ms; in steps of 256 KB 1 to 2 ms without pauses, and with them no longer
 * than alone. The pauses are for the processors: a checkpoint at full speed takes one of them. It
 * goes at twice the speed at which segments fill, so it ends long before the next one is sealed,
 * but not slower than 64 MB a second, without pauses for a store that is idle, and without when
 * somebody waits.
 *
 * Times are monotonic, in microseconds.
 */

#include <stdbool.h>
#include <stdint.h>

#define PACE_STEP_BYTES (256 << 10)

struct pace {
	int64_t step_us;      /* what a step may take */
	int64_t due_us;       /* when the next step may begin */
	int64_t n_commits;    /* of the store, when it was looked at last, */
	int64_t committed_us; /* ... and when the number last changed */
};

/* The segment is of so many bytes, and took so long to fill. */
void pace_begin(struct pace *pace, int64_t bytes, int64_t fill_us, int64_t now_us);
/* After a step: how long to pause, 0: not at all. hurry: somebody waits. */
int64_t pace_pause_us(struct pace *pace, int64_t n_commits, bool hurry, int64_t now_us);

#endif
