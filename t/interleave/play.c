#include "config.h"

#include "t/interleave/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "t/interleave/content.h"

#define BEAT_MS 20
#define BEGUN_A_BEAT 4 /* trials, so that not all are at the same point */
#define ROUTE_TIMEOUT_MS 30000
#define PARKED_TOPIC "TRANS_CHECK_MAX_TIME_TOPIC"

uint64_t
play_tick(struct play *play)
{
	play->active_ms = clock_mono_ms();
	return ++play->tick;
}

void
play_over(struct play *play)
{
	play->n_active--;
}

struct trial *
play_trial_of(struct play *play, const struct record *record)
{
	int64_t number = content_number(record);

	if (number < 0 || number >= play->n_begun) {
		play->n_stray++;
		return NULL;
	}
	return &play->trials[number];
}

static void
on_found(void *context, const struct reader_queue *queue, const struct record *record)
{
	struct trial *trial = play_trial_of(context, record);

	if (trial == NULL)
		return;
	if (queue->is_parked)
		trial_parked(trial, record);
	else
		trial_delivered(trial, record);
}

static void
print_progress(const struct play *play, const char *end)
{
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\rinterleavings %u of %u, under way %u, kills %u of %u  %s", play->n_begun,
	    play->settings.n_trials, play->n_active, play->n_killed, play->settings.n_kills, end);
}

static void
begin_some(struct play *play)
{
	for (int i = 0; i < BEGUN_A_BEAT; i++) {
		if (play->phase != PLAY_UP || play->n_begun == play->settings.n_trials ||
		    play->n_active >= play->settings.window)
			return;
		play->n_active++;
		trial_begin(&play->trials[play->n_begun++]);
		faults_step(play);
	}
}

static bool
is_quiet(const struct play *play)
{
	return play->phase == PLAY_UP && play->n_begun == play->settings.n_trials &&
	       play->n_active == 0 && clock_mono_ms() > play->active_ms + play->settings.quiet_ms;
}

static void
on_beat(struct timer *timer)
{
	struct play *play = container_of(timer, struct play, beat);

	begin_some(play);
	print_progress(play, "");
	if (play->phase == PLAY_UP && child_is_dead(&play->child))
		play->failed = true;
	if (play->failed || is_quiet(play))
		loop_stop(&play->loop);
	else
		loop_set_timer(&play->loop, &play->beat, clock_mono_ms() + BEAT_MS);
}

void
play_init(struct play *play, const struct play_settings *settings, const struct child *child)
{
	*play = (struct play){
		.settings = *settings,
		.child = *child,
		.beat = { .due = on_beat },
		.reader = { .found = on_found, .context = play },
		.trials = mem_zalloc(settings->n_trials * sizeof *play->trials),
	};
	loop_init(&play->loop, 0);
	faults_init(play);
	for (uint32_t i = 0; i < settings->n_trials; i++) {
		play->trials[i].play = play;
		plan_make(&settings->plan, i, &play->trials[i].plan);
	}
}

void
play_release(struct play *play)
{
	loop_drop_timer(&play->loop, &play->beat);
	loop_drop_timer(&play->loop, &play->fault);
	for (size_t i = 0; i < N_GROUPS; i++)
		for (size_t j = 0; j < 2; j++)
			member_close(&play->members[i][j]);
	for (uint32_t i = 0; i < play->settings.n_trials; i++)
		trial_release(&play->trials[i]);
	reader_close(&play->reader);
	child_kill(&play->child);
	loop_release(&play->loop);
	free(play->trials);
	free(play->kill_at);
}

/* ---- before the first trial ------------------------------------------------- */

static int
call(struct play *play, struct command *request)
{
	struct twinmq *mq = play->members[0][0].mq;
	struct twinmq_reply reply;
	struct arena arena = { 0 };
	int status =
	    twinmq_call(mq, slice_of(play->settings.broker), request, SLICE(""), &arena, &reply);

	if (status == -1)
		fprintf(stderr, "interleave: %s\n", twinmq_error(mq)->text);
	arena_release(&arena);
	return status;
}

