#ifndef BROKER_LIMIT_H
#define BROKER_LIMIT_H

/*
 * Limits on what requests can create: the options max..., how often each of
 * them led to a refusal, and a line in the log when that begins. Any thread;
 * no lock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/options.h"

enum limit {
	LIMIT_TOPICS,
	LIMIT_GROUPS,
	LIMIT_PRODUCER_GROUPS,
	LIMIT_HEARTBEAT_ENTRIES,
	LIMIT_CLIENT_MEMORY,
	LIMIT_CONSUMER_OFFSETS,
	LIMIT_UNKNOWN_GROUP_OFFSETS,
	LIMIT_TIMERS,
	LIMIT_STATISTICS,
	LIMIT_QUEUE_LOCKS,
	LIMIT_REQUEST_MODES,
	LIMIT_REPLY_MEMORY,
	LIMIT_POP_POLLING,
	LIMIT_POP_INFLIGHT,
	LIMIT_POP_CHECKPOINTS,
	LIMIT_DEDUP_KEYS,
	LIMIT_TREND_SERIES,
	LIMIT_HTTP_STREAMS,
	LIMIT_SLAVE_LINKS,
	N_LIMITS
};

struct limits;

/* settings: lent; read at each question, so a live change counts at once. */
struct limits *limits_new(const struct broker_settings *settings);
void limits_free(struct limits *limits);
int64_t limits_value(const struct limits *limits, enum limit which);
/*
 * Whether so many are allowed. If not, the refusal is counted, and the log says so at most once a
 * minute for each limit.
 */
bool limits_allow(struct limits *limits, enum limit which, uint64_t wanted);
/* Counts and logs n refusals that the caller has decided itself. */
void limits_refuse(struct limits *limits, enum limit which, uint64_t n);
uint64_t limits_refused(const struct limits *limits, enum limit which);
/* The option's name, "maxTopics"; static. */
const char *limit_option(enum limit which);
/* The counter's name, "refusedTopics"; static. */
const char *limit_counter(enum limit which);
/* What a refused client is told; static. */
const char *limit_remark(enum limit which);

#endif
