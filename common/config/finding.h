#ifndef COMMON_FINDING_H
#define COMMON_FINDING_H

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

enum finding_level {
	FINDING_NOTE,
	FINDING_WARNING,
	FINDING_ERROR,
};

struct finding {
	const char *file; /* lent; NULL: the settings as a whole */
	int line;         /* 0: no line */
	enum finding_level level;
	struct slice key;
	struct slice text; /* the whole sentence without file and line */
};

struct findings {
	struct arena arena;
	struct finding *list;
	size_t n, cap;
};

void findings_release(struct findings *findings);
void findings_add(struct findings *findings, enum finding_level level, const char *file, int line,
    struct slice key, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* How many are of this level or worse. */
size_t findings_count(const struct findings *findings, enum finding_level level);
/* "FILE:LINE: TEXT" */
void finding_print(const struct finding *finding, struct buf *out);
/* "FILE:LINE: LEVEL: TEXT\n" for each. */
void findings_print(const struct findings *findings, struct buf *out);

#endif
