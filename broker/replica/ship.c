#include "config.h"

#include "broker/replica/ship_private.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "broker/replica/lease.h"
#include "broker/state/limit.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/thread.h"

#define RECORDS_BYTES (8 << 20) /* of the newest commits, for all slaves */
#define CHANGES_BYTES (4 << 20)
#define TICK_MS 1000
#define FIRST_TICK_MS 50 /* with a quorum, until it says who is in sync: sends wait for that */
#define TOKEN_MS 60000
#define LINES_MAX 30 /* about links, in a minute */
#define REST_NS 1000000

/* ---- what replies wait for ------------------------------------------- */

#define JOIN_BYTES (1 << 20) /* a slave that is so near is waited for */

static int
compare_down(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a < b) - (a > b);
}

/*
 * With a quorum each slave that it knows as in sync may be promoted, so a reply waits for all of
 * them. A slave that comes near is waited for first, and is in sync when it has what was answered
 * before. One that falls out is waited for until the quorum knows.
 */
static void
settle_with_quorum(struct ship *ship)
{
	const struct broker_settings *settings = ship->broker->settings;
	int64_t wanted = settings->in_sync_replicas > 2 ? settings->in_sync_replicas - 1 : 1;
	int64_t position = INT64_MAX, seq = INT64_MAX, ids[SHIP_LINKS_MAX], n = 0;
	int64_t now = clock_mono_ms();
	struct store_bounds bounds;
	size_t n_ids = 0;

	for (struct ship_link *link = ship->links; link != NULL; link = link->next_link) {
		if (link->kind != LINK_TWIN || !link_is_in_sync(link, now) ||
		    (!link->joined && ship->end - link->copied > JOIN_BYTES)) {
			link->join_at = 0;
			link->joined = false;
			continue;
		}
		n++;
		position = link->copied < position ? link->copied : position;
		seq = link->meta_copied < seq ? link->meta_copied : seq;
	}
	bool enough = n >= wanted && n + 1 >= settings->min_in_sync_replicas;

	if (enough)
		store_copies_enough(ship->broker->store, true);
	store_get_bounds(ship->broker->store, &bounds); /* after that: later commits wait */
	for (struct ship_link *link = ship->links; link != NULL; link = link->next_link) {
		if (link->kind != LINK_TWIN || !link_is_in_sync(link, now) ||
		    (!link->joined && ship->end - link->copied > JOIN_BYTES) || !enough)
			continue;
		if (link->join_at == 0)
			link->join_at = bounds.max_position + 1;
		link->joined |= link->copied + 1 >= link->join_at;
		if (link->joined)
			ids[n_ids++] = link->broker_id;
	}
	lease_want_set(ship->broker->lease, ids, n_ids);
	if (!lease_set_covers(ship->broker->lease))
		return;
	ship->settled = true;
	if (enough)
		store_copied(ship->broker->store, position, seq);
	else
		store_copies_enough(ship->broker->store, false);
}

/* Enough slaves have the log up to the n-th highest of their positions. */
static void
settle_copies(struct ship *ship)
{
	const struct broker_settings *settings = ship->broker->settings;
	int64_t positions[SHIP_LINKS_MAX], seqs[SHIP_LINKS_MAX], now = clock_mono_ms();
	int64_t wanted = settings->in_sync_replicas > 2 ? settings->in_sync_replicas - 1 : 1;
	int64_t n = 0;

	if (settings->broker_role != BROKER_SYNC_MASTER)
		return;
	if (ship->broker->lease != NULL) {
		settle_with_quorum(ship);
		return;
	}
	for (const struct ship_link *link = ship->links; link != NULL; link = link->next_link) {
		if (!link_is_in_sync(link, now))
			continue;
		positions[n] = link->copied;
		/* A RocketMQ slave asks for the rest when it wants it. */
		seqs[n++] = link->kind == LINK_APACHE ? INT64_MAX : link->meta_copied;
	}
	store_copies_enough(
	    ship->broker->store, n >= wanted && n + 1 >= settings->min_in_sync_replicas);
	if (n < wanted)
		return;
	qsort(positions, (size_t)n, sizeof positions[0], compare_down);
	qsort(seqs, (size_t)n, sizeof seqs[0], compare_down);
	store_copied(ship->broker->store, positions[wanted - 1], seqs[wanted - 1]);
}

