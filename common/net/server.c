#include "config.h"

#include "common/net/server.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/base/utf8.h"
#include "common/net/unsupported.h"
#include "common/protocol/codes.h"
#include "common/protocol/record.h"

#define MAX_LISTENERS 8
#define BACKLOG 1024
#define ACCEPTS_PER_WAKE 64
#define BACK_OFF_MS 100
#define LINE_EVERY_MS 60000
#define HEADER_ROOM (64u << 10) /* of the frame of a reply, not for its body */

struct listener {
	struct server *server;
	struct event *acceptable;
	struct timer back_off; /* out of descriptors: try again */
	unsigned flags;
	int fd; /* -1: closed */
	int port;
};

/* How many connections each address has. */
struct addresses {
	pthread_mutex_t lock;
	struct strmap by_ip; /* -> struct address */
};

struct address {
	struct strmap_entry *entry;
	int n;
};

/* One request that is served: a row of the families. */
struct served {
	int32_t code;
	const struct handler *handler;
};

struct server {
	struct server_options options;
	struct served *rows; /* of all families */
	size_t n_rows;
	uint16_t *rows_by_code; /* 1 + the row; 0: none. Unused pages stay untouched */
	size_t n_codes;
	_Atomic uint64_t **counters; /* of each loop, by row; written by that loop only */
	struct listener listeners[MAX_LISTENERS];
	atomic_int
	    n_listeners; /* and closed ones: connections outlive listeners and need their flags */
	int next_loop;
	atomic_int n_connections;
	atomic_int n_silent;   /* connections without a request yet */
	atomic_int n_evicting; /* silent ones that were asked to make room on other loops */
	struct addresses addresses;
	struct reply_stencil success; /* a reply that says nothing else */
	struct unsupported *unsupported;
	_Atomic uint64_t n_over_limit, n_over_address, n_silent_closed;
	int64_t address_line_ms;
	int64_t full_line_ms; /* when the next line about it may be logged */
	int64_t files_line_ms;
};

/* The families of handlers. */

static void
index_code(struct server *server, const struct handler *handler)
{
	uint16_t *row = &server->rows_by_code[handler->code];

	if (*row != 0)
		fatal("two rows for one code code=%d", handler->code);
	server->rows[server->n_rows++] = (struct served){ handler->code, handler };
	*row = (uint16_t)server->n_rows;
}

static void
index_handlers(struct server *server)
{
	const struct handler *const *families = server->options.families;
	size_t n = 0;

	for (size_t i = 0; families[i] != NULL; i++)
		for (const struct handler *at = families[i]; at->name != NULL; at++, n++)
			if ((size_t)at->code >= server->n_codes)
				server->n_codes = (size_t)at->code + 1;
	server->rows = mem_zalloc((n + 1) * sizeof *server->rows);
	server->rows_by_code = mem_zalloc((server->n_codes + 1) * sizeof *server->rows_by_code);
	for (size_t i = 0; families[i] != NULL; i++)
		for (const struct handler *at = families[i]; at->name != NULL; at++)
			index_code(server, at);
}

/* NULL: no row has this code. */
static const struct served *
find_row(const struct server *server, int32_t code)
{
	size_t at = (uint32_t)code;
	uint16_t row = at < server->n_codes ? server->rows_by_code[at] : 0;

	return row != 0 ? &server->rows[row - 1] : NULL;
}

static void
count(struct server *server, const struct loop *loop, const struct served *row)
{
	_Atomic uint64_t *n = &server->counters[loop->index][row - server->rows];

	atomic_store_explicit(
	    n, atomic_load_explicit(n, memory_order_relaxed) + 1, memory_order_relaxed);
}

uint64_t
server_count(const struct server *server, int32_t code)
{
	const struct served *row = find_row(server, code);
	uint64_t sum = 0;

	if (row == NULL)
		return 0;
	for (int i = 0; i < server->options.n_loops; i++)
		sum += atomic_load_explicit(
		    &server->counters[i][row - server->rows], memory_order_relaxed);
	return sum;
}

