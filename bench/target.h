#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

/* Where messages go: the masters, topics made for the run, their queues and offsets. */

struct bench;

/* 0, or -1 and bench->error says why. */
int target_find_brokers(struct bench *bench);
/* Makes the topics, and notes where their queues end now. */
int target_make_topics(struct bench *bench);
/* Asks where the queues end now; how much they grew goes to *n. */
int target_ask_ends(struct bench *bench, unsigned long long *n);
/* Asks how far the group of the settings came in each queue. */
int target_ask_committed(struct bench *bench);

#endif
