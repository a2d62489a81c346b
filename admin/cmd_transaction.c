#include "config.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/cmd.h"
#include "common/protocol/transaction_body.h"

/* Listing, showing, resuming and resolving transactions. */

#define LIST_DEFAULT 100
#define PAGE_MAX 1000

#define FLAG_ID                                                                                    \
	{                                                                                          \
		'i', "id", FLAG_TEXT, "ID", FLAG_REQUIRED | FLAG_WORD, 0, 0,                       \
		    "transaction id, offset id, or position in the broker's log"                   \
	}

static struct slice
name_of(const struct target *target)
{
	return target->name.data != NULL ? target->name : target->address;
}

static struct slice
or_empty(struct slice text)
{
	return text.data != NULL ? text : SLICE("");
}

/* "850ms", "12s", "3m12s", "2h05m", "4d03h" */
static struct slice
duration_text(struct arena *arena, int64_t ms)
{
	int64_t s = ms / 1000;

	if (ms < 1000)
		return arena_printf(arena, "%dms", (int)ms);
	if (s < 60)
		return arena_printf(arena, "%ds", (int)s);
	if (s < 3600)
		return arena_printf(arena, "%dm%02ds", (int)(s / 60), (int)(s % 60));
	if (s < 86400)
		return arena_printf(arena, "%dh%02dm", (int)(s / 3600), (int)(s / 60 % 60));
	return arena_printf(arena, "%lldd%02dh", (long long)(s / 86400), (int)(s / 3600 % 24));
}

/* Name and address, as far as they are known. */
static struct slice
who_text(struct arena *arena, const struct transaction_event *event)
{
	if (event->by.len == 0)
		return or_empty(event->who);
	if (event->who.len == 0)
		return event->by;
	return arena_printf(arena, "%.*s (%.*s)", (int)event->by.len, event->by.data,
	    (int)event->who.len, event->who.data);
}

/* "commit", "contradict: rollback" */
static struct slice
what_text(struct arena *arena, const struct transaction_event *event)
{
	const char *more = event->revocable  ? ", may still be committed"
	                   : event->override ? ", after all"
	                                     : "";

	if (event->asked != 0)
		return arena_printf(arena, "%.*s %lld", (int)event->what.len, event->what.data,
		    (long long)event->asked);
	if (event->said.len == 0)
		return arena_printf(arena, "%.*s%s", (int)event->what.len, event->what.data, more);
	return arena_printf(arena, "%.*s: %.*s", (int)event->what.len, event->what.data,
	    (int)event->said.len, event->said.data);
}

/* ---- transactionList ---- */

static const struct flag transaction_list_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	{ 's', "state", FLAG_TEXT, "STATE", 0, 0, 0,
	    "open, parked, revocable, committed, rolledBack, contradiction or all; all when not "
	    "said" },
	{ 'g', "group", FLAG_TEXT, "GROUP", 0, 0, 0, "only of this producer group" },
	{ 't', "topic", FLAG_TEXT, "TOPIC", 0, 0, 0, "only messages for this topic" },
	{ 'k', "key", FLAG_TEXT, "KEY", 0, 0, 0, "only messages with this key or id" },
	{ 'o', "olderThan", FLAG_INT, "SECONDS", 0, 0, INT32_MAX,
	    "only those stored at least so long ago" },
	{ 'l', "limit", FLAG_INT, "N", 0, 1, INT32_MAX, "maximum number (default 100)" },
	{ 0 },
};

static const struct column list_columns[] = {
	{ "brokerName", "Broker", COLUMN_TEXT },
	{ "transactionId", "Id", COLUMN_TEXT },
	{ "state", "State", COLUMN_TEXT },
	{ "group", "Group", COLUMN_TEXT },
	{ "topic", "Topic", COLUMN_TEXT },
	{ "keys", "Keys", COLUMN_TEXT },
	{ "age", "Age", COLUMN_TEXT },
	{ "asked", "Asked", COLUMN_INT },
	{ "next", "Next ask", COLUMN_TEXT },
	{ "event", "Event", COLUMN_TEXT },
	{ "by", "By", COLUMN_TEXT },
	{ NULL },
};

