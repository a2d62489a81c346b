#ifndef BROKER_REGISTER_H
#define BROKER_REGISTER_H

/*
 * Tells every name server that this broker is there and which topics it has:
 * at start, periodically, at once when a topic changed, and good-bye at the
 * end. Takes from the answers which topics are ordered, and whether another
 * broker of our name and id is alive. Loop 0, but for what says otherwise.
 */

#include "broker/cluster/register_wait.h"
#include "broker/context.h"
#include "common/net/conn.h"

struct registrar;

/* Starts to connect; the loops may not run yet. Bad addresses are named in the log, the others are
 * used. */
struct registrar *registrar_new(struct broker *broker);
void registrar_free(struct registrar *registrar);
/*
 * Some topics changed: all name servers hear of these (of all, when one is gone) at once, or, when
 * they were told of much just now, within a tenth of a second. Any thread.
 */
void registrar_topics_changed(struct registrar *registrar);
/* All that a registration says may have changed. Any thread. */
void registrar_changed(struct registrar *registrar);
/*
 * The same, and done is called when all name servers that are registered with have
 * answered, or after a second; maybe at once. Loop 0.
 */
void registrar_topics_changed_wait(struct registrar *registrar, struct register_wait *wait);
/*
 * Asks a name server where the topic is; done is called once, later. False: none can be asked now.
 * Loop 0.
 */
bool registrar_ask_route(
    struct registrar *registrar, struct slice topic, call_done_fn *done, void *arg);
/* Unregisters from all; calls done when they answered, or after a second at most. */
void registrar_stop(struct registrar *registrar, void (*done)(struct broker *broker));
/* How many name servers there are, and how many of them took the last registration. Loop 0. */
void registrar_count(const struct registrar *registrar, size_t *n_servers, size_t *n_registered);
/*
 * Of a slave: where its master is, and where its replication port. haMasterAddress says the latter;
 * then the ordinary port is that of the name servers, if they speak of the same one, else one
 * below, as in RocketMQ. Without the option, a name server told both last. False: nobody has told
 * yet. The texts are in the arena. Any thread.
 */
bool registrar_master(struct registrar *registrar, struct arena *arena, struct slice *address,
    struct slice *ha_address);
/* NULL, or why sends are refused: a live broker has our name and id. Any thread; lent, static. */
const char *registrar_refusal(const struct registrar *registrar);

#endif
