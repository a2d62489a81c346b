#include "config.h"

#include "broker/cluster/register.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "broker/cluster/masters.h"
#include "broker/cluster/name_server.h"
#include "broker/cluster/register_compose.h"
#include "broker/cluster/register_wait.h"
#include "broker/cluster/unregister.h"
#include "broker/state/topic.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/kv_table.h"
#include "common/protocol/route.h"

#define FIRST_PERIOD_MS 10000 /* the second registration comes early */
#define RETRY_MS 1000
#define SPACING_MAX_MS 100       /* between registrations that changes ask for, */
#define TOPICS_PER_SPACING_MS 20 /* by how much there is to tell */

/* A name server and the registrations with it. */
struct enrolment {
	struct name_server server;
	struct registrar *registrar;
	struct timer retry;
	int64_t awaited; /* how many replies the waiting requests want */
	bool warned;     /* the log says that it cannot be reached, or refuses */
	bool duplicate;  /* it knows a live broker of our name and id */
};

struct registrar {
	struct broker *broker;
	struct loop *loop;
	struct resolver *resolver;
	struct enrolment *enrolments;
	size_t n_servers;
	struct timer period;
	struct timer pulse;
	int64_t changed_ms; /* of the last registration that a change asked for */
	bool ever_registered;
	_Atomic bool asked; /* the task is on its way, or the timer set */
	struct task task;   /* from registrar_topics_changed */
	struct timer spaced;
	size_t n_topics;    /* of the last registration */
	bool too_large;     /* it did not fit into a frame, and the log says so */
	int64_t told;       /* the data version's counter that all name servers were told of */
	_Atomic bool whole; /* not only topics changed: an increment would not do */
	struct register_waits waits;
	_Atomic(const char *) refusal;
	pthread_mutex_t master_lock;
	char *master, *master_ha; /* of a slave, under the lock; NULL: not known yet */
	bool stopping;
	struct unregistering unregistering;
	void (*stopped)(struct broker *broker);
};

static struct enrolment *
enrolment_of(struct name_server *server)
{
	return container_of(server, struct enrolment, server);
}

static void
retry_later(struct enrolment *enrolment)
{
	loop_set_timer(enrolment->registrar->loop, &enrolment->retry, clock_mono_ms() + RETRY_MS);
}

/* ---- what follows from replies --------------------------------------- */

/* One name server at a time is asked for what all of them should know alike. */
static bool
is_first_registered(const struct enrolment *enrolment)
{
	const struct registrar *registrar = enrolment->registrar;

	for (size_t i = 0; i < enrolment->server.index; i++) {
		if (registrar->enrolments[i].server.registered)
			return false;
	}
	return true;
}

