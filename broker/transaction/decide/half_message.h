#ifndef BROKER_HALF_MESSAGE_H
#define BROKER_HALF_MESSAGE_H

/*
 * How a message becomes a half message, and back when it is committed. Pure
 * functions of records: any thread.
 */

#include "broker/context.h"
#include "broker/store/half/half.h"

/* Makes an ordinary record a half message: its real topic and queue go into its properties (arena).
 */
void transaction_divert(struct record *record, struct arena *arena);
/* How long no producer is asked about it: its own immunity time, else transactionTimeOut. ms */
int64_t transaction_immunity_ms(
    const struct broker_settings *settings, const struct known_properties *known);
/* What a half message is to be once committed: real topic, queue and properties (arena). False: it
 * does not say. */
bool transaction_restore(
    struct record *record, const struct known_properties *known, struct arena *arena);
/* UNIQ_KEY, or the offset id of one that has none (arena). */
struct slice transaction_id(struct arena *arena, const struct record *half);

#endif