/* Replies. */

static void
drop_parts(const struct reply *reply)
{
	for (size_t i = 0; i < reply->n_parts; i++)
		body_part_release(&reply->parts[i]);
}

static bool
fits_a_frame(const struct reply *reply)
{
	size_t len = reply->body.len;

	for (size_t i = 0; i < reply->n_parts; i++)
		len += reply->parts[i].len;
	return len <= FRAME_MAX_BYTES - HEADER_ROOM;
}

/* Names that a remark quotes may be no UTF-8, or cut: nobody who writes one has to think of it. */
static struct slice
clean_remark(struct conn *conn, struct slice remark)
{
	char *copy;

	if (utf8_is_valid(remark))
		return remark;
	copy = arena_alloc(&conn_loop(conn)->arena, remark.len);
	memcpy(copy, remark.data, remark.len);
	return (struct slice){ copy, utf8_clean(copy, remark.len) };
}

struct command
server_reply_command(enum frame_codec codec, int32_t code, int32_t opaque)
{
	return (struct command){
		.codec = codec,
		.code = code,
		.language = COMMAND_LANGUAGE,
		.version = COMMAND_VERSION,
		.opaque = opaque,
		.flag = COMMAND_FLAG_RESPONSE,
	};
}

static void
send_any_reply(struct conn *conn, const struct ticket *ticket, const struct reply *reply)
{
	struct command command = server_reply_command(ticket->codec, reply->code, ticket->opaque);

	command.remark = clean_remark(conn, reply->remark);
	if (ticket->oneway) {
		drop_parts(reply);
	} else if (!fits_a_frame(reply)) {
		drop_parts(reply);
		command.code = RESPONSE_SYSTEM_ERROR;
		command.remark = SLICE("the answer is larger than a frame can be");
		conn_send(conn, &command, SLICE(""), NULL, 0);
	} else {
		command.fields = reply->fields;
		command.header = reply->header;
		command.ext = reply->ext;
		command.n_ext = reply->n_ext;
		conn_send(conn, &command, reply->body, reply->parts, reply->n_parts);
	}
}

static bool
is_success(const struct reply *reply)
{
	return reply->code == RESPONSE_SUCCESS && reply->remark.data == NULL &&
	       reply->fields == NULL && reply->ext == NULL && reply->body.len == 0 &&
	       reply->n_parts == 0;
}

static void
send_reply(struct conn *conn, const struct ticket *ticket, const struct reply *reply)
{
	const struct reply_stencil *stencil = reply->stencil;

	if (stencil == NULL && is_success(reply))
		stencil = &server_of(conn)->success;
	if (stencil != NULL && ticket->codec == FRAME_JSON && !ticket->oneway)
		conn_send_stencil(conn, stencil, ticket->opaque, reply->header);
	else
		send_any_reply(conn, ticket, reply);
}

struct ticket
request_ticket(const struct request *request)
{
	const struct command *command = request->command;

	return (struct ticket){
		.conn = conn_id_of(request->conn),
		.code = command->code,
		.opaque = command->opaque,
		.version = command->version,
		.codec = command->codec,
		.oneway = (command->flag & COMMAND_FLAG_ONEWAY) != 0,
	};
}

void
ticket_reserve(struct loop *loop, struct ticket *ticket, size_t bytes)
{
	struct conn *conn = conn_find(loop, ticket->conn);

	if (conn == NULL)
		return;
	if (bytes > UINT32_MAX - ticket->reserved)
		bytes = UINT32_MAX - ticket->reserved;
	ticket->reserved += (uint32_t)bytes;
	conn_reserve(conn, bytes);
}

void
ticket_unreserve(struct loop *loop, struct ticket *ticket)
{
	struct conn *conn = ticket->reserved != 0 ? conn_find(loop, ticket->conn) : NULL;

	if (conn != NULL)
		conn_unreserve(conn, ticket->reserved);
	ticket->reserved = 0;
}

