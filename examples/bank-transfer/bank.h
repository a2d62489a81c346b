#ifndef BANK_TRANSFER_BANK_H
#define BANK_TRANSFER_BANK_H

/*
 * What the programs of both banks share: the command line, the connection to the brokers, and the
 * message of a transfer. One thread.
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

/* Key of the message: "LEDGER-ID". A ledger is one pair of banks. */
struct slice transfer_key(struct arena *arena, struct slice ledger, int64_t id);
/* The id, or -1 when the key is not of this ledger. */
int64_t transfer_id_of_key(struct slice key, struct slice ledger);
/* Body of the message. */
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
	int64_t transfers;        /* -t: how many to make in all */
	int64_t rate;             /* -r: transfers a second, at most */
	int64_t seed;             /* -s */
	int64_t drop;             /* -p: percent of the outcomes to withhold from the broker */
	int64_t die; /* -k: percent of the bookings after which the bank kills itself */
	bool all;    /* -a: the job's window begins with the first transfer */
};

struct bank_command {
	const char *name; /* the table ends at NULL */
	int (*run)(const struct bank_flags *flags);
};

/* Reads the command line and runs the command. Returns the exit status; 2: wrong command line. */
int bank_main(const struct bank_command *commands, int argc, char **argv);
/* Fatal when the name servers' addresses are wrong. */
struct twinmq *bank_connect(const struct bank_flags *flags);
/* Runs the loop until SIGTERM or SIGINT. */
void bank_run(struct loop *loop);
/* 0 .. range - 1; the same for the same arguments. */
int64_t bank_random(int64_t seed, int64_t id, int64_t which, int64_t range);

#endif
