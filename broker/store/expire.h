#ifndef STORE_EXPIRE_H
#define STORE_EXPIRE_H

/*
 * Retention, in three steps: the closer finds what may go and reads where the
 * queues begin afterwards; the writer takes the segments off the list and tells
 * the loops; the closer unlinks the files.
 */

#include "broker/store/store_private.h"

/* closer.c */
void closer_post(struct store *store, struct task *task);

#endif
