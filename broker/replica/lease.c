#include "config.h"

#include "broker/replica/lease.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/cluster/register.h"
#include "broker/replica/role.h"
#include "broker/state/replica_record.h"
#include "broker/store/store.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/net/conn.h"
#include "common/net/resolve.h"
#include "common/protocol/codes.h"
#include "common/protocol/controller.h"

enum {
	PERIOD_MS = 500,
	TIMEOUT_MS = 1000,   /* of a request: a lease has room for two that are lost */
	RETRY_MS = 100,      /* to the next name server; between two requests at least */
	GIVE_WAY_MS = 10000, /* for an election that a person asked for */
	MARGIN_MS = 300,     /* a tenth of a lease: for clocks that run at different speeds */
	AGREE_MS = 10000,    /* a slave without a master is read all the same then */
};

/* What is asked next. */
enum lease_step {
	LEASE_NEXT_ID,
	LEASE_APPLY_ID,
	LEASE_REGISTER,
	LEASE_RENEW,
};

struct lease {
	struct broker *broker;
	struct loop *loop;
	struct resolver *resolver;
	size_t server; /* the one that is asked */
	struct conn *conn;
	struct timer tick;
	enum lease_step step;
	int64_t sent_ms, began_ms;
	bool asked, altering, given_up, stopping;
	int64_t given_up_ms;
	bool warned;    /* the log says that there is no lease */
	size_t n_tried; /* servers since the last answer */
	int64_t id;     /* that it applies for */
	int64_t epoch;  /* that this broker is the master of; 0: none */
	int64_t lease_until_ms;
	char master[80]; /* a slave's, as the quorum said last; empty: not yet */
	struct task soon_task;
	_Atomic bool soon; /* the task is on its way */

	pthread_mutex_t lock; /* a leaf: the rest */
	int64_t wanted[LEASE_REPLICAS_MAX], known[LEASE_REPLICAS_MAX];
	size_t n_wanted, n_known; /* known: with this broker */
	int32_t set_epoch;
	bool is_wanted; /* lease_want_set was called */
};

static void set_tick(struct lease *lease, int64_t after_ms);

/* ---- Asking ---- */

static void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	(void)conn; /* name servers send no requests */
	(void)command;
	(void)body;
}

static void
on_lost(struct conn *conn, const char *why)
{
	struct lease *lease = conn_context(conn);

	(void)why;
	lease->conn = NULL;
}

static const struct conn_events events = { .on_request = on_request, .on_close = on_lost };

static struct conn *
connection(struct lease *lease)
{
	const struct resolved *at = resolver_get(lease->resolver, lease->server);

	if (lease->conn == NULL && at->len != 0)
		lease->conn = conn_connect(lease->loop, (const struct sockaddr *)&at->address,
		    at->len, TIMEOUT_MS, &events, lease);
	return lease->conn;
}

static void
try_next_server(struct lease *lease)
{
	size_t n = resolver_count(lease->resolver);

	if (lease->conn != NULL)
		conn_close(lease->conn, "another name server is asked");
	lease->server = (lease->server + 1) % n;
	if (++lease->n_tried % n == 0)
		resolver_ask(lease->resolver);
	/* At once, but not in circles. */
	set_tick(lease, lease->n_tried % n == 0 ? PERIOD_MS : RETRY_MS);
}

static bool
ask(struct lease *lease, int32_t code, const struct field *fields, const void *header,
    struct slice body, call_done_fn *done)
{
	struct conn *conn = connection(lease);
	struct arena arena = { 0 };
	struct command command = command_request(code);

	if (conn == NULL)
		return false;
	fields_encode(fields, header, &arena, &command);
	conn_request(conn, &command, body, TIMEOUT_MS, done, lease);
	arena_release(&arena);
	return true;
}

/* ---- What an answer means ---- */

static void
warn_once(struct lease *lease, const char *what, const struct command *reply)
{
	struct slice remark = reply->remark.data != NULL ? reply->remark : SLICE("");

	if (!lease->warned)
		log_error(
		    "%s code=%d remark=\"%.*s\"", what, reply->code, (int)remark.len, remark.data);
	lease->warned = true;
}

