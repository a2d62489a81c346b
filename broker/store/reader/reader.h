#ifndef STORE_READER_H
#define STORE_READER_H

/*
 * The reader threads: each takes read jobs, replies to them from the segments, and has files of its
 * own (reader_files.h).
 *
 * Only the writer knows what is committed but in no index block yet. A job that may need it goes
 * there first (KEY, TIME, STAMPS) or when the blocks do not have it (QUEUE), and comes back with a
 * copy of it.
 */

#include "broker/store/base.h"

struct readers;

/* ask_writer: what a job runs on the writer's thread. No threads until readers_start. */
struct readers *readers_new(
    struct store_base *base, void (*ask_writer)(struct task *job, void *writer));
void readers_free(struct readers *readers);
void readers_start(struct readers *readers);
/* Jobs that come later fail. */
void readers_stop(struct readers *readers);
/* Begins a job: at a reader, or at the writer where only it can know. Any thread. */
void readers_read(struct readers *readers, struct read_job *job);
/* A reader takes it on. Any thread. */
void readers_submit(struct readers *readers, struct read_job *job);
/*
 * All readers close files that are gone, and WALs that are sealed; when the
 * last has, `after` (may be NULL) is posted to the closer.
 */
void readers_sweep(struct readers *readers, struct task *after);

#endif
