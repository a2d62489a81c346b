#ifndef BROKER_MOVE_POPS_H
#define BROKER_MOVE_POPS_H

/*
 * What was popped from a RocketMQ broker and is not acknowledged. RocketMQ 5 keeps a pop as a
 * record with a JSON body and the tag "ck", and its acknowledgements as records with the tags "ack"
 * and "bAck": on its revive topics, and before on its wheel. An ordered pop leaves none, as the
 * offset of its group stays. Source: PopCheckPoint, AckMsg, BatchAckMsg and PopReviveService
 * of 5.3.3. Belongs to one thread.
 */

#include "broker/state/checkpoint.h"
#include "common/base/strmap.h"
#include "common/protocol/record.h"

struct move_pops {
	struct strmap pops; /* of struct waiting_pop, by their names */
	struct strmap ours; /* names of those that an earlier try has adopted */
};

struct waiting_pop {
	struct checkpoint checkpoint; /* its texts are behind it */
	char text[];
};

void move_pops_release(struct move_pops *pops);
/* A record of RocketMQ's about pops; a pop comes before its acknowledgements. */
void move_pops_take(struct move_pops *pops, const struct record *record);
/* A record of ours on the revive topic. */
void move_pops_take_ours(struct move_pops *pops, const struct record *record);
/* Whether an earlier try has adopted the pop of this name. */
bool move_pops_has(const struct move_pops *pops, struct slice name);
/* Messages that are not acknowledged. */
int64_t move_pops_count(const struct move_pops *pops);

static inline bool
waiting_pop_is_open(const struct waiting_pop *pop)
{
	return pop->checkpoint.settled != (uint32_t)((UINT64_C(1) << pop->checkpoint.n) - 1);
}

#endif
