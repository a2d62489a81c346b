#ifndef T_UNIT_BANK_RIG_H
#define T_UNIT_BANK_RIG_H

/* New books of both banks of the bank-transfer example, in a temporary directory. */

#include "examples/bank-transfer/book_a.h"
#include "examples/bank-transfer/book_b.h"

#define RIG_LEDGER "test"

struct bank_rig {
	char directory[64];
	sqlite3 *a, *b;
};

void bank_rig_init(struct bank_rig *rig);
void bank_rig_release(struct bank_rig *rig);
/* A transfer of one coin; its transaction id is that number. */
enum transaction_decision bank_rig_book(struct bank_rig *rig, int64_t id, int64_t now_ms);
void bank_rig_credit(struct bank_rig *rig, int64_t id, int64_t amount, int64_t now_ms);
struct transaction_half bank_rig_half(int64_t number);

#endif
