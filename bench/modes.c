#include "config.h"

#include "bench/bench.h"

/* A row for each mode. */
const struct mode bench_modes[] = {
	{ "send", "messages, single or in batches, that are acknowledged", settings_send_flags,
	    mode_send, "messages" },
	{ "transaction", "half messages and the ENDs that decide them", settings_transaction_flags,
	    mode_transaction, "transactions" },
	{ "pull", "a backlog, from memory again and again, or cold", settings_pull_flags, mode_pull,
	    "messages" },
	{ "consume", "a backlog by a consumer group", settings_consume_flags, mode_consume,
	    "messages" },
	{ "pop", "a backlog popped, and each message acknowledged", settings_pop_flags, mode_pop,
	    "messages" },
	{ "both", "send, while a consumer group consumes", settings_both_flags, mode_both,
	    "messages" },
	{ "route", "routes asked of the name servers", settings_route_flags, mode_route,
	    "queries" },
	{ "register", "a broker's topics made known to the name servers", settings_register_flags,
	    mode_register, "registrations" },
	{ "connect", "connections that are made, held, and asked", settings_connect_flags,
	    mode_connect, "connections" },
	{ "first", "one message, as soon as a broker that starts takes it", settings_first_flags,
	    mode_first, "messages" },
	{ NULL, NULL, NULL, NULL, NULL },
};
