#ifndef COMMON_HASH_H
#define COMMON_HASH_H

/*
 * The hash of tables in memory. Peers choose most of the texts that are looked up here, and
 * could choose texts that collide, so that each lookup walks all of them. Hence each process
 * draws keys from getrandom(2) before main() begins; nothing writes them later, and no
 * other state exists. Values differ from process to process: what is in files uses slice_hash.
 * Any thread.
 *
 * Texts of up to 64 bytes, nearly all names, are hashed by multiply-shift (Dietzfelbinger 1996;
 * pairs of 32 bits as in Thorup, "High Speed Hashing for Integers and Strings", 2015): two texts
 * fall into the same of n slots with probability 1/n, whatever they are, over the choice of keys.
 * Longer texts are hashed by SipHash-1-3. SipHash for all cost 2 % of a send's instructions.
 */

#include <stdint.h>

#include "common/base/slice.h"

/* The low 32 bits are those that count. */
uint64_t hash_of(struct slice text);
/* SipHash-1-3 with the process's key: all 64 bits count, so it may stand for the text. */
uint64_t hash_wide(struct slice text);
/* SipHash-1-3 with a given key. */
uint64_t hash_sip(struct slice text, uint64_t key_0, uint64_t key_1);

#endif