void
ticket_reply(struct loop *loop, const struct ticket *ticket, const struct reply *reply)
{
	struct conn *conn = conn_find(loop, ticket->conn);

	if (conn == NULL) {
		drop_parts(reply);
		return;
	}
	if (ticket->reserved != 0)
		conn_unreserve(conn, ticket->reserved);
	send_reply(conn, ticket, reply);
}

enum verdict
request_refuse(struct request *request, int32_t code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	request->reply = (struct reply){
		.code = code,
		.remark = arena_vprintf(request->arena, format, args),
	};
	va_end(args);
	return VERDICT_REPLY;
}

enum verdict
request_reply(struct request *request, const struct field *fields, const void *header)
{
	request->reply.fields = fields;
	request->reply.header = header;
	return VERDICT_REPLY;
}

enum verdict
request_reply_body(struct request *request, struct slice body)
{
	request->reply.body = body;
	return VERDICT_REPLY;
}

/* Requests. */

static bool
came_through_fast_port(const struct server *server, const struct conn *conn)
{
	int port = conn_listener_port(conn);

	for (int i = 0; i < server->n_listeners; i++)
		if (server->listeners[i].port == port)
			return (server->listeners[i].flags & LISTEN_FAST) != 0;
	return false;
}

/* The row that serves this code on this connection's port, counted; NULL: none. */
static const struct handler *
admit(struct server *server, const struct conn *conn, int32_t code)
{
	const struct served *row = find_row(server, code);

	if (row == NULL || ((row->handler->flags & HANDLER_MAIN_PORT) != 0 &&
			       came_through_fast_port(server, conn)))
		return NULL;
	count(server, conn_loop(conn), row);
	return row->handler;
}

static enum verdict
run_handler(struct request *request)
{
	const struct handler *handler = request->handler;
	const char *bad;

	if (request->command->fields != NULL) {
		request->header = (void *)(uintptr_t)request->command->header;
		return handler->begin(request);
	}
	if (handler->header_size != 0)
		request->header = arena_zalloc(request->arena, handler->header_size);
	if (handler->fields != NULL &&
	    fields_decode(handler->fields, request->command, request->header, &bad) == -1)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR, "%s: the field %s %s",
		    handler->name, bad, fields_fault(handler->fields, request->command, bad));
	return handler->begin(request);
}

static void
end_silence(struct server *server, struct conn *conn)
{
	conn_speaks(conn, server->options.idle_ms);
	atomic_fetch_sub(&server->n_silent, 1);
}

/* The beginning of the remark is RocketMQ's. */
static enum verdict
refuse_code(struct request *request)
{
	struct server *server = request->server;
	int32_t code = request->command->code;
	bool has_name = request_code_has_name(code);

	if (find_row(server, code) == NULL) /* else it is one for the other port */
		unsupported_note(server->unsupported, request->conn, request->command);
	return request_refuse(request, RESPONSE_REQUEST_CODE_NOT_SUPPORTED,
	    " request type %d not supported%s%s", code, has_name ? ": " : "",
	    has_name ? request_code_name(code) : "");
}

static void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	struct server *server = conn_context(conn);
	struct loop *loop = conn_loop(conn);
	struct request request = {
		.server = server,
		.loop = loop,
		.conn = conn,
		.handler = admit(server, conn, command->code),
		.command = command,
		.body = body,
		.arena = &loop->arena,
	};
	struct ticket ticket = request_ticket(&request);
	enum verdict verdict;

	if (conn_is_silent(conn))
		end_silence(server, conn);
	verdict = request.handler != NULL ? run_handler(&request) : refuse_code(&request);
	if (verdict == VERDICT_REPLY)
		send_reply(conn, &ticket, &request.reply);
}

/* Connections by address. Loop 0 adds, the loop of the connection removes. */

static struct slice
ip_of(const struct host *host)
{
	return (struct slice){ (const char *)host->ip, host->ip_len };
}

