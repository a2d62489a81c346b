#ifndef COMMON_ASSIGNMENT_H
#define COMMON_ASSIGNMENT_H

/*
 * Bodies about the division of queues by brokers: QUERY_ASSIGNMENT (400) and its reply,
 * SET_MESSAGE_REQUEST_MODE (401), GET_ALL_MESSAGE_REQUEST_MODE (402). Sources:
 * QueryAssignmentRequestBody, SetMessageRequestModeRequestBody, MessageRequestModeManager of 5.3.3.
 * Readers return 0, or -1 when the body has another form or a name breaks the rules of name.h. What
 * they read lives in the arena or points into the body. Any thread.
 */

#include <stddef.h>

#include "common/protocol/heartbeat.h"
#include "common/protocol/message_queue.h"

/* How the clients of a group get the messages of a topic. */
enum request_mode {
	REQUEST_MODE_PULL,
	REQUEST_MODE_POP,
};

struct assignment_query {
	struct slice topic;
	struct slice group;
	struct slice client_id;
	struct slice strategy; /* AVG, AVG_BY_CIRCLE, ... */
	enum message_model model;
};

struct request_mode_setting {
	struct slice topic;
	struct slice group;
	enum request_mode mode;
	int32_t share_queues; /* POP: a member also pops the queues of so many next members; below
	                         1: all queues */
};

int assignment_query_read(struct arena *arena, struct slice body, struct assignment_query *query);
/* queues NULL: nothing is known, and the client keeps what it has. */
void assignment_reply_write(struct json_out *out, const struct message_queue *queues,
    size_t n_queues, enum request_mode mode);

const char *request_mode_name(enum request_mode mode);
int request_mode_read(struct arena *arena, struct slice body, struct request_mode_setting *setting);
void request_mode_write(struct json_out *out, const struct request_mode_setting *setting);
/* Sorted by topic; as RocketMQ writes its table. */
void request_modes_write(
    struct json_out *out, const struct request_mode_setting *list, size_t n_settings);

#endif
