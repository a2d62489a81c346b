#ifndef BROKER_TREND_H
#define BROKER_TREND_H

/*
 * Trends: what came in and went out in the last 24 hours, in steps of five minutes, for the broker,
 * each topic and each group; the lag of each group, and the disk. Kept in trend.db, so they outlive
 * a restart; the death of the process loses the current step. And alarms: a lag, the disk or parked
 * transactions above the thresholds of the options alarm...
 *
 * One thread does it all. It reads the counters of state/stats.h, which exist anyway, asks loop 0
 * for lags in portions of a turn, and writes one row a step. What did not move in a step costs
 * nothing.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/context.h"
#include "common/base/buf.h"

#define TREND_STEP_MS (300 * INT64_C(1000))
#define TREND_STEPS 288 /* that are kept: 24 hours */

struct trends;

/* On loop 0, when the store is open. NULL: trendEnable is off. The log says when trend.db cannot be
 * used: then only the current step is known. */
struct trends *trends_start(struct broker *broker);
/* Writes the current step and ends the thread. On the main thread, when no loop runs. NULL:
 * nothing.
 */
void trends_stop(struct trends *trends);
/*
 * When the store's partition is full if it goes on to fill as in the last day, ms since 1970; 0: it
 * does not fill, or less than an hour is known. Any thread; NULL: 0.
 */
int64_t trends_disk_full_ms(const struct trends *trends);
/* When no loop has tasks of it any more. */
void trends_free(struct trends *trends);

enum trend_kind { TREND_BROKER, TREND_TOPIC, TREND_GROUP, N_TREND_KINDS };

const char *trend_kind_name(enum trend_kind kind); /* "broker", "topic", "group" */

enum trend_status { TREND_DONE, TREND_STOPPED };

/* A question, as a task for the thread. Texts are the job's own. */
struct trend_job {
	struct task task;
	struct loop *reply_loop;
	void (*done)(struct trend_job *job, struct loop *reply_loop); /* frees the job */
	void *context;
	bool alarms; /* the alarms instead of series */
	enum trend_kind kind;
	char *names;    /* separated by ','; NULL: all of the kind */
	char *after;    /* all: those behind this name; NULL: from the first */
	int32_t points; /* a divisor of TREND_STEPS */
	int32_t limit;  /* series in the reply, at most */
	/* the reply, man/mq-protocol.7 */
	enum trend_status status;
	struct buf body;
};

struct trend_job *trend_job_new(void);
void trend_job_free(struct trend_job *job);
/* Any loop. False: too many wait, and the job is still the caller's. */
bool trends_submit(struct trends *trends, struct trend_job *job);

#endif
