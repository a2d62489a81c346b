#ifndef NAMESERVER_QUORUM_LEASES_H
#define NAMESERVER_QUORUM_LEASES_H

/*
 * What the leader of the quorum heard from brokers, and when: which replicas are alive, how far
 * their logs reach, and until when a master may write. It is in memory only: a new leader knows
 * nothing, and takes it that each master was granted a lease at the moment of its own election.
 *
 * A broker counts its lease from the moment when it asked; the leader counts from the moment when
 * it answered, which is later, and adds a margin for clocks that run at different speeds. Times are
 * ms of the leader's monotonic clock. One thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "nameserver/quorum/quorum_state.h"

struct quorum_leases;

struct quorum_leases *quorum_leases_new(int64_t lease_ms, int64_t margin_ms);
void quorum_leases_free(struct quorum_leases *leases);
/* This server became the leader now. */
void quorum_leases_restart(struct quorum_leases *leases, int64_t now_ms);
/* A replica of a group of the state spoke; its log ends at the position. */
void quorum_leases_heard(
    struct quorum_leases *leases, struct slice name, int64_t id, int64_t position, int64_t now_ms);
/* It was told that it may write. */
void quorum_leases_granted(struct quorum_leases *leases, struct slice name, int64_t now_ms);
/* Its master gives up what it was granted. */
void quorum_leases_given_up(struct quorum_leases *leases, struct slice name);
/* It did, and nothing was granted since. */
bool quorum_leases_gave_up(const struct quorum_leases *leases, struct slice name);
/* No master of this name may write any more. */
bool quorum_leases_over(const struct quorum_leases *leases, struct slice name, int64_t now_ms);
/* A person chose the next master: nothing is granted to the present one for a while. */
void quorum_leases_designate(
    struct quorum_leases *leases, struct slice name, int64_t id, int64_t now_ms);
/* The id that was chosen, 0 when there is none. A new epoch ends the choice. */
int64_t quorum_leases_designated(
    const struct quorum_leases *leases, const struct quorum_group *group, int64_t now_ms);
/* It spoke within the time of a lease. */
bool quorum_leases_alive(
    const struct quorum_leases *leases, struct slice name, int64_t id, int64_t now_ms);
/* Where its log ended when it spoke last; -1: it did not. */
int64_t quorum_leases_position(const struct quorum_leases *leases, struct slice name, int64_t id);
/*
 * The replica to promote: the one that is alive, in sync (or any, when unclean), with the longest
 * log, then the least id. 0: there is none.
 */
int64_t quorum_leases_candidate(const struct quorum_leases *leases,
    const struct quorum_group *group, bool unclean, int64_t now_ms);

#endif
