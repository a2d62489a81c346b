#include "config.h"

#include "broker/retention.h"

#include <inttypes.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"

#define HOUR_MS (3600 * INT64_C(1000))

static int
used_percent(const struct store_stats *stats)
{
	if (stats->disk_total <= 0)
		return 0;
	return (int)((stats->disk_total - stats->disk_free) * 100 / stats->disk_total);
}

/* Whether messages go in this hour: deleteWhen is a list as "04" or "04;16". */
static bool
is_delete_hour(const char *hours, int64_t now_ms)
{
	time_t now = now_ms / 1000;
	struct slice rest = slice_of(hours), part;
	struct tm tm;

	localtime_r(&now, &tm);
	while (slice_next(&rest, ';', &part)) {
		int64_t hour;

		if (slice_to_int64(slice_trim(part), &hour) == 0 && hour == tm.tm_hour)
			return true;
	}
	return false;
}

void
retention_clean(struct broker *broker)
{
	store_expire(
	    broker->store, clock_wall_ms() - broker->settings->file_reserved_time * HOUR_MS);
}

static void
tell_once(
    struct broker *broker, struct retention *retention, const struct store_stats *stats, bool full)
{
	if (full && !retention->was_full)
		log_warn("the partition of %s is %d %% full (diskMaxUsedSpaceRatio=%" PRId64
			 "): messages older than %" PRId64
			 " hours are deleted now, the oldest ones whatever "
			 "their age above %d %%, sends are refused above %d %%",
		    broker->settings->store_path_root_dir, used_percent(stats),
		    broker->settings->disk_max_used_space_ratio,
		    broker->settings->file_reserved_time, DISK_FORCE_PERCENT, DISK_REFUSE_PERCENT);
	else if (!full && retention->was_full)
		log_info("the partition of %s has room again used=%d%%",
		    broker->settings->store_path_root_dir, used_percent(stats));
	retention->was_full = full;
}

void
retention_tick(struct broker *broker, struct retention *retention)
{
	struct store_stats stats;

	store_get_stats(broker->store, &stats);
	bool full = used_percent(&stats) > broker->settings->disk_max_used_space_ratio;

	tell_once(broker, retention, &stats, full);
	if (full || is_delete_hour(broker->settings->delete_when, clock_wall_ms()))
		retention_clean(broker);
	if (used_percent(&stats) > DISK_FORCE_PERCENT)
		store_expire_oldest(broker->store);
}

/* "2024-05-01 04:00:00", or "-". */
static struct slice
time_text(struct arena *arena, int64_t ms)
{
	time_t seconds = ms / 1000;
	char text[32];
	struct tm tm;

	if (ms < 0)
		return SLICE("-");
	localtime_r(&seconds, &tm);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
	return arena_copy(arena, slice_of(text));
}

struct slice
retention_disk_text(const struct broker *broker, struct arena *arena)
{
	const struct broker_settings *settings = broker->settings;
	struct store_stats stats;

	store_get_stats(broker->store, &stats);
	struct slice oldest = time_text(arena, stats.earliest_ms);

	return arena_printf(arena,
	    "service not available now: %s. The partition of %s is %d %% full (%" PRId64
	    " MB free), sends are refused above %d %%. The oldest message is of %.*s; messages "
	    "older than %" PRId64 " hours are deleted at hour %s and at once above %" PRId64
	    " %%, the oldest ones whatever their age above %d %%",
	    stats.refusal != NULL ? stats.refusal : "the disk is full",
	    settings->store_path_root_dir, used_percent(&stats), stats.disk_free >> 20,
	    DISK_REFUSE_PERCENT, (int)oldest.len, oldest.data, settings->file_reserved_time,
	    settings->delete_when, settings->disk_max_used_space_ratio, DISK_FORCE_PERCENT);
}
