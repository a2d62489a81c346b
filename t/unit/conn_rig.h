#ifndef T_UNIT_CONN_RIG_H
#define T_UNIT_CONN_RIG_H

/* One connection between a socket of the test and a loop on its thread, and what may happen to it.
 */

#include <stdio.h>

#include "common/net/conn.h"
#include "t/unit/net_util.h"

#define LARGE_ANSWER 65536

struct rig {
	struct loop loop;
	int listener;
	int port;
	int fd;            /* the peer's end */
	struct conn *conn; /* ours; NULL once closed */
	struct buf in;     /* what the peer received */
	size_t last_size;  /* of its last frame */
	void (*handle)(struct rig *rig, const struct command *command, struct slice body);
	int n_requests;
	int n_closed;
	char why[64];       /* of on_close */
	char connected[64]; /* of on_connect */
	int n_replies;
	int n_failed;
	int n_released;
};

static inline void
on_request(struct conn *conn, const struct command *command, struct slice body)
{
	struct rig *rig = conn_context(conn);

	rig->n_requests++;
	if (rig->handle != NULL)
		rig->handle(rig, command, body);
}

static inline void
on_close(struct conn *conn, const char *why)
{
	struct rig *rig = conn_context(conn);

	rig->n_closed++;
	snprintf(rig->why, sizeof rig->why, "%s", why);
	if (rig->conn == conn)
		rig->conn = NULL;
}

static const struct conn_events events = { .on_request = on_request, .on_close = on_close };

static inline void
rig_connect(struct rig *rig)
{
	rig->fd = net_connect(rig->port);
	int accepted = accept4(rig->listener, NULL, NULL, SOCK_NONBLOCK);

	cr_assert_neq(accepted, -1);
	rig->conn = conn_accept(&rig->loop, accepted, rig->port, NULL, &events, rig);
}

static inline void
rig_init(struct rig *rig)
{
	*rig = (struct rig){ 0 };
	loop_init(&rig->loop, 3);
	rig->listener = net_listen(&rig->port);
	rig_connect(rig);
}

static inline void
rig_release(struct rig *rig)
{
	loop_release(&rig->loop);
	buf_release(&rig->in);
	close(rig->fd);
	close(rig->listener);
}

static inline struct frame
next_frame(struct rig *rig)
{
	return net_next_frame(&rig->loop, rig->fd, &rig->in, &rig->last_size);
}

/* The opaque of each request is its number, the body its text. */
static inline void
check_order(struct rig *rig, const struct command *command, struct slice body)
{
	char text[32];

	snprintf(text, sizeof text, "body %d", command->opaque);
	cr_assert_eq(command->opaque, rig->n_requests);
	cr_assert(slice_is(body, text));
}

static inline void
put_numbered(struct buf *out, int n)
{
	char text[32];

	for (int i = 1; i <= n; i++) {
		snprintf(text, sizeof text, "body %d", i);
		net_put_request(out, 10, i, 0, slice_of(text));
	}
}

static inline void
on_reply(void *arg, const struct command *reply, struct slice body)
{
	struct rig *rig = arg;

	if (reply == NULL) {
		rig->n_failed++;
		return;
	}
	rig->n_replies++;
	cr_assert_eq(reply->code, 0);
	cr_assert(slice_is(body, "pong"));
}

static char large_reply[LARGE_ANSWER];

static inline void
count_release(void *owner)
{
	((struct rig *)owner)->n_released++;
}

static inline void
reply_large(struct rig *rig, const struct command *command, struct slice body)
{
	const struct command reply = { .opaque = command->opaque, .flag = COMMAND_FLAG_RESPONSE };
	const struct body_part part = { large_reply, LARGE_ANSWER, rig, count_release };

	conn_send(rig->conn, &reply, body, &part, 1);
}

#endif
