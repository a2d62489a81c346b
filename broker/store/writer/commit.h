#ifndef STORE_COMMIT_H
#define STORE_COMMIT_H

#include "broker/store/writer/writer.h"

/* Commits the appends of the batch, and index blocks that are due, as one transaction; replies. */
void writer_commit(struct writer *writer);

#endif
