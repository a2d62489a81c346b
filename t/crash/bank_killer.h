#ifndef T_CRASH_BANK_KILLER_H
#define T_CRASH_BANK_KILLER_H

/* Between the files of bank_killer. */

#include <stdbool.h>

#define TRANSFER_BODY_MAX 300

/* What a producer's process does until its parent has gone. */
struct bank_producer_options {
	const char *bank;
	const char *name_servers;
	const char *topic;
	unsigned seed;
	unsigned die_each; /* kills itself after one of so many debits, before anybody is told; 0:
	                      never */
	bool only_replies;
};

/* Sends until SIGTERM, and answers what brokers ask ever after. The exit status. */
int bank_producer_run(const struct bank_producer_options *options);

#endif
