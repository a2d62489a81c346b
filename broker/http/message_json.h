#ifndef BROKER_MESSAGE_JSON_H
#define BROKER_MESSAGE_JSON_H

/* Messages as JSON, both ways. Pure functions, any thread. */

#include "common/base/arena.h"
#include "common/json/json.h"
#include "common/protocol/record.h"

/* A message that a client sends. Texts live in the arena, or in the body of the request. */
struct message_wish {
	struct slice body;
	struct slice properties; /* encoded */
	int32_t queue_id;        /* -1: any */
};

/* NULL, or what is wrong with it, as a sentence. */
const char *message_wish_read(
    const struct json *json, struct arena *arena, struct message_wish *wish);
/* A property; NULL, or why it is none. The buffer may have been released then. */
const char *message_property_add(struct buf *properties, struct slice name, struct slice value);

/* The same, but for a name that is reserved. */
const char *message_free_property_add(
    struct buf *properties, struct slice name, struct slice value);

/* A stored message as an object without its closing brace, so that members can be added. */
void message_write(struct json_out *out, const struct record *record, struct arena *arena);

#endif