static void
on_gate_tick(struct timer *timer)
{
	struct ship *ship = container_of(timer, struct ship, gate_tick);
	int64_t next_ms = store_copies_expire(ship->broker->store);

	ship->gate_ticks = next_ms != INT64_MAX;
	if (ship->gate_ticks)
		loop_set_timer(&ship->loop, timer, next_ms);
}

/* A commit was made, so there may be replies that wait. */
static void
watch_gate(struct ship *ship)
{
	if (ship->gate_ticks || ship->broker->settings->broker_role != BROKER_SYNC_MASTER)
		return;
	ship->gate_ticks = true;
	loop_set_timer(&ship->loop, &ship->gate_tick,
	    clock_mono_ms() + ship->broker->settings->slave_timeout + 1);
}

/* ---- what is told of the slaves -------------------------------------- */

static void
view(struct ship_link *link, struct slave_view *view, int64_t now_ms)
{
	int64_t lag = link->ship->end - link->copied;

	if (lag <= 0)
		link->caught_ms = now_ms;
	*view = (struct slave_view){
		.broker_id = link->broker_id,
		.position = link->copied,
		.sent = link->next,
		.lag_bytes = lag > 0 ? lag : 0,
		.lag_ms = now_ms - link->caught_ms,
		.since_ms = link->since_ms,
		.bytes_per_second = link->bytes_per_second,
		.in_sync = link_is_in_sync(link, now_ms),
	};
	memcpy(view->address, link->address, sizeof view->address);
}

static void
set_views(struct ship *ship)
{
	int64_t now = clock_mono_ms();

	pthread_mutex_lock(&ship->lock);
	ship->n_views = 0;
	for (struct ship_link *link = ship->links; link != NULL; link = link->next_link)
		if (link->kind != LINK_NEW)
			view(link, &ship->views[ship->n_views++], now);
	ship->view_end = ship->end;
	pthread_mutex_unlock(&ship->lock);
}

size_t
ship_views(struct ship *ship, struct slave_view *views, int64_t *max_position)
{
	pthread_mutex_lock(&ship->lock);
	size_t n = ship->n_views;

	memcpy(views, ship->views, n * sizeof views[0]);
	*max_position = ship->view_end;
	pthread_mutex_unlock(&ship->lock);
	return n;
}

uint64_t
ship_n_refused(const struct ship *ship)
{
	return atomic_load(&ship->n_refused);
}

/* ---- news ------------------------------------------------------------ */

static void
free_closed(struct ship *ship)
{
	for (struct ship_link **at = &ship->closed; *at != NULL;) {
		struct ship_link *link = *at;

		if (link->reading) {
			at = &link->next_link;
			continue;
		}
		*at = link->next_link;
		free(link);
	}
}

/*
 * No reply of an ASYNC_MASTER waits for a slave, and a wake-up for each commit costs more than what
 * is sent then. So commits and reports of a millisecond come together. A slave that gets old
 * records from the store does not wait.
 */
static void
rest(const struct ship *ship)
{
	const struct timespec time = { .tv_nsec = REST_NS };
	bool any = false;

	if (ship->broker->settings->broker_role == BROKER_SYNC_MASTER)
		return;
	for (const struct ship_link *link = ship->links; link != NULL; link = link->next_link) {
		if (link->reading)
			return;
		any |= link->kind != LINK_NEW;
	}
	if (any)
		nanosleep(&time, NULL);
}

static void
on_turn(struct turn_end *turn)
{
	struct ship *ship = container_of(turn, struct ship, turn);

	/* A stop runs it once more for links that it closed; the lease may be gone by then. */
	if (ship->stopped) {
		free_closed(ship);
		return;
	}
	for (struct ship_link *link = ship->links, *next; link != NULL; link = next) {
		next = link->next_link;
		link_pump(link);
	}
	settle_copies(ship);
	set_views(ship);
	free_closed(ship);
	rest(ship);
}

void
ship_stir(struct ship *ship)
{
	loop_at_turn_end(&ship->loop, &ship->turn);
}

