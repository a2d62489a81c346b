#ifndef COMMON_DIAGNOSTIC_H
#define COMMON_DIAGNOSTIC_H

/*
 * Diagnostics about the lines of a configuration. A note is worth knowing and
 * changes nothing. A warning is about a line that does not do what its author
 * meant. An error is a value that cannot be used; it prevents the start, because
 * a silent default would run the cluster with settings that its owner did not
 * choose. One thread.
 */

#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/slice.h"

enum severity {
	SEVERITY_NOTE,
	SEVERITY_WARNING,
	SEVERITY_ERROR,
};

struct diagnostic {
	const char *file; /* lent; NULL: the settings as a whole */
	int line;         /* 0: no line */
	enum severity level;
	struct slice key;
	struct slice text; /* the whole sentence without file and line */
};

struct diagnostics {
	struct arena arena;
	struct diagnostic *list;
	size_t n, cap;
};

void diagnostics_release(struct diagnostics *diagnostics);
void diagnostics_add(struct diagnostics *diagnostics, enum severity level, const char *file,
    int line, struct slice key, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The number of diagnostics of this level or worse. */
size_t diagnostics_count(const struct diagnostics *diagnostics, enum severity level);
/* "FILE:LINE: TEXT" */
void diagnostic_print(const struct diagnostic *diagnostic, struct buf *out);
/* "FILE:LINE: LEVEL: TEXT\n" for each. */
void diagnostics_print(const struct diagnostics *diagnostics, struct buf *out);

#endif
