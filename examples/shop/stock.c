/*
 * shop_stock: takes what was paid for from the shelf, and ships it. An item that is missing is
 * tried again by the broker's retries; an order that is still without its item after three of them
 * is a dead letter. The dead letters come back here, and the order is cancelled.
 *
 * A message may be delivered twice, so one copy may be shipped and another be a dead letter. The
 * row of the order decides: the first of the two writes it.
 */

#include "config.h"

#include "common/base/clock.h"
#include "examples/shop/shop.h"

#define ITEMS 20
#define PLENTY 1000000
#define SCARCE 1 /* two of it, and no more */
#define LATE 2   /* none at first; it comes when it is missed */
#define ATTEMPTS 4

static const char done_before[] = "SELECT id FROM shipments WHERE id = ?1";

static enum handled
ship(struct shop *shop, const struct shop_event *event)
{
	if (books_run_with(shop->books, done_before, BOOKS_NUMBERS(event->order)) != BOOKS_NOTHING)
		return HANDLED_BEFORE;
	if (books_run_with(shop->books,
		"UPDATE shelf SET quantity = quantity - ?2 WHERE item = ?1 AND quantity >= ?2 "
		"RETURNING item",
		BOOKS_NUMBERS(event->item, event->quantity)) == BOOKS_NOTHING) {
		books_run_with(shop->books,
		    "UPDATE shelf SET quantity = quantity + 1000, arrived = arrived + 1000 "
		    "WHERE item = ?1 AND item = 2",
		    BOOKS_NUMBERS(event->item));
		return NOT_NOW;
	}
	books_run_with(shop->books, "INSERT INTO shipments VALUES (?1, ?2, ?3, 'shipped')",
	    BOOKS_NUMBERS(event->order, event->item, event->quantity));
	shop_tell(shop, SHOP_ORDERS, "shipped", event);
	return HANDLED;
}

static enum handled
cancel(struct shop *shop, const struct shop_event *event)
{
	if (books_run_with(shop->books, done_before, BOOKS_NUMBERS(event->order)) != BOOKS_NOTHING)
		return HANDLED_BEFORE;
	books_run_with(shop->books, "INSERT INTO shipments VALUES (?1, ?2, ?3, 'cancelled')",
	    BOOKS_NUMBERS(event->order, event->item, event->quantity));
	shop_count(shop->books, "dead letters");
	shop_tell(shop, SHOP_ORDERS, "cancelled", event);
	return HANDLED;
}

static void
fill_shelf(struct shop *shop)
{
	for (int64_t item = 1; item <= ITEMS; item++)
		books_run_with(shop->books, "INSERT INTO shelf VALUES (?1, ?2, ?2)",
		    BOOKS_NUMBERS(item, item == SCARCE ? 2
					: item == LATE ? 0
						       : PLENTY));
}

int
main(int argc, char **argv)
{
	static const struct shop_desk desks[] = {
		{ .group = "shop-stock",
		    .topics = { SHOP_PAYMENTS },
		    .max_attempts = ATTEMPTS,
		    .handle = ship },
		{ .group = "shop-stock-dead", .topics = { "%DLQ%shop-stock" }, .handle = cancel },
		{ NULL },
	};
	static const struct shop_role role = {
		.file = "stock.db",
		.create = "CREATE TABLE shelf (item INTEGER PRIMARY KEY, arrived INTEGER NOT NULL,"
			  "	quantity INTEGER NOT NULL CHECK (quantity >= 0));"
			  "CREATE TABLE shipments (id INTEGER PRIMARY KEY, item INTEGER, quantity "
			  "INTEGER, state TEXT NOT NULL);",
		.open = fill_shelf,
		.desks = desks,
	};

	return shop_main(&role, argc, argv);
}
