#include "config.h"

/*
 * moveIn: looks whether a slave can take the place of the RocketMQ master that it follows, and with
 * -y lets it. The old master is told to take no more messages before, so that nothing that it
 * confirmed is missing here.
 */

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "admin/cmd.h"
#include "admin/move.h"
#include "common/base/clock.h"

#define POLL_MS 300
#define STILL_MS 3000 /* a log that grew no more for so long is taken for still */
#define REST_MS 2000  /* what a master that ends still ships */
#define MASTER_END_MS 60000
#define WAIT_S 600
#define DRAIN_S 35 /* clients ask for routes each 30 s */
#define MOVE_WAIT_MS 60000
#define REQUEST_MS 15000
/* Of startAcceptSendRequestTimeStamp: the last ms of the year 9999. */
#define NEVER "253402300799000"

static const struct flag move_in_flags[] = {
	{ 'b', "brokerAddr", FLAG_TEXT, "SLAVE", FLAG_REQUIRED, 0, 0,
	    "the slave: host:port, or the broker name when it has one slave" },
	{ 'm', "role", FLAG_TEXT, "ROLE", 0, 0, 0,
	    "ASYNC_MASTER or SYNC_MASTER; else that of the old master" },
	{ 'y', "yes", FLAG_SWITCH, NULL, FLAG_LOCAL, 0, 0, "switch; without it, only look" },
	{ 'f', "force", FLAG_SWITCH, NULL, FLAG_LOCAL, 0, 0,
	    "switch whatever stands in the way: messages may be lost" },
	{ 'd', "drain", FLAG_INT, "SECONDS", FLAG_LOCAL, 0, 3600,
	    "how long producers have to find other masters (default 35)" },
	{ 't', "timeout", FLAG_INT, "SECONDS", FLAG_LOCAL, 1, 86400,
	    "how long to wait for the slave, and for the end of the old master (default 600)" },
	{ 0 },
};

static void __attribute__((format(printf, 2, 3))) say(struct move *move, const char *format, ...)
{
	struct admin *admin = move->admin;
	va_list args;

	va_start(args, format);
	admin_remark(admin, SLICE("moveIn"), arena_vprintf(&admin->arena, format, args));
	va_end(args);
}

/* ---- waiting ----------------------------------------------------------- */

static sigset_t
ending_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

/* 0, or -1 after admin_fail: somebody wants an end. */
static int
rest(struct move *move)
{
	struct timespec pause = { 0, POLL_MS * 1000000L };
	sigset_t set = ending_signals();

	if (sigtimedwait(&set, NULL, &pause) <= 0)
		return 0;
	return admin_fail(move->admin, "interrupted");
}

static int64_t
deadline(struct move *move)
{
	return clock_mono_ms() + args_number(&move->admin->args, 't', WAIT_S) * 1000;
}

/* ---- the old master takes no more messages ----------------------------- */

struct fence {
	bool up;
	struct slice permission, accept_from; /* as they were */
};

static int
change_master(struct move *move, struct slice lines)
{
	struct admin_request ask = {
		.address = move->master.address, .code = REQUEST_UPDATE_BROKER_CONFIG, .body = lines
	};
	struct twinmq_reply reply;

	return admin_ask(move->admin, &ask, &reply);
}

static struct slice
fence_lines(struct move *move, struct slice permission, struct slice accept_from)
{
	return arena_printf(&move->admin->arena,
	    "brokerPermission=%.*s\nstartAcceptSendRequestTimeStamp=%.*s\n", (int)permission.len,
	    permission.data, (int)accept_from.len, accept_from.data);
}

/* Best effort: the move is off. */
static void
lower_fence(struct move *move, const struct fence *fence)
{
	struct slice at = move->master.address;

	if (!fence->up)
		return;
	if (change_master(move, fence_lines(move, fence->permission, fence->accept_from)) == 0)
		say(move, "%.*s takes messages again", (int)at.len, at.data);
	else
		say(move,
		    "%.*s could not be told to take messages again: before it starts, set "
		    "brokerPermission=%.*s and startAcceptSendRequestTimeStamp=%.*s in its file",
		    (int)at.len, at.data, (int)fence->permission.len, fence->permission.data,
		    (int)fence->accept_from.len, fence->accept_from.data);
}

/* Until the log of the old master stands still, or producers had their time. */
static int
drain(struct move *move)
{
	int64_t now = clock_mono_ms(), still_since = now, last = -1;
	int64_t until = now + args_number(&move->admin->args, 'd', DRAIN_S) * 1000;

	while (now < until && now - still_since < STILL_MS) {
		int64_t end = move_log_end(move, move->master.address);

		now = clock_mono_ms();
		if (end != last)
			still_since = now;
		last = end;
		if (rest(move) == -1)
			return -1;
	}
	return 0;
}

