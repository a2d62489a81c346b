#include "config.h"

#include "broker/replica/follow.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/cluster/register.h"
#include "broker/replica/apache_meta.h"
#include "broker/replica/cut.h"
#include "broker/replica/ha_stream.h"
#include "broker/replica/move_in.h"
#include "broker/state/replica.h"
#include "broker/state/replica_record.h"
#include "broker/store/store.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/net/conn.h"
#include "common/net/resolve.h"
#include "common/protocol/codes.h"
#include "common/protocol/kv_table.h"

#define TICK_MS 1000
#define TIMEOUT_MS 5000
#define APACHE_TABLES_MS 10000
#define APACHE_TABLES_FIRST_MS 3000
#define CLOCK_LIMIT_MS 1000 /* as mqadmin doctor has it */

struct follower {
	struct broker *broker;
	struct loop *loop;
	struct timer tick;
	struct resolver *resolver; /* of the master's two addresses: requests, stream */
	char *addresses;           /* that it has; NULL: none yet */
	struct conn *conn;         /* to the master's ordinary port; NULL: none */
	bool asking;               /* an answer is to come */
	struct ha_stream *stream;  /* NULL: none */
	int64_t tables_ms;         /* of a RocketMQ master: when they are asked for next */
	int64_t same_ms;           /* monotonic: when we had all that the master has */
	struct cut *cut;           /* an end of our log that goes; NULL: none */
	bool marking;              /* whose log ours is is on its way to meta.db */
	_Atomic bool wants_tables; /* follower_refresh */
	struct replica_state state;
	int clock_off; /* that was said: the master's is ahead, 1, or behind, -1 */
	bool stopped;
};

/* ---- what is known of it --------------------------------------------------- */

static int64_t
end_of_log(const struct follower *follower, int64_t *min_position)
{
	struct store_stats stats;

	store_get_stats(follower->broker->store, &stats);
	if (min_position != NULL)
		*min_position = stats.min_position;
	return stats.max_position;
}

static void
publish(struct follower *follower)
{
	replica_set(follower->broker->replica, &follower->state);
}

/* A line of the log for each change. */
static void
set_phase(struct follower *follower, enum replica_phase phase, const char *why)
{
	struct replica_state *state = &follower->state;

	if (state->phase == phase && strcmp(state->why, why) == 0)
		return;
	state->phase = phase;
	state->since_ms = clock_wall_ms();
	snprintf(state->why, sizeof state->why, "%s", why);
	if (phase == REPLICA_COPYING)
		atomic_store(&follower->broker->unagreed, false);
	if (phase == REPLICA_COPYING)
		log_info("copies its master master=%s kind=%s position=%" PRId64, state->master,
		    state->apache ? "RocketMQ" : "TwinMQ", state->position);
	else if (phase == REPLICA_REFUSED)
		log_error("cannot copy its master master=%s why=\"%s\"", state->master, why);
	else
		log_warn("does not copy its master at the moment master=%s why=\"%s\"",
		    state->master[0] != '\0' ? state->master : "unknown", why);
	publish(follower);
}

/* Times of messages, and when those of a promoted slave are due, depend on the clocks. */
static void
note_clock(struct follower *follower, int64_t ahead_ms)
{
	int off = ahead_ms > CLOCK_LIMIT_MS ? 1 : ahead_ms < -CLOCK_LIMIT_MS ? -1 : 0;

	if (off != 0 && off != follower->clock_off)
		log_warn("the clock of the master is not ours: let both hosts keep their clocks "
			 "with NTP master=%s %s_ms=%" PRId64,
		    follower->state.master, off > 0 ? "ahead" : "behind", off * ahead_ms);
	/* Twice as near before it is said again. */
	if (off != 0 || llabs(ahead_ms) < CLOCK_LIMIT_MS / 2)
		follower->clock_off = off;
}

