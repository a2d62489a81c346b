/*
 * commits: a group that commits offsets at a master while masters come and go, and the proof that
 * none of them is lost or made up.
 *
 *   commits [-p ms] NAMESRV TOPIC GROUP
 *
 * For one queue after the other it asks for the group's offset, then commits a larger one, at most
 * the queue's end, and waits for the answer. Until SIGTERM; then it asks once more:
 *   I11  the offset of a queue is at least what was acknowledged, at most what was ever sent, and
 *        at most the end of the queue.
 * Only an answer of the master counts that acknowledges the next commit, too: another one may be a
 * master that was replaced and does not know it.
 *
 * Prints what it counted as name=value; each breach is a line on stderr.
 * Exit status: 0 all holds, 1 something does not, 2 it could not be found out.
 */

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/twinmq.h"
#include "common/base/clock.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "t/crash/judge.h"
#include "t/crash/load.h"

#define QUEUES_MAX 16
#define TIMEOUT_MS 5000
#define STEP 7            /* messages, at most, from one commit to the next */
#define PATIENCE_MS 60000 /* at the end, until all queues have answered */
#define NO_OFFSET (-1)

struct commits {
	struct twinmq *mq;
	struct slice topic, group;
	int32_t n_queues;
	int64_t acknowledged[QUEUES_MAX], sent[QUEUES_MAX];
	uint64_t n_commits, n_acknowledged, n_checked;
	char address[64]; /* of the master */
};

/* The master by a name server, and how many queues there are. -1: there is none now. */
static int
find_master(struct commits *commits)
{
	struct arena arena = { 0 };
	struct route route;
	int status = -1;

	if (twinmq_route(commits->mq, commits->topic, &arena, &route) == 0 &&
	    route.n_brokers == 1 && route.n_queues == 1) {
		const struct broker_data *broker = &route.brokers[0];

		commits->n_queues = route.queues[0].read_queues;
		for (size_t i = 0; i < broker->n_addresses; i++)
			if (broker->addresses[i].id == 0) {
				snprintf(commits->address, sizeof commits->address, "%.*s",
				    (int)broker->addresses[i].address.len,
				    broker->addresses[i].address.data);
				status = 0;
			}
	}
	arena_release(&arena);
	return status;
}

/* A request to that master; *number is the only member of its answer. -1: no answer, or no. */
static int
ask(struct commits *commits, struct command *request, const struct field *fields, int64_t *number)
{
	struct arena arena = { 0 };
	struct twinmq_reply reply;
	const char *bad;
	int status = twinmq_call(
	    commits->mq, slice_of(commits->address), request, SLICE(""), &arena, &reply);

	if (status == 0 && fields != NULL)
		status = fields_decode(fields, &reply.command, number, &bad);
	else if (status == -1 && fields != NULL && reply.command.code == RESPONSE_QUERY_NOT_FOUND) {
		*number = NO_OFFSET;
		status = 0;
	}
	arena_release(&arena);
	return status;
}

static int
ask_offset(struct commits *commits, int32_t queue, int64_t *offset)
{
	struct query_offset_header header = {
		.consumer_group = commits->group, .topic = commits->topic, .queue_id = queue
	};
	struct command request = { .code = REQUEST_QUERY_CONSUMER_OFFSET };
	struct arena arena = { 0 };

	fields_encode(query_offset_header_fields, &header, &arena, &request);
	int status = ask(commits, &request, offset_reply_fields, offset);

	arena_release(&arena);
	return status;
}

static int
ask_end(struct commits *commits, int32_t queue, int64_t *end)
{
	struct queue_header header = { .topic = commits->topic, .queue_id = queue };
	struct command request = { .code = REQUEST_GET_MAX_OFFSET };
	struct arena arena = { 0 };

	fields_encode(queue_header_fields, &header, &arena, &request);
	int status = ask(commits, &request, offset_reply_fields, end);

	arena_release(&arena);
	return status;
}

