#ifndef STORE_HALF_H
#define STORE_HALF_H

/*
 * Half messages are the messages of undecided transactions. Each is a record on HALF_TOPIC and an
 * entry of a table. Only the writer changes the table: an append may carry a change, and then both
 * happen in one commit or neither does. A half message that is no longer in the table is decided;
 * its events have the decision.
 *
 * The log position of a half message is its name (clients send it as commitLogOffset). It never
 * changes: a parked half message that is resumed keeps it.
 *
 * Everything that happens to a half message is an event, a record on HALF_EVENT_TOPIC. The key of
 * an event is the position in decimal. Half messages and events determine the table, so a replay of
 * the log restores it. Entries that are older than a few seconds are in meta.db as well.
 *
 * The half messages of a RocketMQ broker, whose log was copied, say nothing about the table, as
 * that broker notes decisions in its own way (store_rocketmq_end). When this broker takes over,
 * each of them that is open gets an event of its own, EVENT_ADOPT, and is like any other from then
 * on, under the log position that its sender knows.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/mailbox.h"
#include "common/protocol/record.h"

#define HALF_TOPIC "RMQ_SYS_TRANS_HALF_TOPIC"
#define HALF_EVENT_TOPIC "RMQ_SYS_TRANS_OP_HALF_TOPIC"
#define HALF_PARKED_TOPIC "TRANS_CHECK_MAX_TIME_TOPIC"

struct append;
struct loop;
struct store;

enum half_state {
	HALF_NONE, /* decided, or never stored */
	HALF_OPEN,
	HALF_PARKED,    /* not decided in time: no more asks until it is resumed */
	HALF_REVOCABLE, /* rolled back by a check; the sender may still commit it, once */
};

/* What an append does to the table, and from which states. Else: APPEND_NOT_OPEN, nothing is
 * stored. */
enum half_op {
	HALF_OP_NONE,
	HALF_STORE,    /* its record is a half message: open from now on */
	HALF_COMMIT,   /* open, parked */
	HALF_ROLLBACK, /* open, parked; one that is not revocable also where one is */
	HALF_OVERRIDE, /* revocable: a commit */
	HALF_ASK,      /* open: asked once more */
	HALF_PARK,     /* open; its record is the copy on HALF_PARKED_TOPIC */
	HALF_RESUME,   /* open, parked: asked again as if never before */
	HALF_ADOPT,    /* none: the half message of a RocketMQ broker is open from now on */
};

struct half_change {
	enum half_op op;
	bool revocable;        /* ROLLBACK: leaves it revocable */
	int64_t position;      /* of the half message; STORE: the writer sets it */
	int64_t due_in_ms;     /* STORE, ADOPT: its immunity; ASK: the retry delay; RESUME: 0 */
	enum half_state found; /* answer of APPEND_NOT_OPEN: what it was instead */
};

/* ---- asking the table ------------------------------------------------- */

struct half {
	int64_t position;
	int64_t copy;   /* where the record can be read as well (HALF_PARKED_TOPIC); -1: nowhere */
	int64_t due_ms; /* clock_mono_ms; OPEN */
	int32_t n_asked;
	enum half_state state;
	bool expiring; /* DUE: its record is about to be removed: park it now */
};

enum half_query {
	HALF_FIND, /* the one at `position` */
	HALF_LIST, /* some, from `cursor` on, in no order */
	/* Those that are due, the longest first. Each becomes due again after retry_delay_ms, so
	 * that a second query does not return it too. */
	HALF_DUE,
	HALF_SET_DUE, /* makes the open one at `position` due in retry_delay_ms */
};

struct half_job {
	struct task task;
	struct loop *reply_loop;
	void (*done)(struct half_job *job, struct loop *reply_loop); /* NULL: freed silently */
	void *context;
	enum half_query query;
	int64_t position;
	int64_t retry_delay_ms;
	uint32_t cursor;     /* LIST: 0 at first; the answer's is where to go on, 0: that was all */
	size_t max;          /* LIST, DUE: no more than so many */
	struct half *halves; /* the answer; freed with the job */
	size_t n;
};

struct half_job *half_job_new(enum half_query query);
void half_job_free(struct half_job *job);

void store_halves(struct store *store, struct half_job *job);

/* As of the last commit. Any thread. */
struct half_counts {
	int64_t n_open, n_parked, n_revocable;
	int64_t next_due_ms; /* clock_mono_ms; INT64_MAX: none is open */
};

void store_half_counts(const struct store *store, struct half_counts *counts);

/* ---- events ------------------------------------------------------------ */

enum half_event_kind {
	EVENT_COMMIT,
	EVENT_ROLLBACK,
	EVENT_ASK,     /* `by` was asked */
	EVENT_UNKNOWN, /* an answer that decides nothing */
	EVENT_PARK,
	EVENT_RESUME,
	EVENT_REPEAT,     /* the same decision came once more */
	EVENT_CONTRADICT, /* the opposite decision came too late; refused */
	EVENT_ADOPT,      /* a RocketMQ broker stored it, and this one took over */
	N_EVENT_KINDS
};

/* What caused it. */
enum half_source {
	SOURCE_SENDER, /* END_TRANSACTION of the producer */
	SOURCE_CHECK,  /* a member of the group, asked by us */
	SOURCE_URL,
	SOURCE_ADMIN,
	SOURCE_BROKER,
	N_SOURCES
};

struct half_event {
	enum half_event_kind kind;
	enum half_source source;
	enum half_event_kind
	    claimed;            /* REPEAT, CONTRADICT: what was asked for, COMMIT or ROLLBACK */
	bool revocable;         /* ROLLBACK */
	bool override;          /* COMMIT: of a revocable one */
	int64_t position;       /* of the half message */
	int64_t half_offset;    /* its queue offset */
	int64_t time_ms;        /* wall clock */
	int64_t retry_delay_ms; /* ASK, RESUME, ADOPT: until it is due again */
	int32_t n_asked;        /* ASK: how many times by now */
	struct host who;        /* address it came from, or that was asked; 0.0.0.0:0: us */
	struct slice by;        /* client id, URL, person; absent: only the address is known */
	struct slice reason;    /* absent: none */
};

/* Queues of HALF_EVENT_TOPIC: decisions, contradictions, and the rest apart, as lists are made of
 * the first two. */
enum { EVENT_QUEUE_DECISIONS, EVENT_QUEUE_CONTRADICTIONS, EVENT_QUEUE_OTHERS, N_EVENT_QUEUES };

const char *half_event_name(enum half_event_kind kind);
const char *half_source_name(enum half_source source);
/*
 * The append of the record that keeps it, in memory of that loop, which frees it. It has no reply
 * loop yet: it may go along with another. The arena is for what is needed meanwhile.
 */
struct append *half_event_append(const struct store *store, struct loop *loop, struct arena *arena,
    const struct half_event *event);
/* 0, or -1 when the record is no event. Texts point into the record. */
int half_event_parse(const struct record *record, struct half_event *event);
/* How long no producer is asked about a half message with this immunity property (seconds as text):
 * so long, or default_ms when it is absent or no number. */
int64_t half_immunity_ms(struct slice immunity, int64_t default_ms);
/* The key by which the events of a half message are found. */
struct slice half_event_key(struct arena *arena, int64_t position);
/* The key of its decision alone, for a half message with many events. */
struct slice half_decision_key(struct arena *arena, int64_t position);

#endif
