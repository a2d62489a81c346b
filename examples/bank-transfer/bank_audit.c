/*
 * bank_audit: checks the books of both banks.
 *
 *   watch     prints the sum of all coins and the progress once a second; ends when all
 *             transfers are explained, or when there is no progress any more
 *   explain   the reconciliation by sequence: the outcome of each transfer
 */

#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "examples/bank-transfer/audit.h"
#include "examples/bank-transfer/bank.h"
#include "examples/bank-transfer/broker_view.h"
#include "examples/bank-transfer/by_sequence.h"

#define SECOND_US 1000000
#define LOOKS 3 /* before something counts as unexplained, or a broker as lost */
#define SENDING_MS 5000
#define PATIENCE_MS 120000 /* without progress */

struct auditor {
	const struct program_flags *flags;
	struct twinmq *mq;
	sqlite3 *books;
	struct audit audit;
	struct findings findings;
	bool told; /* the brokers replied at the last look */
};

/* Looks once. 0, or -1 when a broker does not reply. */
static int
look(struct auditor *auditor)
{
	by_sequence_begin(auditor->books);
	int result = broker_view_halves(auditor->mq, auditor->books);
	if (result == 0)
		result = broker_view_messages(auditor->mq, auditor->books);
	if (result == 0)
		by_sequence_judge(auditor->books, &auditor->findings);
	by_sequence_end(auditor->books);
	return result;
}

static int64_t
transfers_of(const struct auditor *auditor, enum transfer_outcome outcome)
{
	return auditor->findings.outcomes[outcome].transfers;
}

/* ---- watch ---- */

static void
show_progress(const struct auditor *auditor)
{
	const struct audit *audit = &auditor->audit;
	bool terminal = isatty(STDOUT_FILENO) == 1;

	printf("%s%" PRId64 "/%" PRId64 "  booked %" PRId64 "  refused %" PRId64
	       "  in flight %" PRId64 " (%" PRId64 " coins)  sum %" PRId64 "%s",
	    terminal ? "\r\033[K" : "", audit->begun, auditor->flags->transfers, audit->booked,
	    audit->refused, audit->in_flight, audit->coins_in_flight,
	    audit->at_a + audit->at_b + audit->coins_in_flight, terminal ? "" : "\n");
	fflush(stdout);
}

/* A sum that grows with any progress. */
static int64_t
steps(const struct audit *audit)
{
	return audit->begun + audit->booked + audit->refused + audit->credited;
}

static int tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Below the progress. */
static int
tell(const char *format, ...)
{
	va_list args;

	putchar('\n');
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return EXIT_FAILURE;
}

static int
tell_untold(const struct auditor *auditor)
{
	return tell("A broker does not tell its transactions: %s", twinmq_error(auditor->mq)->text);
}

/*
 * Whether every transfer has begun, booked ones are credited, and the brokers agree. A transfer
 * with nothing but a number may be in flight to a broker that does not reply, so wait a while.
 */
static bool
is_settled(struct auditor *auditor, int64_t still_ms)
{
	if (auditor->audit.begun != auditor->flags->transfers || auditor->audit.in_flight != 0 ||
	    still_ms < SECOND_US / 2000)
		return false;
	auditor->told = look(auditor) == 0;
	return auditor->told && transfers_of(auditor, OUTCOME_IN_FLIGHT) == 0 &&
	       (transfers_of(auditor, OUTCOME_NOT_SENT) == 0 || still_ms > SENDING_MS);
}

/* The exit status. */
static int
watch(struct auditor *auditor)
{
	int64_t moved_ms = clock_mono_ms(), n_steps = -1, still_ms;

	for (;; usleep(SECOND_US)) {
		audit_take(auditor->books, &auditor->audit);
		if (!audit_holds(&auditor->audit)) {
			show_progress(auditor);
			return tell("The sum is wrong: there were %" PRId64
				    " coins. Credited, but not booked: %" PRId64 " transfers.",
			    auditor->audit.opening, auditor->audit.strangers);
		}
		if (steps(&auditor->audit) != n_steps) {
			show_progress(auditor);
			n_steps = steps(&auditor->audit);
			moved_ms = clock_mono_ms();
		}
		still_ms = clock_mono_ms() - moved_ms;
		if (is_settled(auditor, still_ms))
			return EXIT_SUCCESS;
		if (!auditor->told &&
		    twinmq_error(auditor->mq)->code == RESPONSE_REQUEST_CODE_NOT_SUPPORTED)
			return tell_untold(auditor);
		if (still_ms > PATIENCE_MS)
			return auditor->told
			           ? tell("Nothing has moved for %d s.", PATIENCE_MS / 1000)
			           : tell_untold(auditor);
	}
}

