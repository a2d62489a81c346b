#include "config.h"

#include "t/interleave/report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "t/interleave/books.h"
#include "t/interleave/content.h"
#include "t/interleave/model.h"

#define TOLD_MAX 8 /* breaches told one by one */
#define HALF_TOPIC "RMQ_SYS_TRANS_HALF_TOPIC"

static void
tell(struct play *play, const struct trial *trial, uint32_t broken)
{
	static const char *const policies[N_GROUPS] = {
		[GROUP_FIRST_WINS] = "first-wins",
		[GROUP_COMMIT_WINS_ONCE] = "commit-wins-once",
	};

	fprintf(stderr, "transaction %" PRIu32 " of seed %" PRIu64 ", %s, id %s:\n",
	    trial->plan.number, play->settings.plan.seed, policies[trial->plan.group],
	    trial->half.unique_id);
	for (int rule = 0; rule < N_RULES; rule++)
		if ((broken & 1u << rule) != 0)
			fprintf(stderr, "  ** %s%s%s\n", rule_name((enum rule)rule),
			    rule == RULE_ALTERED ? ": " : "",
			    rule == RULE_ALTERED ? trial->altered : "");
	history_print(&trial->history, trial->history.entries[0].begun_ms, stderr);
	if (play->settings.is_twinmq)
		books_print(play, trial, stderr);
}

static void
judge(struct play *play, const struct book *books, struct report *report)
{
	for (uint32_t i = 0; i < play->n_begun; i++) {
		const struct trial *trial = &play->trials[i];
		struct evidence evidence = {
			.plan = &trial->plan,
			.settings = &play->settings.plan,
			.history = &trial->history,
			.altered = trial->altered != NULL,
			.state = books != NULL ? books[i].state : TOLD_NOTHING,
			.contradictions = books != NULL ? books[i].contradictions : -1,
		};
		uint32_t broken = verdict_find(&evidence);

		for (int rule = 0; rule < N_RULES; rule++)
			report->broken[rule] += broken >> rule & 1;
		if (broken != 0 && report->n_broken++ < TOLD_MAX)
			tell(play, trial, broken);
	}
}

/* The half messages' own topic is read where the broker lets us. */
static void
judge_half_topic(struct play *play, struct report *report)
{
	struct message_queue queue = {
		.topic = SLICE(HALF_TOPIC),
		.broker_name = slice_of(play->settings.broker_name),
	};
	unsigned gaps;

	if (reader_count_gaps(&play->reader, &queue, &gaps) == -1)
		fprintf(stderr, "interleave: the half messages' topic: %s\n",
		    twinmq_error(play->reader.mq)->text);
	else
		report->broken[RULE_GAP] += gaps;
}

static int
judge_queues(struct play *play, struct report *report)
{
	if (reader_again(&play->reader) == -1) {
		fprintf(stderr, "interleave: cannot read again: %s\n",
		    twinmq_error(play->reader.mq)->text);
		return -1;
	}
	for (size_t i = 0; i < play->reader.n; i++) {
		report->broken[RULE_CHANGED] += play->reader.queues[i].changes;
		report->broken[RULE_GAP] += play->reader.queues[i].gaps;
	}
	judge_half_topic(play, report);
	report->broken[RULE_STRAY] = play->n_stray;
	report->n_broken +=
	    report->broken[RULE_CHANGED] + report->broken[RULE_GAP] + report->broken[RULE_STRAY];
	return 0;
}

int
report_make(struct play *play, struct report *report)
{
	struct book *books = NULL;

	*report = (struct report){ 0 };
	for (int rule = 0; rule < N_RULES; rule++)
		report->is_known[rule] =
		    play->settings.is_twinmq || (rule != RULE_STATE && rule != RULE_CONTRADICTIONS);
	play->reader.stopped = true;
	if (play->settings.is_twinmq) {
		books = books_read(play);
		if (books == NULL)
			return -1;
	}
	judge(play, books, report);
	free(books);
	return judge_queues(play, report);
}

/* ---- the table ----------------------------------------------------------------- */

static uint64_t
count_entries(const struct play *play, enum entry_kind kind, bool oneway_too)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < play->n_begun; i++)
		for (size_t j = 0; j < play->trials[i].history.n; j++) {
			const struct entry *entry = &play->trials[i].history.entries[j];

			n += entry->kind == kind && (oneway_too || !entry->oneway);
		}
	return n;
}

static uint64_t
count_trials(const struct play *play, bool (*is_one)(const struct trial *trial))
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < play->n_begun; i++)
		n += is_one(&play->trials[i]);
	return n;
}

static bool
is_acknowledged(const struct trial *trial)
{
	return trial->acknowledged;
}

static bool
was_refused(const struct trial *trial)
{
	return trial->history.entries[0].reply == REPLY_REFUSED;
}

static bool
is_delivered(const struct trial *trial)
{
	return trial->n_delivered > 0;
}

static bool
is_parked(const struct trial *trial)
{
	return trial->n_parked > 0;
}

static bool
was_asked(const struct trial *trial)
{
	return trial->n_asked > 0;
}

static void
row(const char *name, uint64_t n)
{
	printf("%-52s %8" PRIu64 "\n", name, n);
}

void
report_print(const struct play *play, const struct report *report)
{
	row("transactions", play->n_begun);
	row("half messages acknowledged", count_trials(play, is_acknowledged));
	row("half messages refused", count_trials(play, was_refused));
	row("kills of the broker", play->n_killed);
	row("ENDs", count_entries(play, ENTRY_END, true));
	row("answers to checks", count_entries(play, ENTRY_ANSWER, true));
	row("forged ENDs", count_entries(play, ENTRY_FORGED, true));
	row("transactions asked about", count_trials(play, was_asked));
	row("transactions delivered", count_trials(play, is_delivered));
	row("transactions parked", count_trials(play, is_parked));
	row("deliveries", count_entries(play, ENTRY_DELIVERED, true));
	for (int rule = 0; rule < N_RULES; rule++)
		if (report->is_known[rule])
			row(rule_name((enum rule)rule), report->broken[rule]);
		else
			printf("%-52s %8s\n", rule_name((enum rule)rule), "-");
}
