#include "config.h"

#include "common/protocol/transaction_body.h"

#include "common/json/json_body.h"

static const char *const state_names[] = {
	[TRANSACTION_OPEN] = "open",
	[TRANSACTION_PARKED] = "parked",
	[TRANSACTION_REVOCABLE] = "revocable",
	[TRANSACTION_COMMITTED] = "committed",
	[TRANSACTION_ROLLED_BACK] = "rolledBack",
	[TRANSACTION_STATE_UNKNOWN] = "unknown",
};

static const char *const count_names[] = {
	[COUNT_OPEN] = "open",
	[COUNT_PARKED] = "parked",
	[COUNT_REVOCABLE] = "revocable",
	[COUNT_COMMITTED] = "committed",
	[COUNT_ROLLED_BACK] = "rolledBack",
	[COUNT_OVERRIDDEN] = "overridden",
	[COUNT_CONTRADICTIONS] = "contradictions",
	[COUNT_REPEATS] = "repeats",
	[COUNT_UNKNOWN_ANSWERS] = "unknownAnswers",
	[COUNT_REFUSED] = "refused",
	[COUNT_FAILED] = "failed",
	[COUNT_ASKED] = "asked",
	[COUNT_TIMES_PARKED] = "timesParked",
	[COUNT_RESUMED] = "resumed",
	[COUNT_RELAYS_REFUSED] = "relaysRefused",
};

const char *
transaction_state_name(enum transaction_state state)
{
	return state_names[state];
}

int
transaction_state_parse(struct slice name, enum transaction_state *state)
{
	for (int i = 0; i < N_TRANSACTION_STATES; i++)
		if (slice_is(name, state_names[i])) {
			*state = (enum transaction_state)i;
			return 0;
		}
	return -1;
}

const char *
transaction_count_name(enum transaction_count count)
{
	return count_names[count];
}

/* ---- writing ---------------------------------------------------------- */

/* Absent texts, and numbers that say nothing, are left out. */
static void
put_text(struct json_out *out, const char *key, struct slice text)
{
	if (text.data != NULL)
		json_member_put_slice(out, key, text);
}

static void
put_int(struct json_out *out, const char *key, int64_t number, int64_t absent)
{
	if (number != absent)
		json_member_put_int(out, key, number);
}

static void
put_true(struct json_out *out, const char *key, bool is_true)
{
	if (is_true)
		json_member_put_bool(out, key, true);
}

static void
write_event(struct json_out *out, const struct transaction_event *event)
{
	json_open_object(out);
	json_member_put_int(out, "position", event->position);
	json_member_put_int(out, "time", event->time_ms);
	json_member_put_slice(out, "event", event->what);
	json_member_put_slice(out, "via", event->via);
	put_text(out, "who", event->who);
	put_text(out, "by", event->by);
	put_text(out, "said", event->said);
	put_text(out, "reason", event->reason);
	put_true(out, "revocable", event->revocable);
	put_true(out, "override", event->override);
	put_int(out, "waitMs", event->retry_delay_ms, 0);
	put_int(out, "asked", event->asked, 0);
	json_close_object(out);
}

static void
write_delivery(struct json_out *out, const struct transaction_delivery *delivery)
{
	json_open_object(out);
	json_member_put_slice(out, "topic", delivery->topic);
	json_member_put_int(out, "queueId", delivery->queue_id);
	json_member_put_int(out, "queueOffset", delivery->queue_offset);
	json_member_put_int(out, "position", delivery->position);
	json_member_put_slice(out, "msgId", delivery->msg_id);
	json_member_put_int(out, "storeTimestamp", delivery->stored_ms);
	json_close_object(out);
}

void
transaction_info_write(struct json_out *out, const struct transaction_info *info)
{
	json_open_object(out);
	put_text(out, "brokerName", info->broker_name);
	put_text(out, "transactionId", info->id);
	put_text(out, "msgId", info->msg_id);
	json_member_put_int(out, "position", info->position);
	put_int(out, "queueOffset", info->queue_offset, -1);
	put_text(out, "group", info->group);
	put_text(out, "topic", info->topic);
	put_text(out, "keys", info->keys);
	put_text(out, "tags", info->tags);
	json_member_put_text(out, "state", transaction_state_name(info->state));
	json_member_put_int(out, "asked", info->asked);
	put_int(out, "nextAskMs", info->next_ask_ms, -1);
	put_text(out, "checkState", info->check_state);
	put_int(out, "storeTimestamp", info->stored_ms, 0);
	put_int(out, "bornTimestamp", info->born_ms, 0);
	put_int(out, "ageMs", info->age_ms, 0);
	put_text(out, "bornHost", info->born_host);
	put_int(out, "storeSize", info->size_bytes, 0);
	json_key(out, "events");
	json_open_array(out);
	for (size_t i = 0; i < info->n_events; i++)
		write_event(out, &info->events[i]);
	json_close_array(out);
	put_true(out, "eventsCut", info->events_cut);
	if (info->delivery != NULL) {
		json_key(out, "delivered");
		write_delivery(out, info->delivery);
	}
	json_close_object(out);
}

