#ifndef STORE_META_H
#define STORE_META_H

/*
 * meta.db: topics, groups, settings, consumer offsets. It belongs to the writer; to the main thread
 * before start and after stop. Commits are always synced: a reply after a commit here survives a
 * power cut in either flush mode.
 */

#include "broker/store/sqlite/sql.h"
#include "broker/store/store.h"

/* NULL: *why is one sentence. */
struct meta *meta_open(const char *path, const char *vfs, char **why);
void meta_close(struct meta *meta);
/* There was none when it was opened. */
bool meta_is_new(const struct meta *meta);
/* False: a sync failed, nothing is to be written any more. */
bool meta_is_writable(const struct meta *meta);
/* For tables of others' rows (half_rows.h). NULL: it is not writable. */
sqlite3 *meta_db(const struct meta *meta);
/* One of their transactions failed: logs it, and minds a failed sync. */
void meta_failed(struct meta *meta, int rc);
/* All jobs of the chain in one transaction. 0, or -1: nothing was changed, and it was logged. */
int meta_commit(struct meta *meta, const struct task *first);
/* The jobs' replies with this status, for each loop; jobs without `done` are freed. */
void meta_finish(struct task *first, int status, struct task_chain *replies);

/* At start: calls back with each row; slices are lent. */
void meta_each(struct meta *meta, enum meta_table table,
    void (*row)(void *arg, struct slice key, struct slice value), void *arg);
void meta_each_offset(struct meta *meta,
    void (*row)(
	void *arg, struct slice group, struct slice topic, int32_t queue_id, int64_t offset),
    void *arg);

/* Of the meta.db in this directory, on a connection of its own; see store_read_meta. */
int meta_read_all(const char *path, const char *vfs,
    void (*found)(void *arg, const struct meta_row *row), void *arg);

#endif
