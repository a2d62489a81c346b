#include "config.h"

#include "t/lib/raw.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"

static int
fail(const char **why, const char *text)
{
	*why = text;
	return -1;
}

int
raw_open(struct raw *raw, const char *address, int timeout_ms, const char **why)
{
	const char *colon = strrchr(address, ':');
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	char host[256];
	int result;

	*raw = (struct raw){ .fd = -1, .timeout_ms = timeout_ms };
	if (colon == NULL || (size_t)(colon - address) >= sizeof host)
		return fail(why, "the address is no HOST:PORT");
	snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
	if (getaddrinfo(host, colon + 1, &hints, &list) != 0)
		return fail(why, "the address cannot be looked up");
	raw->fd = socket(list->ai_family, list->ai_socktype | SOCK_CLOEXEC, list->ai_protocol);
	result = connect(raw->fd, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return result == 0 ? 0 : fail(why, strerror(errno));
}

void
raw_close(struct raw *raw)
{
	if (raw->fd != -1)
		close(raw->fd);
	buf_release(&raw->in);
}

int
raw_send(struct raw *raw, struct slice bytes, const char **why)
{
	while (bytes.len > 0) {
		ssize_t n = send(raw->fd, bytes.data, bytes.len, MSG_NOSIGNAL);

		if (n == -1)
			return fail(why, strerror(errno));
		bytes.data += n;
		bytes.len -= (size_t)n;
	}
	return 0;
}

int
raw_receive(struct raw *raw, struct frame *frame, const char **why)
{
	int64_t end = clock_mono_ms() + raw->timeout_ms;
	struct pollfd readable = { raw->fd, POLLIN, 0 };
	size_t need;

	buf_drain(&raw->in, raw->taken);
	raw->taken = 0;
	for (;;) {
		enum frame_status status = frame_read(raw->in.data, raw->in.len, frame, &need);
		int64_t left = end - clock_mono_ms();
		ssize_t n;

		if (status == FRAME_OK) {
			raw->taken = frame->size;
			return 0;
		}
		if (status == FRAME_BAD)
			return fail(why, "the answer is no frame");
		if (left <= 0 || poll(&readable, 1, (int)left) == 0)
			return fail(why, "no answer in time");
		n = read(raw->fd, buf_reserve(&raw->in, 65536), 65536);
		if (n <= 0)
			return fail(why, "connection closed");
		raw->in.len += (size_t)n;
	}
}
