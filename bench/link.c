#include "config.h"

#include "bench/link.h"

#include <stdlib.h>

#include "client/twinmq.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/net/resolve.h"

/* Opaques always have ten digits, because stencils cannot grow. */
#define OPAQUE_FIRST 1000000000
#define OPAQUE_RANGE 1000000000
#define OPENING_MAX 64

static void
finish(struct slot *slot, int32_t code, const struct command *reply, struct slice body)
{
	slot->opaque = 0;
	slot->done(slot, code, reply, body);
}

static void
on_reply(struct conn *conn, const struct command *command, struct slice body)
{
	struct link *link = conn_context(conn);
	uint32_t index = (uint32_t)(command->opaque - OPAQUE_FIRST) % link->n_slots;
	struct slot *slot = &link->slots[index];

	if (command->opaque == slot->opaque && slot->opaque != 0)
		finish(slot, command->code, command, body);
}

static void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	struct link *link = conn_context(conn);

	if (link->on_request != NULL)
		link->on_request(link, command, body);
}

static void
on_lost(struct conn *conn, const char *why)
{
	struct link *link = conn_context(conn);

	(void)why;
	if (link->conn != conn)
		return;
	link->conn = NULL;
	link->links->n_lost++;
	for (uint32_t i = 0; i < link->n_slots; i++)
		if (link->slots[i].opaque != 0)
			finish(&link->slots[i], TWINMQ_UNREACHABLE, NULL, SLICE(""));
}

/* Few enough at once that the listener's queue does not overflow, which costs a second. */
static void
open_more(struct links *links)
{
	while (links->n_opening < OPENING_MAX && links->next_open < links->n) {
		struct link *link = &links->all[links->next_open++];

		if (link->address == NULL || link->conn != NULL || link_connect(link) == NULL)
			continue;
		link->opening = true;
		links->n_opening++;
	}
	if (links->n_opening == 0)
		loop_stop(links->loop);
}

static void
on_connect(struct conn *conn, const char *why)
{
	struct link *link = conn_context(conn);
	struct links *links = link->links;

	if (why != NULL)
		on_lost(conn, why);
	if (!link->opening)
		return;
	link->opening = false;
	links->n_opening--;
	open_more(links);
}

static const struct conn_events events = {
	.on_request = on_request,
	.on_close = on_lost,
	.on_connect = on_connect,
	.on_reply = on_reply,
};

static void
on_tick(struct timer *self)
{
	struct links *links = container_of(self, struct links, tick);
	int64_t oldest_us = clock_mono_us() - (int64_t)links->timeout_ms * 1000;

	loop_set_timer(links->loop, self, clock_mono_ms() + 1000 / LINKS_TICKS_PER_S);
	for (size_t i = 0; i < links->n; i++) {
		struct link *link = &links->all[i];

		for (uint32_t j = 0; j < link->n_slots; j++)
			if (link->slots[j].opaque != 0 && link->slots[j].sent_us < oldest_us)
				finish(&link->slots[j], TWINMQ_TIMEOUT, NULL, SLICE(""));
	}
	if (links->on_tick != NULL)
		links->on_tick(links);
}

void
links_init(struct links *links, struct loop *loop, int timeout_ms, size_t n, uint32_t n_slots)
{
	*links = (struct links){ .loop = loop, .timeout_ms = timeout_ms, .n = n };
	links->all = mem_zalloc(n * sizeof *links->all);
	for (size_t i = 0; i < n; i++) {
		struct link *link = &links->all[i];

		link->links = links;
		link->n_slots = n_slots;
		link->slots = mem_zalloc(n_slots * sizeof *link->slots);
		for (uint32_t j = 0; j < n_slots; j++) {
			link->slots[j].link = link;
			link->slots[j].index = j;
		}
	}
	links->tick.due = on_tick;
	loop_set_timer(loop, &links->tick, clock_mono_ms());
}

void
links_open(struct links *links)
{
	links->next_open = 0;
	open_more(links);
	while (links->n_opening != 0)
		loop_run(links->loop);
}

void
links_release(struct links *links)
{
	loop_drop_timer(links->loop, &links->tick);
	for (size_t i = 0; i < links->n; i++) {
		struct link *link = &links->all[i];
		struct conn *conn = link->conn;

		link->conn = NULL;
		if (conn != NULL)
			conn_close(conn, "done");
		free(link->slots);
	}
	free(links->all);
	links->all = NULL;
	links->n = 0;
}

int
link_set_address(struct link *link, const char *address)
{
	struct sockaddr_storage resolved;
	socklen_t len;

	link->address = address;
	return resolve(address, false, &resolved, &len, NULL);
}

struct conn *
link_connect(struct link *link)
{
	struct sockaddr_storage address;
	socklen_t len;

	if (link->conn != NULL)
		return link->conn;
	if (resolve(link->address, false, &address, &len, NULL) == -1)
		return NULL;
	link->conn = conn_connect(link->links->loop, (const struct sockaddr *)&address, len,
	    link->links->timeout_ms, &events, link);
	if (link->conn != NULL && link->on_open != NULL)
		link->on_open(link);
	return link->conn;
}

void
slot_send(struct slot *slot, struct stencil *stencil, struct slice body, slot_done_fn *done)
{
	struct link *link = slot->link;
	uint32_t rounds = OPAQUE_RANGE / link->n_slots;

	slot->done = done;
	slot->sent_us = clock_mono_us();
	slot->opaque =
	    OPAQUE_FIRST + (int32_t)(slot->uses++ % rounds * link->n_slots + slot->index);
	struct conn *conn = link_connect(link);
	if (conn != NULL)
		conn_send_frame(conn, stencil_frame(stencil, slot->opaque, body.len), body);
	else
		finish(slot, TWINMQ_UNREACHABLE, NULL, SLICE(""));
}

void
link_send_oneway(struct link *link, struct stencil *stencil, struct slice body)
{
	struct conn *conn = link_connect(link);

	if (conn != NULL)
		conn_send_frame(
		    conn, stencil_frame(stencil, OPAQUE_FIRST + OPAQUE_RANGE, body.len), body);
}