static int
commit(struct commits *commits, int32_t queue, int64_t offset)
{
	struct update_offset_header header = { .consumer_group = commits->group,
		.topic = commits->topic,
		.queue_id = queue,
		.commit_offset = offset };
	struct command request = { .code = REQUEST_UPDATE_CONSUMER_OFFSET };
	struct arena arena = { 0 };

	fields_encode(update_offset_header_fields, &header, &arena, &request);
	int status = ask(commits, &request, NULL, NULL);

	arena_release(&arena);
	return status;
}

static void
judge_offset(struct commits *commits, int32_t queue, int64_t offset, int64_t end)
{
	commits->n_checked++;
	if (offset < commits->acknowledged[queue])
		breach("queue %d: the group's offset is %" PRId64 ", %" PRId64 " was acknowledged",
		    (int)queue, offset, commits->acknowledged[queue]);
	if (offset > commits->sent[queue])
		breach("queue %d: the group's offset is %" PRId64
		       ", nobody sent more than %" PRId64,
		    (int)queue, offset, commits->sent[queue]);
	if (offset > end)
		breach("queue %d: the group's offset is %" PRId64 ", the queue ends at %" PRId64,
		    (int)queue, offset, end);
}

/* What was asked before a commit that is acknowledged was the answer of the master. */
static void
go_on(struct commits *commits, int32_t queue)
{
	int64_t before, end;

	if (ask_offset(commits, queue, &before) == -1 || ask_end(commits, queue, &end) == -1 ||
	    end <= commits->sent[queue])
		return;
	int64_t next = commits->sent[queue] + 1 + (int64_t)(commits->n_commits % STEP);

	if (next > end)
		next = end;
	commits->n_commits++;
	commits->sent[queue] = next;
	if (commit(commits, queue, next) == -1)
		return;
	judge_offset(commits, queue, before, end);
	commits->acknowledged[queue] = next;
	commits->n_acknowledged++;
}

/* 0, or -1 when a queue did not answer in time. */
static int
judge_all_offsets(struct commits *commits)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	for (int32_t queue = 0; queue < commits->n_queues;) {
		int64_t offset, end;

		if (find_master(commits) == 0 && ask_offset(commits, queue, &offset) == 0 &&
		    ask_end(commits, queue, &end) == 0)
			judge_offset(commits, queue++, offset, end);
		else if (clock_mono_ms() > until)
			return -1;
		else
			twinmq_run(commits->mq, 100);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct commits commits = { 0 };
	size_t pause_ms = 20;
	int option;

	while ((option = getopt(argc, argv, "p:")) != -1) {
		if (option != 'p')
			return 2;
		pause_ms = number_argument(optarg, 0, 60000);
	}
	if (argc - optind != 3) {
		fputs("usage: commits [-p ms] NAMESRV TOPIC GROUP\n", stderr);
		return 2;
	}
	struct twinmq_options options = { .name_servers = argv[optind], .timeout_ms = TIMEOUT_MS };
	struct twinmq_error error;

	commits.topic = slice_of(argv[optind + 1]);
	commits.group = slice_of(argv[optind + 2]);
	for (int i = 0; i < QUEUES_MAX; i++)
		commits.acknowledged[i] = commits.sent[i] = NO_OFFSET;
	commits.mq = twinmq_open(&options, &error);
	if (commits.mq == NULL) {
		fprintf(stderr, "commits: %s\n", error.text);
		return 2;
	}
	load_stop_on_sigterm();
	for (int32_t queue = 0; !load_stopping(); queue++) {
		if (find_master(&commits) == 0 && commits.n_queues <= QUEUES_MAX)
			go_on(&commits, queue % commits.n_queues);
		twinmq_run(commits.mq, (int)pause_ms);
	}
	int status = judge_all_offsets(&commits);

	printf("commits=%" PRIu64 "\nacknowledged=%" PRIu64 "\nchecked=%" PRIu64
	       "\nbreaches=%" PRIu64 "\n",
	    commits.n_commits, commits.n_acknowledged, commits.n_checked, breaches());
	twinmq_close(commits.mq);
	return status == -1 ? 2 : breaches() != 0;
}
