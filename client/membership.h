#ifndef CLIENT_MEMBERSHIP_H
#define CLIENT_MEMBERSHIP_H

/*
 * The producer groups of a handle, as brokers know them: a heartbeat with all of them
 * goes to every master that the name servers list, every 30 seconds, first over each
 * new connection, and every few seconds to those that do not answer. A part of the handle.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/timer_heap.h"
#include "common/base/strmap.h"

#define CLIENT_ID_LEN 63

struct twinmq;
struct twinmq_error;

/* Of a round of heartbeats: an error when no master answered. */
typedef void membership_fn(void *arg, const struct twinmq_error *error);

struct membership_wait;

struct membership {
	struct twinmq *mq;
	char client_id[CLIENT_ID_LEN + 1];
	struct strmap groups;  /* name to whatever the caller put there */
	struct strmap masters; /* by address */
	struct timer next_round;
	int retry_ms;
	bool asking;    /* the name servers, who the masters are */
	bool again;     /* another round must follow, as what the last one says is old */
	size_t n_beats; /* in flight */
	uint64_t round; /* the last one that began */
	struct membership_wait *first_wait, **last_wait;
};

void membership_init(struct membership *membership, struct twinmq *mq);
/* The handle closes: those who wait are told. */
void membership_release(struct membership *membership);
/* -1: the handle has that group already. member: for membership_find; not NULL. */
int membership_join(struct membership *membership, struct slice group, void *member);
void membership_leave(struct membership *membership, struct slice group);
void *membership_find(const struct membership *membership, struct slice group);
/* Calls done when a round that told of all groups of now is through. */
void membership_when_told(struct membership *membership, membership_fn *done, void *arg);
void membership_on_connect(struct membership *membership, struct slice address);
void membership_on_lost(struct membership *membership, struct slice address);

#endif
