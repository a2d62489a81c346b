#ifndef T_REPLAY_REPLAY_H
#define T_REPLAY_REPLAY_H

/* Recorded traffic played again: what of it is played, and how answers are compared. */

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/protocol/command.h"

struct replay_reply {
	struct command command;
	struct slice body;
};

/* Whether requests of this code are played. */
bool replay_in_scope(int32_t code);
/* Whether the answer may take a moment to become what it was: it is asked for again then. */
bool replay_settles(int32_t code);

/*
 * Calls back for each thing that the recorded answer has and ours has not, or
 * has otherwise: "code 17, recorded 0", "no field TRACE_ON", "no member a.b".
 */
typedef void replay_difference_fn(void *arg, const char *what);
void replay_compare(struct arena *arena, const struct replay_reply *recorded,
    const struct replay_reply *ours, replay_difference_fn *differs, void *arg);

/* Why the difference is none to mind, or NULL. */
const char *replay_excuse(const char *file, int32_t code, const char *what);

#endif