static void
on_cluster_info(void *arg, const struct command *reply, struct slice body)
{
	struct registrar *registrar = arg;
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

/* Where the slave's master is. One that is gone is not forgotten: it may come back. */
static void
take_master(struct enrolment *enrolment, const struct register_broker_reply *told)
{
	struct registrar *registrar = enrolment->registrar;

	if (told->master_addr.len == 0) {
		if (registrar->master == NULL)
			retry_later(enrolment);
		return;
	}
	if (registrar->master != NULL && slice_is(told->master_addr, registrar->master) &&
	    slice_is(told->ha_server_addr, registrar->master_ha))
		return;
	log_info("a name server says where the master is address=%.*s replication=%.*s",
	    (int)told->master_addr.len, told->master_addr.data, (int)told->ha_server_addr.len,
	    told->ha_server_addr.len != 0 ? told->ha_server_addr.data : "");
	pthread_mutex_lock(&registrar->master_lock);
	free(registrar->master);
	free(registrar->master_ha);
	registrar->master = slice_dup(told->master_addr);
	registrar->master_ha = slice_dup(told->ha_server_addr);
	pthread_mutex_unlock(&registrar->master_lock);
}

static bool
master_told(struct registrar *registrar, struct arena *arena, struct slice *address,
    struct slice *ha_address)
{
	pthread_mutex_lock(&registrar->master_lock);
	bool known = registrar->master != NULL;

	if (known) {
		*address = arena_copy(arena, slice_of(registrar->master));
		*ha_address = arena_copy(arena, slice_of(registrar->master_ha));
	}
	pthread_mutex_unlock(&registrar->master_lock);
	return known;
}

bool
registrar_master(struct registrar *registrar, struct arena *arena, struct slice *address,
    struct slice *ha_address)
{
	const char *option = registrar->broker->settings->ha_master_address;
	bool told = master_told(registrar, arena, address, ha_address);
	int64_t port;

	if (option == NULL || (told && slice_is(*ha_address, option)))
		return told;
	const char *colon = strrchr(option, ':');

	if (colon == NULL || slice_to_int64(slice_of(colon + 1), &port) == -1 || port < 2)
		return false;
	*ha_address = slice_of(option);
	*address = arena_printf(arena, "%.*s:%d", (int)(colon - option), option, (int)port - 1);
	return true;
}

static void
update_refusal(struct registrar *registrar)
{
	const char *text = NULL;

	for (size_t i = 0; i < registrar->n_servers; i++) {
		if (registrar->enrolments[i].duplicate)
			text = "another live broker has this brokerName and brokerId: give this "
			       "one its own brokerName, or stop the other one";
	}
	atomic_store(&registrar->refusal, text);
}

static void
accepted(struct enrolment *enrolment, const struct command *reply, struct slice body)
{
	struct register_broker_reply told = { 0 };
	const char *bad;
	struct registrar *registrar = enrolment->registrar;
	struct name_server *server = &enrolment->server;

	if (!server->registered || enrolment->warned)
		log_info("registered with a name server address=%s", name_server_text(server));
	server->registered = true;
	enrolment->warned = false;
	if (enrolment->duplicate) {
		enrolment->duplicate = false;
		update_refusal(registrar);
	}
	registrar->ever_registered = true;
	if (!is_first_registered(enrolment) || server->conn == NULL)
		return;
	if (broker_is_slave(registrar->broker) &&
	    fields_decode(register_broker_reply_fields, reply, &told, &bad) == 0)
		take_master(enrolment, &told);
	take_order(registrar, body);
	name_server_ask_cluster(server, on_cluster_info, registrar);
}

/* At start nothing is lost by leaving; later, stored messages can still be read. */
static void
refused(struct enrolment *enrolment, const struct command *reply)
{
	struct registrar *registrar = enrolment->registrar;
	const char *address = name_server_text(&enrolment->server);
	struct slice remark = reply->remark.data != NULL ? reply->remark : SLICE("");
	bool is_duplicate = reply->code == RESPONSE_ILLEGAL_OPERATION;

	enrolment->server.registered = false;
	if (is_duplicate && !registrar->ever_registered)
		fatal("name server %s: %.*s", address, (int)remark.len, remark.data);
	if (!enrolment->warned)
		log_error("a name server refuses this broker%s address=%s code=%d remark=\"%.*s\"",
		    is_duplicate ? ", sends are refused" : "", address, reply->code,
		    (int)remark.len, remark.data);
	enrolment->warned = true;
	enrolment->duplicate = is_duplicate;
	update_refusal(registrar);
	retry_later(enrolment);
}

static void
await_reply(struct enrolment *enrolment)
{
	const struct name_server *server = &enrolment->server;

	enrolment->awaited = server->registered ? server->n_sent : 0;
}

/* The waiting requests go on if all replies that they want are there. */
static void
end_waits(struct registrar *registrar)
{
	for (size_t i = 0; i < registrar->n_servers; i++) {
		const struct enrolment *enrolment = &registrar->enrolments[i];

		if (enrolment->server.n_replied < enrolment->awaited)
			return;
	}
	register_waits_end(&registrar->waits);
}

static void
on_registered(struct name_server *server, const struct command *reply, struct slice body)
{
	struct enrolment *enrolment = enrolment_of(server);

	end_waits(enrolment->registrar);
	if (enrolment->registrar->stopping)
		return;
	if (reply == NULL)
		name_server_close(server, "no answer to a registration");
	else if (reply->code == RESPONSE_SUCCESS)
		accepted(enrolment, reply, body);
	else
		refused(enrolment, reply);
}

static void
on_lost(struct name_server *server, const char *why)
{
	struct enrolment *enrolment = enrolment_of(server);

	if (enrolment->registrar->stopping)
		return;
	if (!enrolment->warned)
		log_warn("a name server cannot be reached, it is tried again each second "
			 "address=%s why=\"%s\"",
		    name_server_text(server), why);
	enrolment->warned = true;
	resolver_ask(enrolment->registrar->resolver);
	retry_later(enrolment);
}

static const struct name_server_events events = {
	.on_registered = on_registered,
	.on_lost = on_lost,
};

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
register_with(struct enrolment *enrolment, const struct register_message *message)
{
	struct registrar *registrar = enrolment->registrar;

	if (atomic_load(&registrar->broker->held_back)) {
		loop_drop_timer(registrar->loop, &enrolment->retry);
		return; /* registrar_changed follows */
	}
	if (!register_fits(message)) {
		warn_too_large(registrar, message);
		return;
	}
	registrar->too_large = false;
	if (name_server_register(&enrolment->server, message))
		loop_drop_timer(registrar->loop, &enrolment->retry);
}

static void
register_with_one(struct enrolment *enrolment)
{
	struct register_message message = { 0 };

	register_compose(enrolment->registrar->broker, &message);
	register_with(enrolment, &message);
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
		register_with(&registrar->enrolments[i], &message);
	buf_release(&message.body);
}

/*
 * The changes alone, to name servers that have the rest: ten thousand topics are 1.5 MB to write
 * and to read.
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
		struct enrolment *enrolment = &registrar->enrolments[i];

		if (enrolment->server.registered && enrolment->server.conn != NULL)
			register_with(enrolment, &message);
		else
			register_with_one(enrolment);
	}
	buf_release(&message.body);
}

/* ---- when ------------------------------------------------------------ */

static void
on_retry(struct timer *self)
{
	register_with_one(container_of(self, struct enrolment, retry));
}

static void
on_period(struct timer *self)
{
	struct registrar *registrar = container_of(self, struct registrar, period);

	register_with_all(registrar);
	loop_set_timer(registrar->loop, self,
	    clock_mono_ms() + registrar->broker->settings->register_name_server_period);
}

static void
on_pulse(struct timer *self)
{
	struct registrar *registrar = container_of(self, struct registrar, pulse);

	for (size_t i = 0; i < registrar->n_servers; i++)
		name_server_beat(&registrar->enrolments[i].server);
	loop_set_timer(registrar->loop, self,
	    clock_mono_ms() + registrar->broker->settings->broker_heartbeat_interval);
}

/* A name server got another address. */
static void
on_resolved(void *arg, size_t index)
{
	struct registrar *registrar = arg;
	struct enrolment *enrolment = &registrar->enrolments[index];

	if (enrolment->server.conn != NULL)
		name_server_close(&enrolment->server, "its address changed");
	else
		register_with_one(enrolment);
}

static void
on_spaced(struct timer *self)
{
	struct registrar *registrar = container_of(self, struct registrar, spaced);

	atomic_store(&registrar->asked, false);
	registrar->changed_ms = clock_mono_ms();
	if (!registrar->stopping)
		tell_changes(registrar);
	for (size_t i = 0; i < registrar->n_servers; i++)
		await_reply(&registrar->enrolments[i]);
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

	/* At once if possible: the author of the change may ask a name server for it next. */
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

bool
registrar_ask_route(struct registrar *registrar, struct slice topic, call_done_fn *done, void *arg)
{
	for (size_t i = 0; i < registrar->n_servers; i++) {
		struct name_server *server = &registrar->enrolments[i].server;

		if (server->registered && server->conn != NULL && conn_can_write(server->conn)) {
			name_server_ask_route(server, topic, done, arg);
			return true;
		}
	}
	return false;
}

const char *
registrar_refusal(const struct registrar *registrar)
{
	return atomic_load(&registrar->refusal);
}

/* ---- start and stop -------------------------------------------------- */

static void
enrolments_init(struct registrar *registrar)
{
	registrar->n_servers = resolver_count(registrar->resolver);
	registrar->enrolments = mem_zalloc(registrar->n_servers * sizeof *registrar->enrolments);
	for (size_t i = 0; i < registrar->n_servers; i++) {
		registrar->enrolments[i].registrar = registrar;
		registrar->enrolments[i].retry.due = on_retry;
		registrar->enrolments[i].server = (struct name_server){
			.broker = registrar->broker,
			.events = &events,
			.resolver = registrar->resolver,
			.index = i,
		};
	}
}

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
	pthread_mutex_init(&registrar->master_lock, NULL);
	register_waits_init(&registrar->waits, registrar->loop);
	registrar->task.run = run_changed;
	if (addresses == NULL || *addresses == '\0') {
		log_warn("namesrvAddr is not set: clients that look for topics will not find this "
			 "broker");
		addresses = "";
	}
	registrar->resolver = resolver_new(registrar->loop, addresses, on_resolved, registrar);
	enrolments_init(registrar);
	register_with_all(registrar);
	loop_set_timer(registrar->loop, &registrar->period, clock_mono_ms() + FIRST_PERIOD_MS);
	on_pulse(&registrar->pulse);
	return registrar;
}

/* From now on no request leaves by itself. */
static void
drop_timers(struct registrar *registrar)
{
	loop_drop_timer(registrar->loop, &registrar->period);
	loop_drop_timer(registrar->loop, &registrar->pulse);
	loop_drop_timer(registrar->loop, &registrar->spaced);
	for (size_t i = 0; i < registrar->n_servers; i++)
		loop_drop_timer(registrar->loop, &registrar->enrolments[i].retry);
}

static void
on_unregistered(void *arg)
{
	struct registrar *registrar = arg;

	registrar->stopped(registrar->broker);
}

void
registrar_stop(struct registrar *registrar, void (*done)(struct broker *broker))
{
	registrar->stopping = true;
	registrar->stopped = done;
	drop_timers(registrar);
	register_waits_told(&registrar->waits);
	register_waits_end(&registrar->waits);
	unregister_start(&registrar->unregistering, registrar->loop, on_unregistered, registrar);
	for (size_t i = 0; i < registrar->n_servers; i++) {
		struct name_server *server = &registrar->enrolments[i].server;

		if (server->conn != NULL && server->registered)
			unregister_from(&registrar->unregistering, server);
	}
	unregister_wait(&registrar->unregistering);
}

void
registrar_free(struct registrar *registrar)
{
	if (registrar == NULL)
		return;
	registrar->stopping = true;
	unregister_cancel(&registrar->unregistering);
	for (size_t i = 0; i < registrar->n_servers; i++)
		name_server_close(&registrar->enrolments[i].server, "stopped");
	drop_timers(registrar);
	resolver_free(registrar->resolver);
	free(registrar->enrolments);
	pthread_mutex_destroy(&registrar->master_lock);
	free(registrar->master);
	free(registrar->master_ha);
	free(registrar);
}

void
registrar_count(const struct registrar *registrar, size_t *n_servers, size_t *n_registered)
{
	*n_servers = registrar->n_servers;
	*n_registered = 0;
	for (size_t i = 0; i < registrar->n_servers; i++)
		*n_registered += registrar->enrolments[i].server.registered;
}
