#ifndef EXAMPLES_PROGRAM_H
#define EXAMPLES_PROGRAM_H

/*
 * What the programs of the examples share: the command line, the connection to the brokers,
 * signals, and chances that are the same in every run with the same seed. One thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "client/twinmq.h"

struct program_flags {
	const char *directory;    /* -d: of the books */
	const char *name_servers; /* -n, else $NAMESRV_ADDR, else NULL */
	const char *ledger;       /* -l: name of the new one */
	int64_t transfers;        /* -t: how many to make in all */
	int64_t rate;             /* -r: transfers a second, at most */
	int64_t seed;             /* -s */
	int64_t drop;             /* -p: percent of the outcomes to withhold from the broker */
	int64_t die;         /* -k: percent of the bookings after which the bank kills itself */
	bool all;            /* -a: the job's window begins with the first transfer */
	const void *context; /* of program_main */
};

struct program_command {
	const char *name; /* the table ends at NULL */
	int (*run)(const struct program_flags *flags);
};

/* Reads the command line and runs the command. Returns the exit status; 2: wrong command line. */
int program_main(
    const struct program_command *commands, const void *context, int argc, char **argv);
/* Fatal when the name servers' addresses are wrong. */
struct twinmq *program_connect(const struct program_flags *flags);
/* Runs the loop until SIGTERM or SIGINT. */
void program_run(struct loop *loop);
/* 0 .. range - 1; the same for the same arguments. */
int64_t program_random(int64_t seed, int64_t id, int64_t which, int64_t range);

/* Key of a message: "LEDGER-ID". A ledger is one run's set of books. */
struct slice ledger_key(struct arena *arena, struct slice ledger, int64_t id);
/* The id, or -1 when the key is not of this ledger. */
int64_t ledger_id_of_key(struct slice key, struct slice ledger);

#endif
