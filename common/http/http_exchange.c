#include "config.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/http/http_private.h"
#include "common/json/json.h"

#define SMALL_BODY 16384 /* is copied behind the head, for one system call and one packet */

/* ---- life ------------------------------------------------------------ */

static bool
is_id(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!isalnum((unsigned char)text.data[i]) && strchr("-_.:", text.data[i]) == NULL)
			return false;
	return text.len != 0 && text.len <= HTTP_ID_MAX;
}

struct http_exchange *
http_exchange_new(struct http_conn *conn, struct slice head)
{
	struct http_server *server = conn->server;
	struct http_exchange *exchange = mem_zalloc(sizeof *exchange);
	struct http_refusal refusal;

	exchange->server = server;
	exchange->conn = conn;
	conn->exchange = exchange;
	server->n_exchanges++;
	LIST_INSERT_HEAD(&server->exchanges, exchange, in_all);
	exchange->id = arena_printf(
	    &exchange->arena, "%016" PRIx64 "-%" PRIx64, server->id_begin, server->id_next++);
	if (head.data == NULL)
		return exchange;
	head = arena_copy(&exchange->arena, head);
	bool good = http_request_read(head, &exchange->arena, &exchange->request, &refusal) == 0;
	struct slice id = http_request_field(&exchange->request, "X-Request-Id");

	if (id.data != NULL && is_id(id))
		exchange->id = id;
	if (good)
		return exchange;
	http_exchange_refuse(exchange, &refusal);
	return NULL;
}

void
http_exchange_free(struct http_exchange *exchange)
{
	exchange->server->n_exchanges--;
	LIST_REMOVE(exchange, in_all);
	buf_release(&exchange->extra);
	buf_release(&exchange->body);
	arena_release(&exchange->arena);
	free(exchange);
}

/* ---- what handlers ask ----------------------------------------------- */

void *
http_context(const struct http_exchange *exchange)
{
	return exchange->server->options.context;
}

struct slice
http_part(const struct http_exchange *exchange, int n)
{
	struct slice rest = slice_of(exchange->route->path + 1), part;

	for (size_t i = 0; slice_next(&rest, '/', &part); i++)
		if (part.len != 0 && part.data[0] == '{' && n-- == 0)
			return exchange->request.segments[i];
	return SLICE_NONE;
}

int
http_number(struct http_exchange *exchange, const char *name, int64_t min, int64_t max,
    int64_t absent, int64_t *value)
{
	struct slice text = http_request_parameter(&exchange->request, name);

	*value = absent;
	if (text.data == NULL ||
	    (slice_to_int64(text, value) == 0 && *value >= min && *value <= max))
		return 0;
	http_problem(
	    exchange, 400, "%s must be a number from %" PRId64 " to %" PRId64 ".", name, min, max);
	return -1;
}

void
http_peer(const struct http_exchange *exchange, struct sockaddr_storage *address)
{
	socklen_t len = sizeof *address;

	memset(address, 0, sizeof *address);
	if (exchange->conn != NULL)
		getpeername(exchange->conn->fd, (struct sockaddr *)address, &len);
}

/* ---- to other loops and back ----------------------------------------- */

static void
run_step(struct task *task, void *receiver)
{
	struct http_exchange *exchange = container_of(task, struct http_exchange, task);

	exchange->step(exchange, receiver);
}

void
http_go(struct http_exchange *exchange, struct loop *loop,
    void (*step)(struct http_exchange *exchange, struct loop *loop))
{
	exchange->step = step;
	exchange->task.run = run_step;
	loop_post(loop, &exchange->task);
}

void
http_return(
    struct http_exchange *exchange, void (*step)(struct http_exchange *exchange, struct loop *loop))
{
	http_go(exchange, &exchange->server->loop, step);
}

/* ---- answers --------------------------------------------------------- */

static const struct http_status {
	int status;
	const char *title;
} statuses[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 411, "Length Required" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
};

static const char *
title_of(int status)
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].status == status)
			return statuses[i].title;
	return "Status";
}

void
http_add_field(struct http_exchange *exchange, const char *name, struct slice value)
{
	struct buf *extra = &exchange->extra;

	buf_append_text(extra, name);
	buf_append_text(extra, ": ");
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.data[i];

		buf_append_char(extra, c < ' ' || c == 0x7f ? ' ' : (char)c);
	}
	buf_append_text(extra, "\r\n");
}

#define LENGTH_UNKNOWN SIZE_MAX /* of an answer that stays open */

