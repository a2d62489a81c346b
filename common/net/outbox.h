#ifndef COMMON_OUTBOX_H
#define COMMON_OUTBOX_H

/*
 * What a connection has to send: bytes of its own, and between them parts that
 * are sent from where they lie. The owner appends to `bytes` and then calls
 * outbox_appended. { 0 } is an empty one. One thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "common/base/buf.h"

/* Bytes that are sent from where they are; `owner` is released when they left, or never will. */
struct body_part {
	const char *data;
	size_t len;
	void *owner;
	void (*release)(void *owner); /* on the loop's thread; NULL: nothing to release */
};

struct outbox_part {
	struct body_part body;
	uint64_t at; /* how many bytes of our own, of all ever appended, go before it */
};

struct outbox {
	struct outbox *next; /* in a pool */
	struct buf bytes;
	size_t sent;      /* of bytes */
	uint64_t dropped; /* bytes that were sent and are not in `bytes` any more */
	struct outbox_part *parts;
	size_t n_parts;
	size_t cap_parts;
	size_t first_part; /* sent ones go before it */
	size_t part_sent;  /* of the first one */
	size_t unsent;     /* of all */
};

void body_part_release(const struct body_part *part);

/* Releases the parts and forgets all; memory is kept for the next user. */
void outbox_clear(struct outbox *box);
void outbox_release(struct outbox *box);
/* Memory that it holds. */
size_t outbox_size(const struct outbox *box);
/* n bytes were appended to box->bytes. */
void outbox_appended(struct outbox *box, size_t n);
/* The part follows what was appended so far. */
void outbox_add_part(struct outbox *box, const struct body_part *part);
/* What is to be sent next, at most max pieces; how many there are. */
int outbox_gather(const struct outbox *box, struct iovec *pieces, int max);
/* n bytes of what was gathered have left. */
void outbox_sent(struct outbox *box, size_t n);

enum outbox_status {
	OUTBOX_EMPTY,   /* all has left */
	OUTBOX_BLOCKED, /* the socket takes no more for now */
	OUTBOX_FAILED,  /* errno says why */
};

/*
 * Sends what the non-blocking socket takes. pieces: IOV_MAX of them, scratch.
 * *progress is set when anything left.
 */
enum outbox_status outbox_send(struct outbox *box, int fd, struct iovec *pieces, bool *progress);

/* Empty outboxes to lend, so that a connection with nothing to send holds no memory. */
struct outbox_pool {
	struct outbox *spare;
	size_t n_spare;
};

/* The caller owns it until outbox_put. */
struct outbox *outbox_take(struct outbox_pool *pool);
void outbox_put(struct outbox_pool *pool, struct outbox *box);
void outbox_pool_release(struct outbox_pool *pool);

#endif
