#ifndef COMMON_HOST_VIEW_H
#define COMMON_HOST_VIEW_H

/*
 * What a daemon sees of its own host: the body of the reply to GET_HOST_VIEW (7020), TwinMQ's own.
 * The reader returns 0, or -1 when the body has another form. What is read lives in the arena or
 * points into the body. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json/json.h"

#define HOST_VIEW_NAMES_MAX 32 /* that one request may ask for */

/* What the hosts file says of a name. */
struct host_entry {
	struct slice name;
	const struct slice *addresses; /* none: it does not have the name */
	size_t n_addresses;
};

struct host_view {
	struct slice program;          /* "mqbroker" */
	struct slice version;          /* of TwinMQ */
	struct slice host;             /* the name of the host */
	int64_t now_ms;                /* wall clock */
	int64_t started_ms;            /* wall clock */
	bool unclean;                  /* the daemon before this one did not stop as asked */
	int64_t file_limit;            /* descriptors; -1: none */
	int64_t memory_limit;          /* bytes, of the control group; -1: none */
	struct slice store;            /* the directory of the data */
	struct slice file_system;      /* its type, "ext4" */
	int64_t disk_total, disk_free; /* bytes of it, for all users */
	const struct host_entry *names;
	size_t n_names;
};

void host_view_write(struct json_out *out, const struct host_view *view);
int host_view_read(struct arena *arena, struct slice body, struct host_view *view);

#endif
