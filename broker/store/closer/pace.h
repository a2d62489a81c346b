#ifndef STORE_PACE_H
#define STORE_PACE_H

/*
 * How fast a sealed segment is copied. A checkpoint at the disk's full speed makes each sync of the
 * live segment wait for what it wrote, 0.15 s for 256 MB. So it goes in steps, each written back
 * before the next, at twice the speed at which segments fill: it ends long before the next one is
 * sealed. It does not pause for a store that is idle, and not when somebody waits for it.
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