static void
note_progress(struct follower *follower)
{
	struct replica_state *state = &follower->state;
	struct ha_progress progress;
	int64_t now_ms = clock_mono_ms();

	ha_stream_progress(follower->stream, &progress);
	state->position = progress.position;
	if (progress.master_max > state->master_max || !state->apache)
		state->master_max = progress.master_max;
	if (!state->apache) {
		state->epoch = progress.epoch;
		note_clock(follower, progress.clock_ahead_ms);
	}
	if (state->position >= state->master_max)
		follower->same_ms = now_ms;
	state->lag_ms = now_ms - follower->same_ms;
	publish(follower);
}

/* ---- the stream -------------------------------------------------------------- */

static void
on_stream_ended(void *arg, const char *why)
{
	struct follower *follower = arg;

	follower->stream = NULL;
	set_phase(follower, REPLICA_SEARCHING, why);
}

static void
on_stream_moved(void *arg)
{
	note_progress(arg);
}

/* token NULL: a RocketMQ master. */
static void
open_stream(struct follower *follower, const char *token, int64_t from)
{
	const struct resolved *at = resolver_get(follower->resolver, 1);
	const struct ha_stream_options options = {
		.broker = follower->broker,
		.address = (const struct sockaddr *)&at->address,
		.address_len = at->len,
		.token = token,
		.from = from,
		.ended = on_stream_ended,
		.moved = on_stream_moved,
		.arg = follower,
	};

	if (at->len == 0)
		return;
	follower->stream = ha_stream_open(&options);
	if (follower->stream == NULL) {
		set_phase(follower, REPLICA_SEARCHING, "its replication port cannot be reached");
		return;
	}
	snprintf(follower->state.master, sizeof follower->state.master, "%s", at->text);
	follower->state.apache = token == NULL;
	follower->state.position = from;
	follower->same_ms = clock_mono_ms();
	set_phase(follower, REPLICA_COPYING, "");
}

/* ---- whose log it is --------------------------------------------------------- */

static void ask_runtime_info(struct follower *follower);

static void
on_marked(struct meta_job *job, struct loop *loop)
{
	struct follower *follower = job->context;
	bool kept = job->status == 0;

	(void)loop;
	meta_job_free(job);
	follower->marking = false;
	if (kept && store_rocketmq_end(follower->broker->store) == INT64_MAX &&
	    follower->conn != NULL && !follower->asking && !follower->stopped)
		ask_runtime_info(follower);
}

/* Before the first record is stored: what RocketMQ notes about what waits is not what we do. */
static void
mark_log(struct follower *follower, int64_t end)
{
	struct meta_job *job = meta_job_new();
	char text[32];

	snprintf(text, sizeof text, "%" PRId64, end);
	meta_job_put(job, META_SETTING, SLICE(STORE_ROCKETMQ_END), slice_of(text));
	job->before_appends = true;
	job->reply_loop = follower->loop;
	job->done = on_marked;
	job->context = follower;
	follower->marking = true;
	store_meta(follower->broker->store, job);
}

/* ---- a RocketMQ master ---------------------------------------------------------- */

static int64_t
number_of(const struct ext *pairs, size_t n, const char *name)
{
	int64_t number = -1;

	for (size_t i = 0; i < n; i++)
		if (slice_is(pairs[i].key, name))
			slice_to_int64(pairs[i].value, &number);
	return number;
}

/* Whether its log continues ours; sets where it has to go on. */
static bool
fits(struct follower *follower, int64_t min, int64_t max, int64_t *from)
{
	int64_t our_min, our_end = end_of_log(follower, &our_min);

	*from = our_end == our_min ? min : our_end;
	if (our_end == our_min || (our_end >= min && our_end <= max))
		return true;
	set_phase(follower, REPLICA_REFUSED,
	    our_end > max ? "our log is longer than its log: one of them is not the other's copy; "
			    "start this slave with an empty store"
			  : "its log begins behind the end of ours: start this slave with an empty "
			    "store");
	return false;
}

