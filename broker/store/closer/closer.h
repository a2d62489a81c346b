#ifndef STORE_CLOSER_H
#define STORE_CLOSER_H

/*
 * The thread for work that must not delay a commit: it makes the next segment's template, unlinks
 * expired segments, checkpoints timer.db, and watches the disk; the checkpointer's thread, a part
 * of it, seals segments that the writer has left. The writer alone changes the list of segments:
 * retention has it remove segments from the list, and publish the new first offsets, before the
 * closer unlinks the files.
 */

#include <stdatomic.h>

#include "broker/store/base.h"
#include "broker/store/log/segment_write.h"

struct closer;
struct readers;

struct closer *closer_new(struct store_base *base, struct readers *readers);
void closer_free(struct closer *closer);
void closer_start(struct closer *closer);
void closer_stop(struct closer *closer);
/* After closer_stop and writer_stop: frees the tasks that came too late. */
void closer_drain(struct closer *closer);
/* Makes the file of a new segment, of a template if one is there. The writer; main before start. */
int closer_make_segment(struct closer *closer, const struct segment *segment);
/* Takes over a segment that the writer has left; left->db may be NULL. */
void closer_seal(struct closer *closer, const struct segment_writer *left);
/*
 * Moves the WAL of a database into its file, while its owner goes on to write it. The path lives as
 * long as the closer. *busy is set to false at the end, also after a failure, which is logged.
 */
void closer_checkpoint(struct closer *closer, const char *path, atomic_bool *busy);

#endif
