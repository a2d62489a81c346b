#include "config.h"

#include "nameserver/quorum/quorum_transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/wire.h"

enum {
	GREETING_BYTES = 40,
	GREETING_MS = 1000,
	GREETING_CONNECTIONS = 16, /* that did not greet yet */
	ADDRESSES_MAX = 8,         /* of one peer */
	SILENT_MS = 3000,          /* unacknowledged bytes end a connection */
	BACKLOG = 64,
};

static const char magic[16] = "TwinMQ-quorum\0\0\1";

struct known {
	size_t n;
	struct sockaddr_storage addresses[ADDRESSES_MAX];
};

struct quorum_transport {
	struct raft_uv_transport *raft;
	uv_loop_t *loop;
	const struct quorum_peers *peers;
	const struct quorum_peer *self;
	const char *bind_address;
	struct known known[QUORUM_SERVERS_MAX];
	uv_tcp_t listener;
	bool listening;
	raft_uv_accept_cb accept;
	struct quorum_arrival *arrivals;
	struct quorum_departure *departures;
	int n_arrivals;
	int n_open; /* handles and requests that must end before `closed` is called */
	uint64_t n_refused;
	raft_uv_transport_close_cb closed;
};

/* A connection from a peer until its greeting is there. The stream is libraft's afterwards. */
struct quorum_arrival {
	struct quorum_arrival *next;
	struct quorum_transport *transport;
	uv_tcp_t *tcp;
	uv_timer_t timer;
	size_t n_read;
	char greeting[GREETING_BYTES];
};

/* A connection to a peer until our greeting is written. */
struct quorum_departure {
	struct quorum_departure *next;
	struct quorum_transport *transport;
	const struct quorum_peer *peer;
	struct raft_uv_connect *request;
	raft_uv_connect_cb done;
	uv_getaddrinfo_t resolve;
	uv_connect_t connect;
	uv_write_t write;
	uv_tcp_t *tcp;
	int status;
	bool resolving, closing;
	char greeting[GREETING_BYTES];
};

static void
one_less_open(struct quorum_transport *transport)
{
	if (--transport->n_open == 0 && transport->closed != NULL)
		transport->closed(transport->raft);
}

static void
greeting_write(char *at, int64_t from, int64_t to, uint64_t digest)
{
	memcpy(at, magic, sizeof magic);
	be64_put(at + 16, (uint64_t)from);
	be64_put(at + 24, (uint64_t)to);
	be64_put(at + 32, digest);
}

/* ---- Names ---- */

static void
learn(struct known *known, const struct addrinfo *list)
{
	known->n = 0;
	for (; list != NULL && known->n < ADDRESSES_MAX; list = list->ai_next)
		if (list->ai_family == AF_INET || list->ai_family == AF_INET6)
			memcpy(&known->addresses[known->n++], list->ai_addr, list->ai_addrlen);
}

static bool
same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr) == 0;
}

static void
port_text(char text[8], int port)
{
	snprintf(text, 8, "%d", port);
}

static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };

static void
resolve_now(struct quorum_transport *transport, size_t index)
{
	uv_getaddrinfo_t request;
	char port[8];

	port_text(port, transport->peers->peers[index].quorum_port);
	if (uv_getaddrinfo(transport->loop, &request, NULL, transport->peers->peers[index].host,
		port, &hints) != 0)
		return; /* known later, when we connect there */
	learn(&transport->known[index], request.addrinfo);
	uv_freeaddrinfo(request.addrinfo);
}

/* ---- Arrivals ---- */

static void
on_stream_closed(uv_handle_t *handle)
{
	struct quorum_transport *transport = handle->data;

	raft_free(handle);
	one_less_open(transport);
}

static void
on_arrival_timer_closed(uv_handle_t *handle)
{
	struct quorum_arrival *arrival = handle->data;
	struct quorum_transport *transport = arrival->transport;

	free(arrival);
	one_less_open(transport);
}