/* The rings have no holes: what does not follow begins them anew. */
static void
on_heard(struct store_listener *listener, struct store_news *news)
{
	struct ship *ship = (struct ship *)listener;
	struct recent *ring = news->chunk != NULL ? &ship->records : &ship->changes;

	if (!atomic_load(&listener->wanted)) {
		store_news_free(news);
		return;
	}
	if (news->chunk != NULL && news->chunk->position != ship->end)
		recent_clear(ring);
	if (news->chunk == NULL)
		meta_ship_filter(news);
	if (news->position > ship->end)
		ship->end = news->position;
	ship->meta_seq = news->meta_seq;
	recent_add(ring, news);
	watch_gate(ship);
	ship_stir(ship);
}

void
ship_listen(struct ship *ship)
{
	struct store_bounds bounds;

	if (atomic_exchange(&ship->listener.wanted, true))
		return;
	store_get_bounds(ship->broker->store, &bounds);
	ship->end = bounds.max_position;
	ship->changes.lost_seq = bounds.meta_seq;
}

static void
stop_listening(struct ship *ship)
{
	atomic_store(&ship->listener.wanted, false);
	recent_clear(&ship->records);
	recent_clear(&ship->changes);
}

/* ---- the port -------------------------------------------------------- */

/* The one that has been silent longest makes room. */
static bool
make_room(struct ship *ship)
{
	struct ship_link *oldest = NULL;

	if ((int64_t)ship->n_links < ship->broker->settings->max_slave_links)
		return true;
	for (struct ship_link *link = ship->links; link != NULL; link = link->next_link)
		if (link->kind == LINK_NEW && (oldest == NULL || link->heard_ms < oldest->heard_ms))
			oldest = link;
	atomic_fetch_add(&ship->n_refused, 1);
	limits_refuse(ship->broker->limits, LIMIT_SLAVE_LINKS, 1);
	if (oldest != NULL)
		link_close(oldest, "it was silent, and another one came");
	return oldest != NULL;
}