/* The list so far. */
struct gathered {
	struct grid grid;
	int64_t left;
	bool more;
	int64_t counts[N_TRANSACTION_COUNTS];
};

/* For the others, the number of checks is known from their events only. */
static bool
is_undecided(const struct transaction_info *info)
{
	return info->state == TRANSACTION_OPEN || info->state == TRANSACTION_PARKED;
}

static void
add_row(struct admin *admin, struct grid *grid, const struct transaction_info *info)
{
	struct arena *arena = &admin->arena;
	const struct transaction_event *event =
	    info->n_events != 0 ? &info->events[info->n_events - 1] : NULL;

	grid_text(grid, info->broker_name);
	if (info->id.len != 0)
		grid_text(grid, info->id);
	else
		grid_printf(grid, "%lld", (long long)info->position);
	grid_text(grid, slice_of(transaction_state_name(info->state)));
	grid_text(grid, or_empty(info->group));
	grid_text(grid, or_empty(info->topic));
	grid_text(grid, or_empty(info->keys));
	grid_text(grid, info->stored_ms != 0 ? duration_text(arena, info->age_ms) : SLICE(""));
	if (is_undecided(info))
		grid_int(grid, info->asked);
	else
		grid_text(grid, SLICE(""));
	grid_text(
	    grid, info->next_ask_ms >= 0 ? duration_text(arena, info->next_ask_ms) : SLICE(""));
	grid_text(grid, event != NULL ? what_text(arena, event) : SLICE(""));
	grid_text(grid, event != NULL ? who_text(arena, event) : SLICE(""));
}

static void
gather(struct admin *admin, struct gathered *gathered, const struct target *target,
    const struct transaction_list *list)
{
	struct json_out *json = report_json(&admin->report);

	for (size_t i = 0; i < list->n && gathered->left > 0; i++, gathered->left--) {
		struct transaction_info info = list->list[i];

		info.broker_name = name_of(target);
		if (json != NULL)
			transaction_info_write(json, &info);
		else
			add_row(admin, &gathered->grid, &info);
	}
}

/* Reads all pages of one broker. 0, or -1 after admin_fail. */
static int
list_broker(struct admin *admin, struct gathered *gathered, const struct target *target,
    struct list_transactions_header header)
{
	struct admin_request ask = { .address = target->address,
		.code = REQUEST_LIST_TRANSACTIONS,
		.fields = list_transactions_header_fields,
		.header = &header };
	struct twinmq_reply reply;
	struct transaction_list list;

	do {
		header.limit = gathered->left < PAGE_MAX ? (int32_t)gathered->left : PAGE_MAX;
		if (header.limit == 0)
			header.limit = 1; /* for the counts and `more` */
		if (admin_must(admin, &ask, &reply) == -1)
			return -1;
		if (transaction_list_read(&admin->arena, reply.body, &list) == -1)
			return admin_bad_body(admin, &ask);
		gathered->more |= gathered->left < (int64_t)list.n;
		gather(admin, gathered, target, &list);
		header.cursor = list.cursor;
	} while (gathered->left > 0 && list.cursor.data != NULL);
	gathered->more |= list.cursor.data != NULL;
	for (int i = 0; i < N_TRANSACTION_COUNTS; i++)
		gathered->counts[i] += list.counts[i];
	return 0;
}

static int
read_filters(struct admin *admin, struct list_transactions_header *header)
{
	const struct args *args = &admin->args;
	enum transaction_state state;

	*header = (struct list_transactions_header){
		.state = slice_of(args_text(args, 's')),
		.key = slice_of(args_text(args, 'k')),
		.older_than_ms = args_number(args, 'o', 0) * 1000,
	};
	if (admin_name(admin, 'g', "group", &header->group) == -1 ||
	    admin_name(admin, 't', "topic", &header->topic) == -1)
		return -1;
	if (header->state.data == NULL || slice_is(header->state, "all") ||
	    slice_is(header->state, "contradiction") ||
	    (transaction_state_parse(header->state, &state) == 0 &&
		state != TRANSACTION_STATE_UNKNOWN))
		return 0;
	return admin_misuse(admin,
	    "--state must be open, parked, revocable, committed, rolledBack, contradiction or all, "
	    "not \"%.*s\"",
	    (int)header->state.len, header->state.data);
}