static void
write_head(const struct http_exchange *exchange, int status, const char *content_type, size_t len)
{
	struct http_conn *conn = exchange->conn;
	struct buf *out = &conn->out[0];

	buf_printf(out, "HTTP/1.1 %d %s\r\n", status, title_of(status));
	buf_printf(out, "X-Request-Id: %.*s\r\n", (int)exchange->id.len, exchange->id.data);
	if (status != 204 && status != 304)
		buf_printf(out, "Content-Type: %s\r\n", content_type);
	if (status != 204 && status != 304 && len != LENGTH_UNKNOWN)
		buf_printf(out, "Content-Length: %zu\r\n", len);
	buf_printf(out, "Cache-Control: %s\r\nX-Content-Type-Options: nosniff\r\n",
	    exchange->cache_control != NULL ? exchange->cache_control : "no-store");
	buf_append_slice(out, buf_slice(&exchange->extra));
	if (conn->last)
		buf_append_text(out, "Connection: close\r\n");
	buf_append_text(out, "\r\n");
}

/* A crowd whose requests were taken while there was memory must not get more of it together. */
static bool
answer_fits(const struct http_conn *conn, size_t len)
{
	const struct http_server *server = conn->server;

	return len <= SMALL_BODY || atomic_load(&server->memory) - conn->charged + (int64_t)len <=
	                                server->options.max_memory;
}

void
http_answer(struct http_exchange *exchange, int status, const char *content_type, struct buf *body)
{
	struct http_server *server = exchange->server;
	struct http_conn *conn = exchange->conn;
	bool no_body = slice_is(exchange->request.method, "HEAD");

	if (conn != NULL && !no_body && !answer_fits(conn, body->len)) {
		buf_release(body);
		buf_release(&exchange->extra);
		http_add_field(exchange, "Retry-After", SLICE("1"));
		http_problem(exchange, 503, "The server has no memory left for this answer.");
		return;
	}
	atomic_fetch_add(&server->n_requests, 1);
	if (status >= 400)
		atomic_fetch_add(&server->n_refused, 1);
	if (conn == NULL) {
		buf_release(body);
		http_exchange_free(exchange);
		return;
	}
	/* What follows a body is a request only when the body has come. */
	if (!exchange->request.keep_alive ||
	    (exchange->request.body_bytes != 0 && conn->state != HTTP_CONN_SERVE))
		conn->last = true;
	write_head(exchange, status, content_type, body->len);
	if (body->len <= SMALL_BODY && !no_body)
		buf_append_slice(&conn->out[0], buf_slice(body));
	if (body->len <= SMALL_BODY || no_body)
		buf_release(body);
	conn->out[1] = *body;
	*body = (struct buf){ 0 };
	conn->exchange = NULL;
	http_exchange_free(exchange);
	http_conn_answered(conn);
}

int
http_stream_begin(struct http_exchange *exchange, const char *content_type,
    void (*on_gone)(struct http_exchange *exchange))
{
	struct http_conn *conn = exchange->conn;

	atomic_fetch_add(&exchange->server->n_requests, 1);
	if (conn == NULL) {
		http_exchange_free(exchange);
		return -1;
	}
	conn->last = true;
	write_head(exchange, 200, content_type, LENGTH_UNKNOWN);
	if (slice_is(exchange->request.method, "HEAD")) {
		conn->exchange = NULL;
		http_exchange_free(exchange);
		http_conn_answered(conn);
		return -1;
	}
	exchange->on_gone = on_gone;
	http_conn_stream(conn);
	return 0;
}

int
http_stream_send(struct http_exchange *exchange, struct slice bytes, size_t max_unsent_bytes)
{
	if (atomic_load(&exchange->gone) || exchange->conn == NULL || exchange->conn->dead)
		return -1;
	return http_conn_stream_more(exchange->conn, bytes, max_unsent_bytes);
}

void
http_stream_end(struct http_exchange *exchange)
{
	struct http_conn *conn = exchange->conn;

	http_exchange_free(exchange);
	if (conn == NULL)
		return;
	conn->exchange = NULL;
	if (!conn->dead)
		http_conn_end_stream(conn);
}

void
http_answer_json(struct http_exchange *exchange, int status, struct buf *body)
{
	http_answer(exchange, status, "application/json", body);
}

static void
answer_problem(struct http_exchange *exchange, int status, struct slice detail)
{
	struct buf body = { 0 };
	struct json_out out;

	json_out_init(&out, &body);
	json_open_object(&out);
	json_member_put_text(&out, "type", "about:blank");
	json_member_put_text(&out, "title", title_of(status));
	json_member_put_int(&out, "status", status);
	json_member_put_slice(&out, "detail", detail);
	json_member_put_slice(&out, "requestId", exchange->id);
	json_close_object(&out);
	http_answer(exchange, status, "application/problem+json", &body);
}

void
http_problem(struct http_exchange *exchange, int status, const char *format, ...)
{
	struct slice detail;
	va_list args;

	va_start(args, format);
	detail = arena_vprintf(&exchange->arena, format, args);
	va_end(args);
	answer_problem(exchange, status, detail);
}

void
http_exchange_refuse(struct http_exchange *exchange, const struct http_refusal *refusal)
{
	exchange->conn->last = true;
	answer_problem(exchange, refusal->status, slice_of(refusal->why));
}
