#ifndef BROKER_REQUEST_MODE_H
#define BROKER_REQUEST_MODE_H

/*
 * Which groups pop which topics, as administrators set it (401). A table in memory with one lock (a
 * leaf), loaded from rows of META_SETTING. Changes are made here first, and the caller sends the
 * meta job. Any thread; answers are copied out.
 */

#include <stdbool.h>

#include "broker/store/store.h"
#include "common/protocol/assignment.h"

struct request_modes;

struct request_modes *request_modes_new(void);
void request_modes_free(struct request_modes *modes);
/* At start: a row of META_SETTING; false when it is another module's. */
bool request_modes_load(struct request_modes *modes, struct slice name, struct slice value);
/* False: nobody has set one, and *setting is as it was. Its texts are not changed. */
bool request_modes_find(struct request_modes *modes, struct slice topic, struct slice group,
    struct request_mode_setting *setting);
/* False: it is a new one, and there are `max` already. The row goes into the job. */
bool request_modes_put(struct request_modes *modes, const struct request_mode_setting *setting,
    size_t max, struct meta_job *job);
/* Sorted by topic, then group; in the arena. */
const struct request_mode_setting *request_modes_list(
    struct request_modes *modes, struct arena *arena, size_t *n);

#endif
