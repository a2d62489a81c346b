#ifndef BENCH_SETTINGS_H
#define BENCH_SETTINGS_H

/*
 * The settings of a run, from the command line. One struct serves all modes; each mode has a table
 * of its own flags, so that a flag without effect is refused.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/config/args.h"
#include "common/protocol/frame.h"

#define PIDS_MAX 8

struct settings {
	const char *name_servers;
	const char *broker;  /* NULL: all masters */
	const char *address; /* of the only broker; NULL: ask the name servers */
	const char *topic;
	const char *group;
	uint32_t n_topics;
	uint32_t n_queues; /* of a topic, on each broker */
	uint32_t n_connections;
	uint32_t window; /* of each connection */
	uint32_t size;
	uint32_t batch;
	bool oneway;
	int64_t rate;
	int64_t duration_ms, warm_up_ms;
	uint64_t n_messages;
	int timeout_ms;
	enum frame_codec codec;
	/* transaction */
	uint32_t rollback_percent, unknown_percent;
	uint64_t n_open;
	bool replies_checks;
	bool oneway_end;
	/* pull, consume, both */
	uint64_t n_fill;
	bool existing;
	bool cold;
	uint32_t max_pulled;
	uint32_t n_members;
	bool filters;     /* by SQL92: three terms that hold for all messages */
	bool orderly;     /* the queues are locked */
	int64_t delay_ms; /* by a timer; 0: none */
	bool delay_level; /* ... by delay level 1, which is a second */
	/* first */
	int64_t since_ms; /* wall clock; 0: from our own start */
	/* output */
	pid_t pids[PIDS_MAX];
	size_t n_pids;
	bool json, quiet;
};

/* Flags of all modes. */
extern const struct flag settings_common_flags[];
/* Flags of one mode. */
extern const struct flag settings_send_flags[];
extern const struct flag settings_transaction_flags[];
extern const struct flag settings_pull_flags[];
extern const struct flag settings_consume_flags[];
extern const struct flag settings_pop_flags[];
extern const struct flag settings_both_flags[];
extern const struct flag settings_route_flags[];
extern const struct flag settings_register_flags[];
extern const struct flag settings_connect_flags[];
extern const struct flag settings_first_flags[];

/* 0, or -1 and one line in *error. */
int settings_read(struct settings *settings, const struct args *args, struct buf *error);

#endif