/* Whether the old master has the setting now: one that does not know it says yes all the same. */
static bool
has_taken(struct move *move, const char *name, const char *value)
{
	struct admin_request ask = { .address = move->master.address,
		.code = REQUEST_GET_BROKER_CONFIG };
	struct move_side now = { 0 };
	struct twinmq_reply reply;

	if (admin_ask(move->admin, &ask, &reply) == -1)
		return false;
	now.n_settings = admin_settings(move->admin, reply.body, &now.settings);
	return slice_is(move_setting(&now, name), value);
}

static int
fail_fence(struct move *move, const char *why)
{
	struct slice at = move->master.address;

	return admin_fail(move->admin,
	    "%.*s does not let itself be told to take no more messages (%s): stop it cleanly "
	    "(mqshutdown broker), then run this again with -f",
	    (int)at.len, at.data, why);
}

/*
 * brokerPermission 4 takes the broker out of the routes of producers and refuses what consumers
 * send back; startAcceptSendRequestTimeStamp refuses all sends.
 */
static int
raise_fence(struct move *move, struct fence *fence)
{
	struct slice at = move->master.address;

	fence->permission = move_setting(&move->master, "brokerPermission");
	fence->accept_from = move_setting(&move->master, "startAcceptSendRequestTimeStamp");
	if (fence->permission.len == 0 || fence->accept_from.len == 0)
		return fail_fence(move, "it does not tell its settings");
	fence->up = true;
	if (move->n_other_masters != 0) {
		say(move, "%.*s leaves the routes of producers, which go to other masters",
		    (int)at.len, at.data);
		if (change_master(move, SLICE("brokerPermission=4\n")) == -1)
			return fail_fence(move, twinmq_error(move->admin->mq)->text);
		if (drain(move) == -1)
			return -1;
	}
	if (change_master(move, fence_lines(move, SLICE("4"), SLICE(NEVER))) == -1)
		return fail_fence(move, twinmq_error(move->admin->mq)->text);
	if (!has_taken(move, "startAcceptSendRequestTimeStamp", NEVER))
		return fail_fence(move, "its settings are as before");
	say(move, "%.*s takes no more messages", (int)at.len, at.data);
	return 0;
}

/* ---- all of its log is here -------------------------------------------- */

static int
fail_missing(struct move *move, int64_t missing)
{
	return admin_fail(move->admin,
	    "%" PRId64 " bytes that the old master had are not here: start it again until the "
	    "slave has them, or go on without them (-f)",
	    missing);
}

/* Bytes of a log that ended at `end` which the slave does not have; -1: it does not answer. */
static int64_t
missing_of(struct move *move, int64_t end)
{
	int64_t here = move_log_end(move, move->slave.address);

	if (here == -1)
		return -1;
	return here < end ? end - here : 0;
}

/* While the old master runs. */
static int
wait_for_log(struct move *move)
{
	int64_t until = deadline(move), missing = -1;

	while (clock_mono_ms() < until) {
		int64_t end = move_log_end(move, move->master.address);

		missing = missing_of(move, end);
		if (end != -1 && missing == 0)
			return 0;
		if (rest(move) == -1)
			return -1;
	}
	return missing == -1 ? admin_fail(move->admin, "the slave does not answer")
	                     : fail_missing(move, missing);
}

/* For topics and groups that are new at the old master; each look makes the slave ask for them. */
static int
wait_for_tables(struct move *move)
{
	int64_t until = deadline(move);

	for (;;) {
		move_ask_tables(move);
		if (move_has_tables(move))
			return 0;
		if (clock_mono_ms() >= until)
			return admin_fail(move->admin,
			    "the slave does not get all topics and groups of the old master: see "
			    "its log");
		move_look(move, &move->view);
		if (rest(move) == -1)
			return -1;
	}
}

/* Whether nobody reaches the old master; *end follows its log meanwhile. */
static bool
is_gone(struct move *move, int64_t *end)
{
	int64_t now = move_log_end(move, move->master.address);

	if (now != -1)
		*end = now;
	return now == -1 && twinmq_error(move->admin->mq)->code == TWINMQ_UNREACHABLE;
}

