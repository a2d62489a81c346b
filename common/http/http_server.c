#include "config.h"

/* The listener, the thread, and the bound of connections. */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/thread.h"
#include "common/http/http_private.h"

#define BACKLOG 1024
#define ACCEPTS_PER_WAKE 64
#define BACK_OFF_MS 200

static const char no_room[] =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Content-Type: application/problem+json\r\n"
    "Connection: close\r\n"
    "Retry-After: 1\r\n"
    "X-Request-Id: none\r\n"
    "Content-Length: 118\r\n\r\n"
    "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","
    "\"status\":503,\"detail\":\"There are httpMaxConnections connections.\"}";

/* ---- accepting ------------------------------------------------------- */

/* Makes room by closing the connection that has waited longest for its next request. */
static bool
make_room(struct http_server *server)
{
	struct http_conn *quiet;

	if (atomic_load(&server->n_connections) < server->options.max_connections)
		return true;
	atomic_fetch_add(&server->n_over_limit, 1);
	quiet = TAILQ_FIRST(&server->quiet);
	if (quiet == NULL)
		return false;
	http_conn_close(quiet);
	return true;
}

static void
on_back_off_over(struct timer *timer)
{
	struct http_server *server = container_of(timer, struct http_server, back_off);

	event_add(server->acceptable, NULL);
}

static void
on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	static const int on = 1;
	struct http_server *server = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_PER_WAKE; i++) {
		int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (accepted == -1 && (errno == ECONNABORTED || errno == EINTR))
			continue;
		if (accepted == -1) {
			if (errno == EAGAIN || errno == EWOULDBLOCK)
				return;
			event_del(server->acceptable);
			loop_set_timer(
			    &server->loop, &server->back_off, clock_mono_ms() + BACK_OFF_MS);
			return;
		}
		setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		if (make_room(server)) {
			http_conn_accept(server, accepted);
			continue;
		}
		if (send(accepted, no_room, sizeof no_room - 1, MSG_NOSIGNAL) == -1)
			log_debug("http: a refused connection is gone");
		close(accepted);
	}
}

/* ---- listening ------------------------------------------------------- */

/* A socket that listens; -1 and errno. */
static int
listen_on(const char *address, int port)
{
	static const int on = 1;
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *parsed;
	char service[12];
	int fd, error;

	snprintf(service, sizeof service, "%d", port);
	if (port < 0 || port > UINT16_MAX || getaddrinfo(address, service, &hints, &parsed) != 0) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(parsed->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd != -1 &&
	    (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
		bind(fd, parsed->ai_addr, parsed->ai_addrlen) == -1 || listen(fd, BACKLOG) == -1)) {
		error = errno;
		close(fd);
		errno = error;
		fd = -1;
	}
	freeaddrinfo(parsed);
	return fd;
}

static int
port_of(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof address;

	getsockname(fd, (struct sockaddr *)&address, &len);
	return ntohs(address.ss_family == AF_INET6
			 ? ((const struct sockaddr_in6 *)&address)->sin6_port
			 : ((const struct sockaddr_in *)&address)->sin_port);
}

struct http_server *
http_server_new(const struct http_options *options)
{
	int fd = listen_on(options->address, options->port);
	struct http_server *server;

	if (fd == -1)
		return NULL;
	server = mem_zalloc(sizeof *server);
	server->options = *options;
	server->fd = fd;
	server->port = port_of(fd);
	server->back_off.due = on_back_off_over;
	TAILQ_INIT(&server->all);
	TAILQ_INIT(&server->quiet);
	if (server->options.transport == NULL)
		server->options.transport = &http_plain;
	if (getrandom(&server->id_begin, sizeof server->id_begin, 0) == -1)
		server->id_begin = (uint64_t)clock_wall_ms();
	if (gethostname(server->own_name, sizeof server->own_name - 1) == -1)
		server->own_name[0] = '\0';
	loop_init(&server->loop, 0);
	server->acceptable =
	    event_new(server->loop.base, fd, EV_READ | EV_PERSIST, on_acceptable, server);
	if (server->acceptable == NULL || event_add(server->acceptable, NULL) == -1)
		fatal("event cannot be made");
	return server;
}

int
http_port(const struct http_server *server)
{
	return server->port;
}

/* ---- the thread ------------------------------------------------------ */

static void *
serve(void *arg)
{
	struct http_server *server = arg;

	loop_run(&server->loop);
	return NULL;
}

void
http_start(struct http_server *server)
{
	server->runs = true;
	thread_start(&server->thread, "http", serve, server);
}

void
http_stop(struct http_server *server)
{
	if (server == NULL || !server->runs)
		return;
	server->runs = false;
	loop_stop(&server->loop);
	pthread_join(server->thread, NULL);
}

void
http_server_free(struct http_server *server)
{
	struct http_conn *conn, *next;

	if (server == NULL)
		return;
	http_stop(server);
	for (conn = TAILQ_FIRST(&server->all); conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, in_all);
		http_conn_close(conn);
	}
	loop_drain(&server->loop);
	/* What other loops dropped at their end. */
	while (!LIST_EMPTY(&server->exchanges))
		http_exchange_free(LIST_FIRST(&server->exchanges));
	event_free(server->acceptable);
	loop_drop_timer(&server->loop, &server->back_off);
	close(server->fd);
	loop_release(&server->loop);
	free(server);
}

struct loop *
http_loop(struct http_server *server)
{
	return &server->loop;
}

struct http_counts
http_counts(const struct http_server *server)
{
	return (struct http_counts){
		.connections = atomic_load(&server->n_connections),
		.memory = atomic_load(&server->memory),
		.requests = atomic_load(&server->n_requests),
		.refused = atomic_load(&server->n_refused),
		.over_limit = atomic_load(&server->n_over_limit),
		.late = atomic_load(&server->n_late),
	};
}
