#ifndef ADMIN_COPIES_H
#define ADMIN_COPIES_H

/*
 * How far the slaves of a cluster are, as their masters say (GET_BROKER_HA_STATUS). One thread.
 */

#include "admin/admin.h"

struct copy_view {
	bool known; /* its master, or the master that it is, answered */
	/* of a master */
	size_t n_slaves;  /* that copy now */
	size_t n_in_sync; /* ... and are */
	size_t n_listed;  /* slaves of its name at the name server */
	/* of a slave */
	bool linked; /* it copies now; without, the rest is not known */
	bool in_sync;
	int64_t lag_bytes;
	int64_t lag_ms; /* -1: not known */
};

/* A view for each of the brokers, in their order, in the arena. */
const struct copy_view *copies_survey(struct admin *admin, const struct targets *brokers);
/* "in sync", "3 MB, 12 s behind", "1 of 2 slaves in sync"; empty: nothing is known. Arena. */
struct slice copy_text(
    struct arena *arena, const struct target *broker, const struct copy_view *view);
/* A grid with a row for each broker, for people. */
void copies_show(struct admin *admin, struct report *report, const struct targets *brokers);

#endif
