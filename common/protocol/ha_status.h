#ifndef COMMON_HA_STATUS_H
#define COMMON_HA_STATUS_H

/*
 * HARuntimeInfo of RocketMQ, the body of the reply to GET_BROKER_HA_STATUS (907): how far the
 * slaves of a master are, or how far a slave is. The reader returns 0, or -1 when the body has
 * another form. What is read lives in the arena or points into the body. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json/json.h"

/* HAConnectionRuntimeInfo: a slave as its master sees it. */
struct ha_slave_status {
	struct slice address;
	int64_t position;  /* committed there */
	int64_t lag_bytes; /* behind the master's end */
	int64_t sent;
	int64_t bytes_per_second;
	bool in_sync;
	/* ours: */
	int64_t broker_id; /* -1: not known, as of all RocketMQ slaves */
	int64_t lag_ms;    /* since it had all; -1: not known */
	int64_t since_ms;  /* wall clock: the link began; 0: not known */
};

/* HAClientRuntimeInfo: a slave's own view. */
struct ha_client_status {
	struct slice master; /* address of the master's replication port; absent: none */
	int64_t max_position;
	int64_t bytes_per_second;
	int64_t read_ms, written_ms; /* wall clock, of the link */
	int64_t master_flushed;
	bool active;
};

struct ha_status {
	bool master;
	int64_t max_position; /* of a master's log */
	int64_t n_in_sync;
	const struct ha_slave_status *slaves;
	size_t n_slaves;
	struct ha_client_status client; /* of a slave */
};

void ha_status_write(struct json_out *out, const struct ha_status *status);
int ha_status_read(struct arena *arena, struct slice body, struct ha_status *status);

#endif