/* True: a server that leads answered. Otherwise the next one is asked. */
static bool
is_answer(struct lease *lease, const struct command *reply)
{
	lease->asked = false;
	if (lease->stopping)
		return false;
	if (reply == NULL || reply->code == RESPONSE_CONTROLLER_NOT_LEADER) {
		try_next_server(lease);
		return false;
	}
	if (reply->code == RESPONSE_REQUEST_CODE_NOT_SUPPORTED) {
		warn_once(
		    lease, "enableControllerMode: a name server takes part in no quorum", reply);
		try_next_server(lease);
		return false;
	}
	lease->n_tried = 0;
	return true;
}

static void
stop_writing(struct lease *lease)
{
	lease->lease_until_ms = 0;
	if (!broker_is_slave(lease->broker))
		store_write_until(lease->broker->store, 1);
}

static int64_t
log_end(const struct lease *lease)
{
	struct store_stats stats;

	store_get_stats(lease->broker->store, &stats);
	return stats.max_position;
}

static void
be_known(struct lease *lease)
{
	if (atomic_exchange(&lease->broker->held_back, false))
		registrar_changed(lease->broker->registrar);
}

/* An epoch begins on disk before anything is written in it. */
static bool
begin_epoch(struct lease *lease, int64_t epoch)
{
	struct replica_record *record = lease->broker->replica_record;

	if (replica_record_last_epoch(record) != epoch) {
		int64_t position = log_end(lease);

		if (replica_record_begin_epoch(record, epoch, position) == -1)
			return false;
		log_info("this broker is the master epoch=%lld position=%lld", (long long)epoch,
		    (long long)position);
	}
	lease->epoch = epoch;
	atomic_store(&lease->broker->master_epoch, (int)epoch);
	return true;
}

static void
take_grant(struct lease *lease, const struct renew_lease_reply *answer)
{
	if (lease->given_up || !begin_epoch(lease, answer->master_epoch))
		return;
	atomic_store(&lease->broker->unagreed, false);
	lease->lease_until_ms = lease->sent_ms + answer->lease_ms - MARGIN_MS;
	store_write_until(lease->broker->store, lease->lease_until_ms);
	if (lease->warned)
		log_info("this broker has the lease of the master again");
	lease->warned = false;
	be_known(lease);
}

static void
take_known_set(struct lease *lease, struct slice body)
{
	struct arena arena = { 0 };
	struct sync_set set;

	if (sync_set_read(&arena, body, &set) == 0 && set.n <= LEASE_REPLICAS_MAX) {
		pthread_mutex_lock(&lease->lock);
		memcpy(lease->known, set.ids, set.n * sizeof *set.ids);
		lease->n_known = set.n;
		lease->set_epoch = set.epoch;
		pthread_mutex_unlock(&lease->lock);
	}
	arena_release(&arena);
}

static void
set_peer(char peer[static 80], struct slice address)
{
	snprintf(peer, 80, "%.*s", (int)(address.len < 80 ? address.len : 0),
	    address.data != NULL ? address.data : "");
}

/* Of a slave: it is promoted, or hears who its master is. */
static void
take_news(struct lease *lease, const struct renew_lease_reply *answer, int64_t id)
{
	struct replica_change change = {
		.at_ms = clock_wall_ms(),
		.epoch = answer->master_epoch,
		.cause = answer->gave_way ? REPLICA_CAUSE_GAVE_WAY : REPLICA_CAUSE_LOST,
	};

	if (answer->master_id == id) {
		snprintf(change.peer, sizeof change.peer, "%s", lease->master);
		role_change(lease->broker, answer->master_epoch, &change);
	} else if (answer->master_id != 0) {
		set_peer(lease->master, answer->master_address);
		be_known(lease);
	}
}

static void
become_slave(struct lease *lease, const struct renew_lease_reply *answer)
{
	struct replica_change change = {
		.at_ms = clock_wall_ms(),
		.epoch = answer->master_epoch,
		.cause = REPLICA_CAUSE_REPLACED,
	};

	set_peer(change.peer, answer->master_address);
	role_change(lease->broker, 0, &change);
}

