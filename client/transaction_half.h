#ifndef CLIENT_TRANSACTION_HALF_H
#define CLIENT_TRANSACTION_HALF_H

/* Ending a transaction; see twinmq_transaction.h. */

#include "client/twinmq_transaction.h"
#include "common/protocol/headers.h"

/* What decides the half message, as its sender would say it. */
struct end_transaction_header transaction_end_header(
    struct slice group, const struct transaction_half *half, enum transaction_decision decision);
/* done may be NULL. */
void transaction_end_send(struct twinmq *mq, struct slice address,
    const struct end_transaction_header *header, struct slice reason, bool oneway,
    end_done_fn *done, void *arg);

#endif
