#ifndef COMMON_OUTBOX_H
#define COMMON_OUTBOX_H

/*
 * The unsent output of a connection: bytes of its own, and between them parts
 * that are sent from where they are. The owner appends to `bytes` and then
 * calls outbox_appended. { 0 } is an empty outbox. One thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "common/base/buf.h"

/* Bytes that are sent from where they are. `owner` is released once they are sent or dropped. */
struct body_part {
	const char *data;
	size_t len;
	void *owner;
	void (*release)(void *owner); /* on the loop's thread; NULL: nothing to release */
};

struct outbox_part {
	struct body_part body;
	uint64_t at; /* own bytes before it, counted since the outbox was empty */
};

struct outbox {
	struct outbox *next; /* in a pool */
	struct buf bytes;
	size_t sent;      /* of bytes */
	uint64_t dropped; /* sent bytes that are no longer in `bytes` */
	struct outbox_part *parts;
	size_t n_parts;
	size_t cap_parts;
	size_t first_part; /* sent ones go before it */
	size_t part_sent;  /* of the first one */
	size_t unsent;     /* of all */
};

void body_part_release(const struct body_part *part);

/* Releases the parts and empties the outbox; keeps the memory for the next user. */
void outbox_clear(struct outbox *box);
void outbox_release(struct outbox *box);
/* Bytes of memory that it holds, without those that parts point to. */
size_t outbox_size(const struct outbox *box);
/* n bytes were appended to box->bytes. */
void outbox_appended(struct outbox *box, size_t n);
/* The part follows what was appended so far. */
void outbox_add_part(struct outbox *box, const struct body_part *part);
/* The next pieces to send, at most max; returns their number. */
int outbox_gather(const struct outbox *box, struct iovec *pieces, int max);
/* n bytes of the gathered pieces were sent. */
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
