#include "config.h"

#include "client/membership.h"

#include <stdlib.h>

#include "client/error.h"
#include "client/handle.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/heartbeat.h"

#define ROUND_EVERY_MS 30000
#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS 5000
#define MISSED_MAX 60 /* heartbeats to a master that no name server lists any more */

struct known_master {
	struct client_membership *membership;
	char *address;
	bool listed;
	bool beating;  /* a heartbeat is in flight */
	bool answered; /* the last heartbeat, and the connection still stands */
	int missed;    /* heartbeats in a row */
};

struct membership_wait {
	STAILQ_ENTRY(membership_wait) entry;
	uint64_t round; /* the first round whose end ends the wait */
	membership_fn *done;
	void *arg;
};

static void begin_round(struct client_membership *membership);

static bool
is_empty(const struct client_membership *membership)
{
	return membership->groups.n == 0 && membership->consumers.n == 0;
}

static void
on_next_round(struct timer *self)
{
	begin_round(container_of(self, struct client_membership, next_round));
}

static void
master_free(void *self)
{
	struct known_master *master = self;

	free(master->address);
	free(master);
}

/* Ends the waits for this round and those before it. */
static void
tell_waits(struct client_membership *membership, uint64_t round, const struct twinmq_error *error)
{
	struct membership_wait *wait;

	while ((wait = STAILQ_FIRST(&membership->waits)) != NULL && wait->round <= round) {
		STAILQ_REMOVE_HEAD(&membership->waits, entry);
		wait->done(wait->arg, error);
		free(wait);
	}
}

/* ---- a round ---- */

static void
end_round(struct client_membership *membership, const struct twinmq_error *error)
{
	size_t n_answered = 0;

	if (membership->again) {
		begin_round(membership);
		return;
	}
	for (struct strmap_entry *at = strmap_next(&membership->masters, NULL); at != NULL;
	     at = strmap_next(&membership->masters, at))
		n_answered += ((const struct known_master *)at->value)->answered;
	bool all = n_answered != 0 && n_answered == membership->masters.n;
	int wait_ms = all ? ROUND_EVERY_MS : membership->retry_ms;
	int longer_ms = 2 * membership->retry_ms;
	membership->retry_ms = all                        ? RETRY_FIRST_MS
	                       : longer_ms < RETRY_MAX_MS ? longer_ms
	                                                  : RETRY_MAX_MS;
	loop_set_timer(membership->mq->loop, &membership->next_round, clock_mono_ms() + wait_ms);
	tell_waits(membership, membership->round, n_answered == 0 ? error : NULL);
}

static void
forget(struct known_master *master)
{
	strmap_take(&master->membership->masters, slice_of(master->address));
	master_free(master);
}

static void
on_beat(void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct known_master *master = arg;
	struct client_membership *membership = master->membership;
	struct twinmq_error why;

	(void)body;
	membership->n_beats--;
	master->beating = false;
	master->answered = error == NULL && reply->code == RESPONSE_SUCCESS;
	if (error != NULL)
		why = *error;
	else
		twinmq_error_of_reply(&why, slice_of(master->address), reply);
	master->missed = master->answered ? 0 : master->missed + 1;
	if (membership->mq->closing)
		return;
	if (!master->listed && master->missed > MISSED_MAX)
		forget(master);
	if (membership->n_beats == 0 && !membership->asking)
		end_round(membership, &why);
}