/* The arrival ends; its stream lives on unless `why` says what is wrong with it. */
static void
arrival_end(struct quorum_arrival *arrival, const char *why)
{
	struct quorum_transport *transport = arrival->transport;

	for (struct quorum_arrival **at = &transport->arrivals; *at != NULL; at = &(*at)->next)
		if (*at == arrival) {
			*at = arrival->next;
			break;
		}
	transport->n_arrivals--;
	if (why != NULL) {
		transport->n_refused++;
		log_debug("a connection to the quorum was refused: %s", why);
		arrival->tcp->data = transport;
		uv_close((uv_handle_t *)arrival->tcp, on_stream_closed);
	} else {
		one_less_open(transport); /* the stream is libraft's now */
	}
	uv_close((uv_handle_t *)&arrival->timer, on_arrival_timer_closed);
}

/* The peer that the greeting names, if the connection is from one of its addresses. */
static const struct quorum_peer *
greeted_by(const struct quorum_arrival *arrival, const char **why)
{
	const struct quorum_transport *transport = arrival->transport;
	const struct quorum_peer *peer;
	struct sockaddr_storage from;
	int len = sizeof from;

	peer = quorum_peers_find(transport->peers, (int64_t)be64_get(arrival->greeting + 16));
	*why = "its greeting is none of ours";
	if (memcmp(arrival->greeting, magic, sizeof magic) != 0)
		return NULL;
	*why = "its quorumPeers are others, or its quorumId is";
	if (peer == NULL || peer == transport->self ||
	    be64_get(arrival->greeting + 24) != (uint64_t)transport->self->id ||
	    be64_get(arrival->greeting + 32) != transport->peers->digest)
		return NULL;
	*why = "it comes from no address of that server";
	if (uv_tcp_getpeername(arrival->tcp, (struct sockaddr *)&from, &len) != 0)
		return NULL;
	for (size_t i = 0; i < transport->known[peer - transport->peers->peers].n; i++)
		if (same_host(
			&from, &transport->known[peer - transport->peers->peers].addresses[i]))
			return peer;
	return NULL;
}

/* Ends what a dead peer does not acknowledge; uv knows no option for that. */
static void
tune(uv_tcp_t *tcp)
{
	unsigned silent_ms = SILENT_MS;
	uv_os_fd_t fd;

	uv_tcp_nodelay(tcp, 1);
	uv_tcp_keepalive(tcp, 1, SILENT_MS / 1000);
	if (uv_fileno((uv_handle_t *)tcp, &fd) == 0)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silent_ms, sizeof silent_ms);
}

static void
on_arrival_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
	struct quorum_arrival *arrival = handle->data;

	(void)suggested;
	*room = uv_buf_init(
	    arrival->greeting + arrival->n_read, (unsigned)(GREETING_BYTES - arrival->n_read));
}

static void
on_arrival_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *room)
{
	struct quorum_arrival *arrival = stream->data;
	struct quorum_transport *transport = arrival->transport;
	const struct quorum_peer *peer;
	const char *why;

	(void)room;
	if (n < 0) {
		arrival_end(arrival, "it closed");
		return;
	}
	arrival->n_read += (size_t)n;
	if (arrival->n_read < GREETING_BYTES)
		return;
	uv_read_stop(stream);
	peer = greeted_by(arrival, &why);
	arrival_end(arrival, peer == NULL ? why : NULL);
	if (peer != NULL) {
		tune((uv_tcp_t *)stream);
		transport->accept(transport->raft, (raft_id)peer->id, peer->quorum_address, stream);
	}
}

static void
on_arrival_late(uv_timer_t *timer)
{
	arrival_end(timer->data, "it did not greet in time");
}

