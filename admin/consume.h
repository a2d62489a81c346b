#ifndef ADMIN_CONSUME_H
#define ADMIN_CONSUME_H

/*
 * The state of a consumer group from all brokers that know it: members, offsets, and the member of
 * each queue. The brokers are those of the group's retry topic, which every heartbeat creates.
 */

#include "admin/admin.h"
#include "common/protocol/connection_list.h"
#include "common/protocol/queue_stats.h"

#define RETRY_PREFIX "%RETRY%"

struct queue_owner {
	struct message_queue queue;
	struct slice client; /* its address */
	struct slice client_id;
};

struct consume_state {
	bool known;       /* a broker told about it */
	size_t n_members; /* 0: offline */
	int64_t min_version;
	enum consume_type type;
	enum message_model model;
	const struct subscription *subscriptions;
	size_t n_subscriptions;
	const struct client_connection *members;
	struct slice asked; /* the broker that listed the members */
	double tps;
	int64_t behind;
	struct consume_progress *queues;
	size_t n_queues;
	struct queue_owner *owners;
	size_t n_owners;
};

/* 0, or -1 after admin_fail when no broker replied. A group without members is no error. */
int consume_state_ask(struct admin *admin, struct slice group, struct consume_state *state);
/*
 * The same for many groups, whose requests are under way together. Of those that no broker knows
 * `known` is false, after admin_fail.
 */
void consume_states_ask(
    struct admin *admin, const struct slice *groups, size_t n, struct consume_state *states);
/* Asks each member for its queues; a member that does not reply has none. */
void consume_state_ask_owners(struct admin *admin, struct slice group, struct consume_state *state);
/* NULL when no member has the queue. */
const struct queue_owner *consume_state_owner(
    const struct consume_state *state, const struct message_queue *queue);

#endif
