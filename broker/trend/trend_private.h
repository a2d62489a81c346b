#ifndef BROKER_TREND_PRIVATE_H
#define BROKER_TREND_PRIVATE_H

/* Internal to this room. All but the portions on loop 0 is for the thread. */

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "broker/trend/trend.h"
#include "common/base/arena.h"
#include "common/base/mailbox.h"
#include "common/base/strmap.h"

/* ---- values --------------------------------------------------------------- */

/* What a series did in one step, or in several. */
struct trend_value {
	uint64_t in, in_bytes, out, out_bytes;
	int64_t lag; /* of a group, at the end; at its largest over several steps */
};

/* A series that moved within the last day: key is the kind's letter and the name. */
struct trend_series {
	uint32_t id;     /* in the rows of trend.db, and in series_by_id */
	int64_t last_ms; /* the newest step with a value */
	int64_t kept_ms; /* what trend.db has as last_ms; 0: it does not have the series */
	struct trend_value now;
	struct slice key; /* in the table's key */
	size_t wanted;    /* by the question that runs: its place, plus 1 */
};

/* One thing that state/stats.h counts: a topic, or a topic and a group. */
struct trend_counter {
	uint64_t n, bytes;             /* of all workers */
	uint64_t part_n, part_bytes;   /* of one of them */
	uint64_t begin_n, begin_bytes; /* when the step began */
	int worker;                    /* whose part that is; -1: none yet */
};

struct trend_disk {
	int64_t used, total; /* bytes */
};

/* The disk at the end of each step of the last day. */
struct disk_point {
	int64_t step_ms, used;
};

/* ---- lags ----------------------------------------------------------------- */

struct trend_lag {
	struct slice group, topic; /* in the arena */
	int64_t lag;
};

/* The question to loop 0; between its post and its reply nobody else touches it. */
struct trend_lags {
	struct task task;
	struct trends *trends;
	struct arena arena;
	struct trend_lag *list;
	size_t n, cap;
	size_t at;     /* of the one that is measured next */
	int32_t queue; /* ... from this queue on */
};

/* ---- alarms --------------------------------------------------------------- */

#define ALARMS_ENDED 64
#define ALARMS_MAX 1000

struct alarm {
	char subject[256]; /* the group; empty: the broker */
	const char *kind;  /* of the table in alarm.c */
	int64_t value, threshold;
	int64_t since_ms, until_ms; /* wall clock */
	bool seen;                  /* by the look that runs */
};

struct alarms {
	struct strmap active; /* "kind subject" -> struct alarm */
	struct alarm ended[ALARMS_ENDED];
	size_t n_ended; /* ever */
};

/* Looks at the newest values, and logs what begins and ends. */
void alarms_look(struct trends *trends, int64_t now_ms);
void alarms_write(const struct trends *trends, struct buf *out);

/* ---- the service ---------------------------------------------------------- */

struct trends {
	struct broker *broker;
	struct mailbox inbox;
	pthread_t thread;
	bool stop; /* the thread's */
	atomic_bool stopping;
	struct task stop_task;
	_Atomic unsigned n_waiting; /* jobs */

	sqlite3 *db; /* NULL: it cannot be used */
	sqlite3_stmt *insert_step, *put_series, *select_steps;
	bool write_failed; /* the log said so */

	int64_t step_ms;        /* when the current step began, wall clock */
	int64_t next_look_ms;   /* for alarms, clock_mono_ms */
	struct strmap counters; /* struct trend_counter by the name of stats_row */
	struct strmap series;   /* struct trend_series */
	struct trend_series **series_by_id;
	size_t n_ids;
	uint64_t broker_begin[4]; /* the broker's totals when the step began */
	struct trend_disk disk;
	struct disk_point disk_points[TREND_STEPS];
	size_t n_disk_points; /* ever */
	_Atomic int64_t disk_full_ms;
	bool surveys; /* lags are on their way */
	struct trend_lags lags;
	struct trend_job *asked; /* that the survey is for */
	struct trend_job *jobs;  /* that came later: the next one is theirs */
	struct alarms alarms;
};

static inline char
trend_letter(enum trend_kind kind)
{
	return "btg"[kind];
}

/* trend_gather.c: the current step's values are then in series->now. */
void trend_gather_counts(struct trends *trends);
/* Begins a survey of lags; on_surveyed runs on the thread, at once when there is nothing to ask. */
void trend_gather_lags(struct trends *trends);
void trend_on_surveyed(struct trends *trends);
/* The step is over: the counters of now are the beginning of the next one. */
void trend_gather_next(struct trends *trends);
/* NULL: there are as many as maxTrendSeries allows. */
struct trend_series *trend_series_get(
    struct trends *trends, enum trend_kind kind, struct slice name);
void trend_gather_release(struct trends *trends);

/* trend_db.c. */
void trend_db_open(struct trends *trends);
void trend_db_close(struct trends *trends);
/* Writes the current step, forgets what is older than a day. */
void trend_db_write(struct trends *trends);
/* Each kept step in order of their writing, from this time on; a step may come in several parts. */
struct trend_row {
	int64_t step_ms;
	struct trend_disk disk;
	struct slice data; /* for trend_data_next */
};
void trend_db_each(struct trends *trends, int64_t from_ms,
    void (*row)(void *arg, const struct trend_row *row), void *arg);
/* The next value; false at the end, and where the bytes are no such data. */
bool trend_data_next(struct slice *data, uint32_t *id, struct trend_value *value);

/* trend.c: a step of the past, as trend.db has it, or of now. */
void trend_note_disk(struct trends *trends, int64_t step_ms, int64_t used);

/* trend_answer.c. */
void trend_answer(struct trends *trends, struct trend_job *job);

#endif
