#ifndef STORE_META_H
#define STORE_META_H

/*
 * meta.db: topics, groups, settings, consumer offsets. The writer's; the main
 * thread's before start and after stop. Always synced: an answer that follows
 * a commit here survives a power cut in either flush mode.
 */

#include "broker/store/sqlite/sql.h"
#include "broker/store/store.h"

struct writer;

/* NULL: *why is one sentence. */
struct meta *meta_open(const char *path, const char *vfs, char **why);
void meta_close(struct meta *meta);
/* There was none when it was opened. */
bool meta_is_new(const struct meta *meta);
/* For tables of others' rows (half_rows.h). NULL: a sync failed, nothing is to be written any more.
 */
sqlite3 *meta_db(const struct meta *meta);
/* One of their transactions failed: logs it, and minds a failed sync. */
void meta_failed(struct meta *meta, int rc);
/* All jobs of the chain in one transaction; their replies leave with the batch. */
void meta_commit(struct writer *writer, struct task *first);
/* Fails them. */
void meta_refuse(struct writer *writer, struct task *first);

#endif
