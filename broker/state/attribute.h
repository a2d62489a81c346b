#ifndef BROKER_ATTRIBUTE_H
#define BROKER_ATTRIBUTE_H

/*
 * The attributes of a topic: RocketMQ 5's four, and our own dedup.window. The list is closed, so
 * that a topic holds plain numbers. Pure functions, any thread. Source: TopicAttributes,
 * AttributeUtil and AttributeParser of RocketMQ 5.3.3.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/json/json.h"

enum attribute {
	ATTRIBUTE_CLEANUP_POLICY, /* kept and returned only: messages are deleted by their age */
	ATTRIBUTE_DEDUP_WINDOW,   /* seconds; 0: resends are stored again */
	ATTRIBUTE_MESSAGE_TYPE,   /* enum message_type */
	ATTRIBUTE_QUEUE_TYPE,     /* kept and returned only */
	ATTRIBUTE_RESERVE_TIME,   /* kept and returned only */
	N_ATTRIBUTES,
};

enum message_type {
	MESSAGE_UNSPECIFIED,
	MESSAGE_NORMAL,
	MESSAGE_FIFO,
	MESSAGE_DELAY,
	MESSAGE_TRANSACTION,
	MESSAGE_MIXED,
};

/* Zeroed: no attribute is set. */
struct attributes {
	uint64_t set;                 /* bit n: attribute n has a value */
	int64_t values[N_ATTRIBUTES]; /* a number, or the index of a name; 0 when it is not set */
};

/* The largest dedup.window: a week. */
#define DEDUP_WINDOW_MAX 604800

/* NORMAL when the topic says nothing. */
enum message_type attributes_message_type(const struct attributes *attributes);
const char *message_type_name(enum message_type type);

/*
 * Changes in the form of requests: "+key=value,-key,+key=value". create: the topic is new, only +
 * is allowed. Absent, or why nothing is to change (in the arena); *attributes is then undefined.
 */
struct slice attributes_change(
    struct attributes *attributes, struct slice changes, bool create, struct arena *arena);
/* The same for an object {"+key":"value","-key":""}. NULL and what is no object change nothing. */
struct slice attributes_change_json(
    struct attributes *attributes, const struct json *changes, bool create, struct arena *arena);

/* As meta.db and replies have them: {"key":"value"}; {} when there are none. In the arena. */
struct slice attributes_json(const struct attributes *attributes, struct arena *arena);
/* Reads that form. Unknown names and values are left out; returns how many. */
size_t attributes_read(struct attributes *attributes, const struct json *object);
/* As a request that creates the same topic: "+key=value,+key=value". In the arena. */
struct slice attributes_request(const struct attributes *attributes, struct arena *arena);

#endif
