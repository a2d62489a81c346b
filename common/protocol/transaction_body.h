#ifndef COMMON_TRANSACTION_BODY_H
#define COMMON_TRANSACTION_BODY_H

/*
 * The bodies of LIST_TRANSACTIONS and SHOW_TRANSACTION, which are TwinMQ's
 * own: what is known of half messages, and what happened to them. Readers answer 0,
 * or -1 when it is no such body; texts live in the arena or point into the body. Any
 * thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/json/json.h"

enum transaction_state {
	TRANSACTION_OPEN,
	TRANSACTION_PARKED,    /* nobody decided in time; not asked any more until it is resumed */
	TRANSACTION_REVOCABLE, /* rolled back by a check; its sender may still commit it, once */
	TRANSACTION_COMMITTED,
	TRANSACTION_ROLLED_BACK,
	TRANSACTION_STATE_UNKNOWN, /* what was recorded of it is gone */
	N_TRANSACTION_STATES
};

/* "open", "parked", "revocable", "committed", "rolledBack", "unknown" */
const char *transaction_state_name(enum transaction_state state);
/* 0, or -1 when there is none of that name. */
int transaction_state_parse(struct slice name, enum transaction_state *state);

struct transaction_event {
	int64_t position; /* of its record in the log: events are in this order */
	int64_t time_ms;
	struct slice what, via;
	struct slice who; /* address; absent: the broker itself */
	struct slice by;  /* client id, URL, person; absent: not known */
	struct slice
	    said; /* of a repeat or a contradiction: what was asked for, "commit" or "rollback" */
	struct slice reason; /* absent: none */
	bool revocable, override;
	int64_t retry_delay_ms; /* until the next ask; 0: not said */
	int64_t asked;          /* an ask: which one it was */
};

/* The message that consumers get. */
struct transaction_delivery {
	struct slice topic, msg_id;
	int32_t queue_id;
	int64_t queue_offset;
	int64_t position;
	int64_t stored_ms;
};

struct transaction_info {
	struct slice broker_name; /* absent: the one that answers; tools put it here */
	struct slice id, msg_id;  /* msg_id absent: the record is gone, and so are all texts */
	int64_t position;         /* of the half message: names it for ever */
	int64_t queue_offset;     /* -1: not known */
	struct slice group, topic, keys, tags;
	enum transaction_state state;
	int64_t asked;            /* open: times since it was stored or resumed */
	int64_t next_ask_ms;      /* open: from now on; -1: none is planned */
	struct slice check_state; /* open, SHOW: of its check, or "waiting"; absent: not told */
	int64_t stored_ms, born_ms;
	int64_t age_ms; /* since it was stored */
	struct slice born_host;
	int64_t size_bytes;
	/* A list has those for which the message is on it, SHOW all. In order. */
	const struct transaction_event *events;
	size_t n_events;
	bool events_cut;                             /* there are more, older ones */
	const struct transaction_delivery *delivery; /* NULL: none, or not looked for */
};

/* The first three as of now, the rest since the broker's start. */
enum transaction_count {
	COUNT_OPEN,
	COUNT_PARKED,
	COUNT_REVOCABLE,
	COUNT_COMMITTED,
	COUNT_ROLLED_BACK,
	COUNT_OVERRIDDEN,
	COUNT_CONTRADICTIONS,
	COUNT_REPEATS,
	COUNT_UNKNOWN_ANSWERS,
	COUNT_REFUSED,
	COUNT_FAILED,
	COUNT_ASKED,
	COUNT_TIMES_PARKED,
	COUNT_RESUMED,
	COUNT_RELAYS_REFUSED, /* RELAY_CHECK from no master */
	N_TRANSACTION_COUNTS
};

const char *transaction_count_name(enum transaction_count count);

struct transaction_list {
	const struct transaction_info *list;
	size_t n;
	struct slice cursor; /* absent: that was all */
	int64_t scanned;     /* half messages and events that were looked at */
	int64_t counts[N_TRANSACTION_COUNTS];
};

/* Writing goes in parts, as the broker finds the elements one by one. */
void transaction_list_open(struct json_out *out);
void transaction_info_write(struct json_out *out, const struct transaction_info *info);
/* What stands in *end besides the elements. */
void transaction_list_close(struct json_out *out, const struct transaction_list *end);
int transaction_list_read(struct arena *arena, struct slice body, struct transaction_list *list);

#endif