static void
show_counts(struct report *report, const struct gathered *gathered)
{
	report_enter(report, "counts", NULL);
	if (report_json(report) != NULL)
		for (int i = 0; i < N_TRANSACTION_COUNTS; i++)
			report_int(report, transaction_count_name((enum transaction_count)i), NULL,
			    gathered->counts[i]);
	else
		report_note(report,
		    "%lld open, %lld parked, %lld revocable; since the start %lld committed, "
		    "%lld rolled back, %lld contradictions",
		    (long long)gathered->counts[COUNT_OPEN],
		    (long long)gathered->counts[COUNT_PARKED],
		    (long long)gathered->counts[COUNT_REVOCABLE],
		    (long long)gathered->counts[COUNT_COMMITTED],
		    (long long)gathered->counts[COUNT_ROLLED_BACK],
		    (long long)gathered->counts[COUNT_CONTRADICTIONS]);
	report_leave(report);
	if (report_json(report) != NULL)
		json_member_put_bool(report_json(report), "more", gathered->more);
	else if (gathered->more)
		report_note(report, "There are more; raise --limit.");
}

static int
transaction_list_run(struct admin *admin)
{
	struct gathered gathered = { .left = args_number(&admin->args, 'l', LIST_DEFAULT) };
	struct list_transactions_header header;
	struct targets targets;
	size_t n_failed = 0;

	if (read_filters(admin, &header) == -1 ||
	    admin_targets(admin, TARGET_MASTERS, &targets) == -1)
		return -1;
	report_open_list(&admin->report, "transactions");
	grid_open(&gathered.grid, &admin->report, "transactions", list_columns);
	for (size_t i = 0; i < targets.n; i++)
		n_failed += list_broker(admin, &gathered, &targets.list[i], header) == -1;
	if (report_json(&admin->report) == NULL)
		grid_close(&gathered.grid);
	report_close_list(&admin->report);
	show_counts(&admin->report, &gathered);
	return n_failed == targets.n ? -1 : 0;
}

/* ---- finding one ---- */

struct found {
	struct target target;
	struct transaction_info info;
};

/* Asks each master for the id. 0, or -1 after admin_fail. */
static int
find(struct admin *admin, struct found *found, size_t max, size_t *n)
{
	struct transaction_header header = { .id = slice_trim(
						 slice_of(args_text(&admin->args, 'i'))) };
	struct admin_request ask = { .code = REQUEST_SHOW_TRANSACTION,
		.fields = transaction_header_fields,
		.header = &header };
	struct twinmq_reply reply;
	struct transaction_list list;
	struct targets targets;

	*n = 0;
	if (admin_targets(admin, TARGET_MASTERS, &targets) == -1)
		return -1;
	for (size_t i = 0; i < targets.n; i++) {
		ask.address = targets.list[i].address;
		if (admin_ask(admin, &ask, &reply) == -1) {
			if (twinmq_error(admin->mq)->code != RESPONSE_QUERY_NOT_FOUND)
				admin_fail_call(admin);
			continue;
		}
		if (transaction_list_read(&admin->arena, reply.body, &list) == -1)
			return admin_bad_body(admin, &ask);
		for (size_t j = 0; j < list.n && *n < max; j++) {
			found[*n] = (struct found){ targets.list[i], list.list[j] };
			found[(*n)++].info.broker_name = name_of(&targets.list[i]);
		}
	}
	if (*n != 0)
		return 0;
	if (admin->failed)
		return -1;
	return admin_fail(admin, "no broker knows a transaction %.*s; transactionList shows some",
	    (int)header.id.len, header.id.data);
}

#define FOUND_MAX 64

