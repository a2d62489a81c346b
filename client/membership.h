#ifndef CLIENT_MEMBERSHIP_H
#define CLIENT_MEMBERSHIP_H

/*
 * The groups of a handle, as brokers know them: of its producers, and of its consumers with what
 * they subscribe to. A heartbeat with all groups goes to every master that the name servers list:
 * every 30 seconds, first over each new connection, and every few seconds to masters that do not
 * reply. A part of the handle.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "client/peer.h"
#include "client/unique_id.h"
#include "common/base/strmap.h"
#include "common/base/timer_heap.h"
#include "common/protocol/heartbeat.h"

struct twinmq;
struct twinmq_error;

/* The end of a round of heartbeats; an error when no master replied. */
typedef void membership_fn(void *arg, const struct twinmq_error *error);

struct membership_wait;
STAILQ_HEAD(membership_waits, membership_wait);

struct client_membership {
	struct twinmq *mq;
	struct peer_watch watch;
	char client_id[CLIENT_ID_LEN + 1];
	struct strmap groups;    /* of producers, by name; the values mean nothing */
	struct strmap consumers; /* by group: lent struct heartbeat_consumer */
	struct strmap masters;   /* by address */
	struct timer next_round;
	int retry_ms;
	bool asking;    /* the name servers for the masters */
	bool again;     /* a group joined during the round: another round must follow */
	size_t n_beats; /* heartbeats in flight */
	uint64_t round; /* the last one that began */
	struct membership_waits waits;
};

/* When the handle closes, all waits end with an error. */
void membership_init(struct client_membership *membership, struct twinmq *mq);
/* 0, or -1 when the handle has that group already. */
int membership_join(struct client_membership *membership, struct slice group);
void membership_leave(struct client_membership *membership, struct slice group);
/* The same for a consumer; *consumer is lent until it leaves or the handle closes. */
int membership_join_consumer(
    struct client_membership *membership, struct heartbeat_consumer *consumer);
void membership_leave_consumer(struct client_membership *membership, struct slice group);
/* Calls done after a round of heartbeats that names all groups of now. */
void membership_when_told(struct client_membership *membership, membership_fn *done, void *arg);

#endif
