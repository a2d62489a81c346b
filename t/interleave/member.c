#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/heartbeat.h"
#include "t/interleave/play.h"

#define BEAT_MS 500 /* a killed broker has forgotten us, and nobody tells */
#define BEAT_TIMEOUT_MS 1000

static const struct slice group_names[N_GROUPS] = {
	[GROUP_FIRST_WINS] = SLICE("interleave-first-wins"),
	[GROUP_COMMIT_WINS_ONCE] = SLICE("interleave-commit-wins-once"),
};

static void
on_beaten(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct member *member = arg;

	(void)body;
	if (error == NULL && reply->code == RESPONSE_SUCCESS)
		member->registered = member->play->life;
	else
		member->registered = 0;
}

void
member_beat(struct member *member)
{
	struct heartbeat heartbeat = {
		.client_id = slice_of(member->client_id),
		.producers = &member->group,
		.n_producers = 1,
	};
	struct command request = { .code = REQUEST_HEART_BEAT };
	struct buf body = { 0 };
	struct json_out out;

	json_out_init(&out, &body);
	heartbeat_write(&out, &heartbeat);
	twinmq_call_async(member->mq, slice_of(member->play->settings.broker), &request,
	    buf_slice(&body), BEAT_TIMEOUT_MS, on_beaten, member);
	buf_release(&body);
	loop_set_timer(&member->play->loop, &member->heartbeat, clock_mono_ms() + BEAT_MS);
}

static void
on_heartbeat_due(struct timer *timer)
{
	member_beat(container_of(timer, struct member, heartbeat));
}

/* What a broker asks of us: only CHECK_TRANSACTION_STATE is wanted. */
static void
on_request(void *context, struct conn *conn, const struct command *command, struct slice body)
{
	struct member *member = context;
	struct check_transaction_header header;
	struct transaction_half half = { .address = member->play->settings.broker };
	struct record record;
	const char *bad;

	(void)conn;
	if (command->code != REQUEST_CHECK_TRANSACTION_STATE)
		return;
	if (fields_decode(check_transaction_header_fields, command, &header, &bad) == -1 ||
	    record_decode(body.data, body.len, &record) == -1) {
		member->play->n_stray++;
		return;
	}

	struct trial *trial = play_trial_of(member->play, &record);
	struct slice id = property_find(record.properties, "UNIQ_KEY");

	if (trial == NULL)
		return;
	half.position = header.commit_log_offset;
	half.queue_offset = header.tran_state_table_offset;
	snprintf(half.unique_id, sizeof half.unique_id, "%.*s", (int)id.len, id.data);
	trial_asked(trial, member, &half, &record);
}

int
member_open(struct member *member, struct play *play, unsigned group, bool twin)
{
	struct twinmq_options options = {
		.name_servers = play->settings.name_server,
		.loop = &play->loop,
		.timeout_ms = ANSWER_TIMEOUT_MS,
		.route_age_ms = 200,
		.on_request = on_request,
		.context = member,
	};
	struct producer_options producing = {
		.timeout_ms = ANSWER_TIMEOUT_MS, .retries = -1, .compress_over_bytes = -1
	};
	struct twinmq_error error;

	*member = (struct member){
		.play = play,
		.group = group_names[group],
		.twin = twin,
		.heartbeat = { .due = on_heartbeat_due },
	};
	snprintf(member->client_id, sizeof member->client_id, "127.0.0.1@%ld-%u-%d", (long)getpid(),
	    group, twin);
	producing.group = member->group.data;
	member->mq = twinmq_open(&options, &error);
	if (member->mq == NULL) {
		fprintf(stderr, "interleave: %s\n", error.text);
		return -1;
	}
	member->producer = producer_new(member->mq, &producing);
	return 0;
}

void
member_close(struct member *member)
{
	if (member->mq == NULL)
		return;
	loop_drop_timer(&member->play->loop, &member->heartbeat);
	twinmq_close(member->mq);
	producer_free(member->producer);
}