static void
on_runtime_info(void *arg, const struct command *reply, struct slice body)
{
	struct follower *follower = arg;
	struct arena arena = { 0 };
	const struct ext *pairs;
	size_t n;
	int64_t from, min = -1, max = -1;

	follower->asking = false;
	if (reply == NULL || reply->code != RESPONSE_SUCCESS || follower->stopped)
		return;
	if (kv_table_read(&arena, body, &pairs, &n) == 0) {
		min = number_of(pairs, n, "commitLogMinOffset");
		max = number_of(pairs, n, "commitLogMaxOffset");
	}
	arena_release(&arena);
	if (min < 0 || max < 0) {
		set_phase(follower, REPLICA_REFUSED, "it does not tell where its log begins");
		return;
	}
	follower->state.master_max = max;
	if (follower->stream != NULL) {
		note_progress(follower);
	} else if (store_rocketmq_end(follower->broker->store) != INT64_MAX) {
		if (!follower->marking)
			mark_log(follower, INT64_MAX);
	} else if (fits(follower, min, max, &from)) {
		apache_meta_ask(follower->broker, follower->conn);
		follower->tables_ms = clock_mono_ms() + APACHE_TABLES_FIRST_MS;
		open_stream(follower, NULL, from);
	}
}

static void
ask_runtime_info(struct follower *follower)
{
	struct command command = command_request(REQUEST_GET_BROKER_RUNTIME_INFO);

	follower->asking = true;
	conn_request(follower->conn, &command, SLICE(""), TIMEOUT_MS, on_runtime_info, follower);
}

/* ---- the hello -------------------------------------------------------------------- */

/* The epochs of our log, in the arena. */
static const struct ha_epoch *
own_epochs(struct follower *follower, struct arena *arena, size_t *n)
{
	struct replica_epoch *all = arena_alloc(arena, REPLICA_EPOCHS_MAX * sizeof *all);
	struct ha_epoch *epochs = arena_alloc(arena, REPLICA_EPOCHS_MAX * sizeof *epochs);

	*n = replica_record_epochs(follower->broker->replica_record, all);
	for (size_t i = 0; i < *n; i++)
		epochs[i] = (struct ha_epoch){ all[i].epoch, all[i].position };
	return epochs;
}

/*
 * What follows now is the master's log, so its epochs are ours; those that begin behind our end
 * take nothing from what we have.
 */
static void
take_epochs(struct follower *follower, struct arena *arena, const struct ha_log *master)
{
	struct replica_epoch *epochs = arena_alloc(arena, (master->n_epochs + 1) * sizeof *epochs);

	for (size_t i = 0; i < master->n_epochs; i++)
		epochs[i] =
		    (struct replica_epoch){ master->epochs[i].epoch, master->epochs[i].start };
	if (master->n_epochs != 0)
		replica_record_take_epochs(follower->broker->replica_record, epochs,
		    master->n_epochs, master->forgot, INT64_MAX);
}

static void
on_cut_failed(void *arg, const char *cause)
{
	struct follower *follower = arg;
	char why[160];

	cut_free(follower->cut);
	follower->cut = NULL;
	snprintf(why, sizeof why,
	    "our log has an end that it does not have, and that end cannot be kept: %s", cause);
	set_phase(follower, REPLICA_REFUSED, why);
}

static void
cut_off(struct follower *follower, const struct ha_welcome *welcome)
{
	if (welcome->log.max_position == welcome->log.min_position) {
		set_phase(follower, REPLICA_REFUSED,
		    "its log is empty and ours is not: if it lost its disk, start this slave as "
		    "the master");
		return;
	}
	follower->cut = cut_new(follower->broker, welcome->stream_from, on_cut_failed, follower);
	cut_start(follower->cut);
}

