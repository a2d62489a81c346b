#ifndef INTERLEAVE_CONTENT_H
#define INTERLEAVE_CONTENT_H

/*
 * The message of each transaction, made from its number alone, so that nothing of it has
 * to be remembered in order to tell whether what arrived is what was sent.
 */

#include "client/twinmq.h"

#define CONTENT_PROPERTIES 3

struct content {
	struct slice keys, tags, body;
	struct ext properties[CONTENT_PROPERTIES];
	size_t n_properties;
	int32_t flag;
};

/* immunity_s 0: none. Texts live in the arena. */
struct content content_make(uint64_t seed, uint32_t number, int immunity_s, struct arena *arena);
/* The number of the transaction whose message it says it is; -1: none. */
int64_t content_number(const struct record *record);
/*
 * What of the record is not as it was sent, NULL: nothing. unique_id may be "": not known.
 * A delivered one, unlike one that is asked about, has to say that it was committed, and has the
 * flag.
 */
const char *content_difference(const struct content *content, const char *unique_id, bool delivered,
    const struct record *record);

#endif