/* False: the address has all the connections that it may have. */
static bool
addresses_add(struct addresses *addresses, const struct host *host, int max)
{
	struct strmap_entry *entry;
	struct address *address;
	bool added;

	pthread_mutex_lock(&addresses->lock);
	entry = strmap_get(&addresses->by_ip, ip_of(host));
	if (entry->value == NULL)
		entry->value = mem_zalloc(sizeof *address);
	address = entry->value;
	address->entry = entry;
	added = max == 0 || address->n < max;
	address->n += added;
	pthread_mutex_unlock(&addresses->lock);
	return added;
}

static void
addresses_remove(struct addresses *addresses, const struct host *host)
{
	struct address *address;

	pthread_mutex_lock(&addresses->lock);
	address = strmap_find(&addresses->by_ip, ip_of(host));
	if (address != NULL && --address->n == 0)
		free(strmap_remove(&addresses->by_ip, address->entry));
	pthread_mutex_unlock(&addresses->lock);
}

/* Connections. */

static void
on_close(struct conn *conn, const char *why)
{
	struct server *server = conn_context(conn);
	struct host host = conn_peer_host(conn);

	(void)why;
	if (server->options.on_close != NULL)
		server->options.on_close(server, conn);
	if (conn_is_silent(conn))
		atomic_fetch_sub(&server->n_silent, 1);
	addresses_remove(&server->addresses, &host);
	atomic_fetch_sub(&server->n_connections, 1);
}

/* Only such a request comes with a typed header, so it is that of its handler. */
static const struct field *
fields_of(void *context, int32_t code, size_t *header_size)
{
	const struct served *row = find_row(context, code);

	if (row == NULL || (row->handler->flags & HANDLER_FREQUENT) == 0)
		return NULL;
	*header_size = row->handler->header_size;
	return row->handler->fields;
}

static const struct conn_events server_events = {
	.fields_of = fields_of,
	.on_request = on_request,
	.on_close = on_close,
};

/* An accepted socket on its way to the loop that will own it. */
struct arrival {
	struct task task;
	struct server *server;
	int fd;
	int port;
	struct sockaddr_storage peer;
};

static void
welcome(struct loop *loop, const struct arrival *arrival)
{
	struct server *server = arrival->server;
	struct conn *conn =
	    conn_accept(loop, arrival->fd, arrival->port, &arrival->peer, &server_events, server);

	conn_be_silent(conn, server->options.silent_ms);
}

static void
run_arrival(struct task *task, void *receiver)
{
	struct arrival *arrival = container_of(task, struct arrival, task);

	welcome(receiver, arrival);
	free(arrival);
}

static bool
line_is_due(int64_t *next_ms)
{
	int64_t now_ms = clock_mono_ms();

	if (now_ms < *next_ms)
		return false;
	*next_ms = now_ms + LINE_EVERY_MS;
	return true;
}

static const char made_room[] = "made no request, and made room for another";

/* A search for a silent connection, from loop to loop. */
struct eviction {
	struct task task;
	struct server *server;
	int n_tried; /* loops without one */
};

static void
run_eviction(struct task *task, void *receiver)
{
	struct eviction *eviction = container_of(task, struct eviction, task);
	struct server *server = eviction->server;
	struct loop *loop = receiver;

	if (conn_close_silent(loop, made_room)) {
		atomic_fetch_add(&server->n_silent_closed, 1);
	} else if (++eviction->n_tried < server->options.n_loops) {
		int next = (loop->index + 1) % server->options.n_loops;

		loop_post(&server->options.loops[next], &eviction->task);
		return;
	}
	atomic_fetch_sub(&server->n_evicting, 1);
	free(eviction);
}

/*
 * Closes the oldest silent connection, preferably on the loop that gets the next connection.
 * Loop 0 closes it at once. Other loops close it soon; until then there is one connection too
 * many. False: there is no silent connection.
 */
static bool
make_room(struct server *server)
{
	struct loop *loop = &server->options.loops[server->next_loop];
	struct eviction *eviction;

	if (server->next_loop == 0 && conn_close_silent(loop, made_room)) {
		atomic_fetch_add(&server->n_silent_closed, 1);
		return true;
	}
	if (atomic_load(&server->n_silent) <= atomic_load(&server->n_evicting))
		return false;
	atomic_fetch_add(&server->n_evicting, 1);
	eviction = mem_alloc(sizeof *eviction);
	*eviction = (struct eviction){ { NULL, run_eviction }, server, 0 };
	loop_post(loop, &eviction->task);
	return true;
}

