#ifndef BROKER_CHECK_TABLE_H
#define BROKER_CHECK_TABLE_H

/*
 * The table by which a half message that is due is looked after (check_one.c): what is under way,
 * and what is done next for each result. For tests, logs and transactionShow.
 */

enum check_state {
	CHECK_READING,      /* its record is read where it was stored */
	CHECK_READING_COPY, /* the parked copy is read */
	CHECK_SEARCHING,    /* other masters are asked whether a member of the group is there */
	CHECK_ASKING,       /* the ask is with the writer; it leaves once it is committed */
	CHECK_PUSHING,      /* the question is on its way to a connection of this broker */
	CHECK_PARKING,      /* the parked copy is with the writer */
	N_CHECK_STATES
};

enum check_event {
	CHECK_FOUND,      /* the record, or a member at another master */
	CHECK_MISSING,    /* there is none */
	CHECK_UNREADABLE, /* an I/O error */
	CHECK_OCCUPIED,   /* there are members, but they are busy or silent */
	CHECK_STORED,
	CHECK_NOT_OPEN,   /* nothing was stored: it was decided meanwhile */
	CHECK_NOT_STORED, /* the disk */
	CHECK_SENT,
	CHECK_NOT_SENT, /* the connection is gone, or does not read */
	CHECK_STOPPED,  /* the broker stops */
	N_CHECK_EVENTS
};

const char *check_state_name(enum check_state state);
const char *check_event_name(enum check_event event);
/* "impossible": this event does not come in this state. */
const char *check_action_name(enum check_state state, enum check_event event);

#endif
