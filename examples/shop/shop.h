#ifndef SHOP_SHOP_H
#define SHOP_SHOP_H

/*
 * What the four programs of the shop share. Each has an SQLite database, its books, and tells the
 * others what happened by events: messages about an order.
 *
 * An event is written to the outbox in the transaction that made it happen, and sent from there
 * until a broker has it; so it may be sent twice, but is never lost. An event that comes is handled
 * in one transaction with what it changes. Each handler knows by the order's number what it did
 * before, so an event that comes twice changes nothing. One thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "client/twinmq_consumer.h"
#include "examples/common/books.h"
#include "examples/common/program.h"

/* Topics. The events of an order on SHOP_ORDERS share a queue, and are handled in their order. */
#define SHOP_ORDERS "ShopOrders"     /* created, refused, shipped, cancelled */
#define SHOP_PAYMENTS "ShopPayments" /* paid */

struct shop_event {
	int64_t order; /* 1, 2 ... */
	int64_t customer, item, quantity;
	int64_t amount;    /* coins */
	struct slice kind; /* "created" and so on: the tag of the message */
};

enum handled {
	HANDLED,
	HANDLED_BEFORE, /* nothing has changed */
	NOT_NOW,        /* nothing has changed: the event comes again */
};

struct shop;

/* The events of these topics, for one group. */
struct shop_desk {
	const char *group;
	const char *topics[2]; /* NULL: none */
	bool ordered;
	int max_attempts; /* 0: no limit */
	enum handled (*handle)(struct shop *shop, const struct shop_event *event);
};

struct shop_role {
	const char *file;   /* of the books */
	const char *create; /* SQL for new books, beside the tables of all: outbox, counters */
	/* More of the opening, in a transaction; NULL: nothing. */
	void (*open)(struct shop *shop);
	const struct shop_desk *desks; /* the last one has no group */
	/* Before the first message, and every 20 ms; NULL: nothing. */
	void (*begin)(struct shop *shop);
	void (*tick)(struct shop *shop);
	void (*end)(struct shop *shop);
};

struct outbox_send;

#define OUTBOX_WINDOW 8

struct shop {
	const struct shop_role *role;
	const struct program_flags *flags;
	struct twinmq *mq;
	sqlite3 *books;
	struct slice ledger;
	struct arena arena;
	void *context; /* of the role */
	/* internal */
	struct producer *producer;
	struct timer tick;
	int64_t in_flight[OUTBOX_WINDOW]; /* rows of the outbox; 0: none */
	bool closing;
};

/* Runs "open" or "serve" as the command line says. Returns the exit status. */
int shop_main(const struct shop_role *role, int argc, char **argv);
/* In a transaction: the event will be sent. */
void shop_tell(
    struct shop *shop, const char *topic, const char *kind, const struct shop_event *event);
/* In a transaction: counts what the closing table shows. */
void shop_count(sqlite3 *books, const char *name);
/* The body and the key of the message; and back: 0, or -1 when it is not of this ledger. */
struct slice shop_event_body(struct arena *arena, const struct shop_event *event);
int shop_event_read(const struct record *record, struct slice ledger, struct arena *arena,
    struct shop_event *event);
/* True in `percent` of the cases; the same for the same numbers. */
bool shop_happens(const struct shop *shop, int64_t id, int64_t which, int64_t percent);
/* Dies with the chance of the command line: -k. */
void shop_may_die(struct shop *shop, int64_t id);

#endif
