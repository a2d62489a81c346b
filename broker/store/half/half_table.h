#ifndef STORE_HALF_TABLE_H
#define STORE_HALF_TABLE_H

/*
 * The table of half messages (half.h) in memory. The writer's; the main
 * thread's before start and after stop.
 *
 * A million open ones must cost little memory: 32 bytes each, 17 for finding it by its
 * position, 4 for its place in the heap of due times. They cost no time to those that are stored
 * and decided meanwhile.
 *
 * The changes of a batch are applied as its appends are placed, and undone together when the
 * commit fails. Committed changes stay in `changes`, oldest first, until they are in meta.db
 * (half_rows.h).
 */

#include "broker/store/half/half.h"

struct half_entry {
	int64_t position; /* free entries: the next free one's number */
	int64_t copy;     /* -1: none */
	int64_t due_ms;   /* clock_mono_ms; OPEN */
	uint32_t place;   /* in the heap, from 1; 0: nobody will be asked */
	uint16_t n_asked;
	uint8_t state;  /* enum half_state; NONE: free */
	bool kept : 1;  /* has a row in meta.db */
	bool taken : 1; /* it was due, and its taker looks after it: a restart makes it due
	                   again */
};

/* The position of its copy, else its own: the record there expires last. */
static inline int64_t
half_entry_record(const struct half_entry *entry)
{
	return entry->copy != -1 ? entry->copy : entry->position;
}

/* A change that is not in meta.db yet. */
struct half_changed {
	int64_t position; /* of the half message */
	int64_t at;       /* log position of the commit that changed it */
	uint32_t number;  /* of its entry, if that is still about it */
	bool kept;        /* it had a row when it went */
};

/* An entry before a change of this batch. */
struct half_before {
	struct half_entry entry; /* NONE: it was not there */
	uint32_t number;         /* of its entry, from this change on */
};

/* The hash saves a look at the entries of other positions. */
struct half_slot {
	uint32_t hash;
	uint32_t held; /* number + 1; 0: empty */
};

struct half_table {
	struct half_entry **chunks;
	uint32_t n_entries; /* in chunks, free ones too */
	uint32_t first_free;
	struct half_slot *slots; /* by position; a power of two of them */
	uint32_t n_slots;
	uint32_t *heap; /* numbers, the soonest due at 1 */
	uint32_t n_due, heap_cap;
	uint32_t n;                       /* entries in use */
	int64_t n_of[HALF_REVOCABLE + 1]; /* by state */
	int64_t expire_before;            /* records below are to be removed */
	struct half_before *before;       /* images of what this batch changed, in order */
	size_t n_before, before_cap;
	struct half_changed *changes;
	size_t n_changes, changes_cap;
};

void half_table_release(struct half_table *table);
/* half.c: replies to a question; the job's task is the reply, to be posted to its loop. */
void half_job_run(struct half_job *job, struct half_table *table);
/* NULL: not there. Lent until the next change. */
struct half_entry *half_table_find(const struct half_table *table, int64_t position);
/* Whether the change may happen; sets change->found. */
bool half_table_allows(const struct half_table *table, struct half_change *change);
/*
 * Does it; allowed was asked before. record: position of the append's first
 * record (STORE: the half message, PARK: its copy). n_asked: -1: one more.
 */
void half_table_apply(struct half_table *table, const struct half_change *change, int64_t record,
    int n_asked, int64_t now_ms);
/* The batch was committed at this log position. */
void half_table_settle(struct half_table *table, int64_t at);
/* It was not. Numbers are taken and given like a stack, so each entry gets its own again. */
void half_table_undo(struct half_table *table);
/* The entry that changed; NULL: it is gone. No look-up: among many that is a miss of the cache. */
struct half_entry *half_table_changed(
    const struct half_table *table, const struct half_changed *change);
/* Removes an entry, which is no change: the caller knows that nobody misses it. */
void half_table_forget(struct half_table *table, int64_t position);
/* An entry as meta.db tells it. */
void half_table_load(struct half_table *table, const struct half_entry *entry);

/* The entry with this number, 0 ..; NULL: free, or behind the last. */
const struct half_entry *half_table_at(const struct half_table *table, uint32_t number);
/* The soonest due; NULL: none. */
struct half_entry *half_table_soonest(const struct half_table *table);
void half_table_set_due(struct half_table *table, struct half_entry *entry, int64_t due_ms);
/*
 * Records below this position are about to be removed. Makes open half messages among them due at
 * once, marked as expiring. False: there are such. Examines all entries.
 */
bool half_table_may_expire(struct half_table *table, int64_t before, int64_t now_ms);
/* They went: forgets what can be neither committed nor told. Answers how many were parked. Looks at
 * all. */
int64_t half_table_expire(struct half_table *table, int64_t before, int64_t at);

/* The log ends here: forgets half messages and copies that a power cut removed. */
void half_table_cut(struct half_table *table, int64_t end, int64_t now_ms);
/*
 * half_replay.c: what a record of the log does, at a start. at: a position
 * from which a later replay would find it again.
 */
void half_table_replay(
    struct half_table *table, const struct record *record, int64_t at, int64_t immunity_ms);
/* half_replay.c: the log position of the half message that the record changes; -1: none. */
int64_t half_of_record(const struct record *record);
/*
 * half_replay.c: what a record does that another broker's log brings while this one runs. It is a
 * change of a batch: to be settled or undone.
 */
void half_table_follow(struct half_table *table, const struct record *record, int64_t immunity_ms);

#endif
