#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

/*
 * The console: pages for a browser, and the commands of mqadmin as JSON over HTTP, see
 * mqconsole(7). It is a client of the cluster like any other: a command runs on a worker thread
 * with a handle of libtwinmq, so whatever happens here costs the name server's loop nothing but
 * requests.
 *
 * Threads: one for HTTP, begun by console_start; up to four workers for commands and one for
 * passwords, begun when they are first needed. The owner calls these functions from one thread.
 */

#include "common/account/account.h"
#include "common/http/http_settings.h"

struct console;

struct console_options {
	const char *address; /* a literal */
	int port;            /* 0: any */
	const char *allowed_hosts;
	const char *name_servers;         /* that commands ask; copied */
	struct accounts *accounts;        /* lent; NULL: nobody can log in */
	const struct http_settings *http; /* its limits apply; lent until console_new returns */
	int64_t session_idle_ms;          /* a session ends after this time without a request */
	int64_t session_max_ms;           /* ... and after this time in any case */
};

/* Listens; NULL and errno when it cannot. Serves from console_start on. */
struct console *console_new(const struct console_options *options);
int console_port(const struct console *console);
void console_start(struct console *console);
/* Ends all threads; commands that run may take some seconds to notice. NULL: nothing to do. */
void console_free(struct console *console);

#endif