void
transaction_list_open(struct json_out *out)
{
	json_open_object(out);
	json_key(out, "transactions");
	json_open_array(out);
}

void
transaction_list_close(struct json_out *out, const struct transaction_list *end)
{
	json_close_array(out);
	put_text(out, "cursor", end->cursor);
	json_member_put_int(out, "scanned", end->scanned);
	json_key(out, "counts");
	json_open_object(out);
	for (int i = 0; i < N_TRANSACTION_COUNTS; i++)
		json_member_put_int(out, count_names[i], end->counts[i]);
	json_close_object(out);
	json_close_object(out);
}

/* ---- reading ---------------------------------------------------------- */

static int
read_event(struct arena *arena, const struct json *json, void *item)
{
	struct transaction_event *event = item;

	(void)arena;
	if (!json_is_object(json))
		return -1;
	*event = (struct transaction_event){
		.position = json_member_int64(json, "position", -1),
		.time_ms = json_member_int64(json, "time", 0),
		.what = json_member_text(json, "event"),
		.via = json_member_text(json, "via"),
		.who = json_member_text(json, "who"),
		.by = json_member_text(json, "by"),
		.said = json_member_text(json, "said"),
		.reason = json_member_text(json, "reason"),
		.revocable = json_member_bool(json, "revocable", false),
		.override = json_member_bool(json, "override", false),
		.retry_delay_ms = json_member_int64(json, "waitMs", 0),
		.asked = json_member_int64(json, "asked", 0),
	};
	return event->what.data != NULL && event->via.data != NULL ? 0 : -1;
}

static const struct transaction_delivery *
read_delivery(struct arena *arena, const struct json *json)
{
	struct transaction_delivery *delivery;

	if (!json_is_object(json))
		return NULL;
	delivery = arena_alloc(arena, sizeof *delivery);
	*delivery = (struct transaction_delivery){
		.topic = json_member_text(json, "topic"),
		.queue_id = json_member_int32(json, "queueId", -1),
		.queue_offset = json_member_int64(json, "queueOffset", -1),
		.position = json_member_int64(json, "position", -1),
		.msg_id = json_member_text(json, "msgId"),
		.stored_ms = json_member_int64(json, "storeTimestamp", 0),
	};
	return delivery;
}

static int
read_info(struct arena *arena, const struct json *json, void *item)
{
	struct transaction_info *info = item;

	if (!json_is_object(json))
		return -1;
	*info = (struct transaction_info){
		.broker_name = json_member_text(json, "brokerName"),
		.id = json_member_text(json, "transactionId"),
		.msg_id = json_member_text(json, "msgId"),
		.position = json_member_int64(json, "position", -1),
		.queue_offset = json_member_int64(json, "queueOffset", -1),
		.group = json_member_text(json, "group"),
		.topic = json_member_text(json, "topic"),
		.keys = json_member_text(json, "keys"),
		.tags = json_member_text(json, "tags"),
		.asked = json_member_int64(json, "asked", 0),
		.next_ask_ms = json_member_int64(json, "nextAskMs", -1),
		.check_state = json_member_text(json, "checkState"),
		.stored_ms = json_member_int64(json, "storeTimestamp", 0),
		.born_ms = json_member_int64(json, "bornTimestamp", 0),
		.age_ms = json_member_int64(json, "ageMs", 0),
		.born_host = json_member_text(json, "bornHost"),
		.size_bytes = json_member_int64(json, "storeSize", 0),
		.events_cut = json_member_bool(json, "eventsCut", false),
		.delivery = read_delivery(arena, json_member(json, "delivered")),
	};
	info->events = json_items(arena, json_member(json, "events"), JSON_ARRAY,
	    sizeof *info->events, read_event, &info->n_events);
	if (transaction_state_parse(json_member_text(json, "state"), &info->state) == -1)
		info->state = TRANSACTION_STATE_UNKNOWN;
	return info->position >= 0 && info->events != NULL ? 0 : -1;
}

int
transaction_list_read(struct arena *arena, struct slice body, struct transaction_list *list)
{
	const struct json *json = json_parse(arena, body), *counts = json_member(json, "counts");

	if (!json_is_object(json))
		return -1;
	*list = (struct transaction_list){
		.cursor = json_member_text(json, "cursor"),
		.scanned = json_member_int64(json, "scanned", 0),
	};
	for (int i = 0; i < N_TRANSACTION_COUNTS; i++)
		list->counts[i] = json_member_int64(counts, count_names[i], 0);
	list->list = json_items(arena, json_member(json, "transactions"), JSON_ARRAY,
	    sizeof *list->list, read_info, &list->n);
	return list->list != NULL ? 0 : -1;
}
