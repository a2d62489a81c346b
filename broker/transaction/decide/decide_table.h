#ifndef BROKER_DECIDE_TABLE_H
#define BROKER_DECIDE_TABLE_H

/*
 * The table by which a decision is made (decide.c): what is under way, and what is done next for
 * each result. For tests and logs.
 */

enum decide_state {
	DECIDE_READING,        /* the half message is read where it was stored */
	DECIDE_FINDING_COPY,   /* it is not there: the table of half messages is asked for a copy */
	DECIDE_READING_COPY,   /* the parked copy is read */
	DECIDE_STORING,        /* the decision is with the writer */
	DECIDE_READING_EVENTS, /* there was one before: the events say which */
	DECIDE_KEEPING,        /* an event that changes nothing is with the writer */
	N_DECIDE_STATES
};

enum decide_event {
	DECIDE_FOUND,      /* what was read, or the copy, or the decision of before */
	DECIDE_MISSING,    /* there is none */
	DECIDE_UNREADABLE, /* an I/O error, or damage */
	DECIDE_STORED,
	DECIDE_NOT_OPEN,   /* nothing was stored: there is a decision */
	DECIDE_REVOCABLE,  /* nothing was stored: rolled back, but this sender may still commit */
	DECIDE_NOT_STORED, /* the disk */
	N_DECIDE_EVENTS
};

const char *decide_state_name(enum decide_state state);
const char *decide_event_name(enum decide_event event);
/* "impossible": this event does not come in this state. */
const char *decide_action_name(enum decide_state state, enum decide_event event);

#endif
