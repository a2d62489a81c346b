#ifndef STORE_DEDUP_REPLAY_H
#define STORE_DEDUP_REPLAY_H

/* Fills the table of unique keys from the log, newest records first. Before the store starts. */

#include "broker/store/writer/writer.h"

void dedup_replay(struct writer *writer, const struct dedup_topics *topics);

#endif
