#include "config.h"

#include "broker/cluster/register.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "broker/cluster/masters.h"
#include "broker/cluster/register_compose.h"
#include "broker/cluster/register_wait.h"
#include "broker/state/topic.h"
#include "common/base/container_of.h"
#include "common/protocol/bodies.h"
#include "common/base/clock.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/net/resolve.h"
#include "common/protocol/route.h"

#define FIRST_PERIOD_MS 10000 /* the second registration comes early */
#define RETRY_MS 1000
#define SPACING_MAX_MS 100       /* between registrations that changes ask for, */
#define TOPICS_PER_SPACING_MS 20 /* by how much there is to tell */
#define STOP_MS 1000

struct nameserver {
	struct registrar *registrar;
	size_t index;
	struct conn *conn; /* NULL: none */
	struct timer retry;
	int64_t n_sent, n_answered; /* registrations; lost ones count as answered */
	int64_t awaited;            /* how many answers those who wait want */
	bool registered;            /* the last registration was accepted */
	bool warned;                /* that it cannot be reached */
	bool duplicate;             /* it knows a live broker of our name and id */
};

struct registrar {
	struct broker *broker;
	struct loop *loop;
	struct resolver *resolver;
	struct nameserver *servers;
	size_t n_servers;
	struct timer period;
	struct timer pulse;
	int64_t changed_ms; /* of the last registration that a change asked for */
	bool ever_registered;
	_Atomic bool asked; /* the task is on its way, or the deadline set */
	struct task task;   /* from registrar_topics_changed */
	struct timer spaced;
	size_t n_topics;    /* that were told last */
	bool too_large;     /* the last registration did not fit into a frame, and it was said */
	int64_t told;       /* the data version's counter that all name servers were told of */
	_Atomic bool whole; /* not only topics changed: an increment would not do */
	struct register_waits waits;
	_Atomic(const char *) refusal;
	bool stopping;
	void (*done)(struct broker *broker); /* NULL once it was called */
	struct timer give_up;
	size_t n_waiting; /* for the answer to the good-bye */
};

static void retry_later(struct nameserver *server);

static const char *
text_of(const struct nameserver *server)
{
	return resolver_get(server->registrar->resolver, server->index)->text;
}

/* ---- connections ----------------------------------------------------- */

static void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	(void)conn; /* name servers ask nothing */
	(void)command;
	(void)body;
}

static void
on_lost(struct conn *conn, const char *why)
{
	struct nameserver *server = conn_context(conn);

	server->conn = NULL;
	server->registered = false;
	if (server->registrar->stopping)
		return;
	if (!server->warned)
		log_warn("a name server cannot be reached, it is tried again each second "
			 "address=%s why=\"%s\"",
		    text_of(server), why);
	server->warned = true;
	resolver_ask(server->registrar->resolver);
	retry_later(server);
}

static const struct conn_events events = {
	.on_request = on_request,
	.on_close = on_lost,
};

static int
timeout_of(const struct registrar *registrar)
{
	return (int)registrar->broker->settings->register_broker_timeout_mills;
}

static struct conn *
connection_to(struct nameserver *server)
{
	const struct resolved *at = resolver_get(server->registrar->resolver, server->index);

	if (server->conn == NULL && at->len != 0)
		server->conn =
		    conn_connect(server->registrar->loop, (const struct sockaddr *)&at->address,
			at->len, timeout_of(server->registrar), &events, server);
	return server->conn;
}

/* ---- answers --------------------------------------------------------- */

/* One name server at a time is asked for what all of them should know alike. */
static bool
is_first_registered(const struct nameserver *server)
{
	const struct registrar *registrar = server->registrar;

	for (size_t i = 0; i < server->index; i++) {
		if (registrar->servers[i].registered)
			return false;
	}
	return true;
}

static void
on_cluster_info(void *arg, const struct command *reply, struct slice body)
{
	struct nameserver *server = arg;
	struct registrar *registrar = server->registrar;
	struct arena arena = { 0 };
	struct cluster_info info;

	if (reply != NULL && reply->code == RESPONSE_SUCCESS && !registrar->stopping &&
	    cluster_info_read(&arena, body, &info) == 0)
		masters_update(registrar->broker->masters, &info);
	arena_release(&arena);
}

/* The topics that the name server lists as ordered. */
static void
take_order(struct registrar *registrar, struct slice body)
{
	struct arena arena = { 0 };
	const struct ext *pairs;
	size_t n;

	if (body.len != 0 && kv_table_read(&arena, body, &pairs, &n) == 0) {
		struct slice *names = arena_alloc(&arena, n * sizeof *names);

		for (size_t i = 0; i < n; i++)
			names[i] = pairs[i].key;
		topics_set_order(registrar->broker->topics, names, n);
	}
	arena_release(&arena);
}

