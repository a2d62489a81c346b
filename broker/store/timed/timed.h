#ifndef STORE_TIMED_H
#define STORE_TIMED_H

/*
 * Timed messages wait for a time of their own: each is a record on TIMED_TOPIC and an entry of a
 * table of due times. Only the writer changes the table: an append may carry a change, and then
 * both happen in one commit or neither does. So a timed message is delivered, recalled or dropped
 * once, whatever happens between two commits. A carried one is stored again, so that the segment of
 * its first record can go.
 *
 * The log determines the table. A record that ends a wait says so in its prepared-transaction
 * offset, which is negative then (timed_mark). A replay of the log comes to the same table.
 *
 * The messages of the delay levels wait in the queues of the kept topic (store.h). How far each
 * queue came is changed in the same way, by the append that delivers or drops its next message.
 *
 * Timed messages of a RocketMQ broker, whose log was copied, are no entries (store_rocketmq_end):
 * that broker does not say in the log which of them it delivered. When this broker takes over, each
 * one that still waits gets an event on TIMED_QUEUE_EVENTS, with TIMER_OUT_MS and an adopt mark.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/mailbox.h"
#include "common/protocol/record.h"

#define TIMED_DUE_MAX_MS (INT64_C(1) << 61)
#define TIMED_TOPIC "rmq_sys_wheel_timer" /* RocketMQ 5's name */

/* Its queues. */
enum timed_queue {
	TIMED_QUEUE_MESSAGES,
	TIMED_QUEUE_EVENTS, /* what was recalled, dropped or adopted */
	N_TIMED_QUEUES
};

struct loop;
struct store;

/* What a due time is compared with. */
enum timed_clock {
	TIMED_STEADY, /* a wait of so long: steps of the wall clock do not change it */
	TIMED_WALL,   /* a time of day */
	N_TIMED_CLOCKS
};

struct timed {
	int64_t position; /* log position of its record */
	int64_t due_ms;
	enum timed_clock clock;
};

/* What an append does. Where it may not: APPEND_NOT_OPEN, and nothing is stored. */
enum timed_op {
	TIMED_OP_NONE,
	TIMED_STORE, /* its record waits from now on */
	TIMED_DONE,  /* the one at `position`, which must wait, waits no more */
	TIMED_CARRY, /* both: its record is a copy of the one at `position` */
	TIMED_LEVEL, /* `queue` of the kept topic came from `from`, where it must be, to `to` */
	TIMED_ADOPT, /* the one at `position`, which is not known, waits from now on */
};

struct timed_change {
	uint8_t op;       /* enum timed_op */
	uint8_t clock;    /* STORE, CARRY, ADOPT: enum timed_clock */
	int32_t queue;    /* LEVEL */
	int64_t due_ms;   /* STORE, CARRY, ADOPT: of that clock */
	int64_t position; /* DONE, CARRY, ADOPT: log position of the record that waits */
	int64_t from, to; /* LEVEL: queue offsets */
};

/* The prepared-transaction offset of a record that ends the wait of another. */
int64_t timed_mark(int64_t position);
/* ... of a record that ends the wait of messages of a level, those before offset `to`. */
int64_t timed_level_mark(int32_t queue, int64_t to);
/* ... of an event that lets the record at this position wait, by the wall clock. */
int64_t timed_adopt_mark(int64_t position);

/* What the properties of a record of TIMED_QUEUE_MESSAGES say; false: no due time. */
bool timed_of_properties(const struct known_properties *known, struct timed *timed);

/* ---- asking the table ------------------------------------------------- */

enum timed_query {
	TIMED_TAKE, /* those due before until_ms, the longest first; each is taken once */
	TIMED_OLD,  /* those that keep a segment: to be carried */
	TIMED_LIST, /* those behind `after`, in the order of due times of its clock */
};

struct timed_job {
	struct task task;
	struct loop *reply_loop;
	void (*done)(struct timed_job *job, struct loop *reply_loop);
	void *context;
	enum timed_query query;
	int64_t until_ms[N_TIMED_CLOCKS]; /* TAKE */
	struct timed after;               /* LIST */
	size_t max;
	struct timed *found; /* the answer; freed with the job */
	size_t n;
};

struct timed_job *timed_job_new(enum timed_query query, size_t max);
void timed_job_free(struct timed_job *job);

void store_timed(struct store *store, struct timed_job *job);

/* As of the last commit. Any thread. */
struct timed_counts {
	int64_t n_pending;
	int64_t next_due_ms[N_TIMED_CLOCKS]; /* not yet taken; INT64_MAX: none */
	int64_t n_in_memory;
	bool carry; /* a segment waits for TIMED_OLD ones to be carried */
};

void store_timed_counts(const struct store *store, struct timed_counts *counts);

/* The next offset of a queue of the kept topic; -1: nothing was ever delivered from it. At start.
 */
int64_t store_level(const struct store *store, int32_t queue);

#endif
