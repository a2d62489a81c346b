#include "config.h"

#include "examples/bank-transfer/by_time.h"

#include <criterion/criterion.h>

#include "t/unit/bank_rig.h"

TestSuite(by_time, .timeout = 60);

/* One run of the job at that time of B's clock; how many A finds. *sum: of their ids. */
static int64_t
job(struct bank_rig *rig, int64_t now_ms, int64_t *sum)
{
	struct time_window window = by_time_window(rig->b, now_ms, false);
	sqlite3_stmt *ids = by_time_credited(rig->b, &window);
	int64_t n = 0;

	by_time_forget(rig->a);
	while (books_step(ids))
		by_time_told(rig->a, sqlite3_column_int64(ids, 0));
	sqlite3_finalize(ids);
	sqlite3_stmt *missing = by_time_missing(rig->a, &window);
	for (*sum = 0; books_step(missing); n++)
		*sum += sqlite3_column_int64(missing, 4);
	sqlite3_finalize(missing);
	return n;
}

/* Three runs: each row is in one window, whatever its time, also on the edges. */
Test(by_time, windows_touch)
{
	static const int64_t ends[] = { 100, 200, 300 };
	struct bank_rig rig;
	int64_t n = 0, from = 0;

	bank_rig_init(&rig);
	for (int64_t id = 1; id <= 300; id++)
		bank_rig_credit(&rig, id, 1, id);
	for (size_t i = 0; i < 3; i++) {
		struct time_window window = by_time_window(rig.b, ends[i], false);
		sqlite3_stmt *ids = by_time_credited(rig.b, &window);

		cr_assert_eq(window.from, from);
		cr_assert_eq(window.to, ends[i]);
		from = window.to;
		while (books_step(ids))
			cr_assert_eq(sqlite3_column_int64(ids, 0), ++n);
		sqlite3_finalize(ids);
	}
	cr_assert_eq(n, 300);
	bank_rig_release(&rig);
}

/* Every twentieth END is lost, and nobody asks: the job finds those, and only those. */
Test(by_time, lost_ends_are_found)
{
	struct bank_rig rig;
	int64_t sum, expected = 0;

	bank_rig_init(&rig);
	for (int64_t id = 1; id <= 200; id++) {
		bank_rig_book(&rig, id, 10 * id);
		if (id % 20 != 0)
			bank_rig_credit(&rig, id, 1, 10 * id + 5);
		else
			expected += id;
	}
	cr_assert_eq(job(&rig, 2100, &sum), 10);
	cr_assert_eq(sum, expected);
	cr_assert_eq(job(&rig, 2200, &sum), 0);
	bank_rig_release(&rig);
}

/* What it cannot do: each row is a transfer that is booked and never credited, and is missed. */
Test(by_time, holes)
{
	static const struct {
		const char *what;
		int64_t stamp, seen_from; /* its time by A's clock, and when its commit is seen */
	} holes[] = {
		{ "committed after the job looked", 90, 110 },
		{ "the very millisecond of the window's end", 100, 101 },
		{ "A's clock five minutes behind", 150 - 300, 150 },
	};

	for (size_t i = 0; i < sizeof holes / sizeof holes[0]; i++) {
		struct bank_rig rig;
		int64_t found = 0, sum;
		bool booked = false;

		bank_rig_init(&rig);
		for (int64_t now = 100; now <= 900; now += 100) {
			if (!booked && holes[i].seen_from <= now) {
				bank_rig_book(&rig, 1, holes[i].stamp);
				booked = true;
			}
			found += job(&rig, now, &sum);
		}
		cr_assert_eq(found, 0, "%s", holes[i].what);
		bank_rig_release(&rig);
	}
}

/* And what it finds though nothing is wrong: booked in one window, credited in the next. */
Test(by_time, false_alarm)
{
	struct bank_rig rig;
	int64_t sum;

	bank_rig_init(&rig);
	bank_rig_book(&rig, 1, 99);
	cr_assert_eq(job(&rig, 100, &sum), 1);
	bank_rig_credit(&rig, 1, 1, 101);
	cr_assert_eq(job(&rig, 200, &sum), 0);
	bank_rig_release(&rig);
}
