#ifndef COMMON_TIMER_LIST_H
#define COMMON_TIMER_LIST_H

/*
 * The body of LIST_TIMERS, which is TwinMQ's own: messages that wait for a time of their own. The
 * reader answers 0, or -1 when it is no such body; texts live in the arena or point into the body.
 * Any thread.
 */

#include <stdint.h>

#include "common/json/json.h"
#include "common/protocol/record.h"

/* One that waits. */
struct timer_info {
	int64_t due_ms; /* wall clock */
	struct slice topic;
	int32_t queue_id;
	struct slice msg_id; /* of the record that waits: it can be looked at */
	struct slice unique_id, keys, tags;
	int64_t stored_ms;
	int64_t body_bytes;
};

struct timer_list {
	const struct timer_info *timers; /* the soonest first */
	size_t n;
	int64_t pending;     /* all that the broker has */
	int64_t scanned;     /* that were looked at for this reply */
	struct slice cursor; /* of the next question; absent: there are no more */
};

/* The begin of the body, a row of it, its end. */
void timer_list_open(struct json_out *out);
void timer_info_write(struct json_out *out, const struct timer_info *timer);
/* Its timers are not looked at. */
void timer_list_close(struct json_out *out, const struct timer_list *list);
int timer_list_read(struct arena *arena, struct slice body, struct timer_list *list);

#endif
