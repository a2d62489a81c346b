#ifndef BROKER_RESUME_H
#define BROKER_RESUME_H

/*
 * A half message that was parked, or is still open, is asked about again, as if
 * it never was before: at once, and as often. Any loop.
 */

#include "broker/context.h"
#include "broker/store/half/half.h"

enum resume_outcome {
	RESUME_DONE,
	RESUME_NOT_OPEN, /* it is decided, or there never was one */
	RESUME_FAILED,   /* the disk; nothing has changed */
};

struct transaction_resume {
	int64_t position;    /* of the half message */
	int64_t half_offset; /* its queue offset */
	struct host who;
	struct slice by; /* copied; absent: only the address is known */
	void (*done)(void *context, struct loop *loop, enum resume_outcome outcome);
	void *context;
};

/* done is called once the resumption is stored. */
void transaction_resume(struct worker *worker, const struct transaction_resume *resume);

#endif
