#ifndef CONSOLE_COMMAND_RUN_H
#define CONSOLE_COMMAND_RUN_H

/*
 * One run of a command of mqadmin, from flags by their long names to its JSON document. Begin, set
 * each flag, and ready belong to the thread that was asked; execute to a worker. The first thing
 * that is wrong is kept.
 */

#include <stdatomic.h>

#include "admin/admin.h"

struct command_run {
	/* in, between begin and execute */
	const char *name_servers;
	const _Atomic bool *stop; /* ends soon when it is true; NULL: never */
	/* the work */
	struct arena *arena;
	const struct subcommand *command;
	struct args args;
	/* out */
	unsigned right; /* HTTP_MAY_... that the command needs with its flags */
	int status;     /* of HTTP; 0: nothing is wrong yet */
	struct slice
	    error;       /* one line, in the arena; with 200: why some of the result is missing */
	struct buf body; /* with 200; the caller's */
};

/* -1: there is no such command. */
int command_run_begin(struct command_run *self, struct arena *arena, struct slice name);
/* An absent value is of a type that no flag has. */
void command_run_set(struct command_run *self, struct slice name, struct slice value);
/* All flags are set. 0, or -1: status and error say what is wrong. */
int command_run_ready(struct command_run *self);
/* Sets status, error and body. */
void command_run_execute(struct command_run *self);

#endif
