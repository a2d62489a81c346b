#ifndef T_CRASH_BANK_H
#define T_CRASH_BANK_H

/*
 * The bank whose money leaves with transaction messages: accounts and a log of
 * transfers in an SQLite file that several processes share. A transfer is debited and logged in
 * one SQLite transaction; one that was refused is logged too, so that whoever comes
 * later cannot debit it: this is what a check is answered by.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"

#define BANK_ACCOUNTS 16
#define BANK_BALANCE 1000000000 /* of each account at first */

struct bank;

/* Makes it when there is none. Ends the program when that fails, as all here do when SQLite does.
 */
struct bank *bank_open(const char *path);
void bank_close(struct bank *bank);

/* What a transfer moves; it follows from its number. */
int64_t transfer_amount(uint64_t number);
/* Numbers that nobody else gets: the first of n. */
uint64_t bank_take_numbers(struct bank *bank, unsigned n);

/* Debits; false: it was refused before (or is known already), and nothing has changed. */
bool bank_transfer(struct bank *bank, struct slice id, uint64_t number);
/* Whether it was debited. One that is not known is refused from now on. */
bool bank_settle(struct bank *bank, struct slice id, uint64_t number);

/* What happened since the last look, and the balances, of one moment. */
int64_t bank_look(
    struct bank *bank, void (*logged)(void *arg, uint64_t number, bool debited), void *arg);

#endif
