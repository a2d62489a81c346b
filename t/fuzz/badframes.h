#ifndef T_FUZZ_BADFRAMES_H
#define T_FUZZ_BADFRAMES_H

/* What no client should send: the table that badframes goes through. */

#include "common/base/buf.h"

#define BADFRAMES_OPAQUE 77 /* of the requests whose opaque can be known */

enum expectation {
	CLOSED,   /* the connection ends */
	REFUSED,  /* an answer with our opaque and a code that is not 0 */
	ANSWERED, /* an answer with our opaque, whatever it says */
	EITHER,   /* refused or closed */
};

struct bad {
	const char *name;
	void (*build)(struct buf *out);
	enum expectation expectation;
	const char *only; /* "broker" or "namesrv"; NULL: both */
};

extern const struct bad badframes_cases[]; /* ends with name == NULL */

/* A request that any server answers with an error: its code is unknown. */
void badframes_unknown_code(struct buf *out);

#endif
