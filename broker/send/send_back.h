#ifndef BROKER_SEND_BACK_H
#define BROKER_SEND_BACK_H

/*
 * A consumer could not use a message: it is stored once more for its group, on %RETRY%group after a
 * delay that grows with each try, or on %DLQ%group when it came back too often. Independent of the
 * protocol. All on the thread of the worker's loop. Source: protocol description 5.6.
 *
 * send_back finds the message by its log position. A caller that has the record already, a revive
 * of POP for example, calls send_back_append and submits the append itself.
 */

#include "broker/context.h"
#include "broker/state/group.h"
#include "broker/store/store.h"
#include "common/protocol/record.h"

/* A property of the copy, in place of the message's own. */
struct back_property {
	const char *name;
	struct slice value;
};

#define BACK_PROPERTIES_MAX 8

/* Where a message goes back to. Texts are lent for the call. */
struct back_wish {
	const struct group *group;
	int32_t delay_level;      /* < 0: to the dead letters; 0: grows with the tries */
	int32_t max_times;        /* tries before it is dead; -1: what the group says */
	bool at_once;             /* to the retry topic, without a delay */
	bool unit_mode;           /* of a retry topic that does not exist yet */
	struct slice retry_topic; /* absent: %RETRY%group; it must exist, and gets queue 0 */
	const struct back_property *properties;
	size_t n_properties; /* BACK_PROPERTIES_MAX at most */
};

/* Texts live in the loop's arena. */
struct back_outcome {
	int32_t code; /* of common/protocol/codes.h */
	struct slice remark;
	bool dead;                 /* it is with the dead letters */
	struct slice origin_topic; /* of the message, before its first retry; absent: not known */
};

/*
 * The copy of a record that brings it where the wish says, ready for store_append; its done and
 * context are the caller's to set. NULL: outcome->code and remark say why not. Otherwise the
 * outcome is that of a commit.
 */
struct append *send_back_append(struct worker *worker, const struct record *record,
    const struct back_wish *wish, struct back_outcome *outcome);

/* What a protocol asks. */
struct back_question {
	struct slice group;
	int64_t position; /* of the message in the log */
	int32_t delay_level;
	int32_t max_times;
	bool unit_mode;
};

/* One message on its way back. The front embeds it in what it has to keep for the reply. */
struct send_back {
	/* Called once, with the result; the memory is the front's again. */
	void (*done)(struct loop *loop, struct send_back *back, const struct back_outcome *result);
	/* These belong to send_back.c. */
	struct group group;
	struct back_question question;
	struct back_outcome outcome;
	char origin_topic[RECORD_TOPIC_MAX + 1];
};

/*
 * True: done will be called. False: *outcome is the result already (code 0: the group wants no
 * retries, and nothing is kept), and done will not be called.
 */
bool send_back(struct worker *worker, const struct back_question *question, struct send_back *back,
    struct back_outcome *outcome);

/*
 * Appends to the properties of a dead letter: the topic and the id under which its consumer knew
 * the message, in the names of RocketMQ 5.
 */
void dead_letter_mark(struct buf *text, struct slice origin_topic, struct slice origin_id);

#endif
