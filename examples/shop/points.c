/*
 * shop_points: a point for each coin that was paid, taken back when the order is cancelled. The two
 * events are on different topics, so they may come in either order: each has a column of the
 * order's row.
 */

#include "config.h"

#include "examples/shop/shop.h"

static enum handled
handle(struct shop *shop, const struct shop_event *event)
{
	int64_t changed;

	if (slice_is(event->kind, "paid"))
		changed = books_run_with(shop->books,
		    "INSERT INTO points VALUES (?1, ?2, ?3, 0) ON CONFLICT DO UPDATE SET "
		    "earned = excluded.earned WHERE earned = 0 RETURNING id",
		    BOOKS_NUMBERS(event->order, event->customer, event->amount));
	else if (slice_is(event->kind, "cancelled"))
		changed = books_run_with(shop->books,
		    "INSERT INTO points VALUES (?1, ?2, 0, ?3) ON CONFLICT DO UPDATE SET "
		    "taken = excluded.taken WHERE taken = 0 RETURNING id",
		    BOOKS_NUMBERS(event->order, event->customer, event->amount));
	else
		return HANDLED; /* not our business */
	return changed != BOOKS_NOTHING ? HANDLED : HANDLED_BEFORE;
}

int
main(int argc, char **argv)
{
	static const struct shop_desk desks[] = {
		{ .group = "shop-points",
		    .topics = { SHOP_PAYMENTS, SHOP_ORDERS },
		    .handle = handle },
		{ NULL },
	};
	static const struct shop_role role = {
		.file = "points.db",
		.create = "CREATE TABLE points (id INTEGER PRIMARY KEY, customer INTEGER, earned "
			  "INTEGER NOT NULL, taken INTEGER NOT NULL);",
		.desks = desks,
	};

	return shop_main(&role, argc, argv);
}
