#ifndef BANK_TRANSFER_BROKER_VIEW_H
#define BANK_TRANSFER_BROKER_VIEW_H

/* Asks the brokers for the transfers of this ledger, for by_sequence.h. Blocking. */

#include "examples/bank-transfer/bank.h"
#include "examples/common/books.h"

/* All half messages of bank A's group on all masters. 0, or -1 and twinmq_error. */
int broker_view_halves(struct twinmq *mq, sqlite3 *books);
/* All messages of the topic since the books were made. 0, or -1 and twinmq_error. */
int broker_view_messages(struct twinmq *mq, sqlite3 *books);

#endif
