#include "config.h"

#include "broker/retention/retention.h"

#include <inttypes.h>
#include <time.h>

#include "broker/retention/timers.h"
#include "broker/store/store.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define HOUR_MS (3600 * INT64_C(1000))

static int
used_percent(const struct store_stats *stats)
{
	if (stats->disk_total <= 0)
		return 0;
	return (int)((stats->disk_total - stats->disk_free) * 100 / stats->disk_total);
}

uint32_t
retention_hours(const char *list)
{
	struct slice rest = slice_of(list), part;
	uint32_t hours = 0;

	while (rest.data != NULL && slice_next(&rest, ';', &part)) {
		int64_t hour;

		if (slice_to_int64(slice_trim(part), &hour) == 0 && hour >= 0 && hour < 24)
			hours |= UINT32_C(1) << hour;
	}
	return hours;
}

static bool
is_delete_hour(uint32_t hours, int64_t now_ms)
{
	time_t now = now_ms / 1000;
	struct tm tm;

	localtime_r(&now, &tm);
	return hours >> tm.tm_hour & 1;
}

/* "04 and 16", or "no hour". */
static struct slice
hours_text(struct arena *arena, uint32_t hours)
{
	struct slice text = { NULL, 0 };

	for (int hour = 0; hour < 24; hour++) {
		if (!(hours >> hour & 1))
			continue;
		text = text.data == NULL
		           ? arena_printf(arena, "hour %02d", hour)
		           : arena_printf(arena, "%.*s and %02d", (int)text.len, text.data, hour);
	}
	return text.data != NULL ? text : SLICE("no hour");
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
	atomic_store(&retention->hours, retention_hours(broker->settings->delete_when));
	if (full || is_delete_hour(atomic_load(&retention->hours), clock_wall_ms()))
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
	struct slice hours =
	    hours_text(arena, atomic_load(&timers_retention(broker->timers)->hours));

	if (broker->lease != NULL)
		return arena_printf(arena, "service not available now: %s",
		    stats.write_block != NULL ? stats.write_block
					      : "the lease of this master had ended");
	return arena_printf(arena,
	    "service not available now: %s. The partition of %s is %d %% full (%" PRId64
	    " MB free), sends are refused above %d %%. The oldest message is of %.*s; messages "
	    "older than %" PRId64 " hours are deleted at %.*s and at once above %" PRId64
	    " %%, the oldest ones whatever their age above %d %%",
	    stats.write_block != NULL ? stats.write_block : "the disk is full",
	    settings->store_path_root_dir, used_percent(&stats), stats.disk_free >> 20,
	    DISK_REFUSE_PERCENT, (int)oldest.len, oldest.data, settings->file_reserved_time,
	    (int)hours.len, hours.data, settings->disk_max_used_space_ratio, DISK_FORCE_PERCENT);
}
