#include "config.h"

#include "broker/consumers/member_offsets.h"

#include <stdlib.h>

#include "broker/consumers/push.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define CLIENT_TIMEOUT_MS 5000
#define BYTES_MAX (4 << 20) /* of replies; further ones are left out */

/* One member's part of a survey. */
struct surveyed {
	struct offset_survey *survey;
	struct member_offsets offsets;
	bool replied;
};

struct offset_survey {
	struct surveyed *members;
	size_t n_members;
	size_t n_open;
	size_t n_bytes;
	member_offsets_fn *done;
	void *context;
	struct arena arena;
};

static void
finish(struct offset_survey *survey, struct loop *loop)
{
	struct member_offsets *list = arena_alloc(&survey->arena, survey->n_members * sizeof *list);
	size_t n = 0;

	for (size_t i = 0; i < survey->n_members; i++) {
		if (survey->members[i].replied)
			list[n++] = survey->members[i].offsets;
	}
	survey->done(survey->context, loop, list, n);
	arena_release(&survey->arena);
	free(survey);
}

static void
on_answered(void *context, struct loop *here, const struct push_answer *answer)
{
	struct surveyed *member = context;
	struct offset_survey *survey = member->survey;
	struct slice body = answer->body;

	if (answer->result == PUSH_SENT && answer->code == RESPONSE_SUCCESS && body.len != 0 &&
	    survey->n_bytes + body.len <= BYTES_MAX) {
		survey->n_bytes += body.len;
		member->replied =
		    queue_offsets_read(&survey->arena, arena_copy(&survey->arena, body),
			"messageQueueTable", &member->offsets.list, &member->offsets.n) == 0;
	}
	if (--survey->n_open == 0)
		finish(survey, here);
}

void
member_offsets_ask(struct broker *broker, struct loop *loop, const struct offset_question *question,
    member_offsets_fn *done, void *context)
{
	struct offset_survey *survey = mem_zalloc(sizeof *survey);
	struct consumer_status_header header = { .topic = question->topic,
		.group = question->group };
	struct command command = { 0 };
	size_t n = question->n_members;

	survey->members = arena_zalloc(&survey->arena, n * sizeof *survey->members);
	survey->n_members = n;
	survey->n_open = n;
	survey->done = done;
	survey->context = context;
	fields_encode(consumer_status_header_fields, &header, &survey->arena, &command);
	for (size_t i = 0; i < n; i++) {
		struct surveyed *member = &survey->members[i];

		member->survey = survey;
		member->offsets.client_id = arena_copy(&survey->arena, question->members[i].id);
		push_ask(broker, loop,
		    &(struct push_call){
			.to = question->members[i].conn,
			.code = REQUEST_GET_CONSUMER_STATUS_FROM_CLIENT,
			.ext = command.ext,
			.n_ext = command.n_ext,
			.timeout_ms = CLIENT_TIMEOUT_MS,
		    },
		    on_answered, member);
	}
	if (n == 0)
		finish(survey, loop);
}
