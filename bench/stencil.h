#ifndef BENCH_STENCIL_H
#define BENCH_STENCIL_H

/*
 * A request's frame that is encoded once. Afterwards only the few places that differ from request
 * to request are overwritten, so a request costs a copy and not an encoding. The broker sees
 * ordinary requests, except that their numbers have leading zeros. One thread.
 *
 * A place in a text is marked by a run of characters that no name may contain; numbers of typed
 * headers are marked by their key.
 */

#include <stdint.h>

#include "common/base/buf.h"
#include "common/protocol/fields.h"

enum spot {
	SPOT_OPAQUE,
	SPOT_TOPIC,    /* the number of the topic, 5 digits */
	SPOT_QUEUE,    /* 4 digits */
	SPOT_BORN,     /* ms, 13 digits */
	SPOT_OFFSET,   /* 19 digits */
	SPOT_POSITION, /* 19 digits */
	SPOT_REVIVE,   /* the revive queue of a pop, 3 digits */
	SPOT_ID,       /* the part of a unique id that differs, 16 hexadecimal digits */
	SPOTS,
};

#define STENCIL_MARK_TOPIC "^^^^^"
#define STENCIL_MARK_QUEUE "####"
#define STENCIL_MARK_BORN "!!!!!!!!!!!!!"
#define STENCIL_MARK_OFFSET "@@@@@@@@@@@@@@@@@@@"
#define STENCIL_MARK_POSITION "&&&&&&&&&&&&&&&&&&&"
#define STENCIL_MARK_REVIVE "~~~"
#define STENCIL_MARK_ID "$$$$$$$$$$$$$$$$"
#define STENCIL_ID_DIGITS 16
#define STENCIL_PLACES 3 /* of one spot at most */

/* Numbers of a header to be marked; the list ends at key == NULL. */
struct stencil_mark {
	const char *key;
	enum spot spot;
};

struct stencil {
	struct buf frame;
	enum frame_codec codec;
	uint32_t places[SPOTS][STENCIL_PLACES]; /* 0: none */
};

/* Uses code, remark, flag and codec of the request. */
void stencil_init(struct stencil *stencil, const struct command *request,
    const struct field *fields, const void *header, const struct stencil_mark *marks);
void stencil_release(struct stencil *stencil);
/* Does nothing when the frame has no such place. */
void stencil_put(struct stencil *stencil, enum spot spot, uint64_t value);
/* The frame up to its body; lent until the next call. */
struct slice stencil_frame(struct stencil *stencil, int32_t opaque, size_t body_len);
/* Writes STENCIL_ID_DIGITS digits. */
void stencil_hex(char *at, uint64_t value);

#endif
