#ifndef COMMON_CONNECTION_LIST_H
#define COMMON_CONNECTION_LIST_H

/*
 * The connected clients of a group, with what its consumers subscribe to.
 * Source: protocol description 3.3.
 * Readers return 0, or -1 when the body has another form. What they read lives
 * in the arena or points into the body. Any thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/protocol/command.h"
#include "common/protocol/heartbeat.h"
#include "common/json/json.h"

/* ConsumerConnection (203), or ProducerConnection (204), which has no `consumer`. */
struct client_connection {
	struct slice client_id;
	struct slice address; /* "ip:port" */
	enum command_language language;
	int32_t version;
};

struct consumer_state {
	enum consume_type type;
	enum message_model model;
	enum consume_from from;
	const struct subscription *subscriptions;
	size_t n_subscriptions;
	/* ours: about which topic two members disagree, as a text; absent when they agree */
	struct slice conflict;
};

struct connection_list {
	const struct client_connection *connections;
	size_t n_connections;
	const struct consumer_state *consumer; /* NULL: the clients are producers */
};

void connection_list_write(struct json_out *out, const struct connection_list *list);
int connection_list_read(struct arena *arena, struct slice body, struct connection_list *list);

#endif
