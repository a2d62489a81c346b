#ifndef CLIENT_HANDLE_H
#define CLIENT_HANDLE_H

/*
 * The handle's members, grouped by the module that owns them. Each module changes only its own
 * group; all of them may read the first one. The handle's thread uses all of it.
 *
 * Floors, lowest first; no module calls one above it:
 *
 *     error unique_id wait         texts, ids, running the loop
 *     peer                         connections; the watches tell the floors above
 *     call                         requests and their replies
 *     name_servers                 the same, to the first name server that replies
 *     membership route_cache       heartbeats; routes
 *     choose_queue allocate
 *     producer puller offsets
 *     request transaction_half consumer_queue
 *     transaction_producer consumer
 *     twinmq                       opens and closes the handle
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "client/membership.h"
#include "client/peer.h"
#include "client/twinmq.h"
#include "common/base/strmap.h"

struct client_call;
LIST_HEAD(call_list, client_call);
struct client_request;
LIST_HEAD(request_list, client_request);

struct twinmq {
	struct loop *loop;
	bool owns_loop;
	bool closing;
	int timeout_ms;
	struct twinmq_error error; /* of the last blocking call that failed */

	/* wait */
	struct loop own_loop;
	bool stopped;        /* twinmq_run shall return */
	int64_t deadline_ms; /* 0: none */

	/* peer */
	struct strmap peers; /* by address */
	struct peer_watch_list watches;
	void (*on_request)(
	    void *context, struct conn *conn, const struct command *command, struct slice body);
	void *context;

	/* call */
	struct call_list calls;  /* in flight */
	struct call_list failed; /* ended without a reply; told at the end of the turn */
	struct turn_end tell_failed;

	/* name_servers */
	char **name_servers; /* NULL behind the last */
	size_t n_name_servers;
	size_t at_name_server; /* the last one that replied */

	/* route_cache */
	struct strmap routes; /* by topic: struct cached_route */
	int route_age_ms;

	struct client_membership membership;

	/* request */
	struct request_list requests; /* whose reply has not come */
	struct peer_watch request_watch;
};

#endif
