#ifndef BANK_TRANSFER_BROKER_VIEW_H
#define BANK_TRANSFER_BROKER_VIEW_H

/* What the brokers know of this ledger's transfers, for by_sequence.h. Blocking. */

#include "examples/bank-transfer/bank.h"
#include "examples/bank-transfer/books.h"

/* Every half message of bank A's group, of every master. 0, or -1 and twinmq_error. */
int broker_view_halves(struct twinmq *mq, sqlite3 *books);
/* Every message of the topic since the books were opened. 0, or -1 and twinmq_error. */
int broker_view_messages(struct twinmq *mq, sqlite3 *books);

#endif
