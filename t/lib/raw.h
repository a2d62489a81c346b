#ifndef T_LIB_RAW_H
#define T_LIB_RAW_H

/*
 * A blocking connection for tests: bytes go out as given, frames come in. Each
 * returns 0, or -1 and *why says what was wrong, a constant text.
 */

#include "common/base/buf.h"
#include "common/protocol/frame.h"

struct raw {
	int fd;
	int timeout_ms;
	struct buf in;
	size_t taken; /* bytes of `in` that the last frame filled */
};

/* address: HOST:PORT */
int raw_open(struct raw *raw, const char *address, int timeout_ms, const char **why);
void raw_close(struct raw *raw);
int raw_send(struct raw *raw, struct slice bytes, const char **why);
/* The next frame, valid until the next call. */
int raw_receive(struct raw *raw, struct frame *frame, const char **why);

#endif
