#ifndef BROKER_MASTERS_H
#define BROKER_MASTERS_H

/*
 * The other masters of this cluster, as the name servers know them. A topic
 * that came into being here is created there too, unless it exists: so that a producer finds its
 * topic wherever it sends, and a consumer group that looks for it. Best effort:
 * a master that cannot be reached is told when it is back. Loop 0, but masters_tell.
 */

#include "broker/context.h"
#include "common/net/conn.h"
#include "common/protocol/route.h"

/* An ext field of UPDATE_AND_CREATE_TOPIC between our brokers: create only if absent, and do not
 * tell other masters.
 */
#define MASTERS_IF_ABSENT "ifAbsent"

struct masters;

struct masters *masters_new(struct broker *broker);
void masters_free(struct masters *masters);
/* Any thread. */
void masters_tell(struct masters *masters, struct slice topic);
/* Takes the list of brokers from a name server, and tells new topics to the masters in it. */
void masters_update(struct masters *masters, const struct cluster_info *info);

/* Names of the masters that are alive, in order, in the arena. */
const struct slice *masters_list(const struct masters *masters, struct arena *arena, size_t *n);
struct master_request {
	const struct command *command;
	struct slice body;
	int timeout_ms;
};

/*
 * Asks one of them; done is called once, later. False when it cannot be asked now: it is not
 * known, not there, or does not take what was sent before.
 */
bool masters_ask(struct masters *masters, struct slice name, const struct master_request *request,
    call_done_fn *done, void *arg);

#endif
