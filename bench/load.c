#include "config.h"

#include "bench/load.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "client/twinmq.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"

#define CATCH_UP_MS 5000
#define PACE_MIN_US 20 /* minimum of the timer; several operations may be due then */

static struct load *
load_of(const struct slot *slot)
{
	return slot->link->links->context;
}

static int64_t
due_us_of(const struct load *load, uint64_t operation)
{
	return load->paced_from_us +
	       (int64_t)((double)operation * load->n_each * 1e6 / (double)load->rate);
}

static bool
has_more(const struct load *load)
{
	if (load->ending || (load->n_operations != 0 && load->n_begun >= load->n_operations) ||
	    (load->n_enough != 0 && load->counts.n_good >= load->n_enough))
		return false;
	return !load->catching_up || due_us_of(load, load->n_begun) < load->counts.ended_us;
}

void
load_measure(struct load *load, bool begins)
{
	int64_t now_us = clock_mono_us();

	if (begins) {
		load->counts = (struct counts){ .began_us = now_us };
	} else {
		load->counts.ended_us = now_us;
	}
	load->measuring = begins;
	if (load->on_measure != NULL)
		load->on_measure(load, begins);
}

/* Operations that were due in the measured time but never began. */
static void
count_behind(struct load *load)
{
	struct counts *counts = &load->counts;
	int64_t now_us = clock_mono_us(), due_us;

	for (uint64_t i = load->n_begun; load->n_operations == 0 || i < load->n_operations; i++) {
		due_us = due_us_of(load, i);
		if (due_us >= counts->ended_us)
			return;
		counts->n_behind++;
		if (!load->times_itself)
			histogram_add(&counts->latency, now_us - due_us);
	}
}

static void
end_if_through(struct load *load)
{
	if (load->n_busy != 0 || load->over || (load->rate > 0 && has_more(load)))
		return;
	if (load->measuring)
		load_measure(load, false);
	if (load->rate > 0)
		count_behind(load);
	load->ending = true;
	load->over = true;
	loop_stop(load->links.loop);
}

bool
load_times(const struct load *load, int64_t due_us)
{
	const struct counts *counts = &load->counts;

	if (load->measuring)
		return true;
	return load->rate > 0 && due_us >= counts->began_us && due_us < counts->ended_us;
}

static void
begin(struct load *load, struct slot *slot)
{
	int64_t now_us = clock_mono_us();

	slot->due_us = now_us;
	if (load->rate > 0) {
		slot->due_us = due_us_of(load, load->n_begun);
		if (load_times(load, slot->due_us))
			histogram_add(&load->counts.late, now_us - slot->due_us);
	}
	load->n_begun++;
	load->n_busy++;
	load->begin(load, slot);
}

/* ---- open loop ---- */

/* Connections take turns. */
static void
put_free(struct load *load, struct slot *slot)
{
	STAILQ_INSERT_TAIL(&load->free, slot, entry);
}

static struct slot *
take_free(struct load *load)
{
	struct slot *slot = STAILQ_FIRST(&load->free);

	STAILQ_REMOVE_HEAD(&load->free, entry);
	return slot;
}

/* Begins the operations that are due while slots are free; sets the timer for the next. */
static void
pace(struct load *load)
{
	int64_t now_us = clock_mono_us(), wait_us;

	while (!STAILQ_EMPTY(&load->free) && has_more(load) &&
	       due_us_of(load, load->n_begun) <= now_us)
		begin(load, take_free(load));
	if (!has_more(load))
		return;
	wait_us = due_us_of(load, load->n_begun) - now_us;
	if (wait_us < PACE_MIN_US)
		wait_us = PACE_MIN_US;
	const struct itimerspec timer = {
		.it_value = { wait_us / 1000000, wait_us % 1000000 * 1000 },
	};
	/* When no slot is free, the next reply begins the next operation. */
	if (!STAILQ_EMPTY(&load->free) && timerfd_settime(load->pace_fd, 0, &timer, NULL) == -1)
		fatal("timer cannot be set");
}

static void
on_pace(evutil_socket_t fd, short what, void *arg)
{
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof n) == sizeof n || errno == EAGAIN)
		pace(arg);
}

static void
start_pacing(struct load *load)
{
	load->paced_from_us = clock_mono_us();
	load->pace_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (load->pace_fd == -1)
		fatal("timer cannot be made");
	load->pace =
	    event_new(load->links.loop->base, load->pace_fd, EV_READ | EV_PERSIST, on_pace, load);
	if (load->pace == NULL || event_add(load->pace, NULL) == -1)
		fatal("event cannot be made");
	pace(load);
}

/* ---- slots ---- */

static void
next(struct load *load, struct slot *slot)
{
	uint64_t n_begun = load->n_begun;

	load->n_busy--;
	if (load->rate > 0) {
		put_free(load, slot);
		/* Only operations that waited for a slot; the timer begins the others. */
		if (has_more(load) && STAILQ_FIRST(&load->free) == slot) {
			pace(load);
			load->counts.n_waited += load->n_begun - n_begun;
		}
	} else if (has_more(load)) {
		begin(load, slot);
	}
	end_if_through(load);
}

