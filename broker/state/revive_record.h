#ifndef BROKER_REVIVE_RECORD_H
#define BROKER_REVIVE_RECORD_H

/*
 * The bodies of records on the revive topic. They are the truth about what is popped; the table of
 * checkpoints is built from them. Numbers are big-endian. Pure functions, any thread.
 */

#include "broker/state/checkpoint.h"
#include "common/base/buf.h"

enum revive_kind {
	REVIVE_CHECKPOINT = 1,
	REVIVE_SETTLED = 2, /* acknowledged, revived, or moved to another checkpoint */
	REVIVE_VISIBLE = 3, /* ordered: visible again at another time */
};

struct revive_record {
	enum revive_kind kind;
	struct checkpoint checkpoint; /* texts point into the body */
	/* SETTLED, VISIBLE */
	int64_t id;
	uint32_t bits;
	int64_t visible_ms; /* VISIBLE: wall clock */
};

void revive_record_write(struct buf *body, const struct revive_record *record);
/* 0, or -1 when it is none. */
int revive_record_read(struct slice body, struct revive_record *record);

#endif