static struct command
request_of(int32_t code)
{
	return (struct command){
		.codec = FRAME_JSON,
		.code = code,
		.language = COMMAND_LANGUAGE,
		.version = COMMAND_VERSION,
	};
}

static void
update_refusal(struct registrar *registrar)
{
	const char *text = NULL;

	for (size_t i = 0; i < registrar->n_servers; i++) {
		if (registrar->servers[i].duplicate)
			text = "another live broker has this brokerName and brokerId: give this "
			       "one its own brokerName, or stop the other one";
	}
	atomic_store(&registrar->refusal, text);
}

static void
accepted(struct nameserver *server, struct slice body)
{
	struct registrar *registrar = server->registrar;

	if (!server->registered || server->warned)
		log_info("registered with a name server address=%s", text_of(server));
	server->registered = true;
	server->warned = false;
	if (server->duplicate) {
		server->duplicate = false;
		update_refusal(registrar);
	}
	registrar->ever_registered = true;
	if (!is_first_registered(server) || server->conn == NULL)
		return;
	take_order(registrar, body);
	struct command command = request_of(REQUEST_GET_BROKER_CLUSTER_INFO);

	conn_request(
	    server->conn, &command, SLICE(""), timeout_of(registrar), on_cluster_info, server);
}

/* At start nothing is lost by leaving; later, what is stored can still be read. */
static void
refused(struct nameserver *server, const struct command *reply)
{
	struct registrar *registrar = server->registrar;

	server->registered = false;
	if (reply->code == RESPONSE_ILLEGAL_OPERATION && !registrar->ever_registered)
		fatal("name server %s: %.*s", text_of(server), (int)reply->remark.len,
		    reply->remark.data != NULL ? reply->remark.data : "");
	if (!server->warned)
		log_error("a name server refuses this broker%s address=%s code=%d remark=\"%.*s\"",
		    reply->code == RESPONSE_ILLEGAL_OPERATION ? ", sends are refused" : "",
		    text_of(server), reply->code, (int)reply->remark.len,
		    reply->remark.data != NULL ? reply->remark.data : "");
	server->warned = true;
	server->duplicate = reply->code == RESPONSE_ILLEGAL_OPERATION;
	update_refusal(registrar);
	retry_later(server);
}

static void
await_reply(struct nameserver *server)
{
	server->awaited = server->registered ? server->n_sent : 0;
}

/* Those who wait for answers have them, if all are there. */
static void
end_waits(struct registrar *registrar)
{
	for (size_t i = 0; i < registrar->n_servers; i++)
		if (registrar->servers[i].n_answered < registrar->servers[i].awaited)
			return;
	register_waits_end(&registrar->waits);
}

static void
on_registered(void *arg, const struct command *reply, struct slice body)
{
	struct nameserver *server = arg;

	server->n_answered++;
	end_waits(server->registrar);
	if (server->registrar->stopping)
		return;
	if (reply == NULL) {
		if (server->conn != NULL)
			conn_close(server->conn, "no answer to a registration");
		return;
	}
	if (reply->code == RESPONSE_SUCCESS)
		accepted(server, body);
	else
		refused(server, reply);
}

/* ---- registering ----------------------------------------------------- */

/* Once for each time that it becomes so. */
static void
warn_too_large(struct registrar *registrar, const struct register_message *message)
{
	if (!registrar->too_large)
		log_error("a registration does not fit into a frame, the name servers do not hear "
			  "of this broker: delete topics that nobody uses topics=%zu bytes=%zu",
		    message->n_topics, message->body.len);
	registrar->too_large = true;
}

static void
register_with(struct nameserver *server, const struct register_message *message)
{
	struct registrar *registrar = server->registrar;
	const struct broker *broker = registrar->broker;
	struct conn *conn = connection_to(server);
	struct arena arena = { 0 };

	if (conn == NULL)
		return; /* its address is not known yet */
	if (!register_fits(message)) {
		warn_too_large(registrar, message);
		return;
	}
	struct register_broker_header header = register_header(broker, message);
	struct command command = request_of(REQUEST_REGISTER_BROKER);

	registrar->too_large = false;
	loop_drop_timer(registrar->loop, &server->retry);
	server->n_sent++;
	fields_encode(register_broker_header_fields, &header, &arena, &command);
	conn_request(conn, &command, buf_slice(&message->body), timeout_of(registrar),
	    on_registered, server);
	arena_release(&arena);
}

static void
register_with_one(struct nameserver *server)
{
	struct register_message message = { 0 };

	register_compose(server->registrar->broker, &message);
	register_with(server, &message);
	buf_release(&message.body);
}

