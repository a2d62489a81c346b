/*
 * shop_audit: reads the books of all four programs.
 *
 *   watch    until every order has its end, for -r seconds at most; the money is checked meanwhile
 *   table    what became of each order, and whether the books agree; 1 when they do not
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "examples/common/books.h"
#include "examples/common/program.h"

#define LOOK_MS 200

/* A number that the books have, and the question to them. */
struct question {
	const char *name, *sql;
};

/* Numbers that must be 0: what the books of one program say and another's deny. */
static const struct question contradictions[] = {
	{ "shipped, but not paid",
	    "SELECT count(*) FROM stock.shipments s WHERE s.state = 'shipped' "
	    "AND s.id NOT IN (SELECT id FROM payment.payments "
	    "WHERE state = 'paid')" },
	{ "paid, but not shipped", "SELECT count(*) FROM payment.payments p WHERE p.state = 'paid' "
				   "AND p.id NOT IN (SELECT id FROM stock.shipments "
				   "WHERE state = 'shipped')" },
	{ "cancelled, money kept",
	    "SELECT count(*) FROM stock.shipments s WHERE s.state = 'cancelled' AND s.id NOT IN "
	    "(SELECT id FROM payment.payments WHERE state = 'returned')" },
	{ "order says otherwise",
	    "SELECT count(*) FROM orders o LEFT JOIN payment.payments p ON p.id = o.id LEFT JOIN "
	    "stock.shipments s ON s.id = o.id WHERE o.state IS NOT coalesce(s.state, p.state)" },
	{ "points wrong",
	    "SELECT count(*) FROM payment.payments p LEFT JOIN points.points c ON c.id = p.id "
	    "WHERE coalesce(c.earned - c.taken, 0) <> CASE p.state WHEN 'paid' THEN p.amount "
	    "ELSE 0 END" },
	{ "coins lost or made",
	    "SELECT (SELECT total(opening - balance) FROM payment.accounts) - "
	    "(SELECT total(amount) FROM payment.payments WHERE state = 'paid')" },
	{ "items lost or made",
	    "SELECT (SELECT total(arrived - quantity) FROM stock.shelf) - "
	    "(SELECT total(quantity) FROM stock.shipments WHERE state = 'shipped')" },
};

static const struct question ends[] = {
	{ "shipped", "SELECT count(*) FROM orders WHERE state = 'shipped'" },
	{ "refused, too little money", "SELECT count(*) FROM orders WHERE state = 'refused'" },
	{ "cancelled, out of stock", "SELECT count(*) FROM orders WHERE state = 'cancelled'" },
	{ "without an end", "SELECT count(*) FROM orders WHERE state = 'created'" },
	{ "coins taken", "SELECT total(amount) FROM payment.payments WHERE state = 'paid'" },
	{ "coins returned", "SELECT total(amount) FROM payment.payments WHERE state = 'returned'" },
	{ "points earned", "SELECT total(earned - taken) FROM points.points" },
	{ "dead letters", "SELECT total(n) FROM stock.counters WHERE name = 'dead letters'" },
	{ "put off, out of stock", "SELECT total(n) FROM stock.counters WHERE name = 'put off'" },
	{ "checks answered",
	    "SELECT total(n) FROM payment.counters WHERE name = 'checks answered'" },
	{ "events sent again",
	    "SELECT total(n) FROM (SELECT n, name FROM counters UNION ALL SELECT n, name FROM "
	    "payment.counters UNION ALL SELECT n, name FROM stock.counters) WHERE name = 'replies "
	    "lost'" },
	{ "events that came again",
	    "SELECT total(n) FROM (SELECT n, name FROM counters UNION ALL SELECT n, name FROM "
	    "payment.counters UNION ALL SELECT n, name FROM stock.counters UNION ALL SELECT n, "
	    "name "
	    "FROM points.counters) WHERE name = 'came again'" },
};

static sqlite3 *
open_all(const struct program_flags *flags)
{
	sqlite3 *books = books_open(flags->directory, "order.db", NULL);

	books_attach(books, flags->directory, "payment.db", "payment");
	books_attach(books, flags->directory, "stock.db", "stock");
	books_attach(books, flags->directory, "points.db", "points");
	return books;
}

/* Of one moment in the books of payment, whatever the others do meanwhile. */
static bool
money_is_right(sqlite3 *books)
{
	return books_run(books, contradictions[5].sql) == 0;
}

/* All orders were taken, each has its end, and the other programs have heard of it. */
static bool
is_over(sqlite3 *books, int64_t orders)
{
	if (books_run(books, "SELECT count(*) FROM orders WHERE state <> 'created'") < orders)
		return false;
	for (size_t i = 0; i < sizeof contradictions / sizeof contradictions[0]; i++)
		if (books_run(books, contradictions[i].sql) != 0)
			return false;
	return true;
}

static int
watch_run(const struct program_flags *flags)
{
	sqlite3 *books = open_all(flags);
	int64_t until_ms = clock_mono_ms() + flags->rate * 1000;
	bool over = false, right = true;

	while (!over && right && clock_mono_ms() < until_ms) {
		usleep(LOOK_MS * 1000);
		right = money_is_right(books);
		over = is_over(books, flags->transfers);
	}
	if (!right)
		puts("  The money was wrong for a moment.");
	books_close(books);
	return over && right ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int64_t
show(sqlite3 *books, const char *title, const struct question *questions, size_t n)
{
	int64_t sum = 0;

	printf("\n  %s\n", title);
	for (size_t i = 0; i < n; i++) {
		int64_t number = books_run(books, questions[i].sql);

		printf("  %-26s %9" PRId64 "\n", questions[i].name, number);
		sum += number < 0 ? -number : number;
	}
	return sum;
}

static int
table_run(const struct program_flags *flags)
{
	sqlite3 *books = open_all(flags);
	int64_t wrong;

	show(books, "Orders", ends, sizeof ends / sizeof ends[0]);
	wrong = show(books, "Where the books of two programs disagree", contradictions,
	    sizeof contradictions / sizeof contradictions[0]);
	books_close(books);
	return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	static const struct program_command commands[] = {
		{ "watch", watch_run },
		{ "table", table_run },
		{ NULL },
	};

	return program_main(commands, NULL, argc, argv);
}
