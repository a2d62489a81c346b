#include "config.h"

#include "broker/store/half/half_table.h"
#include "common/base/clock.h"

/*
 * Replays the log into the table of half messages. The replay may begin before the state that
 * meta.db had: a change that is applied twice has the same result, provided that the replay reaches
 * the end of the log.
 */

#define IMMUNITY_MAX_S (365 * 24 * 3600)

int64_t
half_immunity_ms(struct slice immunity, int64_t default_ms)
{
	int64_t seconds;

	if (slice_to_int64(immunity, &seconds) == -1 || seconds < 0)
		return default_ms;
	return (seconds < IMMUNITY_MAX_S ? seconds : IMMUNITY_MAX_S) * 1000;
}

/* Of a wait that began then, by a clock that may have been set since. */
static int64_t
left_of(int64_t due_in_ms, int64_t since_ms)
{
	int64_t left = since_ms + due_in_ms - clock_wall_ms();

	if (left < 0)
		return 0;
	return left < due_in_ms ? left : due_in_ms;
}

static enum half_op
op_of(enum half_event_kind kind)
{
	switch (kind) {
	case EVENT_COMMIT:
		return HALF_COMMIT;
	case EVENT_ROLLBACK:
		return HALF_ROLLBACK;
	case EVENT_ASK:
		return HALF_ASK;
	case EVENT_RESUME:
		return HALF_RESUME;
	case EVENT_ADOPT:
		return HALF_ADOPT;
	default:
		return HALF_OP_NONE;
	}
}

/* Returns the number of asks so far; -1: the record does not have it. */
static int
read_change(const struct record *record, int64_t immunity_ms, struct half_change *change)
{
	struct half_event event;

	if (slice_is(record->topic, HALF_TOPIC)) {
		struct known_properties known;

		properties_read(record->properties, &known);
		int64_t due_in_ms = half_immunity_ms(known.immunity, immunity_ms);

		*change = (struct half_change){
			.op = HALF_STORE,
			.due_in_ms = left_of(due_in_ms, record->store_timestamp),
		};
	} else if (slice_is(record->topic, HALF_PARKED_TOPIC)) {
		*change =
		    (struct half_change){ .op = HALF_PARK, .position = record->prepared_offset };
	} else if (half_event_parse(record, &event) == 0) {
		*change = (struct half_change){
			.op = op_of(event.kind),
			.revocable = event.revocable,
			.position = event.position,
			.due_in_ms = left_of(event.retry_delay_ms, record->store_timestamp),
		};
		return event.n_asked > 0 ? event.n_asked : -1;
	}
	return -1;
}

int64_t
half_of_record(const struct record *record)
{
	struct half_change change = { 0 };

	read_change(record, 0, &change);
	return change.op != HALF_OP_NONE && change.op != HALF_STORE ? change.position : -1;
}

void
half_table_replay(
    struct half_table *table, const struct record *record, int64_t at, int64_t immunity_ms)
{
	struct half_change change = { 0 };
	int n_asked = read_change(record, immunity_ms, &change);

	/* meta.db may have a later state of it. */
	if ((change.op == HALF_STORE && half_table_find(table, record->position) != NULL) ||
	    (change.op == HALF_ADOPT && half_table_find(table, change.position) != NULL))
		return;
	half_table_apply(table, &change, record->position, n_asked, clock_mono_ms());
	half_table_settle(table, at);
}

void
half_table_follow(struct half_table *table, const struct record *record, int64_t immunity_ms)
{
	struct half_change change = { 0 };
	int n_asked = read_change(record, immunity_ms, &change);

	if (change.op == HALF_STORE)
		change.position = record->position;
	/* What it changes may stand before the begin of this log. */
	if (half_table_allows(table, &change))
		half_table_apply(table, &change, record->position, n_asked, clock_mono_ms());
}
