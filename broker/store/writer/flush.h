#ifndef STORE_FLUSH_H
#define STORE_FLUSH_H

/*
 * Index entries wait in memory (struct pending) until the blocks that they make are worth a write.
 * A flush writes them in a transaction of the live segment, alone or with a batch.
 */

#include "broker/store/writer/writer.h"

/* Which blocks a transaction writes. */
struct flush {
	struct writer *writer;
	bool queues, keys;
	bool closing; /* also the rows that a closed segment must have */
};

/* The blocks are worth it, or have waited long enough. */
bool flush_is_due(const struct writer *writer);
/* ms until they are by time alone; -1: never. */
int flush_in_ms(const struct writer *writer);
/* The blocks that a batch's transaction writes along with its records. */
struct flush flush_with_batch(struct writer *writer);
/* Inside a transaction; an SQLite code. */
int flush_put(const struct flush *flush);
/* The levels' offsets, those that are new or all; an SQLite code. */
int flush_put_levels(struct writer *writer, bool all);
/* The transaction was committed. */
void flush_done(const struct flush *flush);
/* A transaction of its own; an SQLite code. */
int writer_flush(struct writer *writer, bool closing);
/* The log position up to which all is known to be on the disk. */
int64_t writer_synced(const struct writer *writer);
/* A commit failed: logs it, blocks writes if it must, and returns the status of its appends. */
enum append_status writer_failed(struct writer *writer, int rc);

#endif