/* Counts one more connection. False: a limit refuses it. */
static bool
take_place(struct server *server, const struct host *host)
{
	const struct server_options *options = &server->options;

	if (atomic_load(&server->n_connections) >= options->max_connections && !make_room(server)) {
		atomic_fetch_add(&server->n_over_limit, 1);
		if (line_is_due(&server->full_line_ms))
			log_warn(
			    "connections are refused max_connections=%d", options->max_connections);
		return false;
	}
	if (!addresses_add(&server->addresses, host, options->max_connections_per_address)) {
		struct arena arena = { 0 };

		atomic_fetch_add(&server->n_over_address, 1);
		if (line_is_due(&server->address_line_ms))
			log_warn("connections of one address are refused peer=%s "
				 "max_connections_per_address=%d",
			    host_text(&arena, host).data, options->max_connections_per_address);
		arena_release(&arena);
		return false;
	}
	atomic_fetch_add(&server->n_connections, 1);
	atomic_fetch_add(&server->n_silent, 1);
	return true;
}

static void
hand_out(struct server *server, const struct arrival *arrived)
{
	struct loop *loop = &server->options.loops[server->next_loop];
	struct arrival *arrival;

	struct host host = host_of((const struct sockaddr *)&arrived->peer);

	if (!take_place(server, &host)) {
		close(arrived->fd);
		return;
	}
	server->next_loop = (server->next_loop + 1) % server->options.n_loops;
	if (loop == server->options.loops) {
		welcome(loop, arrived);
		return;
	}
	arrival = mem_alloc(sizeof *arrival);
	*arrival = *arrived;
	loop_post(loop, &arrival->task);
}

static void
on_back_off_over(struct timer *self)
{
	struct listener *listener = container_of(self, struct listener, back_off);

	event_add(listener->acceptable, NULL);
}

static void
back_off(struct listener *listener)
{
	struct server *server = listener->server;

	if (line_is_due(&server->files_line_ms))
		log_warn("connections wait: accept failed port=%d error=\"%s\"", listener->port,
		    strerror(errno));
	event_del(listener->acceptable);
	loop_set_timer(server->options.loops, &listener->back_off, clock_mono_ms() + BACK_OFF_MS);
}

