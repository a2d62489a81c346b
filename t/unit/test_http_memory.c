#include "config.h"

/* max_memory holds for answers that clients asked for while there was room, over real sockets. */

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/http.h"

TestSuite(http_memory, .timeout = 120);

#define LARGE (24 << 20) /* more than the buffers of a socket take */
#define MAX_MEMORY (LARGE + LARGE / 2)

static void
serve_large(struct http_exchange *exchange)
{
	struct buf body = { 0 };

	memset(buf_reserve(&body, LARGE), 'x', LARGE);
	body.len = LARGE;
	http_add_field(exchange, "X-Large", SLICE("yes"));
	http_answer(exchange, 200, "text/plain", &body);
}

static const struct http_route routes[] = {
	{ "GET", "/large", 0, NULL, serve_large, .always = false },
	{ NULL },
};

static const struct http_route *const tables[] = { routes, NULL };

static struct http_server *
start(void)
{
	const struct http_options options = {
		.address = "127.0.0.1",
		.tables = tables,
		.max_connections = 10,
		.max_head_bytes = 4096,
		.max_body_bytes = 4096,
		.max_memory = MAX_MEMORY,
		.request_time_ms = 60000,
		.idle_ms = 60000,
	};
	struct http_server *server = http_server_new(&options);

	cr_assert_not_null(server);
	http_start(server);
	return server;
}

static int
ask(struct http_server *server)
{
	static const char head[] = "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)http_port(server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int size = 4096;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	cr_assert_eq(send(fd, head, sizeof head - 1, 0), sizeof head - 1);
	return fd;
}

/* The first bytes of an answer. */
static void
read_head(int fd, char *head, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len + 1 < size && (n = recv(fd, head + len, size - 1 - len, 0)) > 0) {
		len += (size_t)n;
		head[len] = '\0';
		if (strstr(head, "\r\n\r\n") != NULL)
			break;
	}
	head[len] = '\0';
}

Test(http_memory, an_answer_without_room_is_a_503)
{
	struct http_server *server = start();
	char head[1000];
	int first = ask(server), second;

	read_head(first, head, sizeof head);
	cr_assert_eq(strncmp(head, "HTTP/1.1 200 ", 13), 0, "%s", head);
	cr_assert_gt(http_counts(server).memory, LARGE, "it waits for its reader");

	second = ask(server);
	read_head(second, head, sizeof head);
	cr_assert_eq(strncmp(head, "HTTP/1.1 503 ", 13), 0, "%s", head);
	cr_assert_not_null(strstr(head, "Retry-After: 1"));
	cr_assert_null(strstr(head, "X-Large"), "the fields of the other answer do not stay");
	cr_assert_leq(http_counts(server).memory, MAX_MEMORY);

	close(first);
	while (http_counts(server).connections > 1)
		poll(NULL, 0, 5);
	close(second);
	second = ask(server);
	read_head(second, head, sizeof head);
	cr_assert_eq(strncmp(head, "HTTP/1.1 200 ", 13), 0, "with room again: %s", head);
	close(second);
	http_stop(server);
	http_server_free(server);
}
