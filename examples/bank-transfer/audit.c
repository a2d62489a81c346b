#include "config.h"

#include "examples/bank-transfer/audit.h"

void
audit_take(sqlite3 *books, struct audit *audit)
{
	const struct {
		int64_t *number;
		const char *sql;
	} questions[] = {
		{ &audit->at_b, "SELECT total(balance) FROM b.t3" },
		{ &audit->credited, "SELECT count(*) FROM b.t5" },
		{ &audit->repeats, "SELECT repeats FROM b.bank" },
		{ &audit->at_a, "SELECT total(balance) FROM t1" },
		{ &audit->opening, "SELECT opening FROM main.bank" },
		{ &audit->begun, "SELECT next - 1 FROM main.bank" },
		{ &audit->booked, "SELECT count(*) FROM t2 WHERE state = 'booked'" },
		{ &audit->refused, "SELECT count(DISTINCT id) FROM t2 WHERE id NOT IN "
				   "(SELECT id FROM t2 WHERE state = 'booked')" },
		{ &audit->in_flight, "SELECT count(*) FROM t2 WHERE state = 'booked' AND id NOT IN "
				     "(SELECT id FROM b.t5)" },
		{ &audit->coins_in_flight,
		    "SELECT total(amount) FROM t2 WHERE state = 'booked' AND id NOT IN "
		    "(SELECT id FROM b.t5)" },
		{ &audit->strangers,
		    "SELECT count(*) FROM b.t5 WHERE NOT EXISTS (SELECT 1 FROM t2 "
		    "WHERE t2.id = t5.id AND state = 'booked' AND t2.amount = t5.amount)" },
	};

	books_script(books, "BEGIN");
	for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
		*questions[i].number = books_run(books, questions[i].sql);
	books_commit(books);
}

bool
audit_holds(const struct audit *audit)
{
	return audit->at_a + audit->at_b + audit->coins_in_flight == audit->opening &&
	       audit->strangers == 0;
}