static void
register_with_all(struct registrar *registrar)
{
	struct register_message message = { 0 };

	register_compose(registrar->broker, &message);
	registrar->n_topics = message.n_topics;
	registrar->told = message.told;
	for (size_t i = 0; i < registrar->n_servers; i++)
		register_with(&registrar->servers[i], &message);
	buf_release(&message.body);
}

/* What changed, to those that have the rest: ten thousand topics are 1.5 MB to write and to read.
 */
static void
tell_changes(struct registrar *registrar)
{
	struct register_message message = { 0 };
	bool whole = atomic_exchange(&registrar->whole, false);

	if (whole || !register_compose_changes(registrar->broker, registrar->told, &message)) {
		register_with_all(registrar);
		return;
	}
	registrar->n_topics = message.n_topics;
	registrar->told = message.told;
	for (size_t i = 0; i < registrar->n_servers; i++) {
		struct nameserver *server = &registrar->servers[i];

		if (server->registered && server->conn != NULL)
			register_with(server, &message);
		else
			register_with_one(server);
	}
	buf_release(&message.body);
}

static void
on_retry(struct timer *self)
{
	register_with_one(container_of(self, struct nameserver, retry));
}

static void
retry_later(struct nameserver *server)
{
	loop_set_timer(server->registrar->loop, &server->retry, clock_mono_ms() + RETRY_MS);
}

static void
on_period(struct timer *self)
{
	struct registrar *registrar = container_of(self, struct registrar, period);

	register_with_all(registrar);
	loop_set_timer(registrar->loop, self,
	    clock_mono_ms() + registrar->broker->settings->register_name_server_period);
}

/*
 * A sign of life, so that a broker that froze or was cut off leaves the routes in
 * seconds. Oneway: name servers of 4.x do not know it and would not answer.
 */
static void
tell_alive(struct nameserver *server)
{
	const struct broker *broker = server->registrar->broker;
	struct arena arena = { 0 };
	struct broker_heartbeat_header header = {
		.cluster_name = slice_of(broker->settings->broker_cluster_name),
		.broker_addr = slice_of(broker->address),
		.broker_name = slice_of(broker->settings->broker_name),
		.broker_id = broker->settings->broker_id,
		.heartbeat_timeout_ms = broker->settings->broker_not_active_timeout_millis,
	};
	struct command command = request_of(REQUEST_BROKER_HEARTBEAT);

	fields_encode(broker_heartbeat_header_fields, &header, &arena, &command);
	conn_request(server->conn, &command, SLICE(""), 0, NULL, NULL);
	arena_release(&arena);
}

static void
on_pulse(struct timer *self)
{
	struct registrar *registrar = container_of(self, struct registrar, pulse);

	for (size_t i = 0; i < registrar->n_servers; i++) {
		struct nameserver *server = &registrar->servers[i];

		if (server->conn != NULL && server->registered && conn_can_write(server->conn))
			tell_alive(server);
	}
	loop_set_timer(registrar->loop, self,
	    clock_mono_ms() + registrar->broker->settings->broker_heartbeat_interval);
}

/* A name server got another address. */
static void
on_resolved(void *arg, size_t index)
{
	struct registrar *registrar = arg;
	struct nameserver *server = &registrar->servers[index];

	if (server->conn != NULL)
		conn_close(server->conn, "its address changed");
	else
		register_with_one(server);
}

/* ---- changes of topics ----------------------------------------------- */

static void
on_spaced(struct timer *self)
{
	struct registrar *registrar = container_of(self, struct registrar, spaced);

	atomic_store(&registrar->asked, false);
	registrar->changed_ms = clock_mono_ms();
	if (!registrar->stopping)
		tell_changes(registrar);
	for (size_t i = 0; i < registrar->n_servers; i++)
		await_reply(&registrar->servers[i]);
	register_waits_told(&registrar->waits);
	end_waits(registrar);
}

static void
run_changed(struct task *task, void *receiver)
{
	struct registrar *registrar = container_of(task, struct registrar, task);
	int64_t spacing_ms = (int64_t)registrar->n_topics / TOPICS_PER_SPACING_MS;
	int64_t at_ms =
	    registrar->changed_ms + (spacing_ms < SPACING_MAX_MS ? spacing_ms : SPACING_MAX_MS);

	/* At once if it may: who was told of the change will soon ask a name server for it. */
	if (registrar->changed_ms == 0 || at_ms <= clock_mono_ms())
		on_spaced(&registrar->spaced);
	else
		loop_set_timer(receiver, &registrar->spaced, at_ms);
}

void
registrar_topics_changed(struct registrar *registrar)
{
	if (!atomic_exchange(&registrar->asked, true))
		loop_post(registrar->loop, &registrar->task);
}

void
registrar_changed(struct registrar *registrar)
{
	atomic_store(&registrar->whole, true);
	registrar_topics_changed(registrar);
}

