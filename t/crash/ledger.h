#ifndef T_CRASH_LEDGER_H
#define T_CRASH_LEDGER_H

/*
 * What was promised about numbered messages: a row for each number. A loader fills the ledger, the
 * judge compares it with what the brokers have. One thread.
 */

#include <stdint.h>

#include "common/base/slice.h"

enum promise {
	PENDING, /* on its way, or nothing is known of it yet */
	STORED,  /* it must be there, once */
	REFUSED, /* it must not be there: a broker said no, or the message never left */
	UNKNOWN, /* it may be there, once */
};

struct ledger_row {
	int64_t offset; /* where it is promised to be */
	int16_t queue;  /* LEDGER_ANYWHERE: no place was promised */
	uint8_t promise;
	uint8_t seen; /* so often the judge met it */
};

#define LEDGER_ANYWHERE (-1)

struct ledger {
	struct ledger_row *rows; /* by number */
	uint64_t n, cap;
};

/* A number that nobody else gets. */
uint64_t ledger_take(struct ledger *ledger);
/* Its row, which is made PENDING if there was none; valid until the next row is made. */
struct ledger_row *ledger_row(struct ledger *ledger, uint64_t number);
/* How many rows have this promise. */
uint64_t ledger_count(const struct ledger *ledger, enum promise promise);
void ledger_release(struct ledger *ledger);

/* A ledger in a file, for a program that judges later. They end the program when it fails. */
void ledger_write(const struct ledger *ledger, const char *path);
void ledger_read(struct ledger *ledger, const char *path);

#define NUMBERED_BODY_MIN 16

/* A body whose length (up to max) and bytes follow from its number, so that nothing of it has to be
 * remembered. room: max bytes. */
struct slice numbered_body(char *room, uint64_t number, size_t max);
/* UINT64_MAX: it is too short to have one. */
uint64_t body_number(struct slice body);

#endif
