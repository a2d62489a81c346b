#ifndef COMMON_HTTP_SETTINGS_H
#define COMMON_HTTP_SETTINGS_H

/*
 * The settings of HTTP that both daemons have, and how a daemon opens its port by them. A daemon
 * has a member `http` of this struct in its settings and HTTP_OPTION_ROWS in its table, which
 * includes common/config/option_rows.h. One thread, at the start.
 */

#include <stdint.h>

#include "common/http/http.h"

/* Above listenPort: free of a broker's other ports and of those of its neighbours. */
#define HTTP_PORT_STEP 3

struct http_settings {
	int64_t port; /* -1: listenPort + HTTP_PORT_STEP; 0: no HTTP */
	char *bind_address;
	char *allowed_hosts; /* NULL: none */
	char *accounts_file; /* NULL: accounts.db in the daemon's folder */
	int64_t max_connections;
	int64_t max_head_bytes;
	int64_t max_body_bytes;
	int64_t max_memory;
	int64_t request_timeout; /* ms */
	int64_t idle_timeout;    /* ms */
};

#define HTTP_OPTION_ROWS                                                                           \
	NUMBER("httpPort", http.port, "-1", -1, 65535, NULL,                                       \
	    "the port for HTTP: metrics, health, and the API; -1: listenPort + 3 (any free port "  \
	    "when listenPort is 0); 0: no HTTP"),                                                  \
	    TEXT("httpBindAddress", http.bind_address, "127.0.0.1",                                \
		"the address of the port for HTTP; anybody at its network may read the state of "  \
		"the daemon",                                                                      \
		FILE_ONLY),                                                                        \
	    TEXT("httpAllowedHosts", http.allowed_hosts, NULL,                                     \
		"further names of this host, separated by blanks, by which HTTP clients may "      \
		"address it; addresses, localhost and the host's own name always work",            \
		FILE_ONLY),                                                                        \
	    TEXT("accountsFile", http.accounts_file, NULL,                                         \
		"the SQLite file of the accounts that HTTP and the console know; daemons of one "  \
		"host may share it, and mqcluster account changes it; unset: accounts.db in the "  \
		"folder of the daemon's data",                                                     \
		FILE_ONLY),                                                                        \
	    NUMBER("httpMaxConnections", http.max_connections, "1000", 1, 100000, NULL,            \
		"at most this many HTTP connections; the one that was silent longest makes room "  \
		"for a new one"),                                                                  \
	    NUMBER("httpMaxHeadBytes", http.max_head_bytes, "16384", 1024, 1048576, "bytes",       \
		"the longest first line and header fields of an HTTP request"),                    \
	    NUMBER("httpMaxBodyBytes", http.max_body_bytes, "8388608", 1024, INT64_C(1) << 30,     \
		"bytes", "the longest body of an HTTP request"),                                   \
	    NUMBER("httpMaxMemory", http.max_memory, "67108864", 65536, INT64_C(1) << 34, "bytes", \
		"while the HTTP requests and answers of all clients take more memory, further "    \
		"requests are refused"),                                                           \
	    NUMBER("httpRequestTimeout", http.request_timeout, "30000", 10, 3600000, "ms",         \
		"an HTTP request must come whole, and its answer be taken, within this time"),     \
	    NUMBER("httpIdleTimeout", http.idle_timeout, "60000", 10, 86400000, "ms",              \
		"the time between two requests of an HTTP connection, before it is closed")

/*
 * Opens the port; fills in what the settings say, the rest of the options is the caller's.
 * *server: NULL when there is to be none. -1 after one line in the log: httpPort names a port that
 * cannot be had. One that only follows from listenPort costs a warning, and the daemon goes on.
 */
int http_open(const struct http_settings *settings, int listen_port, int64_t wanted_port,
    struct http_options *options, struct http_server **server);

#endif
