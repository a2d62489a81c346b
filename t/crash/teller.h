#ifndef T_CRASH_TELLER_H
#define T_CRASH_TELLER_H

/* The producers of `transfers`, as processes that die. */

#include <stdbool.h>

#define TRANSFER_BODY_MAX 300

struct teller_options {
	const char *directory; /* of bank A's books */
	const char *name_servers;
	const char *topic;
	unsigned seed;
	unsigned die_each; /* kills itself after one of so many debits, before anybody is told; 0:
	                      never */
	bool only_answers;
};

/* Sends until SIGTERM, and answers checks ever after, until its parent has gone. The exit status.
 */
int teller_run(const struct teller_options *options);

/* The books of the example, for a bank so rich that nobody is refused for want of money, and with
 * nothing synced: processes die, the machine does not. */
void teller_create_books(const char *directory);
struct sqlite3 *teller_open_books(const char *directory);

#endif
