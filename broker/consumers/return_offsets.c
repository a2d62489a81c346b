#include "config.h"

#include "broker/consumers/return_offsets.h"

#include <pthread.h>
#include <stdlib.h>

#include "broker/cluster/register.h"
#include "broker/state/limit.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/net/conn.h"
#include "common/net/resolve.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define LOOK_MS 1000
#define TIMEOUT_MS 3000
#define UNDERWAY_MAX 1000 /* offsets that the master is being asked about */

/* The texts of its row follow it. */
struct returning {
	struct return_offsets *returns;
	struct strmap_entry *entry;
	struct offset_row row;
	int64_t sent; /* the offset that is on its way */
	bool underway;
};

struct return_offsets {
	struct broker *broker;
	struct loop *loop;
	struct timer look;
	struct conn *conn;         /* NULL: none */
	char *address;             /* that the connection is to */
	struct resolver *resolver; /* of it; NULL: nobody has told it yet */
	size_t n_underway;
	pthread_mutex_t lock;
	struct strmap table; /* under the lock: "group\1topic\1queue" -> struct returning */
};

/* ---- the table ------------------------------------------------------- */

static struct slice
key_of(struct buf *text, const struct offset_row *row)
{
	buf_append_slice(text, row->group);
	buf_append_char(text, '\1');
	buf_append_slice(text, row->topic);
	buf_append_char(text, '\1');
	buf_append_int(text, row->queue_id);
	return buf_slice(text);
}

static struct returning *
returning_new(struct return_offsets *returns, const struct offset_row *row)
{
	struct returning *it = mem_zalloc(sizeof *it + row->group.len + row->topic.len + 1);
	char *text = (char *)(it + 1);

	it->returns = returns;
	it->row = *row;
	it->row.group = (struct slice){ text, row->group.len };
	it->row.topic = (struct slice){ text + row->group.len, row->topic.len };
	memcpy(text, row->group.data, row->group.len);
	memcpy(text + row->group.len, row->topic.data, row->topic.len);
	return it;
}

void
return_offsets_note(struct return_offsets *returns, const struct offset_row *row)
{
	size_t max = (size_t)limits_value(returns->broker->limits, LIMIT_CONSUMER_OFFSETS);
	struct buf text = { 0 };
	struct slice key = key_of(&text, row);

	pthread_mutex_lock(&returns->lock);
	struct returning *it = strmap_find(&returns->table, key);

	if (it == NULL && returns->table.n < max) {
		struct strmap_entry *entry = strmap_get(&returns->table, key);

		it = entry->value = returning_new(returns, row);
		it->entry = entry;
	}
	if (it != NULL)
		it->row.offset = row->offset;
	pthread_mutex_unlock(&returns->lock);
	buf_release(&text);
}

size_t
return_offsets_count(struct return_offsets *returns)
{
	pthread_mutex_lock(&returns->lock);
	size_t n = returns->table.n;

	pthread_mutex_unlock(&returns->lock);
	return n;
}

/* The exchange about it has ended; done: the master has this offset, or a larger one. */
static void
end(struct returning *it, bool done)
{
	struct return_offsets *returns = it->returns;

	pthread_mutex_lock(&returns->lock);
	returns->n_underway--;
	it->underway = false;
	if (done && it->row.offset == it->sent) {
		strmap_remove(&returns->table, it->entry);
		free(it);
	}
	pthread_mutex_unlock(&returns->lock);
}

/* ---- the master ------------------------------------------------------ */

static void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	(void)conn; /* a master sends no requests here */
	(void)command;
	(void)body;
}

static void
on_lost(struct conn *conn, const char *why)
{
	struct return_offsets *returns = conn_context(conn);

	log_debug("connection to the master for offsets ended why=\"%s\"", why);
	returns->conn = NULL;
}

static const struct conn_events events = {
	.on_request = on_request,
	.on_close = on_lost,
};

static void
on_resolved(void *arg, size_t index)
{
	(void)arg; /* the next look sees it */
	(void)index;
}

static void
find_master(struct return_offsets *returns)
{
	struct arena arena = { 0 };
	struct slice at, ha_address;

	if (registrar_master(returns->broker->registrar, &arena, &at, &ha_address) &&
	    (returns->address == NULL || !slice_is(at, returns->address))) {
		if (returns->conn != NULL)
			conn_close(returns->conn, "the master's address changed");
		if (returns->resolver != NULL)
			resolver_free(returns->resolver);
		free(returns->address);
		returns->address = slice_dup(at);
		returns->resolver =
		    resolver_new(returns->loop, returns->address, on_resolved, returns);
	}
	arena_release(&arena);
}

