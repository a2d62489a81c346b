#ifndef COMMON_REGISTRATION_H
#define COMMON_REGISTRATION_H

/*
 * The body with which a broker registers (103): its whole topic table and a
 * version of it. Source: protocol description 6.1. Three forms are read: the
 * JSON one (RegisterBrokerBody), the table alone that senders before 3.0.11
 * write, and the compressed one. What is read lives in the arena or points
 * into the body. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/protocol/topic_config.h"

#define REGISTRATION_TABLE_ONLY_BEFORE 37 /* sender versions (V3_0_11) */
/* Of the compressed form; more is refused. 130,000 topics with the longest names are 20 MB. */
#define REGISTRATION_MAX_BYTES (32u << 20) /* inflated */
#define REGISTRATION_MAX_TOPICS (1u << 18)

struct registration {
	struct topic_table table;
	const struct slice *filter_servers;
	size_t n_filter_servers;
	const char *fault; /* the rule that a name in it breaks (name.h); NULL: none */
};

/*
 * An empty body is an empty registration. 0, or -1: it is none of the forms, or `fault` says
 * which rule the name of a topic or of a filter server breaks.
 */
int registration_read(struct arena *arena, struct slice body, bool compressed,
    int32_t sender_version, struct registration *registration);
void registration_write(struct json_out *out, const struct registration *registration);
/* Appends the compressed form. */
void registration_write_compressed(struct buf *buf, const struct registration *registration);
/* What the header's bodyCrc32 says of the body as it is sent. */
int32_t registration_crc(struct slice body);

#endif
