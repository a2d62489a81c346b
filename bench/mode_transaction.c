#include "config.h"

#include <stdio.h>

#include "bench/bench.h"
#include "bench/payload.h"
#include "bench/sender.h"
#include "bench/target.h"
#include "client/twinmq_transaction.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/heartbeat.h"

/*
 * Half messages and their ENDs. The outcome of a transaction follows from its number, so reading
 * back and answering checks need no table. A transaction counts when the broker has acknowledged
 * its END. The proof shows that exactly the committed ones are visible.
 */

#define BEAT_MS 5000

struct counts_of_ends {
	uint64_t n_committed, n_rolled_back, n_unknown, n_asked;
};

struct transactor {
	struct load load;
	struct bench *bench;
	struct payload payload;
	struct stencil half;
	struct stencil ends[DECISION_LATER]; /* by decision */
	struct stencil replies;              /* to a check: commit */
	uint32_t rollback_percent, unknown_percent;
	bool leaves_open;
	struct counts_of_ends ends_counted;
	char client_id[64];
	struct timer beat;
};

static struct transactor *
transactor_of(struct link *link)
{
	return (struct transactor *)link->links->context;
}

static enum transaction_decision
decision_of(const struct transactor *transactor, uint64_t number)
{
	/* Spreads outcomes evenly, not in blocks of a hundred. */
	uint64_t percent = number * 61 % 100;

	if (transactor->leaves_open || percent < transactor->unknown_percent)
		return DECISION_UNKNOWN;
	if (percent < transactor->unknown_percent + transactor->rollback_percent)
		return DECISION_ROLLBACK;
	return DECISION_COMMIT;
}

/* ---- what is sent ---- */

static void
settle(struct transactor *transactor, const struct slot *slot, enum transaction_decision decision)
{
	struct ledger *ledger = &transactor->bench->ledger;
	enum ledger_state state = decision == DECISION_COMMIT ? LEDGER_TAKEN : LEDGER_WITHHELD;

	/* It is not known here whether a check came. */
	if (decision == DECISION_UNKNOWN && transactor->bench->settings->replies_checks)
		return;
	ledger_settle(ledger, slot->number, state, slot->queue, 0);
}

static void
finish(struct slot *slot, enum transaction_decision decision)
{
	struct transactor *transactor = transactor_of(slot->link);
	struct counts_of_ends *counts = &transactor->ends_counted;
	bool measuring = transactor->load.measuring;

	settle(transactor, slot, decision);
	counts->n_committed += measuring && decision == DECISION_COMMIT;
	counts->n_rolled_back += measuring && decision == DECISION_ROLLBACK;
	counts->n_unknown += measuring && decision == DECISION_UNKNOWN;
	load_done(slot, RESPONSE_SUCCESS, 1, transactor->payload.body_len);
}

static void
on_ended(struct slot *slot, int32_t code, const struct command *reply, struct slice body)
{
	struct transactor *transactor = transactor_of(slot->link);

	(void)reply;
	(void)body;
	if (code == RESPONSE_SUCCESS)
		finish(slot, decision_of(transactor, slot->number));
	else
		load_done(slot, code, 1, 0);
}

static void
put_end(struct stencil *stencil, uint64_t number, int64_t queue_offset, int64_t position)
{
	stencil_put(stencil, SPOT_ID, number);
	stencil_put(stencil, SPOT_OFFSET, (uint64_t)queue_offset);
	stencil_put(stencil, SPOT_POSITION, (uint64_t)position);
}

static void
on_stored(struct slot *slot, int32_t code, const struct command *reply, struct slice body)
{
	struct transactor *transactor = transactor_of(slot->link);
	enum transaction_decision decision = decision_of(transactor, slot->number);
	struct stencil *end = &transactor->ends[decision];
	int64_t queue_offset, position;
	struct host host;

	(void)body;
	if (code == RESPONSE_SUCCESS &&
	    (slice_to_int64(command_ext(reply, "queueOffset"), &queue_offset) == -1 ||
		message_id_parse(command_ext(reply, "msgId"), &host, &position) == -1))
		code = TWINMQ_BAD_ANSWER;
	if (code != RESPONSE_SUCCESS) {
		load_done(slot, code, 1, 0);
		return;
	}
	if (transactor->leaves_open) {
		finish(slot, DECISION_UNKNOWN);
		return;
	}
	put_end(end, slot->number, queue_offset, position);
	/* RocketMQ does not reply to an END that says unknown. */
	if (decision == DECISION_UNKNOWN || transactor->bench->settings->oneway_end) {
		link_send_oneway(slot->link, end, SLICE(""));
		finish(slot, decision);
	} else {
		slot_send(slot, end, SLICE(""), on_ended);
	}
}