static void
on_connection(uv_stream_t *listener, int status)
{
	struct quorum_transport *transport = listener->data;
	struct quorum_arrival *arrival;

	if (status != 0)
		return;
	arrival = mem_zalloc(sizeof *arrival);
	arrival->transport = transport;
	arrival->tcp = raft_malloc(sizeof *arrival->tcp);
	if (arrival->tcp == NULL || uv_tcp_init(transport->loop, arrival->tcp) != 0)
		fatal("no memory for a connection of the quorum");
	uv_timer_init(transport->loop, &arrival->timer);
	arrival->tcp->data = arrival->timer.data = arrival;
	arrival->next = transport->arrivals;
	transport->arrivals = arrival;
	transport->n_arrivals++;
	transport->n_open += 2;
	if (uv_accept(listener, (uv_stream_t *)arrival->tcp) != 0 ||
	    transport->n_arrivals > GREETING_CONNECTIONS ||
	    uv_read_start((uv_stream_t *)arrival->tcp, on_arrival_room, on_arrival_read) != 0) {
		arrival_end(arrival, "there are too many");
		return;
	}
	uv_timer_start(&arrival->timer, on_arrival_late, GREETING_MS, 0);
}

static int
transport_listen(struct raft_uv_transport *raft, raft_uv_accept_cb accept)
{
	struct quorum_transport *transport = raft->impl;
	const char *host = transport->bind_address;
	struct sockaddr_storage address;
	int port = transport->self->quorum_port, error;

	if (host == NULL)
		host = "0.0.0.0";
	if (uv_ip4_addr(host, port, (struct sockaddr_in *)&address) != 0 &&
	    uv_ip6_addr(host, port, (struct sockaddr_in6 *)&address) != 0)
		return RAFT_INVALID;
	transport->accept = accept;
	if (uv_tcp_init(transport->loop, &transport->listener) != 0)
		return RAFT_IOERR;
	transport->listener.data = transport;
	transport->listening = true;
	transport->n_open++;
	error = uv_tcp_bind(&transport->listener, (struct sockaddr *)&address, 0);
	if (error == 0)
		error = uv_listen((uv_stream_t *)&transport->listener, BACKLOG, on_connection);
	if (error == 0)
		return 0;
	log_error("the quorum cannot listen address=%s port=%d error=\"%s\"", host, port,
	    uv_strerror(error));
	return RAFT_IOERR;
}

/* ---- Departures ---- */

static void
departure_end(struct quorum_departure *departure)
{
	struct quorum_transport *transport = departure->transport;

	for (struct quorum_departure **at = &transport->departures; *at != NULL; at = &(*at)->next)
		if (*at == departure) {
			*at = departure->next;
			break;
		}
	departure->done(departure->request,
	    departure->status == 0 ? (uv_stream_t *)departure->tcp : NULL, departure->status);
	free(departure);
	one_less_open(transport);
}

static void
on_departure_closed(uv_handle_t *handle)
{
	struct quorum_departure *departure = handle->data;

	raft_free(handle);
	departure_end(departure);
}

static void
departure_fail(struct quorum_departure *departure, int status)
{
	if (departure->closing)
		return;
	departure->closing = true;
	departure->status = status;
	uv_close((uv_handle_t *)departure->tcp, on_departure_closed);
}

static void
on_greeted(uv_write_t *write, int status)
{
	struct quorum_departure *departure = container_of(write, struct quorum_departure, write);

	if (departure->closing)
		return;
	if (status != 0)
		departure_fail(departure, RAFT_NOCONNECTION);
	else
		departure_end(departure);
}

static void
on_connected(uv_connect_t *connect, int status)
{
	struct quorum_departure *departure =
	    container_of(connect, struct quorum_departure, connect);
	struct quorum_transport *transport = departure->transport;
	uv_buf_t bytes = uv_buf_init(departure->greeting, GREETING_BYTES);

	if (departure->closing)
		return;
	if (status == 0) {
		tune(departure->tcp);
		greeting_write(departure->greeting, transport->self->id, departure->peer->id,
		    transport->peers->digest);
		status = uv_write(
		    &departure->write, (uv_stream_t *)departure->tcp, &bytes, 1, on_greeted);
	}
	if (status != 0)
		departure_fail(departure, RAFT_NOCONNECTION);
}

