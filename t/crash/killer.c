/*
 * killer: a load for a broker that is being killed, and the proof afterwards.
 *
 *   killer [-c connections] [-w window] [-s bytes] NAMESRV TOPIC
 *
 * Sends numbered messages over many connections, without retries, until
 * SIGTERM; then reads every queue of the topic from its first to its last
 * offset and compares with what was answered:
 *   I1  a message whose send was answered with OK is there, where the answer said;
 *   I4  the offsets of a queue begin at 0 and have no gap;
 *   I5  no attempt is stored twice;
 *   I6  nothing is there that was not sent, was refused, or has another body.
 * A send whose answer never came may be there or not.
 *
 * Prints what it counted as name=value; each breach is a line on stderr.
 * Exit status: 0 all holds, 1 something does not, 2 it could not be found out.
 */

#include "config.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/twinmq.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "t/crash/proof.h"

#define BATCH 5          /* messages in a batch */
#define BATCH_EACH 16    /* every so many operations is one */
#define PAUSE_MS 5       /* after a failed send */
#define TIMEOUT_MS 20000 /* a disk may be slow; that a broker died is noticed at once */
#define MESSAGES_MAX 20000000

enum outcome {
	PENDING,
	STORED,
	REFUSED, /* the broker said no, or the message never left */
	UNKNOWN,
};

struct attempt {
	int64_t offset;
	int16_t queue;
	uint8_t outcome;
	bool seen;
};

/* One of a connection's window: sends again whenever its last send is done. */
struct lane {
	struct killer *killer;
	struct producer *producer;
	struct timer pause;
	uint32_t number; /* of its first message on the way */
	uint32_t n;
};

struct killer {
	struct loop loop;
	const char *topic;
	size_t body_max;
	struct twinmq **handles;
	struct lane *lanes;
	size_t n_handles, n_lanes;
	size_t n_busy;
	struct attempt *attempts;
	uint32_t n_attempts, cap_attempts;
	uint32_t n_operations;
	uint64_t n_found, n_outcomes[UNKNOWN + 1];
	char *scratch;
};

static volatile sig_atomic_t stopping;

static void
on_signal(int number)
{
	(void)number;
	stopping = 1;
}

static uint32_t
take_number(struct killer *killer)
{
	if (killer->n_attempts == killer->cap_attempts) {
		killer->cap_attempts = killer->cap_attempts == 0 ? 65536 : killer->cap_attempts * 2;
		killer->attempts =
		    mem_realloc(killer->attempts, killer->cap_attempts * sizeof *killer->attempts);
	}
	killer->attempts[killer->n_attempts] = (struct attempt){ .outcome = PENDING };
	return killer->n_attempts++;
}

/* ---- load ---- */

static void lane_send(struct lane *lane);

static enum outcome
outcome_of(const struct twinmq_error *error, const struct send_result *result)
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
	struct killer *killer = lane->killer;
	enum outcome outcome = outcome_of(error, result);

	for (uint32_t i = 0; i < lane->n; i++) {
		struct attempt *attempt = &killer->attempts[lane->number + i];

		attempt->outcome = (uint8_t)outcome;
		if (outcome == STORED) {
			attempt->queue = (int16_t)result->queue.id;
			attempt->offset = result->queue_offset + i;
		}
	}
	killer->n_outcomes[outcome] += lane->n;
	killer->n_busy--;
	loop_set_timer(
	    &killer->loop, &lane->pause, clock_mono_ms() + (error == NULL ? 0 : PAUSE_MS));
}

static void
on_pause_over(struct timer *timer)
{
	lane_send(container_of(timer, struct lane, pause));
}