static void
open_audit(struct auditor *auditor, const struct program_flags *flags)
{
	*auditor = (struct auditor){
		.flags = flags,
		.mq = program_connect(flags),
		.books = by_sequence_open(flags->directory),
		.told = true,
	};
}

static int
close_audit(struct auditor *auditor, int status)
{
	twinmq_close(auditor->mq);
	books_close(auditor->books);
	return status;
}

static int
watch_run(const struct program_flags *flags)
{
	struct auditor auditor;

	open_audit(&auditor, flags);
	int status = watch(&auditor);
	if (isatty(STDOUT_FILENO) == 1)
		putchar('\n');
	return close_audit(&auditor, status);
}

/* ---- explain ---- */

/* coins: -1 when the row has none. */
static void
show_row(const char *name, int64_t transfers, int64_t coins)
{
	printf("  %-26s %9" PRId64, name, transfers);
	if (coins != -1)
		printf(" %12" PRId64, coins);
	putchar('\n');
}

static void
show_money(const char *name, int64_t coins)
{
	printf("  %-26s %9s %12" PRId64 "\n", name, "", coins);
}

static void
show_table(const struct auditor *auditor)
{
	const struct audit *audit = &auditor->audit;

	printf("\n  %-26s %9s %12s\n", "", "transfers", "coins");
	show_row("transfers", audit->begun, -1);
	show_row("committed", audit->booked, audit->at_b + audit->coins_in_flight);
	show_row("rolled back", audit->refused, -1);
	show_row("in flight", audit->in_flight, audit->coins_in_flight);
	show_row("decided by a check", auditor->findings.decided_by_check, -1);
	show_row("came twice, credited once", audit->repeats, -1);
	show_money("money before", audit->opening);
	show_money("money after", audit->at_a + audit->at_b + audit->coins_in_flight);
	printf("\n  Reconciliation by sequence\n");
	for (int i = 0; i < N_OUTCOMES; i++)
		show_row(outcome_name((enum transfer_outcome)i),
		    auditor->findings.outcomes[i].transfers, auditor->findings.outcomes[i].coins);
}

static void
show_unexplained(const struct auditor *auditor)
{
	sqlite3_stmt *rows = by_sequence_unexplained(auditor->books);

	while (books_step(rows)) {
		struct slice why = books_text(rows, 1);

		printf("  transfer %" PRId64 ": %.*s\n", (int64_t)sqlite3_column_int64(rows, 0),
		    (int)why.len, why.data);
	}
	sqlite3_finalize(rows);
}

/* 0 when every transfer is explained and done. Retries, because a broker may be restarting. */
static int
explain(struct auditor *auditor)
{
	for (int i = 0; i < LOOKS; i++) {
		auditor->told = look(auditor) == 0;
		if (auditor->told && transfers_of(auditor, OUTCOME_UNEXPLAINED) == 0)
			break;
		usleep(SECOND_US);
	}
	if (!auditor->told)
		return tell_untold(auditor);
	audit_take(auditor->books, &auditor->audit);
	show_table(auditor);
	show_unexplained(auditor);
	return transfers_of(auditor, OUTCOME_UNEXPLAINED) != 0 ||
	       transfers_of(auditor, OUTCOME_IN_FLIGHT) != 0 || !audit_holds(&auditor->audit);
}

static int
explain_run(const struct program_flags *flags)
{
	struct auditor auditor;

	open_audit(&auditor, flags);
	return close_audit(&auditor, explain(&auditor));
}

int
main(int argc, char **argv)
{
	static const struct program_command commands[] = {
		{ "watch", watch_run },
		{ "explain", explain_run },
		{ NULL },
	};

	return program_main(commands, NULL, argc, argv);
}
