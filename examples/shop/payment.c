/*
 * shop_payment: takes the money for an order, by a transaction message. The debit is the local
 * transaction of the message "paid": stock and points hear of it if and only if it happened,
 * whatever dies at whatever moment. An order that is cancelled gets its money back.
 */

#include "config.h"

#include "examples/shop/shop.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/twinmq_transaction.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define GROUP "shop-payment"
#define CUSTOMERS 10
#define BALANCE_PER_ORDER                                                                          \
	5          /* of each customer at first; some have too little for what they want           \
	            */
#define UNTOLD 103 /* for shop_happens: which chance */
#define WINDOW 8

struct payments {
	struct transaction_producer *producer;
	int64_t in_flight[WINDOW]; /* orders; 0: none */
};

struct payment {
	struct shop *shop;
	struct shop_event event;
};

static int64_t *
find_place(struct payments *payments, int64_t order)
{
	for (size_t i = 0; i < WINDOW; i++)
		if (payments->in_flight[i] == order)
			return &payments->in_flight[i];
	return NULL;
}

/* ---- the local transaction, and what a check is answered with ---- */

/* False: this transaction has an outcome already, because a check refused it. */
static bool
write_attempt(sqlite3 *books, struct slice id, int64_t order, const char *state)
{
	sqlite3_stmt *row =
	    books_prepare(books, "INSERT OR IGNORE INTO attempts VALUES (?1, ?2, ?3)");

	books_bind_text(row, 1, id);
	sqlite3_bind_int64(row, 2, order);
	books_bind_text(row, 3, slice_of(state));
	books_step(row);
	sqlite3_finalize(row);
	return sqlite3_changes(books) == 1;
}

/* Debits once, whatever number of transactions the order has. */
static bool
debit(struct shop *shop, const struct shop_event *event)
{
	if (books_run_with(shop->books, "SELECT id FROM payments WHERE id = ?1 AND state = 'due'",
		BOOKS_NUMBERS(event->order)) == BOOKS_NOTHING)
		return false;
	bool paid = books_run_with(shop->books,
			"UPDATE accounts SET balance = balance - ?2 WHERE customer = ?1 AND "
			"balance >= ?2 RETURNING customer",
			BOOKS_NUMBERS(event->customer, event->amount)) != BOOKS_NOTHING;
	books_run_with(shop->books,
	    paid ? "UPDATE payments SET state = 'paid' WHERE id = ?1"
		 : "UPDATE payments SET state = 'refused' WHERE id = ?1",
	    BOOKS_NUMBERS(event->order));
	if (!paid)
		shop_tell(shop, SHOP_ORDERS, "refused", event);
	return paid;
}

static enum transaction_decision
execute(void *arg, const struct message *message, struct slice id, struct transaction *transaction)
{
	struct payment *payment = arg;
	struct shop *shop = payment->shop;
	bool paid;

	(void)message;
	(void)transaction;
	if (!books_begin(shop->books))
		return DECISION_UNKNOWN;
	paid = debit(shop, &payment->event);
	if (!write_attempt(shop->books, id, payment->event.order, paid ? "paid" : "refused")) {
		books_rollback(shop->books);
		return DECISION_ROLLBACK;
	}
	books_commit(shop->books);
	shop_may_die(shop, payment->event.order);
	if (shop_happens(shop, payment->event.order, UNTOLD, shop->flags->drop))
		return DECISION_UNKNOWN;
	return paid ? DECISION_COMMIT : DECISION_ROLLBACK;
}

/* A missing row proves nothing, so the refusal is written first (see bank-transfer/book_a.h). */
static enum transaction_decision
check(void *context, const struct record *message, struct slice id, struct transaction *transaction)
{
	struct shop *shop = context;
	int64_t order = ledger_id_of_key(property_find(message->properties, "KEYS"), shop->ledger);
	enum transaction_decision decision = DECISION_ROLLBACK;

	(void)transaction;
	if (order == -1 || !books_begin(shop->books))
		return DECISION_UNKNOWN;
	write_attempt(shop->books, id, order, "refused");
	sqlite3_stmt *row =
	    books_prepare(shop->books, "SELECT 1 FROM attempts WHERE id = ?1 AND state = 'paid'");
	books_bind_text(row, 1, id);
	if (books_step(row))
		decision = DECISION_COMMIT;
	sqlite3_finalize(row);
	shop_count(shop->books, "checks answered");
	books_commit(shop->books);
	return decision;
}

/* ---- payments that are due ---- */

static void
on_sent(void *arg, const struct twinmq_error *error, const struct transaction_result *result)
{
	struct payment *payment = arg;
	struct payments *payments = payment->shop->context;

	(void)result;
	if (error != NULL && !payment->shop->closing)
		log_warn("payment not sent error=\"%s\"", error->text);
	*find_place(payments, payment->event.order) = 0;
	free(payment);
}