static void
on_resolved(uv_getaddrinfo_t *resolve, int status, struct addrinfo *list)
{
	struct quorum_departure *departure =
	    container_of(resolve, struct quorum_departure, resolve);
	struct quorum_transport *transport = departure->transport;
	struct known *known = &transport->known[departure->peer - transport->peers->peers];

	departure->resolving = false;
	if (status == 0)
		learn(known, list);
	if (list != NULL)
		uv_freeaddrinfo(list);
	if (transport->closed != NULL)
		departure_fail(departure, RAFT_CANCELED);
	else if (status != 0 || known->n == 0 ||
		 uv_tcp_connect(&departure->connect, departure->tcp,
		     (struct sockaddr *)&known->addresses[0], on_connected) != 0)
		departure_fail(departure, RAFT_NOCONNECTION);
}

static int
transport_connect(struct raft_uv_transport *raft, struct raft_uv_connect *request, raft_id id,
    const char *address, raft_uv_connect_cb done)
{
	struct quorum_transport *transport = raft->impl;
	const struct quorum_peer *peer = quorum_peers_find(transport->peers, (int64_t)id);
	struct quorum_departure *departure;
	char port[8];

	(void)address; /* of the log's configuration; the file of this server is newer */
	if (peer == NULL)
		return RAFT_NOCONNECTION;
	departure = mem_zalloc(sizeof *departure);
	*departure = (struct quorum_departure){
		.transport = transport, .peer = peer, .request = request, .done = done
	};
	departure->tcp = raft_malloc(sizeof *departure->tcp);
	if (departure->tcp == NULL || uv_tcp_init(transport->loop, departure->tcp) != 0)
		fatal("no memory for a connection of the quorum");
	departure->tcp->data = departure;
	departure->next = transport->departures;
	transport->departures = departure;
	transport->n_open++;
	departure->resolving = true;
	port_text(port, peer->quorum_port);
	if (uv_getaddrinfo(
		transport->loop, &departure->resolve, on_resolved, peer->host, port, &hints) != 0) {
		departure->resolving = false;
		departure_fail(departure, RAFT_NOCONNECTION);
	}
	return 0;
}

/* ---- The whole ---- */

static int
transport_init(struct raft_uv_transport *raft, raft_id id, const char *address)
{
	struct quorum_transport *transport = raft->impl;

	(void)address;
	transport->self = quorum_peers_find(transport->peers, (int64_t)id);
	return transport->self != NULL ? 0 : RAFT_BADID;
}

static void
on_listener_closed(uv_handle_t *handle)
{
	one_less_open(handle->data);
}

static void
transport_close(struct raft_uv_transport *raft, raft_uv_transport_close_cb closed)
{
	struct quorum_transport *transport = raft->impl;

	transport->closed = closed;
	transport->n_open++; /* so that it is called once, at the end */
	if (transport->listening)
		uv_close((uv_handle_t *)&transport->listener, on_listener_closed);
	while (transport->arrivals != NULL)
		arrival_end(transport->arrivals, "the server stops");
	for (struct quorum_departure *one = transport->departures; one != NULL; one = one->next) {
		if (one->resolving)
			uv_cancel((uv_req_t *)&one->resolve);
		else
			departure_fail(one, RAFT_CANCELED);
	}
	one_less_open(transport);
}

struct quorum_transport *
quorum_transport_new(struct raft_uv_transport *raft, uv_loop_t *loop,
    const struct quorum_peers *peers, const char *bind_address)
{
	struct quorum_transport *transport = mem_zalloc(sizeof *transport);

	*transport = (struct quorum_transport){
		.raft = raft, .loop = loop, .peers = peers, .bind_address = bind_address
	};
	*raft = (struct raft_uv_transport){
#ifdef RAFT_VERSION_NUMBER
		.version = 1,
#endif
		.impl = transport,
		.init = transport_init,
		.listen = transport_listen,
		.connect = transport_connect,
		.close = transport_close,
	};
	for (size_t i = 0; i < peers->n; i++)
		resolve_now(transport, i);
	return transport;
}

void
quorum_transport_free(struct quorum_transport *transport)
{
	free(transport);
}

uint64_t
quorum_transport_refused(const struct quorum_transport *transport)
{
	return transport->n_refused;
}
