/*
 * shop_order: takes orders, and follows each to its end. An order is written and told in one
 * transaction; the events that end it are handled in the order in which they happened.
 */

#include "config.h"

#include "common/base/clock.h"
#include "examples/shop/shop.h"

#define CUSTOMERS 10
#define ITEMS 20

struct orders {
	int64_t began_ms, n_begun; /* for the rate */
};

/* What the customer of order `id` wants. */
static struct shop_event
order_of(const struct shop *shop, int64_t id)
{
	int64_t seed = shop->flags->seed;

	return (struct shop_event){
		.order = id,
		.customer = 1 + program_random(seed, id, 1, CUSTOMERS),
		.item = 1 + program_random(seed, id, 2, ITEMS),
		.quantity = 1 + program_random(seed, id, 3, 3),
		.amount = 1 + program_random(seed, id, 4, 100),
	};
}

static void
take_order(struct shop *shop)
{
	if (!books_begin(shop->books))
		return;
	int64_t id = 1 + books_run(shop->books, "SELECT count(*) FROM orders");
	if (id <= shop->flags->transfers) {
		struct shop_event order = order_of(shop, id);

		books_run_with(shop->books,
		    "INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, 'created')",
		    BOOKS_NUMBERS(id, order.customer, order.item, order.quantity, order.amount));
		shop_tell(shop, SHOP_ORDERS, "created", &order);
	}
	books_commit(shop->books);
	shop_may_die(shop, id);
}

static void
begin(struct shop *shop)
{
	struct orders *orders = arena_zalloc(&shop->arena, sizeof *orders);

	orders->began_ms = clock_mono_ms();
	shop->context = orders;
}

static void
tick(struct shop *shop)
{
	struct orders *orders = shop->context;
	int64_t due = (clock_mono_ms() - orders->began_ms) * shop->flags->rate / 1000;

	for (; orders->n_begun < due && orders->n_begun < shop->flags->transfers; orders->n_begun++)
		take_order(shop);
}

/* The end of an order: refused, shipped or cancelled. */
static enum handled
handle(struct shop *shop, const struct shop_event *event)
{
	sqlite3_stmt *row;
	bool changed;

	if (slice_is(event->kind, "created"))
		return HANDLED;
	row = books_prepare(
	    shop->books, "UPDATE orders SET state = ?2 WHERE id = ?1 AND state = 'created'");
	sqlite3_bind_int64(row, 1, event->order);
	books_bind_text(row, 2, event->kind);
	books_step(row);
	sqlite3_finalize(row);
	changed = sqlite3_changes(shop->books) == 1;
	return changed ? HANDLED : HANDLED_BEFORE;
}

int
main(int argc, char **argv)
{
	static const struct shop_desk desks[] = {
		{ .group = "shop-order",
		    .topics = { SHOP_ORDERS },
		    .ordered = true,
		    .handle = handle },
		{ NULL },
	};
	static const struct shop_role role = {
		.file = "order.db",
		.create = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, item "
			  "INTEGER, quantity INTEGER, amount INTEGER, state TEXT NOT NULL);",
		.desks = desks,
		.begin = begin,
		.tick = tick,
	};

	return shop_main(&role, argc, argv);
}
