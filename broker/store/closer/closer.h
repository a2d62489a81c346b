#ifndef STORE_CLOSER_H
#define STORE_CLOSER_H

/*
 * The thread for what must not delay a commit: seals segments that the writer
 * has left, makes the next one's template, unlinks expired ones, watches the
 * disk. The list of segments itself is changed by the writer: retention asks it to
 * let go of segments (and to tell the loops the new first offsets), then unlinks.
 */

#include "broker/store/base.h"
#include "broker/store/log/segment_write.h"

struct closer;
struct readers;

struct closer *closer_new(struct store_base *base, struct readers *readers);
void closer_free(struct closer *closer);
void closer_start(struct closer *closer);
void closer_stop(struct closer *closer);
/* After closer_stop and writer_stop: lets go of what came too late. */
void closer_drain(struct closer *closer);
/* Makes the file of a new segment, of a template if one is there. The writer; main before start. */
int closer_make_segment(struct closer *closer, const struct segment *segment);
/* Takes over what the writer has left; one without connection, too. */
void closer_seal(struct closer *closer, const struct segment_writer *left);

#endif
