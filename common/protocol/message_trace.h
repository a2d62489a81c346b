#ifndef COMMON_MESSAGE_TRACE_H
#define COMMON_MESSAGE_TRACE_H

/*
 * The body of TRACE_MESSAGE, which is TwinMQ's own: what a broker knows of the life of one
 * message. The reader answers 0, or -1 when it is no such body; texts live in the arena or point
 * into the body. Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/json/json.h"

/* In the order in which they happen to one record. */
enum trace_what {
	TRACE_STORED,
	TRACE_SENT_BACK,    /* stored once more for the group */
	TRACE_WAITING,      /* sent back, and its delay is not over */
	TRACE_DUE,          /* its delay was over, it came to the retry topic */
	TRACE_DEAD,         /* stored with the group's dead letters */
	TRACE_DELIVERED,    /* to a client of the group */
	TRACE_ACKNOWLEDGED, /* the group's offset moved past it */
	N_TRACE_WHATS
};

/* "stored", "sentBack", "waiting", "due", "dead", "delivered", "acknowledged"; static. */
const char *trace_what_name(enum trace_what what);

struct trace_event {
	enum trace_what what;
	int64_t time_ms;
	int64_t until_ms; /* it was between the two */
	struct slice group;
	struct slice client; /* id; of a delivery, as long as the broker remembers it */
	struct slice address;
	struct slice topic; /* of the record: the message's own, or that of a copy */
	int32_t queue_id;
	int64_t queue_offset;
	struct slice msg_id; /* the record's offset id; absent where it is the message's */
	int32_t times;       /* reconsumeTimes of the record */
};

struct trace_group {
	struct slice group;
	struct slice state; /* of RocketMQ's TrackType, or RETRY, DEAD, DELIVERED */
	int32_t n_members;
	int64_t committed; /* offset in the message's queue; -1: none */
};

struct message_trace {
	struct slice topic, msg_id;
	struct slice unique_id, origin_id; /* absent: none */
	int32_t queue_id;
	int64_t queue_offset;
	struct slice store_host, born_host;
	int64_t born_ms, stored_ms;
	const struct trace_group *groups;
	size_t n_groups;
	const struct trace_event *events; /* in order of time */
	size_t n_events;
	bool cut;         /* there are more groups or events */
	int64_t since_ms; /* deliveries and acknowledgements before this are forgotten */
};

void message_trace_write(struct json_out *out, const struct message_trace *trace);
int message_trace_read(struct arena *arena, struct slice body, struct message_trace *trace);

#endif