static void
lane_send(struct lane *lane)
{
	struct killer *killer = lane->killer;
	struct message messages[BATCH] = { 0 };

	if (stopping || killer->n_attempts > MESSAGES_MAX) {
		stopping = 1;
		if (killer->n_busy == 0)
			loop_stop(&killer->loop);
		return;
	}
	lane->n = killer->n_operations++ % BATCH_EACH == 0 ? BATCH : 1;
	for (uint32_t i = 0; i < lane->n; i++) {
		uint32_t number = take_number(killer);

		if (i == 0)
			lane->number = number;
		messages[i] = (struct message){
			.topic = slice_of(killer->topic),
			.body = numbered_body(
			    killer->scratch + i * killer->body_max, number, killer->body_max),
			.queue_id = MESSAGE_ANY_QUEUE,
		};
	}
	killer->n_busy++;
	if (lane->n == 1)
		producer_send_async(lane->producer, &messages[0], on_sent, lane);
	else
		producer_send_batch_async(lane->producer, messages, lane->n, on_sent, lane);
}

static void
load(struct killer *killer)
{
	for (size_t i = 0; i < killer->n_lanes; i++)
		lane_send(&killer->lanes[i]);
	loop_run(&killer->loop);
}

/* ---- proof ---- */

static void
check_record(struct killer *killer, const struct record *record, int32_t queue, int64_t offset)
{
	uint64_t number = body_number(record->body);

	if (record->queue_offset != offset || record->queue_id != queue)
		breach("queue %d: offset %" PRId64 " where %" PRId64 " is due", (int)queue,
		    record->queue_offset, offset);
	if (number >= killer->n_attempts || !record_check(record) ||
	    !slice_equal(record->body, numbered_body(killer->scratch, number, killer->body_max))) {
		breach("queue %d offset %" PRId64 ": a body that nobody sent", (int)queue, offset);
		return;
	}

	struct attempt *attempt = &killer->attempts[number];

	if (attempt->seen)
		breach("message %" PRIu64 " is stored twice", number);
	if (attempt->outcome == REFUSED)
		breach("message %" PRIu64 " is stored, but was refused", number);
	if (attempt->outcome == STORED && (attempt->queue != queue || attempt->offset != offset))
		breach("message %" PRIu64 " is at queue %d offset %" PRId64
		       ", its answer said queue %d offset %" PRId64,
		    number, (int)queue, offset, (int)attempt->queue, attempt->offset);
	attempt->seen = true;
	killer->n_found++;
}

static int
check_queue(struct killer *killer, const struct message_queue *queue)
{
	struct twinmq *mq = killer->handles[0];
	struct pull_spec pull = { .queue = *queue, .max_messages = 1000 };
	struct arena arena = { 0 };
	struct pull_result result;
	struct record record;
	int64_t end;
	int status = -1;

	if (twinmq_min_offset(mq, queue, &pull.offset) == -1 ||
	    twinmq_max_offset(mq, queue, &end) == -1)
		return -1;
	if (pull.offset != 0)
		breach("queue %d begins at %" PRId64, (int)queue->id, pull.offset);
	while (pull.offset < end) {
		arena_reset(&arena);
		if (twinmq_pull(mq, &pull, &arena, &result) == -1)
			goto out;
		if (result.status != PULL_FOUND) {
			breach("queue %d: nothing at offset %" PRId64 " of %" PRId64,
			    (int)queue->id, pull.offset, end);
			break;
		}
		while (pulled_next(&result.records, SLICE_NONE, &record))
			check_record(killer, &record, queue->id, pull.offset++);
	}
	status = 0;
out:
	arena_release(&arena);
	return status;
}

static int
check_all(struct killer *killer)
{
	struct arena arena = { 0 };
	struct route route;
	int status = 0;

	if (twinmq_route(killer->handles[0], slice_of(killer->topic), &arena, &route) == -1)
		status = -1;
	for (size_t i = 0; status == 0 && i < route.n_queues; i++) {
		struct message_queue queue = { .topic = slice_of(killer->topic),
			.broker_name = route.queues[i].broker_name };

		for (; status == 0 && queue.id < route.queues[i].read_queues; queue.id++)
			status = check_queue(killer, &queue);
	}
	for (uint32_t i = 0; status == 0 && i < killer->n_attempts; i++)
		if (killer->attempts[i].outcome == STORED && !killer->attempts[i].seen)
			breach("message %" PRIu32 " was acknowledged at queue %d offset %" PRId64
			       " and is lost",
			    i, (int)killer->attempts[i].queue, killer->attempts[i].offset);
	arena_release(&arena);
	return status;
}

