/*
 * interleave: random interleavings of all that may happen to transactions, played
 * against a broker that is killed meanwhile, and the proof afterwards.
 *
 *   interleave [flags] NAMESRV ADDRESS BROKERNAME TOPIC LOG COMMAND ...
 *
 * COMMAND starts the broker, which then listens at ADDRESS under BROKERNAME and
 * writes to LOG. The numbers of -t, -i and -c are what it was told as
 * transactionTimeOut, transactionCheckInterval and transactionCheckMax.
 *
 * Each transaction is a random walk drawn from the seed: a half message, then commits, rollbacks
 * and unknowns, oneway and two-way, repeated, late, by either member of its group, forged; and
 * answers to checks, or none. What may have come of it by the rules is computed from what was
 * answered in which order, and compared with what a consumer found (I8, I9, I10 and D3 of the
 * tests' plan).
 *
 * Prints a table; each breach, with the transaction's history, goes to stderr. The same seed
 * plays the same walks. Exit status: 0 all holds, 1 something does not, 2 it could not be found
 * out.
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "t/interleave/books.h"
#include "t/interleave/report.h"

#define QUEUES 4
#define STOP_MS 30000
#define PATIENCE_MS 60000 /* members that kept silent are asked at longer and longer intervals */

static const char usage[] =
    "usage: interleave [-n transactions] [-k kills] [-w at-a-time] [-s seed] [-t timeout-ms]\n"
    "           [-i interval-ms] [-c checks] [-q quiet-ms] [-A] NAMESRV ADDRESS BROKERNAME TOPIC\n"
    "           LOG COMMAND ...\n"
    "-A: the broker is Apache RocketMQ\n";

static int64_t
number_argument(const char *text, int64_t min, int64_t max)
{
	int64_t value;

	if (slice_to_int64(slice_of(text), &value) == -1 || value < min || value > max) {
		fprintf(stderr, "interleave: %s is not a number from %" PRId64 " to %" PRId64 "\n",
		    text, min, max);
		exit(2);
	}
	return value;
}

/* Each number has a flag; the rest are words. */
static void
read_flags(int argc, char **argv, struct play_settings *settings)
{
	int option;

	while ((option = getopt(argc, argv, "+n:k:w:s:t:i:c:q:A")) != -1) {
		if (option == 'n')
			settings->n_trials = (uint32_t)number_argument(optarg, 1, 10000000);
		else if (option == 'k')
			settings->n_kills = (uint32_t)number_argument(optarg, 0, 100000);
		else if (option == 'w')
			settings->window = (uint32_t)number_argument(optarg, 1, 100000);
		else if (option == 's')
			settings->plan.seed = (uint64_t)number_argument(optarg, 0, INT64_MAX);
		else if (option == 't')
			settings->plan.timeout_ms = (int)number_argument(optarg, 1, 60000);
		else if (option == 'i')
			settings->plan.interval_ms = (int)number_argument(optarg, 1, 60000);
		else if (option == 'c')
			settings->plan.n_checks = (int)number_argument(optarg, 1, 4);
		else if (option == 'q')
			settings->quiet_ms = (int)number_argument(optarg, 1, 600000);
		else if (option == 'A')
			settings->is_twinmq = false;
		else {
			fputs(usage, stderr);
			exit(2);
		}
	}
}

/* Until all is decided or parked; what is still open after a long while breaks a rule. */
static int
play_all(struct play *play)
{
	int64_t end_ms = 0;

	do {
		if (play_run(play) == -1)
			return -1;
		if (end_ms == 0)
			end_ms = clock_mono_ms() + PATIENCE_MS;
	} while (play->settings.is_twinmq && clock_mono_ms() < end_ms && books_open(play) > 0);
	return 0;
}

int
main(int argc, char **argv)
{
	struct play_settings settings = {
		.plan = { .seed = (uint64_t)clock_wall_ms(),
		    .timeout_ms = 400,
		    .interval_ms = 400,
		    .n_checks = 3 },
		.n_trials = 500,
		.n_kills = 5,
		.window = 100,
		.quiet_ms = 3000,
		.queues = QUEUES,
		.is_twinmq = true,
	};
	struct report report = { 0 };
	struct play play;
	int status;

	read_flags(argc, argv, &settings);
	if (argc - optind < 6) {
		fputs(usage, stderr);
		return 2;
	}
	argv += optind;
	settings.name_server = argv[0];
	settings.broker = argv[1];
	settings.broker_name = argv[2];
	settings.topic = argv[3];
	settings.plan.oneway_unknown = !settings.is_twinmq;

	struct child child = { .log = argv[4], .command = argv + 5 };

	printf("seed %" PRIu64 "\n", settings.plan.seed);
	fflush(stdout);
	play_init(&play, &settings, &child);
	status =
	    play_open(&play) == -1 || play_all(&play) == -1 || report_make(&play, &report) == -1
		? 2
		: report.n_broken != 0;
	if (status != 2)
		report_print(&play, &report);
	if (!play.failed && child_stop(&play.child, STOP_MS) != 0 && settings.is_twinmq) {
		fprintf(stderr, "interleave: the broker does not stop as it should; see %s\n",
		    child.log);
		status = 2;
	}
	play_release(&play);
	return status;
}