static int
make_topic(struct play *play)
{
	struct create_topic_header header = {
		.topic = slice_of(play->settings.topic),
		.default_topic = SLICE("TBW102"),
		.read_queues = play->settings.queues,
		.write_queues = play->settings.queues,
		.perm = 6,
		.topic_filter_type = SLICE("SINGLE_TAG"),
	};
	struct command request = { .code = REQUEST_UPDATE_AND_CREATE_TOPIC };
	struct arena arena = { 0 };
	int status;

	fields_encode(create_topic_header_fields, &header, &arena, &request);
	status = call(play, &request);
	arena_release(&arena);
	return status;
}

static int
make_group(struct play *play)
{
	struct producer_group_settings_header header = {
		.group = play->members[GROUP_COMMIT_WINS_ONCE][0].group,
		.policy = SLICE("commit-wins-once"),
	};
	struct command request = { .code = REQUEST_UPDATE_PRODUCER_GROUP };
	struct arena arena = { 0 };
	int status;

	if (!play->settings.is_twinmq)
		return 0;
	fields_encode(producer_group_settings_header_fields, &header, &arena, &request);
	status = call(play, &request);
	arena_release(&arena);
	return status;
}

static int
open_members(struct play *play)
{
	for (unsigned i = 0; i < N_GROUPS; i++)
		for (unsigned j = 0; j < 2; j++)
			if (member_open(&play->members[i][j], play, i, j == 1) == -1)
				return -1;
	return 0;
}

static void
on_started(struct timer *timer)
{
	struct play *play = container_of(timer, struct play, beat);

	if (play->failed || play->phase == PLAY_UP)
		loop_stop(&play->loop);
	else
		loop_set_timer(&play->loop, &play->beat, clock_mono_ms() + BEAT_MS);
}

/* The name server is told of a new topic, but nobody waits for it. */
static int
wait_for_route(struct play *play)
{
	int64_t end_ms = clock_mono_ms() + ROUTE_TIMEOUT_MS;
	struct arena arena = { 0 };
	struct route route = { 0 };

	while (clock_mono_ms() < end_ms) {
		arena_reset(&arena);
		if (twinmq_route(play->reader.mq, slice_of(play->settings.topic), &arena, &route) ==
			0 &&
		    route.n_queues > 0)
			break;
		usleep(BEAT_MS * 1000);
	}
	arena_release(&arena);
	if (route.n_queues > 0)
		return 0;
	fprintf(stderr, "interleave: the name server does not learn of %s\n", play->settings.topic);
	return -1;
}

int
play_open(struct play *play)
{
	struct message_queue queue = {
		.topic = slice_of(play->settings.topic),
		.broker_name = slice_of(play->settings.broker_name),
	};

	if (open_members(play) == -1 || faults_start(play) == -1)
		return -1;
	play->beat.due = on_started;
	loop_set_timer(&play->loop, &play->beat, clock_mono_ms());
	loop_run(&play->loop);
	play->beat.due = on_beat;
	if (play->failed) {
		fprintf(stderr, "interleave: the broker does not start; see %s\n", play->child.log);
		return -1;
	}
	if (make_topic(play) == -1 || make_group(play) == -1 ||
	    reader_open(&play->reader, play->settings.name_server, &play->loop) == -1 ||
	    wait_for_route(play) == -1)
		return -1;
	for (; queue.id < play->settings.queues; queue.id++)
		reader_add(&play->reader, &queue, false);
	queue.topic = SLICE(PARKED_TOPIC);
	queue.id = 0;
	reader_add(&play->reader, &queue, true);
	reader_start(&play->reader);
	return 0;
}

int
play_run(struct play *play)
{
	play->active_ms = clock_mono_ms();
	loop_set_timer(&play->loop, &play->beat, clock_mono_ms());
	loop_run(&play->loop);
	print_progress(play, "\n");
	if (play->failed)
		fprintf(stderr, "interleave: the broker died, or does not start again; see %s\n",
		    play->child.log);
	return play->failed ? -1 : 0;
}
