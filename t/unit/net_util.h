#ifndef T_UNIT_NET_UTIL_H
#define T_UNIT_NET_UTIL_H

/*
 * For the tests of connections: the loop runs on the test's own thread, so each
 * step is determined, and the peer is a plain socket.
 */

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/net/loop.h"
#include "common/protocol/command.h"

struct wake {
	struct timer timer;
	struct loop *loop;
};

static inline void
on_wake(struct timer *timer)
{
	loop_stop(((struct wake *)timer)->loop);
}

/* Handles all that is ready; waits up to wait_ms for something else to happen. */
static inline void
net_step(struct loop *loop, int wait_ms)
{
	struct wake wake = { { 0, on_wake, 0 }, loop };

	if (wait_ms == 0)
		loop_stop(loop);
	else
		loop_set_timer(loop, &wake.timer, clock_mono_ms() + wait_ms);
	loop_run(loop);
	loop_drop_timer(loop, &wake.timer);
}

/* Runs the loop until it is so. */
#define NET_UNTIL(loop, condition)                                                                 \
	do {                                                                                       \
		int64_t net_end_ms = clock_mono_ms() + 20000;                                      \
		while (!(condition)) {                                                             \
			cr_assert(                                                                 \
			    clock_mono_ms() < net_end_ms, "waited in vain for %s", #condition);    \
			net_step(loop, 1);                                                         \
		}                                                                                  \
	} while (false)

static inline int
net_listen(int *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	cr_assert_eq(listen(fd, 1024), 0);
	getsockname(fd, (struct sockaddr *)&address, &len);
	*port = ntohs(address.sin_port);
	return fd;
}

/* A non-blocking socket that is connected to 127.0.0.1:port. */
static inline int
net_connect(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	cr_assert_eq(evutil_make_socket_nonblocking(fd), 0);
	return fd;
}

/* Sends all, while the loop takes it. */
static inline void
net_send(struct loop *loop, int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len != 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n == -1) {
			cr_assert_eq(errno, EAGAIN, "send: %s", strerror(errno));
			net_step(loop, 1);
			continue;
		}
		at += n;
		len -= (size_t)n;
	}
	net_step(loop, 0);
}

/* Reads all that is there into `in`; false when the peer has closed. */
static inline bool
net_receive(int fd, struct buf *in)
{
	ssize_t n;

	while ((n = recv(fd, buf_reserve(in, 1u << 20), 1u << 20, 0)) > 0)
		in->len += (size_t)n;
	return n == -1 && errno == EAGAIN;
}

static inline bool
net_has_frame(int fd, struct buf *in, struct frame *frame)
{
	bool open = net_receive(fd, in);
	size_t need;

	if (in->len != 0 && frame_read(in->data, in->len, frame, &need) == FRAME_OK)
		return true;
	cr_assert(open, "closed, but a frame was expected");
	return false;
}

/* The next frame; the one before it is gone then. */
static inline struct frame
net_next_frame(struct loop *loop, int fd, struct buf *in, size_t *last_size)
{
	struct frame frame;

	buf_drain(in, *last_size);
	NET_UNTIL(loop, net_has_frame(fd, in, &frame));
	*last_size = frame.size;
	return frame;
}

static inline bool
net_is_closed(int fd)
{
	struct buf in = { 0 };
	bool closed = !net_receive(fd, &in);

	buf_release(&in);
	return closed;
}

static inline void
net_put_request(struct buf *out, int32_t code, int32_t opaque, uint32_t flag, struct slice body)
{
	const struct command command = { .code = code, .opaque = opaque, .flag = flag };

	command_encode(out, &command, body, body.len);
}

#endif