static void
send_payment(struct shop *shop, const struct shop_event *event)
{
	struct payments *payments = shop->context;
	struct payment *payment = mem_zalloc(sizeof *payment);
	struct arena arena = { 0 };
	struct message message = {
		.topic = SLICE(SHOP_PAYMENTS),
		.tags = SLICE("paid"),
		.keys = ledger_key(&arena, shop->ledger, event->order),
		.body = shop_event_body(&arena, event),
		.queue_id = MESSAGE_ANY_QUEUE,
	};

	*payment = (struct payment){ shop, *event };
	transaction_send_async(payments->producer, &message, on_sent, payment);
	arena_release(&arena);
}

static void
tick(struct shop *shop)
{
	struct payments *payments = shop->context;
	sqlite3_stmt *row = books_prepare(shop->books,
	    "SELECT id, customer, item, quantity, amount FROM payments WHERE state = 'due' "
	    "ORDER BY id LIMIT 32");
	int64_t *place = find_place(payments, 0);

	while (place != NULL && books_step(row)) {
		struct shop_event event = {
			.order = sqlite3_column_int64(row, 0),
			.customer = sqlite3_column_int64(row, 1),
			.item = sqlite3_column_int64(row, 2),
			.quantity = sqlite3_column_int64(row, 3),
			.amount = sqlite3_column_int64(row, 4),
		};

		if (find_place(payments, event.order) != NULL)
			continue;
		*place = event.order;
		send_payment(shop, &event);
		place = find_place(payments, 0);
	}
	sqlite3_finalize(row);
}

/* ---- events ---- */

static enum handled
handle(struct shop *shop, const struct shop_event *event)
{
	int64_t changed = BOOKS_NOTHING;

	if (slice_is(event->kind, "created"))
		changed = books_run_with(shop->books,
		    "INSERT OR IGNORE INTO payments VALUES (?1, ?2, ?3, ?4, ?5, 'due') RETURNING "
		    "id",
		    BOOKS_NUMBERS(event->order, event->customer, event->item, event->quantity,
			event->amount));
	else if (slice_is(event->kind, "cancelled"))
		changed = books_run_with(shop->books,
		    "UPDATE payments SET state = 'returned' WHERE id = ?1 AND state = 'paid' "
		    "RETURNING id",
		    BOOKS_NUMBERS(event->order));
	else
		return HANDLED; /* not our business */
	if (changed == BOOKS_NOTHING)
		return HANDLED_BEFORE;
	if (slice_is(event->kind, "cancelled"))
		books_run_with(shop->books,
		    "UPDATE accounts SET balance = balance + ?2 WHERE customer = ?1",
		    BOOKS_NUMBERS(event->customer, event->amount));
	return HANDLED;
}

static void
open_accounts(struct shop *shop)
{
	for (int64_t customer = 1; customer <= CUSTOMERS; customer++)
		books_run_with(shop->books, "INSERT INTO accounts VALUES (?1, ?2, ?2)",
		    BOOKS_NUMBERS(customer, BALANCE_PER_ORDER * shop->flags->transfers));
}

static void
begin(struct shop *shop)
{
	struct transaction_options options = {
		.producer = { .group = GROUP }, .execute = execute, .check = check, .context = shop
	};
	struct payments *payments = arena_zalloc(&shop->arena, sizeof *payments);
	struct twinmq_error error;

	payments->producer = transaction_producer_new(shop->mq, &options, &error);
	if (payments->producer == NULL)
		fatal("%s", error.text);
	shop->context = payments;
}

static void
end(struct shop *shop)
{
	struct payments *payments = shop->context;

	transaction_producer_free(payments->producer);
}

int
main(int argc, char **argv)
{
	static const struct shop_desk desks[] = {
		{ .group = GROUP, .topics = { SHOP_ORDERS }, .ordered = true, .handle = handle },
		{ NULL },
	};
	static const struct shop_role role = {
		.file = "payment.db",
		.create =
		    "CREATE TABLE accounts (customer INTEGER PRIMARY KEY, opening INTEGER NOT NULL,"
		    "	balance INTEGER NOT NULL CHECK (balance >= 0));"
		    "CREATE TABLE payments (id INTEGER PRIMARY KEY, customer INTEGER, item INTEGER,"
		    "	quantity INTEGER, amount INTEGER, state TEXT NOT NULL);"
		    "CREATE TABLE attempts (id TEXT PRIMARY KEY, orderId INTEGER NOT NULL,"
		    "	state TEXT NOT NULL);"
		    "CREATE UNIQUE INDEX attempts_paid ON attempts (orderId) WHERE state = 'paid';",
		.open = open_accounts,
		.desks = desks,
		.begin = begin,
		.tick = tick,
		.end = end,
	};

	return shop_main(&role, argc, argv);
}
