#ifndef BROKER_RESUME_H
#define BROKER_RESUME_H

/*
 * Resumes a parked or open half message: it is due at once, and its count of asks starts at 0
 * again. Any loop.
 */

#include "broker/context.h"
#include "broker/store/half/half.h"

enum resume_outcome {
	RESUME_DONE,
	RESUME_NOT_OPEN, /* it is decided, or no half message is at this position */
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
