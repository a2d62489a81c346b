#ifndef STORE_CHECKPOINTER_H
#define STORE_CHECKPOINTER_H

/*
 * The thread that seals segments: it copies the WAL of each segment that the writer has left into
 * its database, one after the other, slowly (pace.h). Until it has come to a segment, readers use
 * its WAL. A segment that expires meanwhile is not copied. At a stop the one at hand is finished
 * at full speed; the next start finds the WALs of the others.
 */

#include "broker/store/base.h"
#include "broker/store/log/segment_write.h"

struct checkpointer;
struct readers;

struct checkpointer *checkpointer_new(struct store_base *base, struct readers *readers);
void checkpointer_free(struct checkpointer *checkpointer);
void checkpointer_start(struct checkpointer *checkpointer);
void checkpointer_stop(struct checkpointer *checkpointer);
/* After checkpointer_stop and writer_stop: frees what came too late. */
void checkpointer_drain(struct checkpointer *checkpointer);
/* Takes over a segment that the writer has left; left->db may be NULL. */
void checkpointer_seal(struct checkpointer *checkpointer, const struct segment_writer *left);

#endif
