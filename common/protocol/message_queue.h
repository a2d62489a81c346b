#ifndef COMMON_MESSAGE_QUEUE_H
#define COMMON_MESSAGE_QUEUE_H

/*
 * A queue of a topic on a broker, as JSON bodies name it: as an object, or as
 * the key of a member. Source: protocol description 3.3. Any thread.
 */

#include <stdint.h>

#include "common/json/json.h"

struct message_queue {
	struct slice topic;
	struct slice broker_name;
	int32_t id;
};

/* 0, or -1 when a name is missing or breaks the rules of name.h. The names point into the body. */
int message_queue_read(const struct json *json, struct message_queue *queue);
void message_queue_write(struct json_out *out, const struct message_queue *queue);
/* As the key of the next member. */
void message_queue_write_key(struct json_out *out, const struct message_queue *queue);

#endif
