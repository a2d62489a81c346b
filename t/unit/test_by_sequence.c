#include "config.h"

#include "examples/bank-transfer/by_sequence.h"

#include <criterion/criterion.h>

#include "t/unit/bank_rig.h"

TestSuite(by_sequence, .timeout = 60);

#define BROKER "broker-a"
#define QUEUE ((struct message_queue){ .broker_name = SLICE(BROKER), .id = 0 })

/* A transfer as each of those who know of it sees it. */
struct sight {
	const char *what;
	bool booked, refused;
	const char *state;    /* of its half message; NULL: the broker has none */
	bool delivered, read; /* it is in the topic; bank B has read so far */
	int64_t credited;     /* coins; 0: none */
	enum transfer_outcome outcome;
};

static const struct sight sights[] = {
	{ "all is well", true, false, "committed", true, true, 1, OUTCOME_DELIVERED },
	{ "what happened to it is forgotten", true, false, "unknown", true, true, 1,
	    OUTCOME_DELIVERED },
	{ "not read yet", true, false, "committed", true, false, 0, OUTCOME_IN_FLIGHT },
	{ "END was lost", true, false, "open", false, false, 0, OUTCOME_IN_FLIGHT },
	{ "decided while we look", true, false, "open", true, false, 0, OUTCOME_IN_FLIGHT },
	{ "parked", true, false, "parked", false, false, 0, OUTCOME_PARKED },
	{ "refused", false, true, "rolledBack", false, false, 0, OUTCOME_ROLLED_BACK },
	{ "refused by a check", false, true, "revocable", false, false, 0, OUTCOME_ROLLED_BACK },
	{ "refused, END was lost", false, true, "open", false, false, 0, OUTCOME_IN_FLIGHT },
	{ "refused, parked", false, true, "parked", false, false, 0, OUTCOME_PARKED },
	{ "A died before it booked", false, false, "open", false, false, 0, OUTCOME_IN_FLIGHT },
	{ "no broker took it", false, false, NULL, false, false, 0, OUTCOME_NOT_SENT },
	/* What must never be. */
	{ "booked, and no broker knows", true, false, NULL, false, false, 0, OUTCOME_UNEXPLAINED },
	{ "booked, rolled back", true, false, "rolledBack", false, false, 0, OUTCOME_UNEXPLAINED },
	{ "booked, rolled back by a check", true, false, "revocable", false, false, 0,
	    OUTCOME_UNEXPLAINED },
	{ "committed, not delivered", true, false, "committed", false, false, 0,
	    OUTCOME_UNEXPLAINED },
	{ "read, not credited", true, false, "committed", true, true, 0, OUTCOME_UNEXPLAINED },
	{ "credited, not delivered", true, false, "open", false, false, 1, OUTCOME_UNEXPLAINED },
	{ "credited more than booked", true, false, "committed", true, true, 2,
	    OUTCOME_UNEXPLAINED },
	{ "refused, delivered", false, true, "committed", true, false, 0, OUTCOME_UNEXPLAINED },
	{ "refused, credited", false, true, "rolledBack", false, false, 1, OUTCOME_UNEXPLAINED },
	{ "never booked, credited", false, false, "committed", true, true, 1, OUTCOME_UNEXPLAINED },
};
#define N_SIGHTS (sizeof sights / sizeof sights[0])

/* Offsets below this one bank B has read. */
#define READ_TO 100000

static void
plant_books(struct bank_rig *rig, const struct sight *sight, int64_t id, int64_t a_ms, int64_t b_ms)
{
	struct transaction_half half = bank_rig_half(id);

	cr_assert_eq(book_a_take(rig->a, INT64_MAX), id);
	if (sight->booked)
		cr_assert_eq(bank_rig_book(rig, id, a_ms), DECISION_COMMIT);
	if (sight->refused)
		cr_assert_eq(
		    book_a_verdict(rig->a, id, slice_of(half.unique_id), a_ms), DECISION_ROLLBACK);
	if (sight->credited != 0)
		bank_rig_credit(rig, id, sight->credited, b_ms);
}

static void
plant_view(sqlite3 *books, const struct sight *sight, int64_t id)
{
	struct transaction_half half = bank_rig_half(id);

	if (sight->state != NULL)
		by_sequence_half(books, &(struct known_half){ .broker = SLICE(BROKER),
					    .position = id,
					    .transaction_id = slice_of(half.unique_id),
					    .id = id,
					    .state = slice_of(sight->state) });
	if (sight->delivered)
		by_sequence_message(books, &QUEUE, sight->read ? id : READ_TO + id, id, id);
}

static void
open_queue(struct bank_rig *rig)
{
	book_b_add_queue(rig->b, &QUEUE, 0);
	book_b_read_to(rig->b, &QUEUE, READ_TO);
}