static void
begin(struct load *load, struct slot *slot)
{
	struct transactor *transactor = (struct transactor *)load;
	struct bench *bench = transactor->bench;

	slot->queue = bench_next_queue(bench, slot->link);
	slot->number = ledger_take(&bench->ledger, 1);
	send_stencil_put(&transactor->half, bench, slot->queue, slot->number);
	slot_send(slot, &transactor->half,
	    payload_make(&transactor->payload, slot->number, slot->due_us), on_stored);
}

/* ---- what brokers ask ---- */

/* Heartbeats keep the members in the group. */
static void
beat(struct link *link)
{
	struct transactor *transactor = transactor_of(link);
	const struct slice group = slice_of(transactor->bench->settings->group);
	const struct heartbeat heartbeat = {
		.client_id = slice_of(transactor->client_id),
		.producers = &group,
		.n_producers = 1,
	};
	const struct command request = { .code = REQUEST_HEART_BEAT };
	struct buf body = { 0 };
	struct json_out out;

	json_out_init(&out, &body);
	heartbeat_write(&out, &heartbeat);
	conn_request(link->conn, &request, buf_slice(&body), 0, NULL, NULL);
	buf_release(&body);
}

static void
on_beat_due(struct timer *self)
{
	struct transactor *transactor = container_of(self, struct transactor, beat);
	struct links *links = &transactor->load.links;

	for (size_t i = 0; i < links->n; i++)
		if (links->all[i].conn != NULL)
			beat(&links->all[i]);
	loop_set_timer(links->loop, self, clock_mono_ms() + BEAT_MS);
}

/* Commits those whose END said unknown; the ENDs of others are in flight, or never come. */
static void
on_check(struct link *link, const struct command *command, struct slice body)
{
	struct transactor *transactor = transactor_of(link);
	struct check_transaction_header header;
	struct record record;
	const char *bad;
	uint64_t number;
	int64_t due_us;

	if (command->code != REQUEST_CHECK_TRANSACTION_STATE ||
	    fields_decode(check_transaction_header_fields, command, &header, &bad) == -1 ||
	    record_decode(body.data, body.len, &record) == -1 ||
	    payload_read(record.body, transactor->bench->run, &number, &due_us) != PAYLOAD_GOOD)
		return;
	transactor->ends_counted.n_asked++;
	if (number < transactor->bench->settings->n_open ||
	    decision_of(transactor, number) != DECISION_UNKNOWN)
		return;
	put_end(
	    &transactor->replies, number, header.tran_state_table_offset, header.commit_log_offset);
	link_send_oneway(link, &transactor->replies, SLICE(""));
}

/* ---- the run ---- */

static void
end_stencil_init(struct stencil *stencil, const struct bench *bench,
    enum transaction_decision decision, bool oneway, bool from_check)
{
	static const struct stencil_mark marks[] = {
		{ "tranStateTableOffset", SPOT_OFFSET },
		{ "commitLogOffset", SPOT_POSITION },
		{ NULL, SPOTS },
	};
	static const int32_t flags[] = {
		[DECISION_UNKNOWN] = 0,
		[DECISION_COMMIT] = SYS_FLAG_COMMIT,
		[DECISION_ROLLBACK] = SYS_FLAG_ROLLBACK,
	};
	const struct command request = {
		.code = REQUEST_END_TRANSACTION,
		.codec = bench->settings->codec,
		.flag = oneway ? COMMAND_FLAG_ONEWAY : 0,
	};
	struct buf id = { 0 };

	buf_printf(&id, "%s" STENCIL_MARK_ID, bench->id_begin);
	struct end_transaction_header header = {
		.producer_group = slice_of(bench->settings->group),
		.commit_or_rollback = flags[decision],
		.from_check = from_check,
		.msg_id = buf_slice(&id),
		.transaction_id = buf_slice(&id),
	};

	stencil_init(stencil, &request, end_transaction_header_fields, &header, marks);
	buf_release(&id);
}

