#include "config.h"

#include "broker/retention/upkeep.h"

#include <stdlib.h>

#include "broker/state/client.h"
#include "broker/state/offset.h"
#include "broker/consumers/push.h"
#include "broker/retention/retention.h"
#include "broker/state/stats.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define SECOND_MS 1000
#define EXPIRE_SECONDS 10

struct upkeep {
	struct broker *broker;
	struct loop *loop;
	struct timer second;
	struct timer offsets;
	struct retention retention;
	int64_t n_seconds;
};

/* ---- offsets to disk ------------------------------------------------- */

static void
on_offsets_kept(struct meta_job *job, struct loop *home)
{
	struct worker *worker = home->context;

	if (job->status != 0) {
		log_error("offsets could not be written, they are tried again");
		offsets_keep_changed(worker->broker->offsets, job);
	}
	meta_job_free(job);
}

static void
on_offsets_due(struct timer *self)
{
	struct upkeep *upkeep = container_of(self, struct upkeep, offsets);
	struct broker *broker = upkeep->broker;
	struct meta_job *job = offsets_changed(broker->offsets);

	if (job != NULL) {
		job->home = upkeep->loop;
		job->done = on_offsets_kept;
		store_meta(broker->store, job);
	}
	loop_set_timer(
	    upkeep->loop, self, clock_mono_ms() + broker->settings->flush_consumer_offset_interval);
}

/* ---- each second ----------------------------------------------------- */

static void
expire_clients(struct upkeep *upkeep)
{
	const struct conn_id *stale;
	size_t n;
	struct client_changes changes =
	    clients_expire(upkeep->broker->clients, &upkeep->loop->arena, &stale, &n);

	if (upkeep->broker->settings->notify_consumer_ids_changed_enable)
		push_changes(upkeep->broker, upkeep->loop, &changes);
	for (size_t i = 0; i < n; i++)
		push_close(upkeep->broker, upkeep->loop, stale[i]);
}

static void
on_second(struct timer *self)
{
	struct upkeep *upkeep = container_of(self, struct upkeep, second);

	stats_tick(upkeep->broker->stats, clock_wall_ms());
	retention_tick(upkeep->broker, &upkeep->retention);
	if (++upkeep->n_seconds % EXPIRE_SECONDS == 0)
		expire_clients(upkeep);
	loop_set_timer(upkeep->loop, self,
	    self->at_ms + SECOND_MS > clock_mono_ms() ? self->at_ms + SECOND_MS
						      : clock_mono_ms() + SECOND_MS);
}

struct upkeep *
upkeep_start(struct broker *broker)
{
	struct upkeep *upkeep = mem_zalloc(sizeof *upkeep);
	int64_t now_ms = clock_mono_ms();

	upkeep->broker = broker;
	upkeep->loop = &broker->daemon->loops[0];
	upkeep->second.due = on_second;
	upkeep->offsets.due = on_offsets_due;
	stats_tick(broker->stats, clock_wall_ms());
	retention_tick(broker, &upkeep->retention);
	loop_set_timer(upkeep->loop, &upkeep->second, now_ms + SECOND_MS);
	loop_set_timer(upkeep->loop, &upkeep->offsets,
	    now_ms + broker->settings->flush_consumer_offset_interval);
	return upkeep;
}

void
upkeep_free(struct upkeep *upkeep)
{
	if (upkeep == NULL)
		return;
	loop_drop_timer(upkeep->loop, &upkeep->second);
	loop_drop_timer(upkeep->loop, &upkeep->offsets);
	free(upkeep);
}

const struct retention *
upkeep_retention(const struct upkeep *upkeep)
{
	return &upkeep->retention;
}