static void
beat(struct known_master *master)
{
	struct client_membership *membership = master->membership;
	struct command request = { .code = REQUEST_HEART_BEAT };
	struct heartbeat heartbeat = { .client_id = slice_of(membership->client_id) };
	struct slice *groups = mem_alloc((membership->groups.n + 1) * sizeof *groups);
	struct heartbeat_consumer *consumers =
	    mem_alloc((membership->consumers.n + 1) * sizeof *consumers);
	struct buf body = { 0 };
	struct json_out out;

	master->beating = true;
	membership->n_beats++;
	for (struct strmap_entry *at = strmap_next(&membership->groups, NULL); at != NULL;
	     at = strmap_next(&membership->groups, at))
		groups[heartbeat.n_producers++] = strmap_key(at);
	heartbeat.producers = groups;
	for (struct strmap_entry *at = strmap_next(&membership->consumers, NULL); at != NULL;
	     at = strmap_next(&membership->consumers, at))
		consumers[heartbeat.n_consumers++] = *(const struct heartbeat_consumer *)at->value;
	heartbeat.consumers = consumers;
	json_out_init(&out, &body);
	heartbeat_write(&out, &heartbeat);
	twinmq_call_async(membership->mq, slice_of(master->address), &request, buf_slice(&body),
	    membership->mq->timeout_ms, on_beat, master);
	buf_release(&body);
	free(groups);
	free(consumers);
}

static void
list_master(struct client_membership *membership, struct slice address)
{
	struct known_master *master = strmap_find(&membership->masters, address);

	if (master == NULL) {
		master = mem_zalloc(sizeof *master);
		master->membership = membership;
		master->address = slice_dup(address);
		strmap_put(&membership->masters, address, master);
	}
	master->listed = true;
}

static void
list_masters(struct client_membership *membership, struct slice body)
{
	struct arena arena = { 0 };
	struct cluster_info info;

	if (cluster_info_read(&arena, body, &info) == 0) {
		for (struct strmap_entry *at = strmap_next(&membership->masters, NULL); at != NULL;
		     at = strmap_next(&membership->masters, at))
			((struct known_master *)at->value)->listed = false;
		for (size_t i = 0; i < info.n_brokers; i++)
			for (size_t j = 0; j < info.brokers[i].n_addresses; j++)
				if (info.brokers[i].addresses[j].id == MASTER_ID)
					list_master(
					    membership, info.brokers[i].addresses[j].address);
	}
	arena_release(&arena);
}

static void
on_masters(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct client_membership *membership = arg;
	struct twinmq_error none;

	membership->asking = false;
	if (membership->mq->closing)
		return;
	if (error == NULL && reply->code == RESPONSE_SUCCESS)
		list_masters(membership, body);
	for (struct strmap_entry *at = strmap_next(&membership->masters, NULL); at != NULL;
	     at = strmap_next(&membership->masters, at))
		/* A heartbeat in flight may have left before the last group joined. */
		if (((struct known_master *)at->value)->beating)
			membership->again = true;
		else
			beat(at->value);
	if (membership->n_beats != 0)
		return;
	twinmq_error_set(&none, TWINMQ_NO_QUEUE, "%s",
	    error != NULL ? error->text : "the name servers know no master: no broker is alive");
	end_round(membership, &none);
}

static void
begin_round(struct client_membership *membership)
{
	struct command request = { .code = REQUEST_GET_BROKER_CLUSTER_INFO };

	if (membership->asking || is_empty(membership))
		return;
	membership->again = membership->n_beats != 0;
	if (membership->again)
		return;
	membership->round++;
	membership->asking = true;
	loop_drop_timer(membership->mq->loop, &membership->next_round);
	twinmq_call_name_server_async(membership->mq, &request, on_masters, membership);
}

void
membership_when_told(struct client_membership *membership, membership_fn *done, void *arg)
{
	struct membership_wait *wait = mem_zalloc(sizeof *wait);

	begin_round(membership);
	/* Heartbeats in flight may have left before the last group joined. */
	wait->round = membership->round + (membership->asking ? 0 : 1);
	wait->done = done;
	wait->arg = arg;
	STAILQ_INSERT_TAIL(&membership->waits, wait, entry);
}

/* ---- groups and connections ---- */

int
membership_join(struct client_membership *membership, struct slice group)
{
	if (strmap_find(&membership->groups, group) != NULL)
		return -1;
	strmap_put(&membership->groups, group, membership);
	begin_round(membership);
	return 0;
}