static void
take_welcome(struct follower *follower, struct slice body)
{
	struct arena arena = { 0 };
	struct ha_welcome welcome;
	int64_t our_min, our_end = end_of_log(follower, &our_min);

	if (ha_welcome_read(&arena, body, &welcome) == -1 || welcome.token.len != HA_TOKEN_BYTES)
		set_phase(follower, REPLICA_REFUSED, "its answer to HA_HELLO makes no sense");
	else if (welcome.stream_from == our_end || our_end == our_min) {
		/* The snapshot of its tables says it when it has moved in itself. */
		if (store_rocketmq_end(follower->broker->store) == INT64_MAX)
			mark_log(follower, 0);
		take_epochs(follower, &arena, &welcome.log);
		open_stream(follower, welcome.token.data, welcome.stream_from);
	} else if (welcome.stream_from == HA_START_EMPTY)
		set_phase(follower, REPLICA_REFUSED,
		    "nothing that it has is known to continue our log: start this slave with an "
		    "empty store");
	else
		cut_off(follower, &welcome);
	arena_release(&arena);
}

static void
on_hello(void *arg, const struct command *reply, struct slice body)
{
	struct follower *follower = arg;

	follower->asking = false;
	if (reply == NULL || follower->stopped || follower->stream != NULL)
		return;
	if (reply->code == RESPONSE_SUCCESS) {
		take_welcome(follower, body);
	} else if (reply->code == RESPONSE_REQUEST_CODE_NOT_SUPPORTED) {
		ask_runtime_info(follower);
	} else {
		char why[160];

		snprintf(why, sizeof why, "%.*s", (int)reply->remark.len,
		    reply->remark.data != NULL ? reply->remark.data : "");
		set_phase(follower, REPLICA_REFUSED, why);
	}
}

static void
say_hello(struct follower *follower)
{
	const struct broker_settings *settings = follower->broker->settings;
	struct command command = command_request(REQUEST_HA_HELLO);
	struct ha_hello hello = {
		.broker_name = slice_of(settings->broker_name),
		.cluster_name = slice_of(settings->broker_cluster_name),
		.version = SLICE(PACKAGE_VERSION),
		.broker_id = atomic_load(&follower->broker->id),
		.can_read_meta = true,
	};
	struct buf body = { 0 };
	struct arena arena = { 0 };
	struct json_out out;

	hello.log.epochs = own_epochs(follower, &arena, &hello.log.n_epochs);
	hello.log.forgot = replica_record_forgot_epochs(follower->broker->replica_record);
	hello.log.max_position = end_of_log(follower, &hello.log.min_position);
	json_out_init(&out, &body);
	ha_hello_write(&out, &hello);
	follower->asking = true;
	conn_request(follower->conn, &command, buf_slice(&body), TIMEOUT_MS, on_hello, follower);
	buf_release(&body);
	arena_release(&arena);
}

/* ---- the connection ----------------------------------------------------------------- */

static void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	(void)conn; /* a master sends none to its slaves */
	(void)command;
	(void)body;
}

static void
on_closed(struct conn *conn, const char *why)
{
	struct follower *follower = conn_context(conn);

	follower->conn = NULL;
	follower->asking = false;
	if (follower->stream == NULL && !follower->stopped)
		set_phase(follower, REPLICA_SEARCHING, why);
}

static const struct conn_events events = {
	.on_request = on_request,
	.on_close = on_closed,
};

static void
on_resolved(void *arg, size_t index)
{
	(void)arg; /* the next tick sees it */
	(void)index;
}

/* "ADDRESS;REPLICATION ADDRESS"; NULL: nobody has told yet. The caller frees it. */
static char *
find_addresses(struct follower *follower)
{
	const struct broker *broker = follower->broker;
	struct arena arena = { 0 };
	struct slice address, ha_address;
	struct buf text = { 0 };

	if (registrar_master(broker->registrar, &arena, &address, &ha_address) &&
	    ha_address.len != 0)
		buf_printf(&text, "%.*s;%.*s", (int)address.len, address.data, (int)ha_address.len,
		    ha_address.data);
	arena_release(&arena);
	return text.len != 0 ? buf_take(&text) : NULL;
}

