/*
 * sends: a load for a broker that is being killed, and the proof afterwards.
 *
 *   sends [-c connections] [-w window] [-s bytes] [-p ms] [-l] NAMESRV TOPIC
 *
 * Sends numbered messages over many connections, without retries, until SIGTERM; then the judge
 * compares every queue of the topic with what was answered (judge.h: I1, I4, I5, I6). -p is the
 * pause of a lane from one send to the next.
 *
 * With -l what was promised may be gone, as with ASYNC_FLUSH after a power cut; all else holds.
 *
 * Prints what it counted as name=value; each breach is a line on stderr.
 * Exit status: 0 all holds, 1 something does not, 2 it could not be found out.
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "t/crash/judge.h"
#include "t/crash/load.h"

#define BATCH 5          /* messages in a batch */
#define BATCH_EACH 16    /* every so many operations is one */
#define PAUSE_MS 5       /* after a failed send */
#define TIMEOUT_MS 20000 /* a disk may be slow; that a broker died is noticed at once */
#define MESSAGES_MAX 20000000

struct sends {
	const char *topic;
	size_t body_max, pause_ms;
	bool may_lose;
	struct ledger ledger;
	uint32_t n_operations;
	char *room;
};

static enum promise
promise_of(const struct twinmq_error *error, const struct send_result *result)
{
	if (error == NULL)
		return result->code == 0 ? STORED : UNKNOWN;
	return error->code > 0 || error->code == TWINMQ_NO_QUEUE ||
	               error->code == TWINMQ_NO_NAME_SERVER
	           ? REFUSED
	           : UNKNOWN;
}

static void
on_sent(void *arg, const struct twinmq_error *error, const struct send_result *result)
{
	struct lane *lane = arg;
	struct sends *sends = lane->load->context;
	enum promise promise = promise_of(error, result);

	for (uint32_t i = 0; i < lane->n; i++) {
		struct ledger_row *row = ledger_row(&sends->ledger, lane->number + i);

		row->promise = (uint8_t)promise;
		if (promise == STORED) {
			row->queue = (int16_t)result->queue.id;
			row->offset = result->queue_offset + i;
		}
	}
	lane_again(lane, error == NULL ? (int64_t)sends->pause_ms : PAUSE_MS);
}

static void
send_next(struct lane *lane)
{
	struct sends *sends = lane->load->context;
	struct message messages[BATCH] = { 0 };

	if (load_stopping() || sends->ledger.n > MESSAGES_MAX) {
		load_stop();
		lane_end(lane);
		return;
	}
	lane->n = sends->n_operations++ % BATCH_EACH == 0 ? BATCH : 1;
	for (uint32_t i = 0; i < lane->n; i++) {
		uint64_t number = ledger_take(&sends->ledger);

		if (i == 0)
			lane->number = number;
		messages[i] = (struct message){
			.topic = slice_of(sends->topic),
			.body = numbered_body(
			    sends->room + i * sends->body_max, number, sends->body_max),
			.queue_id = MESSAGE_ANY_QUEUE,
		};
	}
	if (lane->n == 1)
		producer_send_async(lane->producer, &messages[0], on_sent, lane);
	else
		producer_send_batch_async(lane->producer, messages, lane->n, on_sent, lane);
}

static int
judge_sends(struct sends *sends, struct twinmq *mq)
{
	struct judge judge = { .mq = mq,
		.topic = sends->topic,
		.ledger = &sends->ledger,
		.body_max = sends->body_max,
		.may_lose = sends->may_lose };
	uint64_t n_sent = sends->ledger.n;
	int status = judge_open(&judge) == -1 || judge_all(&judge) == -1 ? -1 : 0;

	if (status == -1)
		fprintf(stderr, "sends: %s\n", twinmq_error(mq)->text);
	printf("sent=%" PRIu64 "\nstored=%" PRIu64 "\nrefused=%" PRIu64 "\nunknown=%" PRIu64
	       "\nfound=%" PRIu64 "\nbreaches=%" PRIu64 "\n",
	    n_sent, ledger_count(&sends->ledger, STORED), ledger_count(&sends->ledger, REFUSED),
	    ledger_count(&sends->ledger, UNKNOWN), judge.n_met, breaches());
	judge_close(&judge);
	return status;
}

int
main(int argc, char **argv)
{
	struct sends sends = { .body_max = 1000 };
	struct load load = { .group = "killer",
		.n_handles = 4,
		.window = 8,
		.timeout_ms = TIMEOUT_MS,
		.next = send_next,
		.context = &sends };
	int option, status;

	while ((option = getopt(argc, argv, "c:w:s:p:l")) != -1) {
		if (option == 'c')
			load.n_handles = number_argument(optarg, 1, 1000);
		else if (option == 'w')
			load.window = number_argument(optarg, 1, 1000);
		else if (option == 's')
			sends.body_max = number_argument(optarg, NUMBERED_BODY_MIN, 1 << 20);
		else if (option == 'p')
			sends.pause_ms = number_argument(optarg, 0, 60000);
		else if (option == 'l')
			sends.may_lose = true;
		else
			return 2;
	}
	if (argc - optind != 2) {
		fputs("usage: sends [-c connections] [-w window] [-s bytes] [-p ms] [-l] NAMESRV "
		      "TOPIC\n",
		    stderr);
		return 2;
	}
	load.name_servers = argv[optind];
	sends.topic = argv[optind + 1];
	sends.room = mem_alloc(BATCH * sends.body_max);
	load_stop_on_sigterm();
	load_open(&load);
	load_run(&load);
	status = judge_sends(&sends, load.handles[0]);
	load_close(&load);
	ledger_release(&sends.ledger);
	free(sends.room);
	return status == -1 ? 2 : breaches() != 0;
}