static struct conn *
connection_to_master(struct return_offsets *returns)
{
	find_master(returns);
	if (returns->conn != NULL || returns->resolver == NULL ||
	    resolver_count(returns->resolver) != 1)
		return returns->conn;
	const struct resolved *at = resolver_get(returns->resolver, 0);

	if (at->len != 0)
		returns->conn = conn_connect(returns->loop, (const struct sockaddr *)&at->address,
		    at->len, TIMEOUT_MS, &events, returns);
	return returns->conn;
}

/* ---- one offset ------------------------------------------------------ */

static void
on_updated(void *arg, const struct command *reply, struct slice body)
{
	(void)body;
	/* What the master refuses it would refuse again. */
	end(arg, reply != NULL);
}

static void
update(struct returning *it)
{
	struct arena arena = { 0 };
	struct command command = command_request(REQUEST_UPDATE_CONSUMER_OFFSET);
	struct update_offset_header header = {
		.consumer_group = it->row.group,
		.topic = it->row.topic,
		.queue_id = it->row.queue_id,
		.commit_offset = it->sent,
	};

	fields_encode(update_offset_header_fields, &header, &arena, &command);
	conn_request(it->returns->conn, &command, SLICE(""), TIMEOUT_MS, on_updated, it);
	arena_release(&arena);
}

static void
on_queried(void *arg, const struct command *reply, struct slice body)
{
	struct returning *it = arg;
	struct offset_reply theirs = { 0 };
	const char *bad;

	(void)body;
	if (reply == NULL || it->returns->conn == NULL)
		end(it, false);
	else if (reply->code == RESPONSE_SUCCESS &&
		 fields_decode(offset_reply_fields, reply, &theirs, &bad) == 0 &&
		 theirs.offset >= it->sent)
		end(it, true);
	else
		update(it);
}

static void
query(struct returning *it)
{
	struct arena arena = { 0 };
	struct command command = command_request(REQUEST_QUERY_CONSUMER_OFFSET);
	struct query_offset_header header = {
		.consumer_group = it->row.group,
		.topic = it->row.topic,
		.queue_id = it->row.queue_id,
	};

	fields_encode(query_offset_header_fields, &header, &arena, &command);
	conn_request(it->returns->conn, &command, SLICE(""), TIMEOUT_MS, on_queried, it);
	arena_release(&arena);
}

/* ---- when ------------------------------------------------------------ */

/* Those that begin now; the caller frees the list. */
static size_t
choose(struct return_offsets *returns, struct returning **list)
{
	size_t n = 0;

	pthread_mutex_lock(&returns->lock);
	for (struct strmap_entry *at = strmap_next(&returns->table, NULL);
	     at != NULL && returns->n_underway < UNDERWAY_MAX;
	     at = strmap_next(&returns->table, at)) {
		struct returning *it = at->value;

		if (it->underway)
			continue;
		it->underway = true;
		it->sent = it->row.offset;
		returns->n_underway++;
		list[n++] = it;
	}
	pthread_mutex_unlock(&returns->lock);
	return n;
}

static void
on_look(struct timer *timer)
{
	struct return_offsets *returns = container_of(timer, struct return_offsets, look);

	loop_set_timer(returns->loop, timer, clock_mono_ms() + LOOK_MS);
	if (return_offsets_count(returns) == 0 || connection_to_master(returns) == NULL ||
	    !conn_can_write(returns->conn))
		return;
	struct returning **list = mem_alloc(UNDERWAY_MAX * sizeof(struct returning *));
	size_t n = choose(returns, list);

	for (size_t i = 0; i < n; i++) {
		if (returns->conn != NULL)
			query(list[i]);
		else
			end(list[i], false);
	}
	free(list);
}

struct return_offsets *
return_offsets_new(struct broker *broker)
{
	struct return_offsets *returns = mem_zalloc(sizeof *returns);

	returns->broker = broker;
	returns->loop = broker_main_loop(broker);
	returns->look.due = on_look;
	pthread_mutex_init(&returns->lock, NULL);
	loop_set_timer(returns->loop, &returns->look, clock_mono_ms() + LOOK_MS);
	return returns;
}

void
return_offsets_free(struct return_offsets *returns)
{
	if (returns == NULL)
		return;
	loop_drop_timer(returns->loop, &returns->look);
	if (returns->conn != NULL)
		conn_close(returns->conn, "stopped"); /* its requests end */
	if (returns->resolver != NULL)
		resolver_free(returns->resolver);
	strmap_release(&returns->table, free);
	pthread_mutex_destroy(&returns->lock);
	free(returns->address);
	free(returns);
}
