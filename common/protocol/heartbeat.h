#ifndef COMMON_HEARTBEAT_H
#define COMMON_HEARTBEAT_H

/*
 * HeartbeatData (34): which groups a client has and what its consumers
 * subscribe to. Source: protocol description 2.2. Reading takes what all
 * clients write: enums by name or ordinal, numbers as strings, sets that are
 * missing or null. What is read lives in the arena or points into the body.
 * Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/json/json.h"

enum consume_type {
	CONSUME_ACTIVELY,
	CONSUME_PASSIVELY,
	CONSUME_POP,
};

enum message_model {
	MODEL_BROADCASTING,
	MODEL_CLUSTERING,
};

enum consume_from {
	CONSUME_FROM_LAST_OFFSET,
	CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST,
	CONSUME_FROM_MIN_OFFSET,
	CONSUME_FROM_MAX_OFFSET,
	CONSUME_FROM_FIRST_OFFSET,
	CONSUME_FROM_TIMESTAMP,
};

struct filter;
struct subscription {
	struct slice topic;
	struct slice expression;      /* subString */
	struct slice expression_type; /* "TAG" when absent on the wire */
	bool class_filter;
	int64_t version;      /* subVersion */
	const int32_t *codes; /* tag hashes; none: all pass */
	size_t n_codes;
	const struct slice *tags;
	size_t n_tags;
	/* Not on the wire: SQL92 when it is compiled, owned by the keeper of the subscription; else
	 * NULL.
	 */
	const struct filter *filter;
};

struct heartbeat_consumer {
	struct slice group;
	enum consume_type type;
	enum message_model model;
	enum consume_from from;
	bool unit_mode;
	const struct subscription *subscriptions;
	size_t n_subscriptions;
	const char *fault; /* the rule that the name of a left out topic breaks; NULL: none */
};

struct heartbeat {
	struct slice client_id;
	const struct slice *producers; /* groups */
	size_t n_producers;
	const struct heartbeat_consumer *consumers;
	size_t n_consumers;
	int32_t fingerprint; /* 5.x, else 0 */
	bool without_sub;    /* 5.x */
	const char *fault;   /* the first rule that a name in it breaks (name.h); NULL: none */
};

/*
 * 0, or -1: it is no heartbeat, as there is no client id or a list is none, or the client id breaks
 * the rule that `fault` names. Producers, consumers and subscriptions without a name, with a bad
 * one (then `fault` is set too), or with a member of the wrong type are left out: the rest counts.
 */
int heartbeat_read(struct arena *arena, struct slice body, struct heartbeat *heartbeat);
void heartbeat_write(struct json_out *out, const struct heartbeat *heartbeat);

/* 0, -1: it is none, or JSON_ITEM_SKIPPED: it has no topic. */
int subscription_read(
    struct arena *arena, const struct json *json, struct subscription *subscription);
void subscription_write(struct json_out *out, const struct subscription *subscription);
/* The rule that the first bad topic among them breaks (name.h); NULL: none. */
const char *subscriptions_fault(const struct subscription *subscriptions, size_t n);

/* The names that Java writes. */
const char *consume_type_name(enum consume_type type);
const char *message_model_name(enum message_model model);
const char *consume_from_name(enum consume_from from);
/* By name or ordinal; the last argument when it is neither. */
enum consume_type consume_type_read(const struct json *json, enum consume_type otherwise);
enum message_model message_model_read(const struct json *json, enum message_model otherwise);
enum consume_from consume_from_read(const struct json *json, enum consume_from otherwise);

#endif
