#ifndef STORE_REPLAY_H
#define STORE_REPLAY_H

struct writer;

/*
 * At start: finds the segments, and brings queues, half messages and the writer up to date from
 * what is in them. -1: the store is refused, *why is one sentence with the file (caller frees).
 */
int store_replay(struct writer *writer, char **why);

#endif