/* For its end, which is the operator's to bring about. */
static int
wait_for_end(struct move *move, int64_t *end)
{
	struct slice at = move->master.address;
	int64_t until = deadline(move);

	say(move,
	    "the slave has all of its log; now stop the broker at %.*s, cleanly: mqshutdown "
	    "broker, or kill its pid",
	    (int)at.len, at.data);
	while (clock_mono_ms() < until) {
		if (is_gone(move, end))
			return 0;
		if (rest(move) == -1)
			return -1;
	}
	if (args_has(&move->admin->args, 'f'))
		return 0;
	return admin_fail(move->admin, "%.*s was not stopped in time", (int)at.len, at.data);
}

/* What it still shipped while it ended has come. Each look counts what waits, for the next one. */
static int
wait_for_rest(struct move *move, int64_t end, int64_t *missing)
{
	int64_t from = clock_mono_ms();
	bool force = args_has(&move->admin->args, 'f');

	do {
		*missing = missing_of(move, end);
		if (rest(move) == -1)
			return -1;
		if (*missing == -1 || move_look(move, &move->view) == -1)
			return admin_fail(move->admin, "the slave does not answer");
		if (move->view.master_answers && clock_mono_ms() - from > MASTER_END_MS && !force)
			return admin_fail(move->admin, "the slave still hears the old master");
	} while (clock_mono_ms() - from < REST_MS || (move->view.master_answers && !force));
	if (move->view.behind_bytes > *missing)
		*missing = move->view.behind_bytes;
	return *missing == 0 || force ? 0 : fail_missing(move, *missing);
}

/* ---- the switch -------------------------------------------------------- */

/* The master of the name at this name server; absent: it knows none. */
static struct slice
registered_master(struct move *move, const char *name_server)
{
	struct admin_request ask = { .address = slice_of(name_server),
		.code = REQUEST_GET_BROKER_CLUSTER_INFO };
	struct cluster_info info;
	struct twinmq_reply reply;

	if (admin_ask(move->admin, &ask, &reply) == -1 ||
	    cluster_info_read(&move->admin->arena, reply.body, &info) == -1)
		return SLICE_NONE;
	for (size_t i = 0; i < info.n_brokers; i++)
		for (size_t j = 0; j < info.brokers[i].n_addresses; j++)
			if (slice_equal(info.brokers[i].name, move->broker_name) &&
			    info.brokers[i].addresses[j].id == MASTER_ID)
				return info.brokers[i].addresses[j].address;
	return SLICE_NONE;
}

/* A name server that knows another master of the name, or (wanted) not the new one. NULL: none. */
static const char *
wrong_name_server(struct move *move, bool wanted)
{
	const char *one;

	for (size_t i = 0; (one = twinmq_name_server(move->admin->mq, i)) != NULL; i++) {
		struct slice master = registered_master(move, one);

		if (wanted ? !slice_equal(master, move->registered) : master.len != 0)
			return one;
	}
	return NULL;
}

/* A broker that ends leaves the name servers at last, and they let nobody else have its name
 * before. */
static int
wait_for_name(struct move *move)
{
	int64_t until = deadline(move);
	const char *one;

	while ((one = wrong_name_server(move, false)) != NULL) {
		if (clock_mono_ms() >= until)
			return admin_fail(move->admin,
			    "name server %s still has a master of the name %.*s: see clusterList",
			    one, (int)move->broker_name.len, move->broker_name.data);
		if (rest(move) == -1)
			return -1;
	}
	return 0;
}

/* The slave has become the master, and is found. */
static int
wait_for_master(struct move *move)
{
	int64_t until = clock_mono_ms() + MOVE_WAIT_MS;
	struct move_in_status view = { 0 };
	const char *ignorant = NULL;

	for (;;) {
		bool moved = move_look(move, &view) == 0 && view.state == MOVE_IN_MOVED;

		if (moved && (ignorant = wrong_name_server(move, true)) == NULL)
			return 0;
		if (clock_mono_ms() >= until && !moved)
			return admin_fail(
			    move->admin, "the slave does not answer as the master: see its log");
		if (clock_mono_ms() >= until)
			return admin_fail(move->admin,
			    "the slave is the master now, but name server %s does not know it: see "
			    "clusterList, and the log of the new master",
			    ignorant);
		if (rest(move) == -1)
			return -1;
	}
}

static int
hand_over(struct move *move, struct fence *fence)
{
	struct move_in_status view = { 0 };

	if (move_order(move, args_has(&move->admin->args, 'f'), &view) == -1)
		return admin_fail_call(move->admin);
	if (view.state == MOVE_IN_REFUSED)
		return admin_fail(move->admin, "the slave refuses: %.*s", (int)view.refusal.len,
		    view.refusal.data);
	fence->up = false;
	say(move, "%.*s becomes the master", (int)move->registered.len, move->registered.data);
	return wait_for_master(move);
}

