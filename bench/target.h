#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

/* The masters, the topics of the run, their queues and offsets. One thread, blocking. */

#include "common/base/arena.h"

struct bench;

/* 0, or -1 and bench->error says why. */
int target_find_brokers(struct bench *bench);
/* The name of the first broker as it says itself: --brokerAddr does not tell it. Into the arena. */
struct slice target_ask_name(const struct bench *bench, struct arena *arena);
/* Creates the topics, and notes the end offsets of their queues. 0 or -1. */
int target_make_topics(struct bench *bench);
/* Asks for the end offsets of the queues; *n: by how much they grew. 0 or -1. */
int target_ask_ends(struct bench *bench, unsigned long long *n);
/* Asks for the group's committed offset in each queue. 0 or -1. */
int target_ask_committed(struct bench *bench);

#endif
