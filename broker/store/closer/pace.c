#include "config.h"

#include "broker/store/closer/pace.h"

#define SECOND_US INT64_C(1000000)
#define SLOWEST_BYTES (64 << 20) /* a second */
#define IDLE_US (SECOND_US / 10) /* without a commit */
#define LATE_US (SECOND_US / 50) /* what a slow step may be late without being caught up */

void
pace_begin(struct pace *pace, int64_t bytes, int64_t fill_us, int64_t now_us)
{
	int64_t n_steps = bytes / PACE_STEP_BYTES + 1;
	int64_t slowest_us = SECOND_US * PACE_STEP_BYTES / SLOWEST_BYTES;

	*pace = (struct pace){
		.step_us = fill_us / 2 / n_steps,
		.due_us = now_us,
		.committed_us = now_us,
	};
	if (pace->step_us > slowest_us)
		pace->step_us = slowest_us;
}

int64_t
pace_pause_us(struct pace *pace, int64_t n_commits, bool hurry, int64_t now_us)
{
	if (n_commits != pace->n_commits) {
		pace->n_commits = n_commits;
		pace->committed_us = now_us;
	}
	pace->due_us += pace->step_us;
	if (hurry || now_us - pace->committed_us > IDLE_US || pace->due_us < now_us - LATE_US)
		pace->due_us = now_us;
	return pace->due_us > now_us ? pace->due_us - now_us : 0;
}
