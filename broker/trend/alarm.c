#include "config.h"

/* Alarms: what is above its threshold now, since when, and what was until lately. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store/half/half.h"
#include "broker/trend/trend_private.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/json/json.h"

static const char kind_lag[] = "lag", kind_disk[] = "disk", kind_parked[] = "parked";

static const char *
unit_of(const char *kind)
{
	return kind == kind_lag ? "messages" : kind == kind_disk ? "percent" : "transactions";
}

static struct alarm *
alarm_get(struct alarms *alarms, const char *kind, struct slice subject, bool make)
{
	char text[300];
	int len = snprintf(text, sizeof text, "%s %.*s", kind, (int)subject.len,
	    subject.len != 0 ? subject.data : "");
	struct slice key = { text, len < (int)sizeof text ? (size_t)len : sizeof text - 1 };
	struct alarm *alarm = strmap_find(&alarms->active, key);

	if (alarm != NULL || !make || alarms->active.n >= ALARMS_MAX)
		return alarm;
	alarm = mem_zalloc(sizeof *alarm);
	alarm->kind = kind;
	snprintf(alarm->subject, sizeof alarm->subject, "%.*s", (int)subject.len,
	    subject.len != 0 ? subject.data : "");
	strmap_put(&alarms->active, key, alarm);
	return alarm;
}

/* An alarm ends a twentieth below its threshold, so that it does not come and go. */
static bool
is_high(int64_t value, int64_t threshold, bool already)
{
	return threshold > 0 && value >= (already ? threshold - threshold / 20 : threshold);
}

static void
look_at(
    struct trends *trends, const char *kind, struct slice subject, int64_t value, int64_t threshold)
{
	struct alarm *alarm = alarm_get(&trends->alarms, kind, subject, false);

	if (!is_high(value, threshold, alarm != NULL))
		return;
	bool begins = alarm == NULL;

	if (begins)
		alarm = alarm_get(&trends->alarms, kind, subject, true);
	if (alarm == NULL)
		return;
	alarm->value = value;
	alarm->threshold = threshold;
	alarm->seen = true;
	if (begins)
		log_warn("alarm begins kind=%s%s%s value=%" PRId64 " threshold=%" PRId64 " unit=%s",
		    kind, subject.len != 0 ? " group=" : "", alarm->subject, value, threshold,
		    unit_of(kind));
}

static void
end_unseen(struct alarms *alarms, int64_t now_ms)
{
	for (struct strmap_entry *at = strmap_next(&alarms->active, NULL), *next; at != NULL;
	     at = next) {
		struct alarm *alarm = at->value;

		next = strmap_next(&alarms->active, at);
		if (alarm->since_ms == 0) /* it began just now */
			alarm->since_ms = now_ms;
		if (alarm->seen) {
			alarm->seen = false;
			continue;
		}
		alarm->until_ms = now_ms;
		log_info("alarm ends kind=%s%s%s lasted_s=%" PRId64, alarm->kind,
		    alarm->subject[0] != '\0' ? " group=" : "", alarm->subject,
		    (now_ms - alarm->since_ms) / 1000);
		alarms->ended[alarms->n_ended++ % ALARMS_ENDED] = *alarm;
		free(strmap_remove(&alarms->active, at));
	}
}

void
alarms_look(struct trends *trends, int64_t now_ms)
{
	const struct broker_settings *settings = trends->broker->settings;
	struct half_counts counts;

	for (size_t i = 0; i < trends->n_ids; i++) {
		const struct trend_series *series = trends->series_by_id[i];

		if (series != NULL && series->key.data[0] == trend_letter(TREND_GROUP))
			look_at(trends, kind_lag,
			    (struct slice){ series->key.data + 1, series->key.len - 1 },
			    series->now.lag, settings->alarm_lag);
	}
	if (trends->disk.total > 0)
		look_at(trends, kind_disk, SLICE_NONE, trends->disk.used * 100 / trends->disk.total,
		    settings->alarm_disk_used);
	store_half_counts(trends->broker->store, &counts);
	look_at(
	    trends, kind_parked, SLICE_NONE, counts.n_parked, settings->alarm_parked_transactions);
	end_unseen(&trends->alarms, now_ms);
}

static void
put_alarm(struct json_out *out, const struct alarm *alarm)
{
	json_open_object(out);
	json_member_put_text(out, "kind", alarm->kind);
	json_member_put_text(out, "subject", alarm->subject);
	json_member_put_int(out, "value", alarm->value);
	json_member_put_int(out, "threshold", alarm->threshold);
	json_member_put_text(out, "unit", unit_of(alarm->kind));
	json_member_put_int(out, "since", alarm->since_ms);
	if (alarm->until_ms != 0)
		json_member_put_int(out, "until", alarm->until_ms);
	json_close_object(out);
}

void
alarms_write(const struct trends *trends, struct buf *body)
{
	const struct broker_settings *settings = trends->broker->settings;
	const struct alarms *alarms = &trends->alarms;
	struct strmap_entry **sorted = strmap_sorted(&alarms->active);
	struct json_out out;

	json_out_init(&out, body);
	json_open_object(&out);
	json_key(&out, "alarms");
	json_open_array(&out);
	for (size_t i = 0; i < alarms->active.n; i++)
		put_alarm(&out, sorted[i]->value);
	json_close_array(&out);
	json_key(&out, "ended");
	json_open_array(&out);
	for (size_t i = 0; i < alarms->n_ended && i < ALARMS_ENDED; i++)
		put_alarm(&out, &alarms->ended[(alarms->n_ended - 1 - i) % ALARMS_ENDED]);
	json_close_array(&out);
	json_key(&out, "thresholds");
	json_open_object(&out);
	json_member_put_int(&out, "alarmLag", settings->alarm_lag);
	json_member_put_int(&out, "alarmDiskUsed", settings->alarm_disk_used);
	json_member_put_int(&out, "alarmParkedTransactions", settings->alarm_parked_transactions);
	json_close_object(&out);
	json_close_object(&out);
	free(sorted);
}
