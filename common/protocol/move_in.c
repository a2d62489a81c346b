#include "config.h"

#include "common/protocol/move_in.h"

#include "common/json/json_body.h"

static const char *const names[N_MOVE_IN_STATES] = {
	[MOVE_IN_COPYING] = "copying",
	[MOVE_IN_CAUGHT_UP] = "caughtUp",
	[MOVE_IN_MOVING] = "moving",
	[MOVE_IN_MOVED] = "moved",
	[MOVE_IN_REFUSED] = "refused",
};

const char *
move_in_state_name(enum move_in_state state)
{
	return names[state];
}

void
move_in_status_write(struct json_out *out, const struct move_in_status *status)
{
	json_open_object(out);
	json_member_put_text(out, "state", names[status->state]);
	json_member_put_slice(out, "master", status->master);
	json_member_put_bool(out, "masterAnswers", status->master_answers);
	json_member_put_int(out, "behindBytes", status->behind_bytes);
	json_member_put_int(out, "halvesOpen", status->halves_open);
	json_member_put_int(out, "delayed", status->delayed);
	json_member_put_int(out, "timed", status->timed);
	json_member_put_int(out, "poppedOpen", status->popped_open);
	json_key(out, "left");
	json_open_array(out);
	for (size_t i = 0; i < status->n_left; i++) {
		json_open_object(out);
		json_member_put_slice(out, "what", status->left[i].what);
		json_member_put_int(out, "n", status->left[i].n);
		json_member_put_slice(out, "why", status->left[i].why);
		json_close_object(out);
	}
	json_close_array(out);
	json_member_put_slice(out, "refusal", status->refusal);
	json_close_object(out);
}

static int
read_left(struct arena *arena, const struct json *json, void *item)
{
	struct move_in_left *left = item;

	(void)arena;
	*left = (struct move_in_left){
		.what = json_member_text(json, "what"),
		.n = json_member_int64(json, "n", 0),
		.why = json_member_text(json, "why"),
	};
	return json_is_object(json) ? 0 : -1;
}

int
move_in_status_read(struct arena *arena, struct slice body, struct move_in_status *status)
{
	const struct json *json = json_parse(arena, body);

	if (!json_is_object(json))
		return -1;
	*status = (struct move_in_status){
		.state = (enum move_in_state)json_enum(
		    json_member(json, "state"), names, N_MOVE_IN_STATES, MOVE_IN_COPYING),
		.master = json_member_text(json, "master"),
		.master_answers = json_member_bool(json, "masterAnswers", false),
		.behind_bytes = json_member_int64(json, "behindBytes", 0),
		.halves_open = json_member_int64(json, "halvesOpen", -1),
		.delayed = json_member_int64(json, "delayed", -1),
		.timed = json_member_int64(json, "timed", -1),
		.popped_open = json_member_int64(json, "poppedOpen", -1),
		.refusal = json_member_text(json, "refusal"),
	};
	status->left = json_items(arena, json_member(json, "left"), JSON_ARRAY,
	    sizeof *status->left, read_left, &status->n_left);
	return status->left != NULL ? 0 : -1;
}
