#ifndef BROKER_REVIVE_H
#define BROKER_REVIVE_H

/*
 * What was popped and not acknowledged in time: it is stored once more, on the retry topic of the
 * group and topic, or with the dead letters of the group after retryMaxTimes. The copy and the note
 * that it is settled are one commit. At start the revive topic is replayed. Loop 0, but for what
 * says otherwise. Source: PopReviveService of 5.3.3.
 */

#include "broker/context.h"

struct pops;

struct pops *pops_new(struct broker *broker);
void pops_free(struct pops *pops);
/* The revive topic of this broker; lent. Any thread. */
const char *pops_topic(const struct pops *pops);
/* Before the loops run. Until the replay has ended, pops wait and receipts are refused. */
void pops_start(struct pops *pops);

#endif
