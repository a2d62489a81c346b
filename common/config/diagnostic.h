#ifndef COMMON_DIAGNOSTIC_H
#define COMMON_DIAGNOSTIC_H

/*
 * What a configuration reader has to say about the lines it read. A note is
 * worth knowing and changes nothing; a warning is a line that does not do what
 * its author meant; an error is a value that was given and cannot be used: no
 * start with it, because a value silently replaced by its default is how
 * clusters come to run with settings that nobody chose. One thread.
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
/* How many are of this level or worse. */
size_t diagnostics_count(const struct diagnostics *diagnostics, enum severity level);
/* "FILE:LINE: TEXT" */
void diagnostic_print(const struct diagnostic *diagnostic, struct buf *out);
/* "FILE:LINE: LEVEL: TEXT\n" for each. */
void diagnostics_print(const struct diagnostics *diagnostics, struct buf *out);

#endif