static void
take_renewal(struct lease *lease, const struct renew_lease_reply *answer)
{
	int64_t id = replica_record_id(lease->broker->replica_record);

	if (broker_is_slave(lease->broker)) {
		take_news(lease, answer, id);
		return;
	}
	if (answer->granted) {
		take_grant(lease, answer);
		return;
	}
	stop_writing(lease);
	if (answer->master_id != 0 && answer->master_id != id) {
		become_slave(lease, answer);
		return;
	}
	/* Another one is about to be elected, and waits for us. */
	if (lease->epoch != 0 && answer->master_epoch == (int32_t)lease->epoch &&
	    !lease->given_up) {
		lease->given_up = true;
		lease->given_up_ms = clock_mono_ms();
		log_warn(
		    "this master gives way to another one epoch=%lld", (long long)lease->epoch);
		set_tick(lease, 0);
	}
}

static void
on_renewed(void *arg, const struct command *reply, struct slice body)
{
	struct lease *lease = arg;
	struct renew_lease_reply answer;
	const char *bad;

	if (!is_answer(lease, reply))
		return;
	/* The quorum forgot this disk, by request or because it lost its own. */
	if (reply->code == RESPONSE_CONTROLLER_BROKER_NEED_TO_BE_REGISTERED) {
		stop_writing(lease);
		warn_once(lease, "the quorum does not know this replica", reply);
		if (replica_record_set_id(lease->broker->replica_record, 0) == 0)
			lease->step = LEASE_NEXT_ID;
		return;
	}
	if (reply->code != RESPONSE_SUCCESS ||
	    fields_decode(renew_lease_reply_fields, reply, &answer, &bad) == -1) {
		warn_once(lease, "the quorum refuses a lease", reply);
		return;
	}
	take_known_set(lease, body);
	take_renewal(lease, &answer);
}

/* ---- Joining ---- */

static void
on_next_id(void *arg, const struct command *reply, struct slice body)
{
	struct lease *lease = arg;
	struct next_id_reply answer;
	const char *bad;

	(void)body;
	if (!is_answer(lease, reply))
		return;
	if (reply->code != RESPONSE_SUCCESS ||
	    fields_decode(next_id_reply_fields, reply, &answer, &bad) == -1) {
		warn_once(lease, "the quorum gives no id", reply);
		return;
	}
	lease->id = answer.id;
	lease->step = LEASE_APPLY_ID;
	set_tick(lease, 0);
}

static void
on_applied(void *arg, const struct command *reply, struct slice body)
{
	struct lease *lease = arg;

	(void)body;
	if (!is_answer(lease, reply))
		return;
	lease->step = LEASE_NEXT_ID; /* another replica was faster */
	if (reply->code == RESPONSE_SUCCESS &&
	    replica_record_set_id(lease->broker->replica_record, lease->id) == 0) {
		log_info("this replica has an id of the quorum id=%lld", (long long)lease->id);
		if (broker_is_slave(lease->broker))
			atomic_store(&lease->broker->id, lease->id);
		lease->step = LEASE_REGISTER;
	} else if (reply->code != RESPONSE_CONTROLLER_BROKER_ID_INVALID) {
		warn_once(lease, "the quorum gives no id", reply);
		return;
	}
	set_tick(lease, 0);
}

static void
on_registered(void *arg, const struct command *reply, struct slice body)
{
	struct lease *lease = arg;

	(void)body;
	if (!is_answer(lease, reply))
		return;
	if (reply->code != RESPONSE_SUCCESS &&
	    reply->code != RESPONSE_CONTROLLER_BROKER_NEED_TO_BE_REGISTERED) {
		warn_once(lease, "the quorum refuses this replica", reply);
		return;
	}
	lease->step = LEASE_RENEW; /* which says what to do about an unknown one */
	set_tick(lease, 0);
}

static bool
ask_renewal(struct lease *lease)
{
	const struct broker *broker = lease->broker;
	struct renew_lease_header header = {
		.cluster_name = slice_of(broker->settings->broker_cluster_name),
		.broker_name = slice_of(broker->settings->broker_name),
		.broker_id = replica_record_id(broker->replica_record),
		.broker_address = slice_of(broker->address),
		.master_epoch = (int32_t)lease->epoch,
		.known_epoch = (int32_t)replica_record_last_epoch(broker->replica_record),
		.max_offset = log_end(lease),
		.wants_master = !broker_is_slave(broker),
		.given_up = lease->given_up,
	};

	return ask(
	    lease, REQUEST_RENEW_LEASE, renew_lease_header_fields, &header, SLICE(""), on_renewed);
}

