#ifndef STORE_TAIL_NOTICE_H
#define STORE_TAIL_NOTICE_H

/* How commit notices reach a tail: the writer's side of tail.h. */

#include "broker/store/tail/commit_notice.h"
#include "common/base/mailbox.h"

struct tail;

/* A task for the tail's loop, with a reference of its own: it applies the notice. Any thread. */
struct task *tail_notice_task(struct tail *tail, struct commit_notice *notice);
/* The same task, if it will not run: frees it. Any thread. */
void tail_notice_drop(struct task *task);
/* Brings the tail up to date. The tail's thread. */
void tail_apply(struct tail *tail, struct commit_notice *notice);

#endif