static int
find_one(struct admin *admin, struct found *found)
{
	struct found list[FOUND_MAX];
	size_t n;

	if (find(admin, list, FOUND_MAX, &n) == -1)
		return -1;
	*found = list[0];
	if (n == 1)
		return 0;
	return admin_misuse(admin,
	    "%zu transactions have this id: name one by its position and broker, such as %lld "
	    "-b %.*s; transactionShow shows them",
	    n, (long long)list[0].info.position, (int)list[0].info.broker_name.len,
	    list[0].info.broker_name.data);
}

/* ---- transactionShow ---- */

static const struct flag transaction_show_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	FLAG_ID,
	{ 0 },
};

static const struct column event_columns[] = {
	{ "time", "Time", COLUMN_TIME },
	{ "event", "Event", COLUMN_TEXT },
	{ "via", "Via", COLUMN_TEXT },
	{ "by", "Who", COLUMN_TEXT },
	{ "reason", "Reason", COLUMN_TEXT },
	{ NULL },
};

static void
add_event(struct grid *grid, int64_t time_ms, struct slice what, struct slice via, struct slice by,
    struct slice reason)
{
	grid_int(grid, time_ms);
	grid_text(grid, what);
	grid_text(grid, via);
	grid_text(grid, or_empty(by));
	grid_text(grid, or_empty(reason));
}

static void
show_timeline(struct admin *admin, const struct transaction_info *info)
{
	struct arena *arena = &admin->arena;
	struct grid grid;

	grid_open(&grid, &admin->report, "events", event_columns);
	add_event(
	    &grid, info->stored_ms, SLICE("stored"), SLICE("sender"), info->born_host, SLICE_NONE);
	for (size_t i = 0; i < info->n_events; i++) {
		const struct transaction_event *event = &info->events[i];

		add_event(&grid, event->time_ms, what_text(arena, event), event->via,
		    who_text(arena, event), event->reason);
	}
	grid_close(&grid);
	if (info->events_cut)
		report_note(&admin->report, "Older events are not shown.");
}

static void
show_delivery(struct report *report, const struct transaction_delivery *delivery)
{
	struct arena *arena = &report->arena;

	report_text(report, "delivered", "Delivered",
	    arena_printf(arena, "%.*s queue %d offset %lld", (int)delivery->topic.len,
		delivery->topic.data, (int)delivery->queue_id, (long long)delivery->queue_offset));
	report_text(report, "deliveredMsgId", "Delivered offset id", delivery->msg_id);
}

static void
show_info(struct admin *admin, const struct transaction_info *info)
{
	struct report *report = &admin->report;

	report_enter(report, NULL, NULL);
	report_text(report, "transactionId", "Transaction", or_empty(info->id));
	report_text(report, "state", "State", slice_of(transaction_state_name(info->state)));
	report_text(report, "brokerName", "Broker", info->broker_name);
	report_int(report, "position", "Position", info->position);
	report_text(report, "msgId", "Offset id", or_empty(info->msg_id));
	report_text(report, "group", "Producer group", or_empty(info->group));
	report_text(report, "topic", "Topic", or_empty(info->topic));
	report_text(report, "keys", "Keys", or_empty(info->keys));
	report_text(report, "tags", "Tags", or_empty(info->tags));
	report_int(report, "storeSize", "Bytes", info->size_bytes);
	if (is_undecided(info))
		report_int(report, "asked", "Asked", info->asked);
	if (info->next_ask_ms >= 0)
		report_text(report, "nextAskMs", "Next ask in",
		    duration_text(&admin->arena, info->next_ask_ms));
	if (info->check_state.data != NULL)
		report_text(report, "checkState", "Check", info->check_state);
	if (info->delivery != NULL)
		show_delivery(report, info->delivery);
	show_timeline(admin, info);
	report_leave(report);
}

static int
transaction_show_run(struct admin *admin)
{
	struct json_out *json = report_json(&admin->report);
	struct found found[FOUND_MAX];
	size_t n;

	if (find(admin, found, FOUND_MAX, &n) == -1)
		return -1;
	report_open_list(&admin->report, "transactions");
	for (size_t i = 0; i < n; i++)
		if (json != NULL)
			transaction_info_write(json, &found[i].info);
		else
			show_info(admin, &found[i].info);
	report_close_list(&admin->report);
	return 0;
}

/* ---- transactionResume, transactionResolve ---- */