void
registrar_topics_changed_wait(struct registrar *registrar, struct register_wait *wait)
{
	if (registrar->stopping) {
		wait->done(wait);
		return;
	}
	register_waits_add(&registrar->waits, wait);
	registrar_topics_changed(registrar);
}

const char *
registrar_refusal(const struct registrar *registrar)
{
	return atomic_load(&registrar->refusal);
}

/* ---- start and stop -------------------------------------------------- */

struct registrar *
registrar_new(struct broker *broker)
{
	struct registrar *registrar = mem_zalloc(sizeof *registrar);
	const char *addresses = broker->settings->namesrv_addr;

	registrar->broker = broker;
	registrar->loop = broker_main_loop(broker);
	registrar->period.due = on_period;
	registrar->spaced.due = on_spaced;
	registrar->pulse.due = on_pulse;
	register_waits_init(&registrar->waits, registrar->loop);
	registrar->task.run = run_changed;
	if (addresses == NULL || *addresses == '\0') {
		log_warn("namesrvAddr is not set: clients that look for topics will not find this "
			 "broker");
		addresses = "";
	}
	registrar->resolver = resolver_new(registrar->loop, addresses, on_resolved, registrar);
	registrar->n_servers = resolver_count(registrar->resolver);
	registrar->servers = mem_zalloc(registrar->n_servers * sizeof *registrar->servers);
	for (size_t i = 0; i < registrar->n_servers; i++) {
		registrar->servers[i].registrar = registrar;
		registrar->servers[i].index = i;
		registrar->servers[i].retry.due = on_retry;
	}
	register_with_all(registrar);
	loop_set_timer(registrar->loop, &registrar->period, clock_mono_ms() + FIRST_PERIOD_MS);
	on_pulse(&registrar->pulse);
	return registrar;
}

static void
finish(struct registrar *registrar)
{
	void (*done)(struct broker * broker) = registrar->done;

	loop_drop_timer(registrar->loop, &registrar->give_up);
	registrar->done = NULL;
	if (done != NULL)
		done(registrar->broker);
}

static void
on_unregistered(void *arg, const struct command *reply, struct slice body)
{
	struct registrar *registrar = arg;

	(void)reply;
	(void)body;
	if (--registrar->n_waiting == 0)
		finish(registrar);
}

static void
on_give_up(struct timer *self)
{
	finish(container_of(self, struct registrar, give_up));
}

static void
unregister_from(struct nameserver *server)
{
	struct registrar *registrar = server->registrar;
	const struct broker *broker = registrar->broker;
	struct arena arena = { 0 };
	struct broker_identity_header header = {
		.broker_name = slice_of(broker->settings->broker_name),
		.broker_addr = slice_of(broker->address),
		.cluster_name = slice_of(broker->settings->broker_cluster_name),
		.broker_id = broker->settings->broker_id,
	};
	struct command command = request_of(REQUEST_UNREGISTER_BROKER);

	fields_encode(broker_identity_header_fields, &header, &arena, &command);
	registrar->n_waiting++;
	conn_request(server->conn, &command, SLICE(""), STOP_MS, on_unregistered, registrar);
	arena_release(&arena);
}

void
registrar_stop(struct registrar *registrar, void (*done)(struct broker *broker))
{
	registrar->stopping = true;
	registrar->done = done;
	registrar->give_up.due = on_give_up;
	loop_drop_timer(registrar->loop, &registrar->period);
	loop_drop_timer(registrar->loop, &registrar->pulse);
	loop_drop_timer(registrar->loop, &registrar->spaced);
	register_waits_told(&registrar->waits);
	register_waits_end(&registrar->waits);
	loop_set_timer(registrar->loop, &registrar->give_up, clock_mono_ms() + STOP_MS);
	for (size_t i = 0; i < registrar->n_servers; i++) {
		loop_drop_timer(registrar->loop, &registrar->servers[i].retry);
		if (registrar->servers[i].conn != NULL && registrar->servers[i].registered)
			unregister_from(&registrar->servers[i]);
	}
	if (registrar->n_waiting == 0)
		finish(registrar);
}

void
registrar_free(struct registrar *registrar)
{
	if (registrar == NULL)
		return;
	registrar->stopping = true;
	registrar->done = NULL;
	for (size_t i = 0; i < registrar->n_servers; i++) {
		if (registrar->servers[i].conn != NULL)
			conn_close(registrar->servers[i].conn, "stopped");
		loop_drop_timer(registrar->loop, &registrar->servers[i].retry);
	}
	loop_drop_timer(registrar->loop, &registrar->period);
	loop_drop_timer(registrar->loop, &registrar->pulse);
	loop_drop_timer(registrar->loop, &registrar->spaced);
	loop_drop_timer(registrar->loop, &registrar->give_up);
	resolver_free(registrar->resolver);
	free(registrar->servers);
	free(registrar);
}
