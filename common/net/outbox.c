#include "config.h"

#include "common/net/outbox.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/mem.h"

#define FIRST_PARTS 16
#define SPARE_OUTBOXES 16
#define SPARE_OUTBOX_BYTES (64u << 10)

void
body_part_release(const struct body_part *part)
{
	if (part->release != NULL)
		part->release(part->owner);
}

void
outbox_clear(struct outbox *box)
{
	for (size_t i = box->first_part; i < box->n_parts; i++)
		body_part_release(&box->parts[i].body);
	box->bytes.len = 0;
	box->sent = 0;
	box->dropped = 0;
	box->n_parts = 0;
	box->first_part = 0;
	box->part_sent = 0;
	box->unsent = 0;
}

void
outbox_release(struct outbox *box)
{
	outbox_clear(box);
	buf_release(&box->bytes);
	free(box->parts);
	*box = (struct outbox){ 0 };
}

size_t
outbox_size(const struct outbox *box)
{
	return box->bytes.cap + box->cap_parts * sizeof *box->parts;
}

void
outbox_appended(struct outbox *box, size_t n)
{
	box->unsent += n;
}

void
outbox_add_part(struct outbox *box, const struct body_part *part)
{
	if (part->len == 0) {
		body_part_release(part);
		return;
	}
	if (box->n_parts == box->cap_parts) {
		box->cap_parts = box->cap_parts != 0 ? box->cap_parts * 2 : FIRST_PARTS;
		box->parts = mem_realloc(box->parts, box->cap_parts * sizeof *box->parts);
	}
	box->parts[box->n_parts++] =
	    (struct outbox_part){ .body = *part, .at = box->dropped + box->bytes.len };
	box->unsent += part->len;
}

/* How many of our bytes go before the first part, or in all. */
static size_t
bytes_before(const struct outbox *box, size_t part)
{
	if (part == box->n_parts)
		return box->bytes.len;
	return (size_t)(box->parts[part].at - box->dropped);
}

int
outbox_gather(const struct outbox *box, struct iovec *pieces, int max)
{
	size_t at = box->sent;
	size_t skip = box->part_sent;
	int n = 0;

	for (size_t i = box->first_part; n < max; i++) {
		size_t until = bytes_before(box, i);

		if (until > at)
			pieces[n++] = (struct iovec){ box->bytes.data + at, until - at };
		if (i == box->n_parts || n == max)
			break;
		const struct body_part *body = &box->parts[i].body;
		/* The kernel only reads; iovec has no const. */
		char *data = (char *)(uintptr_t)body->data;

		pieces[n++] = (struct iovec){ data + skip, body->len - skip };
		at = until;
		skip = 0;
	}
	return n;
}

/* Forgets what has left, when that is worth the move of the rest. */
static void
compact(struct outbox *box)
{
	if (box->sent > box->bytes.len / 2) {
		box->dropped += box->sent;
		buf_drain(&box->bytes, box->sent);
		box->sent = 0;
	}
	if (box->first_part > box->n_parts / 2) {
		box->n_parts -= box->first_part;
		memmove(
		    box->parts, box->parts + box->first_part, box->n_parts * sizeof *box->parts);
		box->first_part = 0;
	}
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void
outbox_sent(struct outbox *box, size_t n)
{
	box->unsent -= n;
	while (n != 0) {
		size_t own = least(n, bytes_before(box, box->first_part) - box->sent);

		box->sent += own;
		n -= own;
		if (n == 0)
			break;
		const struct body_part *body = &box->parts[box->first_part].body;
		size_t some = least(n, body->len - box->part_sent);

		box->part_sent += some;
		n -= some;
		if (box->part_sent == body->len) {
			body_part_release(body);
			box->first_part++;
			box->part_sent = 0;
		}
	}
	compact(box);
}

enum outbox_status
outbox_send(struct outbox *box, int fd, struct iovec *pieces, bool *progress)
{
	while (box->unsent != 0) {
		int n = outbox_gather(box, pieces, IOV_MAX);
		struct msghdr message = { .msg_iov = pieces, .msg_iovlen = (size_t)n };
		ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1)
			return errno == EAGAIN ? OUTBOX_BLOCKED : OUTBOX_FAILED;
		*progress = true;
		outbox_sent(box, (size_t)sent);
		if (n < IOV_MAX && box->unsent != 0)
			return OUTBOX_BLOCKED;
	}
	return OUTBOX_EMPTY;
}

struct outbox *
outbox_take(struct outbox_pool *pool)
{
	struct outbox *box = pool->spare;

	if (box == NULL)
		return mem_zalloc(sizeof *box);
	pool->spare = box->next;
	pool->n_spare--;
	return box;
}

static void
outbox_free(struct outbox *box)
{
	outbox_release(box);
	free(box);
}

void
outbox_put(struct outbox_pool *pool, struct outbox *box)
{
	if (pool->n_spare >= SPARE_OUTBOXES || outbox_size(box) > SPARE_OUTBOX_BYTES) {
		outbox_free(box);
		return;
	}
	outbox_clear(box);
	box->next = pool->spare;
	pool->spare = box;
	pool->n_spare++;
}

void
outbox_pool_release(struct outbox_pool *pool)
{
	for (struct outbox *box = pool->spare, *next; box != NULL; box = next) {
		next = box->next;
		outbox_free(box);
	}
	*pool = (struct outbox_pool){ 0 };
}
