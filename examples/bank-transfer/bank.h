#ifndef BANK_TRANSFER_BANK_H
#define BANK_TRANSFER_BANK_H

/* What the programs of both banks share: the message of a transfer. One thread. */

#include <stdbool.h>
#include <stdint.h>

#include "client/twinmq.h"
#include "examples/common/books.h"
#include "examples/common/program.h"

#define BOOKS_A "a.db"
#define BOOKS_B "b.db"
#define BANK_TOPIC "BankTransfer"

struct transfer {
	int64_t id;     /* 1, 2, ... of its ledger */
	int64_t from;   /* account of bank A */
	int64_t to;     /* account of bank B */
	int64_t amount; /* coins */
};

/* Body of the message. */
struct slice transfer_body(struct arena *arena, const struct transfer *transfer);
/* 0, or -1 when the record is no transfer of this ledger. */
int transfer_of_record(const struct record *record, struct slice ledger, struct arena *arena,
    struct transfer *transfer);

/* Name of bank A's group of producers; ends in NUL. */
struct slice bank_group(struct arena *arena, struct slice ledger);

/* The name of the books' ledger. */
struct slice bank_ledger(sqlite3 *books, struct arena *arena);

#endif
