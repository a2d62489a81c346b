#ifndef STORE_LOG_CUT_H
#define STORE_LOG_CUT_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct segment;
struct writer;

/*
 * At start, before the segments are looked at: ends the log at this position, or at the begin of
 * the record there. What lies behind goes, and so does what it did to queues, keys, half messages,
 * timed ones and delay levels; the replay that follows finds the rest. Until it is done, a start
 * that is killed is followed by one that cuts at the same position.
 *
 * list: *n segments, oldest first; those that go leave it. -1: *why is a sentence.
 */
int log_cut(
    struct writer *writer, struct segment **list, size_t *n, int64_t position, struct buf *why);

#endif