static bool
ask_step(struct lease *lease)
{
	const struct broker *broker = lease->broker;
	struct slice cluster = slice_of(broker->settings->broker_cluster_name);
	struct slice name = slice_of(broker->settings->broker_name);
	char code[128];

	switch (lease->step) {
	case LEASE_NEXT_ID: {
		struct next_id_header header = { cluster, name };

		return ask(lease, REQUEST_CONTROLLER_GET_NEXT_BROKER_ID, next_id_header_fields,
		    &header, SLICE(""), on_next_id);
	}
	case LEASE_APPLY_ID: {
		struct apply_id_header header = { cluster, name, lease->id, SLICE("") };

		replica_record_check_code(broker->replica_record, slice_of(broker->address), code);
		header.check_code = slice_of(code);
		return ask(lease, REQUEST_CONTROLLER_APPLY_BROKER_ID, apply_id_header_fields,
		    &header, SLICE(""), on_applied);
	}
	case LEASE_REGISTER: {
		struct register_controller_header header = { cluster, name,
			replica_record_id(broker->replica_record), slice_of(broker->address), 0 };

		return ask(lease, REQUEST_CONTROLLER_REGISTER_BROKER,
		    register_controller_header_fields, &header, SLICE(""), on_registered);
	}
	default:
		return ask_renewal(lease);
	}
}

/* ---- The set of replicas in sync ---- */