/* ---- the program ---- */

static void
open_all(struct killer *killer, const char *name_servers, size_t window)
{
	struct twinmq_options options = {
		.name_servers = name_servers,
		.loop = &killer->loop,
		.timeout_ms = TIMEOUT_MS,
		.route_age_ms = 200,
	};
	struct producer_options producing = {
		.group = "killer",
		.timeout_ms = TIMEOUT_MS,
		.retries = -1,
		.compress_over_bytes = -1,
	};
	struct twinmq_error error;

	killer->n_lanes = killer->n_handles * window;
	killer->handles = mem_zalloc(killer->n_handles * sizeof *killer->handles);
	killer->lanes = mem_zalloc(killer->n_lanes * sizeof *killer->lanes);
	killer->scratch = mem_alloc(BATCH * killer->body_max);
	for (size_t i = 0; i < killer->n_handles; i++) {
		killer->handles[i] = twinmq_open(&options, &error);
		if (killer->handles[i] == NULL) {
			fprintf(stderr, "killer: %s\n", error.text);
			exit(2);
		}
		for (size_t j = 0; j < window; j++)
			killer->lanes[i * window + j] = (struct lane){
				.killer = killer,
				.producer = producer_new(killer->handles[i], &producing),
				.pause = { .due = on_pause_over },
			};
	}
}

static void
close_all(struct killer *killer)
{
	for (size_t i = 0; i < killer->n_lanes; i++)
		producer_free(killer->lanes[i].producer);
	for (size_t i = 0; i < killer->n_handles; i++)
		twinmq_close(killer->handles[i]);
	loop_release(&killer->loop);
	free(killer->handles);
	free(killer->lanes);
	free(killer->attempts);
	free(killer->scratch);
}

int
main(int argc, char **argv)
{
	struct killer killer = { .n_handles = 4, .body_max = 1000 };
	struct sigaction action = { .sa_handler = on_signal };
	size_t window = 8;
	int option, status;

	while ((option = getopt(argc, argv, "c:w:s:")) != -1) {
		if (option == 'c')
			killer.n_handles = number_argument(optarg, 1, 1000);
		else if (option == 'w')
			window = number_argument(optarg, 1, 1000);
		else if (option == 's')
			killer.body_max = number_argument(optarg, NUMBERED_BODY_MIN, 1 << 20);
		else
			return 2;
	}
	if (argc - optind != 2) {
		fputs("usage: killer [-c connections] [-w window] [-s bytes] NAMESRV TOPIC\n",
		    stderr);
		return 2;
	}
	killer.topic = argv[optind + 1];
	sigaction(SIGTERM, &action, NULL);
	loop_init(&killer.loop, 0);
	open_all(&killer, argv[optind], window);
	load(&killer);
	status = check_all(&killer);
	if (status == -1)
		fprintf(stderr, "killer: %s\n", twinmq_error(killer.handles[0])->text);
	printf("sent=%" PRIu32 "\nstored=%" PRIu64 "\nrefused=%" PRIu64 "\nunknown=%" PRIu64
	       "\nfound=%" PRIu64 "\nbreaches=%" PRIu64 "\n",
	    killer.n_attempts, killer.n_outcomes[STORED], killer.n_outcomes[REFUSED],
	    killer.n_outcomes[UNKNOWN], killer.n_found, breaches());
	close_all(&killer);
	return status == -1 ? 2 : breaches() != 0;
}