int
membership_join_consumer(struct client_membership *membership, struct heartbeat_consumer *consumer)
{
	if (strmap_find(&membership->consumers, consumer->group) != NULL)
		return -1;
	strmap_put(&membership->consumers, consumer->group, consumer);
	begin_round(membership);
	return 0;
}

/* Tells the masters that know us. */
static void
unregister(
    struct client_membership *membership, struct slice producer_group, struct slice consumer_group)
{
	struct unregister_client_header header = {
		.client_id = slice_of(membership->client_id),
		.producer_group = producer_group,
		.consumer_group = consumer_group,
	};
	struct command request = { .code = REQUEST_UNREGISTER_CLIENT };
	struct arena arena = { 0 };

	fields_encode(unregister_client_header_fields, &header, &arena, &request);
	for (struct strmap_entry *at = strmap_next(&membership->masters, NULL); at != NULL;
	     at = strmap_next(&membership->masters, at)) {
		const struct known_master *master = at->value;

		/* The others learn it from the end of the connection. */
		if (master->answered)
			twinmq_send_oneway(
			    membership->mq, slice_of(master->address), &request, SLICE(""));
	}
	arena_release(&arena);
}

void
membership_leave(struct client_membership *membership, struct slice group)
{
	strmap_take(&membership->groups, group);
	unregister(membership, group, SLICE_NONE);
}

void
membership_leave_consumer(struct client_membership *membership, struct slice group)
{
	strmap_take(&membership->consumers, group);
	unregister(membership, SLICE_NONE, group);
}

/* ---- what the connections tell ---- */

static bool
is_name_server(const struct twinmq *mq, const char *address)
{
	for (size_t i = 0; i < mq->n_name_servers; i++)
		if (strcmp(mq->name_servers[i], address) == 0)
			return true;
	return false;
}

/* Whatever is sent over a new connection, the broker first learns whose connection it is. */
static void
on_connect(struct peer_watch *watch, const struct client_peer *peer)
{
	struct client_membership *membership = container_of(watch, struct client_membership, watch);
	struct known_master *master = strmap_find(&membership->masters, slice_of(peer->address));

	if (is_empty(membership))
		return;
	if (master != NULL && !master->beating)
		beat(master);
	else if (master == NULL && !is_name_server(membership->mq, peer->address))
		/* A master that came after the last round. */
		loop_set_timer(membership->mq->loop, &membership->next_round, clock_mono_ms());
}

static void
on_lost(struct peer_watch *watch, const struct client_peer *peer)
{
	struct client_membership *membership = container_of(watch, struct client_membership, watch);
	struct known_master *master = strmap_find(&membership->masters, slice_of(peer->address));

	if (master == NULL || membership->mq->closing)
		return;
	master->answered = false;
	if (membership->asking || membership->n_beats != 0 || is_empty(membership))
		return;
	membership->retry_ms = RETRY_FIRST_MS;
	loop_set_timer(
	    membership->mq->loop, &membership->next_round, clock_mono_ms() + membership->retry_ms);
}

static void
on_close(struct peer_watch *watch)
{
	struct client_membership *membership = container_of(watch, struct client_membership, watch);
	struct twinmq_error closed;

	twinmq_error_set(&closed, TWINMQ_CLOSED, "the handle was closed");
	loop_drop_timer(membership->mq->loop, &membership->next_round);
	tell_waits(membership, UINT64_MAX, &closed);
	strmap_release(&membership->groups, NULL);
	strmap_release(&membership->consumers, NULL);
	strmap_release(&membership->masters, master_free);
}

void
membership_init(struct client_membership *membership, struct twinmq *mq)
{
	membership->mq = mq;
	membership->next_round.due = on_next_round;
	membership->retry_ms = RETRY_FIRST_MS;
	STAILQ_INIT(&membership->waits);
	client_id_make(membership->client_id);
	membership->watch = (struct peer_watch){
		.on_connect = on_connect,
		.on_lost = on_lost,
		.on_close = on_close,
	};
	peer_watch_add(mq, &membership->watch);
}