/* Whether the transfer is among the unexplained. */
static bool
is_unexplained(sqlite3 *books, int64_t id)
{
	sqlite3_stmt *rows = by_sequence_unexplained(books);
	bool found = false;

	while (books_step(rows))
		found |= sqlite3_column_int64(rows, 0) == id;
	sqlite3_finalize(rows);
	return found;
}

Test(by_sequence, each_sight)
{
	for (size_t i = 0; i < N_SIGHTS; i++) {
		struct findings findings;
		struct bank_rig rig;

		bank_rig_init(&rig);
		open_queue(&rig);
		plant_books(&rig, &sights[i], 1, 1, 1);
		sqlite3 *books = by_sequence_open(rig.directory);
		by_sequence_begin(books);
		plant_view(books, &sights[i], 1);
		by_sequence_judge(books, &findings);
		cr_assert_eq(
		    findings.outcomes[sights[i].outcome].transfers, 1, "%s", sights[i].what);
		cr_assert_eq(is_unexplained(books, 1), sights[i].outcome == OUTCOME_UNEXPLAINED);
		by_sequence_end(books);
		books_close(books);
		bank_rig_release(&rig);
	}
}

Test(by_sequence, delivered_twice)
{
	struct findings findings;
	struct bank_rig rig;

	bank_rig_init(&rig);
	open_queue(&rig);
	plant_books(&rig, &sights[0], 1, 1, 1);
	sqlite3 *books = by_sequence_open(rig.directory);
	by_sequence_begin(books);
	plant_view(books, &sights[0], 1);
	by_sequence_message(books, &QUEUE, 77, 1, 1);
	by_sequence_judge(books, &findings);
	cr_assert_eq(findings.outcomes[OUTCOME_DELIVERED].transfers, 1);
	cr_assert(is_unexplained(books, 1));
	by_sequence_end(books);
	books_close(books);
	bank_rig_release(&rig);
}

/*
 * A transfer that was sent again under another transaction id: the first half message is
 * rolled back, the second is what counts.
 */
Test(by_sequence, sent_again)
{
	struct findings findings;
	struct bank_rig rig;

	bank_rig_init(&rig);
	open_queue(&rig);
	plant_books(&rig, &sights[0], 1, 1, 1);
	sqlite3 *books = by_sequence_open(rig.directory);
	by_sequence_begin(books);
	plant_view(books, &sights[0], 1);
	by_sequence_half(books, &(struct known_half){ .broker = SLICE("broker-b"),
				    .position = 5,
				    .transaction_id = SLICE("first"),
				    .id = 1,
				    .state = SLICE("rolledBack"),
				    .by_check = true });
	by_sequence_judge(books, &findings);
	cr_assert_eq(findings.outcomes[OUTCOME_DELIVERED].transfers, 1);
	cr_assert_eq(findings.outcomes[OUTCOME_UNEXPLAINED].transfers, 0);
	cr_assert_eq(findings.decided_by_check, 1);
	by_sequence_end(books);
	books_close(books);
	bank_rig_release(&rig);
}

#define SEEDS 20
#define TRANSFERS 200
#define SKEW_MS 300000

/* Whatever the clocks of both banks say, each transfer is found as what it is. */
Test(by_sequence, clocks_do_not_matter)
{
	for (int64_t seed = 1; seed <= SEEDS; seed++) {
		const struct sight *planted[TRANSFERS + 1];
		int64_t expected[N_OUTCOMES] = { 0 };
		struct findings findings;
		struct bank_rig rig;

		bank_rig_init(&rig);
		open_queue(&rig);
		for (int64_t id = 1; id <= TRANSFERS; id++) {
			int64_t now = 1000000 + 100 * id;

			planted[id] = &sights[program_random(seed, id, 0, N_SIGHTS)];
			expected[planted[id]->outcome]++;
			plant_books(&rig, planted[id], id,
			    now + program_random(seed, id, 1, 2 * SKEW_MS) - SKEW_MS,
			    now + program_random(seed, id, 2, 2 * SKEW_MS) - SKEW_MS);
		}
		sqlite3 *books = by_sequence_open(rig.directory);
		by_sequence_begin(books);
		for (int64_t id = 1; id <= TRANSFERS; id++)
			plant_view(books, planted[id], id);
		by_sequence_judge(books, &findings);
		for (int i = 0; i < N_OUTCOMES; i++)
			cr_assert_eq(findings.outcomes[i].transfers, expected[i], "seed %lld: %s",
			    (long long)seed, outcome_name((enum transfer_outcome)i));
		for (int64_t id = 1; id <= TRANSFERS; id++)
			cr_assert_eq(is_unexplained(books, id),
			    planted[id]->outcome == OUTCOME_UNEXPLAINED, "%s", planted[id]->what);
		by_sequence_end(books);
		books_close(books);
		bank_rig_release(&rig);
	}
}
