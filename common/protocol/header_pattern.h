#ifndef COMMON_HEADER_PATTERN_H
#define COMMON_HEADER_PATTERN_H

/*
 * Headers in JSON that are like earlier ones. A client sends the same header again and again, with
 * another opaque, another time and other properties. A pattern is such a header: what was the same
 * in all of them so far is compared, 16 bytes at a time, and only the rest is read. A header that
 * fits no pattern is read in the general way, and now and then a pattern is made of it.
 *
 * What a pattern reads is what the general way would read. There are few patterns, and learning is
 * rare, so that peers whose headers are all different cost next to nothing. One thread.
 */

#include "common/base/arena.h"
#include "common/protocol/command.h"

#define HEADER_PATTERNS 8

/* { 0 }: none yet. */
struct header_patterns {
	struct header_pattern *list[HEADER_PATTERNS]; /* first those that fitted last; then NULL */
	unsigned n_missed;
};

void header_patterns_release(struct header_patterns *patterns);
/*
 * Reads a header that fits a pattern which was learned from a request with the same context (of
 * struct command_types). *command has a typed header then, as command_decode_typed leaves it.
 * False: none fits, *command is undefined.
 */
bool header_patterns_read(struct header_patterns *patterns, const void *context,
    struct arena *arena, struct slice text, struct command *command);
/*
 * Looks at a request that fitted none and was read in the general way, with a typed header of that
 * size, and may learn from it.
 */
void header_patterns_learn(struct header_patterns *patterns, const void *context, struct slice text,
    const struct command *command, size_t header_size);

#endif