static int
init(struct transactor *transactor, struct bench *bench)
{
	const struct settings *settings = bench->settings;
	const struct command request = { .code = REQUEST_SEND_MESSAGE_V2,
		.codec = settings->codec };
	struct buf id = { 0 }, properties = { 0 };

	*transactor = (struct transactor){ .bench = bench };
	if (bench_load_init(bench, &transactor->load, bench_n_links(bench), settings->window) == -1)
		return -1;
	transactor->load.begin = begin;
	transactor->rollback_percent = settings->rollback_percent;
	transactor->unknown_percent = settings->unknown_percent;
	payload_init(&transactor->payload, bench->run, settings->size, 1, false, SLICE(""));
	buf_printf(&id, "%s" STENCIL_MARK_ID, bench->id_begin);
	property_append(&properties, SLICE("UNIQ_KEY"), buf_slice(&id));
	property_append(&properties, SLICE("WAIT"), SLICE("true"));
	property_append(&properties, SLICE("TRAN_MSG"), SLICE("true"));
	property_append(&properties, SLICE("PGROUP"), slice_of(settings->group));
	send_stencil_init(
	    &transactor->half, bench, &request, SYS_FLAG_PREPARED, buf_slice(&properties));
	for (int decision = 0; decision < DECISION_LATER; decision++)
		end_stencil_init(&transactor->ends[decision], bench,
		    (enum transaction_decision)decision,
		    settings->oneway_end || decision == DECISION_UNKNOWN, false);
	end_stencil_init(&transactor->replies, bench, DECISION_COMMIT, true, true);
	buf_release(&id);
	buf_release(&properties);
	return 0;
}

static void
join_group(struct transactor *transactor)
{
	struct links *links = &transactor->load.links;

	snprintf(transactor->client_id, sizeof transactor->client_id, "127.0.0.1@mqbench#%s",
	    transactor->bench->id_begin);
	transactor->beat.due = on_beat_due;
	for (size_t i = 0; i < links->n; i++) {
		links->all[i].on_open = beat;
		links->all[i].on_request = on_check;
	}
	loop_set_timer(links->loop, &transactor->beat, clock_mono_ms() + BEAT_MS);
}

static void
release(struct transactor *transactor)
{
	loop_drop_timer(&transactor->bench->loop, &transactor->beat);
	load_release(&transactor->load);
	payload_release(&transactor->payload);
	stencil_release(&transactor->half);
	for (int decision = 0; decision < DECISION_LATER; decision++)
		stencil_release(&transactor->ends[decision]);
	stencil_release(&transactor->replies);
}

/* Stores half messages that stay open during the run. */
static int
leave_open(struct bench *bench, uint64_t n)
{
	struct transactor transactor;
	int status = init(&transactor, bench);

	if (status == 0) {
		transactor.leaves_open = true;
		transactor.load.n_operations = n;
		load_run(&transactor.load);
	}
	if (status == 0 && transactor.load.counts.n_failed != 0)
		status = bench_fail(bench, "%llu of the half messages to begin with were not taken",
		    (unsigned long long)transactor.load.counts.n_failed);
	release(&transactor);
	return status;
}

static void
run(struct transactor *transactor)
{
	struct bench *bench = transactor->bench;
	const struct counts_of_ends *ends = &transactor->ends_counted;
	double seconds;

	transactor->load.rate = bench->settings->rate;
	transactor->load.n_operations = bench->settings->n_messages;
	if (bench->settings->replies_checks)
		join_group(transactor);
	bench_load_run(bench, &transactor->load);
	seconds = counts_seconds(&bench->counts);
	bench_figure(
	    bench, "committed_per_second", seconds > 0 ? (double)ends->n_committed / seconds : 0);
	bench_figure(bench, "committed", (double)ends->n_committed);
	bench_figure(bench, "rolled_back", (double)ends->n_rolled_back);
	bench_figure(bench, "said_unknown", (double)ends->n_unknown);
	bench_figure(bench, "left_open_before", (double)bench->settings->n_open);
	bench_figure(bench, "checks_received", (double)ends->n_asked);
}

int
mode_transaction(struct bench *bench)
{
	struct transactor transactor;
	uint64_t n_open = bench->settings->n_open;

	if (target_make_topics(bench) == -1 || (n_open != 0 && leave_open(bench, n_open) == -1))
		return -1;
	if (init(&transactor, bench) == 0)
		run(&transactor);
	release(&transactor);
	if (bench->error[0] != '\0')
		return -1;
	proof_read_back(bench);
	return 0;
}