static void
on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_PER_WAKE; i++) {
		struct arrival arrived = { { NULL, run_arrival }, listener->server, -1,
			listener->port, { 0 } };
		socklen_t len = sizeof arrived.peer;

		arrived.fd = accept4(
		    fd, (struct sockaddr *)&arrived.peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (arrived.fd != -1)
			hand_out(listener->server, &arrived);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			back_off(listener);
		if (arrived.fd == -1 && errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

/* Listeners. */

/* The caller frees it; NULL and errno when it is no address. */
static struct addrinfo *
parse_address(const char *address, int port)
{
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_family = address != NULL ? AF_UNSPEC : AF_INET,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *parsed = NULL;
	char service[8];

	snprintf(service, sizeof service, "%hu", (unsigned short)port);
	if (port < 0 || port > UINT16_MAX || getaddrinfo(address, service, &hints, &parsed) != 0) {
		errno = EINVAL;
		return NULL;
	}
	return parsed;
}

/* A socket that listens; -1 and errno. */
static int
open_listener(const struct addrinfo *address)
{
	static const int on = 1;
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

static int
port_of(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof address;

	getsockname(fd, (struct sockaddr *)&address, &len);
	return host_of((struct sockaddr *)&address).port;
}

static void
start_listener(struct listener *listener, struct server *server, int fd, unsigned flags)
{
	*listener = (struct listener){
		.server = server,
		.acceptable = event_new(
		    server->options.loops->base, fd, EV_READ | EV_PERSIST, on_acceptable, listener),
		.back_off.due = on_back_off_over,
		.flags = flags,
		.fd = fd,
		.port = port_of(fd),
	};
	if (listener->acceptable == NULL || event_add(listener->acceptable, NULL) == -1)
		fatal("event cannot be made");
}

int
server_open_port(const char *address, int port)
{
	struct addrinfo *parsed = parse_address(address, port);

	if (parsed == NULL)
		return -1;
	int fd = open_listener(parsed);

	freeaddrinfo(parsed);
	return fd;
}

int
server_listen(struct server *server, const char *address, int port, unsigned flags)
{
	int fd = server_open_port(address, port);
	int n = 0;

	if (fd == -1)
		return -1;
	while (n < server->n_listeners && server->listeners[n].fd != -1)
		n++;
	if (n == MAX_LISTENERS)
		fatal("too many listeners");
	start_listener(&server->listeners[n], server, fd, flags);
	if (n == server->n_listeners)
		server->n_listeners = n + 1;
	return server->listeners[n].port;
}

void
server_stop_listening(struct server *server)
{
	for (int i = 0; i < server->n_listeners; i++) {
		struct listener *listener = &server->listeners[i];

		if (listener->fd == -1)
			continue;
		event_free(listener->acceptable);
		loop_drop_timer(server->options.loops, &listener->back_off);
		close(listener->fd);
		listener->fd = -1;
	}
}

static void
init_success(struct reply_stencil *stencil)
{
	static const char *const none[] = { NULL };
	const struct command sample = server_reply_command(FRAME_JSON, RESPONSE_SUCCESS, 0);

	reply_stencil_init(stencil, &sample, none);
}

struct server *
server_new(const struct server_options *options)
{
	struct server *server = mem_zalloc(sizeof *server);

	server->options = *options;
	atomic_init(&server->n_connections, 0);
	atomic_init(&server->n_listeners, 0);
	atomic_init(&server->n_silent, 0);
	atomic_init(&server->n_evicting, 0);
	pthread_mutex_init(&server->addresses.lock, NULL);
	server->unsupported = unsupported_new();
	init_success(&server->success);
	if (options->silent_ms == 0 ||
	    (options->idle_ms != 0 && options->idle_ms < options->silent_ms))
		server->options.silent_ms = options->idle_ms;
	for (int i = 0; i < options->n_loops; i++)
		conn_limit_unsent(
		    &options->loops[i], options->max_unsent_bytes / (size_t)options->n_loops);
	index_handlers(server);
	server->counters = mem_zalloc((size_t)options->n_loops * sizeof(_Atomic uint64_t *));
	for (int i = 0; i < options->n_loops; i++)
		server->counters[i] = mem_zalloc((server->n_rows + 1) * sizeof(_Atomic uint64_t));
	return server;
}

void
server_free(struct server *server)
{
	server_stop_listening(server);
	for (int i = 0; i < server->options.n_loops; i++) {
		loop_drain(&server->options.loops[i]); /* arrivals */
		conn_close_all(&server->options.loops[i], server, "the server ends");
		free(server->counters[i]);
	}
	strmap_release(&server->addresses.by_ip, free);
	pthread_mutex_destroy(&server->addresses.lock);
	unsupported_free(server->unsupported);
	reply_stencil_release(&server->success);
	free(server->counters);
	free(server->rows);
	free(server->rows_by_code);
	free(server);
}

struct server_counts
server_counts(struct server *server)
{
	struct server_counts counts = {
		.connections = atomic_load(&server->n_connections),
		.over_limit = atomic_load(&server->n_over_limit),
		.over_address = atomic_load(&server->n_over_address),
		.silent_closed = atomic_load(&server->n_silent_closed),
		.unsupported = unsupported_count(server->unsupported),
	};

	for (int i = 0; i < server->options.n_loops; i++)
		counts.slow_closed += atomic_load(&server->options.loops[i].n_shed);
	return counts;
}

void *
server_context(const struct server *server)
{
	return server->options.context;
}

struct server *
server_of(const struct conn *conn)
{
	return conn_context(conn);
}