static bool
in_list(const int64_t *ids, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* Under the lock. The known set has this broker too. */
static bool
sets_agree(const struct lease *lease)
{
	if (!lease->is_wanted)
		return true;
	if (lease->n_known != lease->n_wanted + 1)
		return false;
	for (size_t i = 0; i < lease->n_wanted; i++)
		if (!in_list(lease->known, lease->n_known, lease->wanted[i]))
			return false;
	return true;
}

static void
on_altered(void *arg, const struct command *reply, struct slice body)
{
	struct lease *lease = arg;

	lease->altering = false;
	if (reply != NULL && reply->code == RESPONSE_SUCCESS && !lease->stopping)
		take_known_set(lease, body);
}

/* Asks the quorum to know the set; what is refused now is asked again at the next tick. */
static void
alter_set(struct lease *lease)
{
	int64_t ids[LEASE_REPLICAS_MAX + 1] = { replica_record_id(lease->broker->replica_record) };
	struct sync_set set = { .ids = ids, .n = 1 };
	struct alter_set_header header = {
		.broker_name = slice_of(lease->broker->settings->broker_name),
		.master_id = ids[0],
		.master_epoch = (int32_t)lease->epoch,
	};
	struct buf text = { 0 };
	struct json_out out;
	bool agreed;

	pthread_mutex_lock(&lease->lock);
	agreed = sets_agree(lease);
	for (size_t i = 0; i < lease->n_wanted; i++)
		ids[set.n++] = lease->wanted[i];
	set.epoch = lease->set_epoch;
	pthread_mutex_unlock(&lease->lock);
	if (agreed || lease->altering || lease->epoch == 0 || lease->step != LEASE_RENEW)
		return;
	json_out_init(&out, &text);
	sync_set_write(&out, &set);
	lease->altering = ask(lease, REQUEST_CONTROLLER_ALTER_SYNC_STATE_SET,
	    alter_set_header_fields, &header, buf_slice(&text), on_altered);
	buf_release(&text);
}

void
lease_want_set(struct lease *lease, const int64_t *ids, size_t n)
{
	if (n >= LEASE_REPLICAS_MAX)
		n = LEASE_REPLICAS_MAX - 1;
	pthread_mutex_lock(&lease->lock);
	memcpy(lease->wanted, ids, n * sizeof *ids);
	lease->n_wanted = n;
	lease->is_wanted = true;
	pthread_mutex_unlock(&lease->lock);
}

bool
lease_set_covers(struct lease *lease)
{
	int64_t self = replica_record_id(lease->broker->replica_record);
	bool covers;

	pthread_mutex_lock(&lease->lock);
	covers = lease->n_known != 0; /* else the quorum did not say yet */
	for (size_t i = 0; i < lease->n_known; i++)
		covers &= lease->known[i] == self ||
		          in_list(lease->wanted, lease->n_wanted, lease->known[i]);
	pthread_mutex_unlock(&lease->lock);
	return covers;
}

/* ---- When ---- */

static void
on_tick(struct timer *timer)
{
	struct lease *lease = container_of(timer, struct lease, tick);
	int64_t now_ms = clock_mono_ms();

	set_tick(lease, PERIOD_MS);
	if (lease->stopping)
		return;
	if (broker_is_slave(lease->broker) && now_ms - lease->began_ms > AGREE_MS)
		atomic_store(&lease->broker->unagreed, false);
	if (lease->lease_until_ms != 0 && !lease->warned && now_ms >= lease->lease_until_ms) {
		log_warn("this master has no lease any more and writes nothing: no name server of "
			 "the quorum answers epoch=%lld",
		    (long long)lease->epoch);
		lease->warned = true;
	}
	if (lease->given_up && now_ms - lease->given_up_ms > GIVE_WAY_MS)
		lease->given_up = false; /* nobody was elected */
	alter_set(lease);
	if (lease->asked)
		return; /* its answer, or none, comes within a second */
	lease->sent_ms = now_ms;
	lease->asked = ask_step(lease);
	if (!lease->asked)
		try_next_server(lease);
}

static void
set_tick(struct lease *lease, int64_t after_ms)
{
	loop_set_timer(lease->loop, &lease->tick, clock_mono_ms() + after_ms);
}

static void
run_soon(struct task *task, void *loop)
{
	struct lease *lease = container_of(task, struct lease, soon_task);

	(void)loop;
	atomic_store(&lease->soon, false);
	if (!lease->stopping && !lease->asked)
		loop_set_timer(lease->loop, &lease->tick, lease->sent_ms + RETRY_MS);
}

void
lease_ask_soon(struct lease *lease)
{
	if (lease == NULL || atomic_exchange(&lease->soon, true))
		return;
	loop_post(lease->loop, &lease->soon_task);
}

static void
on_resolved(void *arg, size_t index)
{
	(void)arg;
	(void)index;
}

struct lease *
lease_new(struct broker *broker)
{
	const struct broker_settings *settings = broker->settings;
	struct lease *lease = mem_zalloc(sizeof *lease);
	struct replica_change change;
	const char *servers =
	    settings->controller_addr != NULL ? settings->controller_addr : settings->namesrv_addr;

	lease->broker = broker;
	lease->loop = broker_main_loop(broker);
	lease->resolver = resolver_new(lease->loop, servers, on_resolved, lease);
	lease->step =
	    replica_record_id(broker->replica_record) != 0 ? LEASE_REGISTER : LEASE_NEXT_ID;
	lease->epoch = replica_record_promoted(broker->replica_record);
	lease->tick.due = on_tick;
	lease->soon_task.run = run_soon;
	/* A slave that was the master knows who replaced it. */
	replica_record_change(broker->replica_record, &change);
	if (change.cause == REPLICA_CAUSE_REPLACED)
		snprintf(lease->master, sizeof lease->master, "%s", change.peer);
	lease->began_ms = clock_mono_ms();
	pthread_mutex_init(&lease->lock, NULL);
	stop_writing(lease);
	set_tick(lease, 0);
	return lease;
}

void
lease_free(struct lease *lease)
{
	if (lease == NULL)
		return;
	lease->stopping = true;
	loop_drop_timer(lease->loop, &lease->tick);
	if (lease->conn != NULL)
		conn_close(lease->conn, "stopped");
	resolver_free(lease->resolver);
	pthread_mutex_destroy(&lease->lock);
	free(lease);
}

void
lease_give_up(struct lease *lease)
{
	if (lease == NULL || lease->stopping)
		return;
	stop_writing(lease);
	lease->given_up = true;
	if (lease->epoch != 0 && lease->step == LEASE_RENEW)
		ask_renewal(lease);
	lease->stopping = true;
	loop_drop_timer(lease->loop, &lease->tick);
}
