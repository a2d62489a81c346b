#include "config.h"

#include "broker/retention/timers.h"

#include <stdlib.h>

#include "broker/consumers/heartbeat.h"
#include "broker/consumers/lock_queues.h"
#include "broker/retention/retention.h"
#include "broker/state/limit.h"
#include "broker/state/offset.h"
#include "broker/state/stats.h"
#include "broker/store/store.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define SECOND_MS 1000
#define EXPIRE_SECONDS 10
#define FORGET_SECONDS 60
#define UNKNOWN_OFFSETS_MS (24 * 3600 * INT64_C(1000)) /* after the last commit */

struct timers {
	struct broker *broker;
	struct loop *loop;
	struct timer second;
	struct timer offsets;
	struct retention retention;
	int64_t n_seconds;
	uint64_t n_uncounted; /* the last value from stats */
};

/* ---- offsets to disk ------------------------------------------------- */

static void
on_offsets_kept(struct meta_job *job, struct loop *reply_loop)
{
	struct worker *worker = reply_loop->context;

	if (job->status != 0) {
		log_error("cannot write offsets, will retry");
		offsets_keep_changed(worker->broker->offsets, job);
	}
	meta_job_free(job);
}

static void
on_offsets_due(struct timer *self)
{
	struct timers *timers = container_of(self, struct timers, offsets);
	struct broker *broker = timers->broker;
	struct meta_job *job = offsets_changed(broker->offsets);

	if (job != NULL) {
		job->reply_loop = timers->loop;
		job->done = on_offsets_kept;
		store_meta(broker->store, job);
	}
	loop_set_timer(
	    timers->loop, self, clock_mono_ms() + broker->settings->flush_consumer_offset_interval);
}

/* ---- each second ----------------------------------------------------- */

/* Events that maxStatistics left uncounted count as refused. */
static void
tick_stats(struct timers *timers)
{
	struct broker *broker = timers->broker;
	struct stats_sizes sizes;

	stats_set_max(broker->stats, (size_t)limits_value(broker->limits, LIMIT_STATISTICS));
	stats_tick(broker->stats, clock_wall_ms());
	stats_get_sizes(broker->stats, &sizes);
	if (sizes.n_uncounted > timers->n_uncounted)
		limits_refuse(
		    broker->limits, LIMIT_STATISTICS, sizes.n_uncounted - timers->n_uncounted);
	timers->n_uncounted = sizes.n_uncounted;
}

static void
forget_offsets(struct timers *timers)
{
	struct meta_job *job =
	    offsets_expire_unknown(timers->broker->offsets, clock_mono_ms() - UNKNOWN_OFFSETS_MS);

	if (job != NULL) {
		log_info("forgot offsets of groups that do not exist n=%zu", job->n);
		store_meta(timers->broker->store, job);
	}
}

/* What ends by itself. A slave hears of it from its master. */
static void
expire_state(struct timers *timers)
{
	lock_queues_expire(timers->broker, timers->loop);
	if (timers->n_seconds % FORGET_SECONDS == 0)
		forget_offsets(timers);
}

static void
on_second(struct timer *self)
{
	struct timers *timers = container_of(self, struct timers, second);

	tick_stats(timers);
	offsets_tick(timers->broker->offsets);
	retention_tick(timers->broker, &timers->retention);
	if (++timers->n_seconds % EXPIRE_SECONDS == 0)
		clients_drop_silent(timers->broker, timers->loop);
	if (!broker_is_slave(timers->broker))
		expire_state(timers);
	loop_set_timer(timers->loop, self,
	    self->at_ms + SECOND_MS > clock_mono_ms() ? self->at_ms + SECOND_MS
						      : clock_mono_ms() + SECOND_MS);
}

struct timers *
timers_start(struct broker *broker)
{
	struct timers *timers = mem_zalloc(sizeof *timers);
	int64_t now_ms = clock_mono_ms();

	timers->broker = broker;
	timers->loop = broker_main_loop(broker);
	timers->second.due = on_second;
	timers->offsets.due = on_offsets_due;
	stats_tick(broker->stats, clock_wall_ms());
	retention_tick(broker, &timers->retention);
	loop_set_timer(timers->loop, &timers->second, now_ms + SECOND_MS);
	loop_set_timer(timers->loop, &timers->offsets,
	    now_ms + broker->settings->flush_consumer_offset_interval);
	return timers;
}

void
timers_free(struct timers *timers)
{
	if (timers == NULL)
		return;
	loop_drop_timer(timers->loop, &timers->second);
	loop_drop_timer(timers->loop, &timers->offsets);
	free(timers);
}

const struct retention *
timers_retention(const struct timers *timers)
{
	return &timers->retention;
}
