#ifndef BROKER_RELAY_KEY_H
#define BROKER_RELAY_KEY_H

/*
 * How a master knows that a RELAY_CHECK comes from another master of its cluster.
 *
 * The address of the connection proves little: every process on a master's host has the same one.
 * What a stranger cannot do is receive what is sent to a master's registered address. So a master
 * draws a secret key for each other master, and sends it with each RELAY_CHECK on a connection that
 * it opened itself to that address. The receiver asks back, at the registered address of the
 * master that the request names, whether the key is its own. Confirmed keys are remembered: one
 * more round trip for each pair of masters and start.
 *
 * What a stranger can still do, on the same host or elsewhere:
 *   - be refused: each refusal costs one short request to a master. Few of them are under way at a
 *     time, so a flood can delay the first check of a real master, which tries again;
 *   - register as a master of the cluster, or listen at the address of one that is down: what the
 *     name servers say is believed;
 *   - read a key from the network: nothing is encrypted.
 *
 * Loop 0.
 */

#include <stdbool.h>

#include "common/base/slice.h"

struct relay_keys;

struct relay_keys *relay_keys_new(void);
void relay_keys_free(struct relay_keys *keys);
/* The key that we send to this master; lent. Made at the first call, valid until relay_keys_free.
 */
struct slice relay_keys_get(struct relay_keys *keys, struct slice master);
/* Whether we send this key to that master. */
bool relay_keys_is_ours(const struct relay_keys *keys, struct slice master, struct slice key);
/* That master said that it sends us this key; an older one of it counts no more. */
void relay_keys_confirm(struct relay_keys *keys, struct slice master, struct slice key);
bool relay_keys_is_confirmed(const struct relay_keys *keys, struct slice master, struct slice key);

#endif
