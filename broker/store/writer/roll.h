#ifndef STORE_ROLL_H
#define STORE_ROLL_H

/* From one segment to the next. */

#include "broker/store/writer/writer.h"

/* The next commit will begin with a change of segments. */
bool roll_is_due(const struct writer *writer);
/* Changes to the next segment, if it is time. When that fails the old one goes on growing. */
void roll(struct writer *writer);
/* Makes a segment that begins at the writer's position the live one, and leaves the last as it is;
 * an SQLite code. */
int roll_open_segment(struct writer *writer);
/* An empty log begins at this position from now on; an SQLite code. */
int roll_begin_at(struct writer *writer, int64_t position);

#endif
