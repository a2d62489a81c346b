#include "config.h"

/* An answer that stays open, over a real socket. */

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/http.h"

TestSuite(http_stream, .timeout = 120);

#define MAX_UNSENT 100000

/* What the handler and the test share. */
struct stream_rig {
	struct http_server *server;
	struct http_exchange *open;
	struct task task; /* of the test to the server's loop */
	sem_t began, gone, done;
	struct slice bytes;
	int result;
};

static void
on_gone(struct http_exchange *exchange)
{
	struct stream_rig *rig = http_context(exchange);

	http_stream_end(exchange);
	rig->open = NULL;
	sem_post(&rig->gone);
}

static void
serve_stream(struct http_exchange *exchange)
{
	struct stream_rig *rig = http_context(exchange);

	if (http_stream_begin(exchange, "text/event-stream", on_gone) == 0) {
		rig->open = exchange;
		http_stream_send(exchange, SLICE("first\n"), MAX_UNSENT);
	}
	sem_post(&rig->began);
}

static const struct http_route routes[] = {
	{ "GET", "/stream", HTTP_MAY_READ, NULL, serve_stream, .always = false },
	{ NULL },
};

static const struct http_route *const tables[] = { routes, NULL };

static void
rig_start(struct stream_rig *rig, int64_t request_time_ms)
{
	const struct http_options options = {
		.address = "127.0.0.1",
		.tables = tables,
		.max_connections = 10,
		.max_head_bytes = 4096,
		.max_body_bytes = 4096,
		.max_memory = 1000000,
		.request_time_ms = request_time_ms,
		.idle_ms = 60000,
		.context = rig,
	};

	sem_init(&rig->began, 0, 0);
	sem_init(&rig->gone, 0, 0);
	sem_init(&rig->done, 0, 0);
	rig->server = http_server_new(&options);
	cr_assert_not_null(rig->server);
	http_start(rig->server);
}

static void
rig_stop(struct stream_rig *rig)
{
	http_stop(rig->server);
	http_server_free(rig->server);
}

static int
ask(struct stream_rig *rig, const char *method)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)http_port(rig->server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char head[200];
	int size = 4096;
	int n =
	    snprintf(head, sizeof head, "%s /stream HTTP/1.1\r\nHost: localhost\r\n\r\n", method);

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	cr_assert_eq(send(fd, head, (size_t)n, 0), n);
	sem_wait(&rig->began);
	return fd;
}

/* Reads until the text came, or the end for NULL. */
static void
await(int fd, const char *text)
{
	struct buf got = { 0 };

	while (text == NULL || strstr(buf_text(&got), text) == NULL) {
		ssize_t n = recv(fd, buf_reserve(&got, 4096), 4096, 0);

		cr_assert_neq(n, -1);
		if (n == 0)
			break;
		got.len += (size_t)n;
	}
	if (text != NULL)
		cr_assert_not_null(strstr(buf_text(&got), text), "%s", buf_text(&got));
	buf_release(&got);
}

static void
run_send(struct task *task, void *receiver)
{
	struct stream_rig *rig =
	    (struct stream_rig *)((char *)task - offsetof(struct stream_rig, task));

	(void)receiver;
	rig->result = -1;
	if (rig->open != NULL && rig->bytes.data == NULL)
		http_stream_end(rig->open);
	else if (rig->open != NULL)
		rig->result = http_stream_send(rig->open, rig->bytes, MAX_UNSENT);
	sem_post(&rig->done);
}

static int
say(struct stream_rig *rig, struct slice bytes)
{
	rig->bytes = bytes;
	rig->task.run = run_send;
	loop_post(http_loop(rig->server), &rig->task);
	sem_wait(&rig->done);
	return rig->result;
}

Test(http_stream, bytes_come_until_the_end)
{
	struct stream_rig rig = { 0 };

	rig_start(&rig, 30000);
	int fd = ask(&rig, "GET");
	await(fd, "\r\n\r\nfirst\n");
	cr_assert_eq(say(&rig, SLICE("second\n")), 0);
	await(fd, "second\n");
	cr_assert_eq(say(&rig, SLICE("last\n")), 0);
	say(&rig, SLICE_NONE);
	await(fd, "last\n");
	await(fd, NULL);
	close(fd);
	rig_stop(&rig);
	cr_assert_eq(sem_trywait(&rig.gone), -1);
}

Test(http_stream, a_client_that_leaves)
{
	struct stream_rig rig = { 0 };

	rig_start(&rig, 30000);
	int fd = ask(&rig, "GET");
	await(fd, "first\n");
	close(fd);
	sem_wait(&rig.gone);
	cr_assert_eq(say(&rig, SLICE("x")), -1);
	fd = ask(&rig, "HEAD");
	await(fd, "text/event-stream");
	await(fd, NULL);
	close(fd);
	fd = ask(&rig, "GET"); /* open until the server's end */
	rig_stop(&rig);
	sem_wait(&rig.gone);
	close(fd);
}

Test(http_stream, a_client_that_does_not_read)
{
	struct stream_rig rig = { 0 };
	char *much = calloc(1, 50000);
	int n = 0;

	rig_start(&rig, 30000);
	int fd = ask(&rig, "GET");
	while (n < 10000 && say(&rig, (struct slice){ much, 50000 }) == 0)
		n++;
	cr_assert_lt(n, 10000);
	sem_wait(&rig.gone);
	cr_assert_eq(http_counts(rig.server).late, 1);
	cr_assert_eq(http_counts(rig.server).memory, 0);
	close(fd);
	rig_stop(&rig);

	rig_start(&rig, 200); /* little is unsent, but for too long */
	fd = ask(&rig, "GET");
	while (sem_trywait(&rig.gone) == -1) {
		if (http_counts(rig.server).memory == 0)
			say(&rig, (struct slice){ much, 20000 });
		poll(NULL, 0, 1);
	}
	cr_assert_eq(http_counts(rig.server).late, 1);
	close(fd);
	rig_stop(&rig);
	free(much);
}
