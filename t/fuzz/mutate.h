#ifndef T_FUZZ_MUTATE_H
#define T_FUZZ_MUTATE_H

/*
 * Frames with something wrong in them, made from good ones. All that is random comes from the
 * state that the caller gives, so that the same state makes the same frame. Any thread.
 */

#include <stdint.h>

#include "common/base/buf.h"
#include "common/protocol/frame.h"

/* A recorded frame that is to be changed; the slices stay the caller's. */
struct good_frame {
	enum frame_codec codec;
	struct slice header;
	struct slice body;
};

/* The next number below the bound, which is above 0. */
uint32_t mutate_below(uint64_t *state, uint32_t bound);
/* Appends a frame made from `frame`, with parts of `other` here and there. */
void mutate_frame(struct buf *out, const struct good_frame *frame, const struct good_frame *other,
    uint64_t *state);

#endif
