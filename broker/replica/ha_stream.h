#ifndef BROKER_HA_STREAM_H
#define BROKER_HA_STREAM_H

/*
 * The link over which a slave gets its master's log (common/protocol/ha.h). What comes is stored in
 * order, one job of the store at a time, and each commit is reported. A link that is silent for too
 * long, or brings what makes no sense, ends. Loop 0.
 */

#include <sys/socket.h>

#include "broker/context.h"

/* Why a link ends, or is not opened, when the store refuses what comes. */
#define HA_STORE_BLOCKED "our own store takes nothing at the moment, see its line in this log"

struct ha_stream;

struct ha_stream_options {
	struct broker *broker;
	const struct sockaddr *address;
	socklen_t address_len;
	/* NULL: a RocketMQ master. Else the token of HA_HELLO, HA_TOKEN_BYTES. */
	const char *token;
	/*
	 * Where the log has to go on. A RocketMQ master cannot be asked for position 0: 0 gets the
	 * last file from it. Then the stream asks for 1 and adds the first byte, which is always 0.
	 */
	int64_t from;
	/* The link ended; not called after ha_stream_close. The text is lent. */
	void (*ended)(void *arg, const char *why);
	/* Something was stored, or the master said where it is. */
	void (*moved)(void *arg);
	void *arg;
};

struct ha_stream *ha_stream_open(const struct ha_stream_options *options);
/* NULL is ignored. */
void ha_stream_close(struct ha_stream *stream);
/* Each second. It may end. */
void ha_stream_tick(struct ha_stream *stream);

/* As far as the link tells; the store's end is the slave's position. */
struct ha_progress {
	int64_t position;   /* stored up to here */
	int64_t master_max; /* the end of the master's log, or the end of what came */
	int64_t epoch;
	int64_t clock_ahead_ms; /* the master's clock, of ours; as of the last quiet moment */
};

void ha_stream_progress(const struct ha_stream *stream, struct ha_progress *progress);

#endif