/* "USER@HOST", which the broker records with the decision. */
static struct slice
person(struct admin *admin)
{
	const struct passwd *user = getpwuid(geteuid());
	char host[256] = "";

	gethostname(host, sizeof host - 1);
	return arena_printf(
	    &admin->arena, "%.64s@%.128s", user != NULL ? user->pw_name : "unknown", host);
}

static struct slice
position_text(struct admin *admin, const struct found *found)
{
	return arena_printf(&admin->arena, "%lld", (long long)found->info.position);
}

static int
ask_and_show(struct admin *admin, const struct found *found, const struct admin_request *ask)
{
	struct resolve_transaction_reply result;
	struct twinmq_reply reply;
	const char *bad;

	if (admin_must(admin, ask, &reply) == -1)
		return -1;
	if (fields_decode(resolve_transaction_reply_fields, &reply.command, &result, &bad) == -1)
		return admin_bad_body(admin, ask);
	report_text(&admin->report, "transactionId", "Transaction", or_empty(found->info.id));
	report_text(&admin->report, "brokerName", "Broker", found->info.broker_name);
	report_int(&admin->report, "position", "Position", result.position);
	report_text(&admin->report, "outcome", "Outcome", result.outcome);
	if (reply.command.remark.len != 0)
		report_text(&admin->report, "remark", "Remark", reply.command.remark);
	return 0;
}

static const struct flag transaction_resume_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	FLAG_ID,
	{ 0 },
};

static int
transaction_resume_run(struct admin *admin)
{
	struct transaction_header header = { .by = person(admin) };
	struct found found;

	if (find_one(admin, &found) == -1)
		return -1;
	header.id = position_text(admin, &found);
	return ask_and_show(admin, &found,
	    &(struct admin_request){ .address = found.target.address,
		.code = REQUEST_RESUME_TRANSACTION,
		.fields = transaction_header_fields,
		.header = &header });
}

static const struct flag transaction_resolve_flags[] = {
	FLAG_BROKER,
	FLAG_CLUSTER,
	FLAG_ID,
	{ 'C', "commit", FLAG_SWITCH, NULL, FLAG_ONE_OF, 0, 0, "consumers get the message" },
	{ 'R', "rollback", FLAG_SWITCH, NULL, FLAG_ONE_OF, 0, 0, "no consumer ever gets it" },
	{ 'r', "reason", FLAG_TEXT, "TEXT", FLAG_REQUIRED, 0, 0,
	    "the reason; stored with the decision" },
	{ 0 },
};

static int
transaction_resolve_run(struct admin *admin)
{
	const struct args *args = &admin->args;
	struct resolve_transaction_header header = {
		.decision = args_has(args, 'C') ? SLICE("commit") : SLICE("rollback"),
		.by = person(admin),
		.reason = slice_trim(slice_of(args_text(args, 'r'))),
	};
	struct found found;

	if (args_has(args, 'C') && args_has(args, 'R'))
		return admin_misuse(admin, "--commit and --rollback exclude each other");
	if (header.reason.len == 0)
		return admin_misuse(admin, "--reason is empty: it is stored with the decision");
	if (find_one(admin, &found) == -1)
		return -1;
	header.id = position_text(admin, &found);
	return ask_and_show(admin, &found,
	    &(struct admin_request){ .address = found.target.address,
		.code = REQUEST_RESOLVE_TRANSACTION,
		.fields = resolve_transaction_header_fields,
		.header = &header });
}

const struct subcommand transaction_commands[] = {
	{ "transactionList", transaction_list_flags, transaction_list_run,
	    "list transactions, undecided ones first", HTTP_MAY_READ },
	{ "transactionShow", transaction_show_flags, transaction_show_run,
	    "show what happened to a transaction", HTTP_MAY_READ },
	{ "transactionResume", transaction_resume_flags, transaction_resume_run,
	    "ask the producers of a transaction again", HTTP_MAY_WRITE },
	{ "transactionResolve", transaction_resolve_flags, transaction_resolve_run,
	    "commit or roll back a transaction by hand", HTTP_MAY_WRITE },
	{ NULL },
};
