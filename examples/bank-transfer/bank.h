#ifndef BANK_TRANSFER_BANK_H
#define BANK_TRANSFER_BANK_H

/*
 * What the programs of both banks share: their command line, their way to the
 * brokers, and a transfer as it travels.
 */

#include <stdbool.h>
#include <stdint.h>

#include "client/twinmq.h"

#define BANK_TOPIC "BankTransfer"

/* ---- a transfer ---- */

struct transfer {
	int64_t id;     /* 1, 2, ... of its ledger */
	int64_t from;   /* account of bank A */
	int64_t to;     /* account of bank B */
	int64_t amount; /* coins */
};

/* Key of its message: "LEDGER-ID". The ledger sets one pair of banks apart from all others. */
struct slice transfer_key(struct arena *arena, struct slice ledger, int64_t id);
/* The id, or -1 when the key is not of this ledger. */
int64_t transfer_id_of_key(struct slice key, struct slice ledger);
/* Body of its message. */
struct slice transfer_body(struct arena *arena, const struct transfer *transfer);
/* 0, or -1 when the record is no transfer of this ledger. */
int transfer_of_record(const struct record *record, struct slice ledger, struct arena *arena,
    struct transfer *transfer);

/* Name of bank A's group of producers; ends in NUL. */
struct slice bank_group(struct arena *arena, struct slice ledger);

/* ---- a program ---- */

struct bank_flags {
	const char *directory;    /* -d: of the books */
	const char *name_servers; /* -n, else $NAMESRV_ADDR, else NULL */
	const char *ledger;       /* -l: name of the new one */
	int64_t transfers;        /* -t: so many are to be made in all */
	int64_t rate;             /* -r: a second, at most */
	int64_t seed;             /* -s */
	int64_t drop;             /* -p: percent of the outcomes that the broker is not told */
	int64_t die;              /* -k: percent of the bookings after which it kills itself */
	bool all;                 /* -a: the job's window begins with the first transfer */
};

struct bank_command {
	const char *name; /* the table ends at NULL */
	int (*run)(const struct bank_flags *flags);
};

/* Reads the command line and runs the command; its exit status, 2 for a wrong line. */
int bank_main(const struct bank_command *commands, int argc, char **argv);
/* Ends the program when the name servers' addresses cannot be read. */
struct twinmq *bank_connect(const struct bank_flags *flags);
/* Runs the loop until SIGTERM or SIGINT. */
void bank_run(struct loop *loop);
/* Depends on nothing but its arguments; 0 .. range - 1. */
int64_t bank_random(int64_t seed, int64_t id, int64_t which, int64_t range);

#endif