static void
count_failure(struct counts *counts, int32_t code, uint64_t n)
{
	size_t i = 0;

	counts->n_failed += n;
	while (
	    i + 1 < FAILURE_KINDS && counts->failures[i].n != 0 && counts->failures[i].code != code)
		i++;
	counts->failures[i].code = code;
	counts->failures[i].n += n;
}

static void
count(struct load *load, int32_t code, uint64_t n_messages, uint64_t n_bytes, int64_t due_us)
{
	struct counts *counts = &load->counts;

	if (!load_times(load, due_us))
		return;
	if (code != 0) {
		count_failure(counts, code, n_messages);
		return;
	}
	if (!load->times_itself)
		histogram_add(&counts->latency, clock_mono_us() - due_us);
	/* The rate counts the measured time only. */
	if (!load->measuring)
		return;
	counts->n_good += n_messages;
	counts->n_bytes += n_bytes;
}

void
load_done(struct slot *slot, int32_t code, uint64_t n_messages, uint64_t n_bytes)
{
	struct load *load = load_of(slot);

	count(load, code, n_messages, n_bytes, slot->due_us);
	/* Do not retry at once when there was no reply. */
	if (code == TWINMQ_UNREACHABLE || code == TWINMQ_TIMEOUT)
		STAILQ_INSERT_TAIL(&load->parked, slot, entry);
	else
		next(load, slot);
}

void
load_rest(struct slot *slot)
{
	struct load *load = load_of(slot);

	load->n_busy--;
	end_if_through(load);
}

static void
on_tick(struct links *links)
{
	struct load *load = links->context;
	struct slot_list parked = STAILQ_HEAD_INITIALIZER(parked);
	struct slot *slot;

	STAILQ_CONCAT(&parked, &load->parked);
	while ((slot = STAILQ_FIRST(&parked)) != NULL) {
		STAILQ_REMOVE_HEAD(&parked, entry);
		next(load, slot);
	}
	if (++load->ticks % LINKS_TICKS_PER_S == 0 && load->on_second != NULL)
		load->on_second(load);
}

/* ---- the run ---- */

void
load_end(struct load *load)
{
	if (load->measuring)
		load_measure(load, false);
	if (load->rate > 0 && !load->catching_up) {
		load->catching_up = true;
		loop_set_timer(load->links.loop, &load->phase, clock_mono_ms() + CATCH_UP_MS);
	} else {
		load->ending = true;
	}
	end_if_through(load);
}

static void
on_phase(struct timer *self)
{
	struct load *load = container_of(self, struct load, phase);

	if (load->measuring || load->catching_up || load->over) {
		load_end(load);
		return;
	}
	load_measure(load, true);
	if (load->duration_ms > 0)
		loop_set_timer(load->links.loop, self, clock_mono_ms() + load->duration_ms);
}

void
load_init(struct load *load, struct loop *loop, int timeout_ms, size_t n_links, uint32_t n_slots)
{
	*load = (struct load){ .n_each = 1, .phase.due = on_phase, .pace_fd = -1 };
	STAILQ_INIT(&load->free);
	STAILQ_INIT(&load->parked);
	links_init(&load->links, loop, timeout_ms, n_links, n_slots);
	load->links.on_tick = on_tick;
	load->links.context = load;
}

void
load_release(struct load *load)
{
	loop_drop_timer(load->links.loop, &load->phase);
	if (load->pace != NULL)
		event_free(load->pace);
	if (load->pace_fd != -1)
		close(load->pace_fd);
	links_release(&load->links);
}

void
load_start(struct load *load)
{
	struct links *links = &load->links;

	if (load->warm_up_ms > 0)
		loop_set_timer(links->loop, &load->phase, clock_mono_ms() + load->warm_up_ms);
	else if (load->warm_up_ms == 0)
		on_phase(&load->phase);
	/* Use every connection once before any is used twice. */
	for (uint32_t j = 0; links->n != 0 && j < links->all[0].n_slots; j++)
		for (size_t i = 0; i < links->n; i++) {
			struct slot *slot = &links->all[i].slots[j];

			if (load->rate > 0) {
				put_free(load, slot);
			} else if (has_more(load)) {
				begin(load, slot);
			}
		}
	if (load->rate > 0)
		start_pacing(load);
	end_if_through(load);
}

void
load_wait(struct load *load)
{
	while (!load->over)
		loop_run(load->links.loop);
}

void
load_run(struct load *load)
{
	load_start(load);
	load_wait(load);
}

double
counts_seconds(const struct counts *counts)
{
	return (double)(counts->ended_us - counts->began_us) / 1e6;
}

double
counts_rate(const struct counts *counts)
{
	double seconds = counts_seconds(counts);

	return seconds > 0 ? (double)counts->n_good / seconds : 0;
}
