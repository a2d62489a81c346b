#ifndef CLIENT_TWINMQ_PRIVATE_H
#define CLIENT_TWINMQ_PRIVATE_H

/* Between the files of libtwinmq; see twinmq.h. */

#include <stdarg.h>
#include <stddef.h>

#include "client/membership.h"
#include "client/twinmq.h"
#include "common/base/strmap.h"

/* Where frames go: one connection per address, made when it is needed. */
struct peer {
	struct twinmq *mq;
	struct conn *conn; /* NULL: not connected */
	char *address;
	char why[200]; /* it is not connected */
};

struct twinmq {
	struct loop *loop;
	struct loop own_loop;
	bool owns_loop;
	bool closing;
	char **name_servers; /* NULL behind the last */
	size_t n_name_servers;
	size_t at_name_server; /* the one that answered last */
	int timeout_ms;
	int route_age_ms;
	struct strmap peers;  /* by address */
	struct strmap routes; /* by topic: struct cached_route */
	struct call *calls;   /* in flight */
	struct call *failed;  /* ended without an answer; told at the end of the turn */
	struct turn_end tell_failed;
	struct twinmq_error error;
	bool stopped; /* twinmq_run shall return */
	struct membership membership;
	struct transaction_producer *transaction_producers; /* a list */
	void (*on_request)(
	    void *context, struct conn *conn, const struct command *command, struct slice body);
	void *context;
};

void twinmq_error_set(struct twinmq_error *error, int32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What the peer at `address` said with a code that is not 0. */
void twinmq_error_of_reply(
    struct twinmq_error *error, struct slice address, const struct command *reply);
/* Puts it where twinmq_error finds it; returns -1. */
int twinmq_fail(struct twinmq *mq, const struct twinmq_error *error);

/* A blocking call: start the asynchronous one with a struct embedding this, then wait. */
struct waiting {
	struct twinmq *mq;
	bool done;
	bool failed; /* mq->error says why */
};
void waiting_done(struct waiting *waiting, const struct twinmq_error *error);
/* 0 or -1. */
int waiting_wait(struct waiting *waiting);

struct peer *peer_find(struct twinmq *mq, struct slice address);
/* Connected or connecting; NULL and peer->why when that cannot be. */
struct conn *peer_connect(struct peer *peer);
void peer_free(void *peer);

/* Ends what is in flight; the connections are closed already. */
void twinmq_calls_end(struct twinmq *mq);
void twinmq_calls_tell_failed(struct turn_end *self);
struct twinmq *producer_handle(const struct producer *producer);
/* Deep copy. */
void send_result_copy(struct send_result *to, const struct send_result *from, struct arena *arena);

/* As Java's: address, process, and what tells its handles apart. */
void client_id_make(char id[static CLIENT_ID_LEN + 1]);

/* A check for one of its transaction producers; false when none of them answers it. */
bool transaction_check_take(struct peer *peer, const struct command *command, struct slice body);
/* The handle is about to go. */
void transaction_producers_detach(struct twinmq *mq);

/* Deep copy, but for opaque and flag, which conn_request sets. */
void command_copy(struct command *to, const struct command *from, struct arena *arena);

void route_cache_release(struct twinmq *mq);
/* The cached route is doubtful: the next one who needs it asks again. */
void route_cache_doubt(struct twinmq *mq, struct slice topic);
/* The address of the broker's master, else of a slave; absent when the route has none. */
struct slice peer_address(const struct route *route, struct slice broker_name, bool master_only);

/* One of the queues that may be written to. */
struct chosen_queue {
	struct slice broker_name;
	struct slice address;
	int32_t queue_id;
};
/*
 * The turn-th queue in a walk that takes queue 0 of each master, then queue 1, ...; not on broker
 * `avoid` when there is another. At most max_queues of each broker (0: all). 0, or -1 when nothing
 * can be written to.
 */
int choose_queue(const struct route *route, uint32_t turn, struct slice avoid, int32_t max_queues,
    struct chosen_queue *chosen);

#endif