/* Whether both addresses are known. */
static bool
resolve_master(struct follower *follower)
{
	char *addresses = find_addresses(follower);

	if (addresses == NULL) {
		set_phase(follower, REPLICA_SEARCHING,
		    "no name server knows a master of this name, and haMasterAddress is not set");
		return false;
	}
	if (follower->addresses == NULL || strcmp(addresses, follower->addresses) != 0) {
		if (follower->resolver != NULL)
			resolver_free(follower->resolver);
		if (follower->conn != NULL)
			conn_close(follower->conn, "the master has another address");
		free(follower->addresses);
		follower->addresses = addresses;
		follower->resolver = resolver_new(follower->loop, addresses, on_resolved, follower);
	} else {
		free(addresses);
	}
	return resolver_count(follower->resolver) == 2 &&
	       resolver_get(follower->resolver, 0)->len != 0 &&
	       resolver_get(follower->resolver, 1)->len != 0;
}

/* Else the master would take us for a slave that can follow. */
static bool
store_takes_records(struct follower *follower)
{
	struct store_stats stats;

	store_get_stats(follower->broker->store, &stats);
	if (!stats.writable)
		set_phase(follower, REPLICA_SEARCHING, HA_STORE_BLOCKED);
	return stats.writable;
}

static void
search(struct follower *follower)
{
	if (follower->asking || follower->cut != NULL || !resolve_master(follower) ||
	    !store_takes_records(follower))
		return;
	const struct resolved *at = resolver_get(follower->resolver, 0);

	if (follower->conn == NULL)
		follower->conn = conn_connect(follower->loop, (const struct sockaddr *)&at->address,
		    at->len, TIMEOUT_MS, &events, follower);
	if (follower->conn != NULL)
		say_hello(follower);
}

/* The tables of a RocketMQ master, and the end of its log. */
static void
ask_tables(struct follower *follower, int64_t now_ms)
{
	if (!follower->state.apache ||
	    (!atomic_exchange(&follower->wants_tables, false) && now_ms < follower->tables_ms))
		return;
	if (follower->conn == NULL) {
		const struct resolved *at = resolver_get(follower->resolver, 0);

		follower->conn = conn_connect(follower->loop, (const struct sockaddr *)&at->address,
		    at->len, TIMEOUT_MS, &events, follower);
	}
	follower->tables_ms = now_ms + APACHE_TABLES_MS;
	if (follower->conn == NULL || follower->asking)
		return;
	ask_runtime_info(follower);
	apache_meta_ask(follower->broker, follower->conn);
}

static void
on_tick(struct timer *self)
{
	struct follower *follower = container_of(self, struct follower, tick);
	int64_t now_ms = clock_mono_ms();

	if (follower->stream != NULL)
		ha_stream_tick(follower->stream);
	if (follower->stream != NULL) {
		note_progress(follower);
		ask_tables(follower, now_ms);
	} else {
		search(follower);
	}
	loop_set_timer(follower->loop, self, now_ms + TICK_MS);
}

struct follower *
follower_new(struct broker *broker)
{
	struct follower *follower = mem_zalloc(sizeof *follower);

	follower->broker = broker;
	follower->loop = broker_main_loop(broker);
	follower->tick.due = on_tick;
	follower->state.since_ms = clock_wall_ms();
	follower->state.position = end_of_log(follower, NULL);
	publish(follower);
	if (!move_in_has_begun(broker))
		loop_set_timer(follower->loop, &follower->tick, clock_mono_ms());
	return follower;
}

void
follower_refresh(struct follower *follower)
{
	atomic_store(&follower->wants_tables, true);
}

void
follower_stop(struct follower *follower)
{
	if (follower == NULL || follower->stopped)
		return;
	follower->stopped = true;
	loop_drop_timer(follower->loop, &follower->tick);
	ha_stream_close(follower->stream);
	follower->stream = NULL;
	cut_stop(follower->cut);
	if (follower->conn != NULL)
		conn_close(follower->conn, "stopped");
}

void
follower_free(struct follower *follower)
{
	if (follower == NULL)
		return;
	follower_stop(follower);
	cut_free(follower->cut);
	if (follower->resolver != NULL)
		resolver_free(follower->resolver);
	free(follower->addresses);
	free(follower);
}