static void
on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct ship *ship = arg;
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof peer;

	(void)what;
	int accepted = accept4(fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (accepted == -1) {
		/* No descriptor is left: the next tick tries again. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			event_del(ship->acceptable);
		return;
	}
	if (!make_room(ship)) {
		close(accepted);
		return;
	}
	struct ship_link *link = link_new(ship, accepted, (struct sockaddr *)&peer);

	link->next_link = ship->links;
	ship->links = link;
	ship->n_links++;
}

bool
ship_may_log(struct ship *ship)
{
	int64_t now = clock_mono_ms();

	if (now - ship->lines_since_ms > 60000) {
		ship->lines_since_ms = now;
		ship->n_lines = 0;
	}
	return ship->n_lines++ < LINES_MAX;
}

/* ---- guests ---------------------------------------------------------- */

const char *
ship_invite(struct ship *ship, struct ship_guest *guest)
{
	int64_t now = clock_mono_ms();
	struct ship_guest *place = NULL;
	uint64_t random;

	if (getrandom(&random, sizeof random, 0) != sizeof random)
		return "the system has no random numbers";
	snprintf(guest->token, sizeof guest->token, "%016" PRIx64, random);
	guest->until_ms = now + TOKEN_MS;
	pthread_mutex_lock(&ship->lock);
	for (size_t i = 0; i < SHIP_GUESTS; i++) {
		struct ship_guest *other = &ship->guests[i];

		if (other->until_ms > now && other->broker_id == guest->broker_id &&
		    strcmp(other->host, guest->host) == 0)
			place = other; /* it asks again */
		else if (place == NULL && other->until_ms <= now)
			place = other;
	}
	if (place != NULL)
		*place = *guest;
	pthread_mutex_unlock(&ship->lock);
	return place != NULL ? NULL : "too many slaves ask at once, ask again in a minute";
}

bool
ship_admit(struct ship *ship, const char *token, struct ship_guest *guest)
{
	int64_t now = clock_mono_ms();
	bool found = false;

	pthread_mutex_lock(&ship->lock);
	for (size_t i = 0; !found && i < SHIP_GUESTS; i++) {
		struct ship_guest *one = &ship->guests[i];

		found = one->until_ms > now && memcmp(one->token, token, HA_TOKEN_BYTES) == 0;
		if (found) {
			*guest = *one;
			one->until_ms = 0;
		}
	}
	pthread_mutex_unlock(&ship->lock);
	return found;
}

/* ---- the thread ------------------------------------------------------ */

static int64_t
tick_ms(const struct ship *ship)
{
	bool waits = ship->broker->lease != NULL &&
	             ship->broker->settings->broker_role == BROKER_SYNC_MASTER;

	return waits && !ship->settled ? FIRST_TICK_MS : TICK_MS;
}

static void
on_tick(struct timer *timer)
{
	struct ship *ship = container_of(timer, struct ship, tick);
	int64_t now = clock_mono_ms();
	struct store_bounds bounds;
	bool any = false;

	store_get_bounds(ship->broker->store, &bounds);
	if (bounds.max_position > ship->end)
		ship->end = bounds.max_position;
	for (struct ship_link *link = ship->links, *next; link != NULL; link = next) {
		next = link->next_link;
		any |= link->kind != LINK_NEW;
		link_tick(link, now);
	}
	if (!any && atomic_load(&ship->listener.wanted))
		stop_listening(ship);
	if (ship->broker->settings->broker_role == BROKER_SYNC_MASTER)
		store_set_copy_timeout(
		    ship->broker->store, (int)ship->broker->settings->slave_timeout);
	event_add(ship->acceptable, NULL);
	ship_stir(ship);
	loop_set_timer(&ship->loop, timer, now + tick_ms(ship));
}

static void *
run(void *arg)
{
	loop_run(&((struct ship *)arg)->loop);
	return NULL;
}

struct ship *
ship_new(struct broker *broker, int listen_fd)
{
	struct ship *ship = mem_zalloc(sizeof *ship);

	ship->broker = broker;
	ship->listen_fd = listen_fd;
	ship->listener.loop = &ship->loop;
	ship->listener.heard = on_heard;
	ship->turn.run = on_turn;
	ship->tick.due = on_tick;
	ship->gate_tick.due = on_gate_tick;
	ship->pieces = mem_alloc(IOV_MAX * sizeof ship->pieces[0]);
	recent_init(&ship->records, RECORDS_BYTES);
	recent_init(&ship->changes, CHANGES_BYTES);
	pthread_mutex_init(&ship->lock, NULL);
	loop_init(&ship->loop, broker->daemon->n_loops);
	store_listen(broker->store, &ship->listener);
	if (broker->settings->broker_role == BROKER_SYNC_MASTER)
		store_wait_for_copies(broker->store, (int)broker->settings->slave_timeout);
	/*
	 * As RocketMQ's confirmOffset with a controller: what a slave lacks is lost when that slave
	 * is promoted, and a consumer must not have seen it.
	 */
	if (broker->settings->broker_role == BROKER_SYNC_MASTER && broker->lease != NULL)
		store_hide_uncopied(broker->store);
	return ship;
}

void
ship_start(struct ship *ship)
{
	ship->acceptable =
	    event_new(ship->loop.base, ship->listen_fd, EV_READ | EV_PERSIST, on_acceptable, ship);
	if (ship->acceptable == NULL || event_add(ship->acceptable, NULL) == -1)
		fatal("event cannot be made");
	loop_set_timer(&ship->loop, &ship->tick, clock_mono_ms() + tick_ms(ship));
	thread_start(&ship->thread, "ship", run, ship);
	ship->started = true;
}

void
ship_stop(struct ship *ship)
{
	if (ship == NULL || !ship->started)
		return;
	loop_stop(&ship->loop);
	pthread_join(ship->thread, NULL);
	ship->started = false;
	ship->stopped = true;
	/* With a quorum, what slaves lack stays hidden to the end: the next master lacks it. */
	if (ship->broker->lease == NULL)
		store_copies_enough(ship->broker->store, false);
	while (ship->links != NULL)
		link_close(ship->links, NULL);
	stop_listening(ship);
	event_free(ship->acceptable);
}

bool
ship_drain(struct ship *ship)
{
	return ship != NULL && loop_drain(&ship->loop);
}

void
ship_free(struct ship *ship)
{
	if (ship == NULL)
		return;
	ship_stop(ship);
	loop_drop_timer(&ship->loop, &ship->tick);
	loop_drop_timer(&ship->loop, &ship->gate_tick);
	/* What wanted a turn has no link any more. */
	loop_release(&ship->loop);
	recent_clear(&ship->records);
	recent_clear(&ship->changes);
	pthread_mutex_destroy(&ship->lock);
	close(ship->listen_fd);
	free(ship->pieces);
	free(ship);
}
