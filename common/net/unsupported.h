#ifndef COMMON_UNSUPPORTED_H
#define COMMON_UNSUPPORTED_H

/*
 * Requests whose code a server does not know. The first one with a code from a group, or from an
 * address when it names no group, is a line in the log: an operator sees what will not
 * work. One lock (a leaf), taken for such requests alone. Any thread.
 *
 * What was said is remembered in a table of fixed size. When it is full, or when too many lines
 * would be written in a minute, the rest is only counted.
 */

#include <stdint.h>

#include "common/net/conn.h"
#include "common/protocol/command.h"

#define UNSUPPORTED_KEPT 4096           /* pairs of code and group or address */
#define UNSUPPORTED_LINES_PER_MINUTE 30 /* later ones have their line another time */

struct unsupported;

struct unsupported *unsupported_new(void);
void unsupported_free(struct unsupported *unsupported);
void unsupported_note(
    struct unsupported *unsupported, struct conn *conn, const struct command *command);
/* Such requests since the start. No lock. */
uint64_t unsupported_count(const struct unsupported *unsupported);

#endif