static void
report_next(struct move *move)
{
	struct slice role = move_role(move), old = move->master.address;
	struct arena *arena = &move->admin->arena;
	struct slice next[] = {
		arena_printf(arena,
		    "in the new master's broker.ini: brokerRole=%.*s, brokerId=0, no "
		    "haMasterAddress",
		    (int)role.len, role.data),
		arena_printf(arena,
		    "do not start the broker at %.*s again: it would take the name back",
		    (int)old.len, old.data),
		SLICE("keep its store until nobody misses anything"),
	};

	report_note(&move->admin->report, "Next:");
	report_list(&move->admin->report, "next", next, sizeof next / sizeof next[0]);
}

/* From the first sign to the old master to the last answer of the new one. */
static int
switch_over(struct move *move, struct fence *fence, int64_t *missing)
{
	int64_t end = 0;

	if (move->master.answers &&
	    (raise_fence(move, fence) == -1 || wait_for_log(move) == -1 ||
		wait_for_tables(move) == -1 || wait_for_end(move, &end) == -1))
		return -1;
	if (wait_for_rest(move, end, missing) == -1 || wait_for_name(move) == -1)
		return -1;
	if (*missing != 0)
		say(move, "%" PRId64 " bytes of the old master's log are not here and stay away",
		    *missing);
	return hand_over(move, fence);
}

/* ---- the command ------------------------------------------------------- */

static void
report_facts(struct move *move)
{
	const struct move_in_status *view = &move->view;
	struct report *report = &move->admin->report;

	report_text(report, "brokerName", "Broker", move->broker_name);
	report_text(report, "slave", "Slave", move->registered);
	report_text(report, "oldMaster", "Old master",
	    move->master.address.len != 0 ? move->master.address : SLICE("not known"));
	report_text(report, "state", "State", slice_of(move_in_state_name(view->state)));
	report_int(report, "behindBytes", "Bytes behind", view->behind_bytes);
	report_int(report, "halvesOpen", "Half messages without a decision", view->halves_open);
	report_int(report, "delayed", "Delayed messages", view->delayed);
	report_int(report, "timed", "Timed messages", view->timed);
	report_int(report, "poppedOpen", "Popped and not acknowledged", view->popped_open);
}

static int
run_switch(struct move *move)
{
	struct admin *admin = move->admin;
	struct fence fence = { 0 };
	int64_t missing = 0;

	if (move->n_stops != 0 && !args_has(&admin->args, 'f')) {
		report_facts(move);
		move_report(move);
		admin_fail(
		    admin, "%zu findings stand in the way; nothing was changed", move->n_stops);
		return 0;
	}
	/* One that was told before goes on by itself. */
	if (move->view.state == MOVE_IN_MOVING ? wait_for_master(move) == -1
					       : switch_over(move, &fence, &missing) == -1) {
		lower_fence(move, &fence);
		return -1;
	}
	move->view.state = MOVE_IN_MOVED;
	move->view.behind_bytes = missing;
	report_facts(move);
	move_report(move);
	report_next(move);
	return 0;
}

static int
move_in_run(struct admin *admin)
{
	struct move *move = arena_zalloc(&admin->arena, sizeof *move);
	const char *role = args_text(&admin->args, 'm');
	sigset_t set = ending_signals();

	move->admin = admin;
	if (role != NULL && strcmp(role, "ASYNC_MASTER") != 0 && strcmp(role, "SYNC_MASTER") != 0)
		return admin_misuse(
		    admin, "-m %s: the roles of a master are ASYNC_MASTER and SYNC_MASTER", role);
	/* An end in the middle lets the old master take messages again. */
	if (args_has(&admin->args, 'y'))
		sigprocmask(SIG_BLOCK, &set, NULL);
	if (move_survey(move) == -1)
		return -1;
	if (move->view.state == MOVE_IN_MOVED) {
		report_facts(move);
		report_note(&admin->report, "It is the master already.");
		return 0;
	}
	move_check(move);
	if (args_has(&admin->args, 'y'))
		return run_switch(move);
	report_facts(move);
	move_report(move);
	if (move->n_stops == 0) {
		report_note(&admin->report, "Nothing stands in the way; with -y it is done.");
		return 0;
	}
	report_note(&admin->report, "%zu findings stand in the way.", move->n_stops);
	admin->status = ADMIN_FOUND;
	return 0;
}

const struct subcommand move_in_commands[] = {
	{ "moveIn", move_in_flags, move_in_run,
	    "let a slave take the place of its RocketMQ master, or look whether it can",
	    HTTP_MAY_ADMIN, REQUEST_MS },
	{ NULL },
};
