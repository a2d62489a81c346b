#include "config.h"

/*
 * Members of a group that are connected to another master of the cluster. The other masters are
 * probed one after the other: is a member there? The reply is believed for a moment. Then the
 * question itself goes to that master (RELAY_CHECK), which hands it to the member: relay_in.c.
 */

#include "broker/transaction/check/check_private.h"

#include <stdlib.h>

#include "broker/cluster/masters.h"
#include "broker/transaction/check/relay_key.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/protocol/codes.h"

#define TIMEOUT_MS 3000
#define SOMEBODY_MS 500     /* for so long we believe that somebody is there, */
#define NOBODY_MS 1000      /* and that nobody is */
#define PROBING_MAX 64      /* unanswered looks around: a master may hang */
#define PRESENCES_MAX 20000 /* groups times masters of which something is known */

/* What a master said last of a group. */
struct presence {
	enum check_choice choice;
	int64_t until_ms;
};

struct relay_out {
	struct broker *broker;
	struct relay_keys *keys;
	struct strmap presence; /* master, blank, group -> struct presence */
	int n_probing;
	bool stopped;
};

/* ---- whom of the other masters to ask -------------------------------- */

/* One look around; freed when it found somebody, or nobody. */
struct search {
	struct relay_out *relay_out;
	struct arena arena;
	struct slice group;
	const struct slice *masters;
	size_t n, at;
	enum check_choice choice; /* the best so far */
	check_found_fn *found;
	void *context;
};

static struct presence *
presence_of(struct relay_out *relay_out, struct slice master, struct slice group)
{
	struct arena arena = { 0 };
	struct slice key = arena_printf(
	    &arena, "%.*s %.*s", (int)master.len, master.data, (int)group.len, group.data);
	struct presence *presence = strmap_find(&relay_out->presence, key);

	if (presence == NULL) {
		if (relay_out->presence.n >= PRESENCES_MAX) {
			strmap_release(&relay_out->presence, free);
			relay_out->presence = (struct strmap){ 0 };
		}
		presence = mem_zalloc(sizeof *presence);
		strmap_put(&relay_out->presence, key, presence);
	}
	arena_release(&arena);
	return presence;
}

static void
end_search(struct search *search, enum check_choice choice, struct slice master)
{
	search->found(search->context, choice, master);
	arena_release(&search->arena);
	free(search);
}

static bool
send_relay(struct relay_out *relay_out, struct slice master, struct relay_check_header *header,
    struct slice body, call_done_fn *done, void *arg)
{
	struct arena arena = { 0 };
	struct command command = command_request(REQUEST_RELAY_CHECK);

	header->relay_key = relay_keys_get(relay_out->keys, master);
	fields_encode(relay_check_header_fields, header, &arena, &command);
	bool sent = masters_ask(relay_out->broker->masters, master,
	    &(struct master_request){ &command, body, TIMEOUT_MS }, done, arg);

	arena_release(&arena);
	return sent;
}

static void go_on(struct search *search);

static void
learn(struct relay_out *relay_out, struct slice master, struct slice group, int32_t code)
{
	struct presence *presence = presence_of(relay_out, master, group);

	presence->choice = code == RESPONSE_SUCCESS       ? CHECK_CHOSEN
	                   : code == RESPONSE_SYSTEM_BUSY ? CHECK_BUSY
	                                                  : CHECK_NOBODY;
	presence->until_ms = clock_mono_ms() + (code == RESPONSE_SUCCESS ? SOMEBODY_MS : NOBODY_MS);
}

static void
on_probed(void *arg, const struct command *reply, struct slice body)
{
	struct search *search = arg;
	struct relay_out *relay_out = search->relay_out;

	(void)body;
	relay_out->n_probing--;
	if (relay_out->stopped) {
		end_search(search, CHECK_BUSY, SLICE_NONE);
		return;
	}
	learn(relay_out, search->masters[search->at], search->group,
	    reply != NULL ? reply->code : RESPONSE_SYSTEM_ERROR);
	go_on(search);
}

/* Until it is answered, others take this master for busy: so one that hangs delays one search. */
static bool
probe(struct search *search, struct presence *presence)
{
	struct relay_out *relay_out = search->relay_out;

	*presence = (struct presence){ CHECK_BUSY, clock_mono_ms() + TIMEOUT_MS };
	relay_out->n_probing++;
	bool sent = send_relay(relay_out, search->masters[search->at],
	    &(struct relay_check_header){
		.group = search->group,
		.probe = true,
		.check.broker_name = slice_of(relay_out->broker->settings->broker_name),
	    },
	    SLICE(""), on_probed, search);

	if (!sent)
		relay_out->n_probing--;
	return sent;
}

static void
go_on(struct search *search)
{
	for (; search->at < search->n; search->at++) {
		struct slice master = search->masters[search->at];
		struct presence *presence = presence_of(search->relay_out, master, search->group);
		bool is_old = clock_mono_ms() >= presence->until_ms;

		if (is_old && search->relay_out->n_probing >= PROBING_MAX) {
			search->choice = CHECK_BUSY;
			continue;
		}
		if (is_old) {
			if (probe(search, presence))
				return; /* on_probed goes on */
			learn(search->relay_out, master, search->group, RESPONSE_SYSTEM_ERROR);
			presence = presence_of(search->relay_out, master, search->group);
		}
		if (presence->choice == CHECK_CHOSEN) {
			end_search(search, CHECK_CHOSEN, master);
			return;
		}
		if (presence->choice == CHECK_BUSY)
			search->choice = CHECK_BUSY;
	}
	end_search(search, search->choice, SLICE_NONE);
}

void
relay_out_find(
    struct relay_out *relay_out, struct slice group, check_found_fn *found, void *context)
{
	struct search *search = mem_zalloc(sizeof *search);

	search->relay_out = relay_out;
	search->group = arena_copy(&search->arena, group);
	search->masters = masters_list(relay_out->broker->masters, &search->arena, &search->n);
	search->choice = CHECK_NOBODY;
	search->found = found;
	search->context = context;
	go_on(search);
}

/* ---- asking there ---------------------------------------------------- */

struct relayed_out {
	struct relay_out *relay_out;
	char *group;
	char master[];
};

static void
on_relayed(void *arg, const struct command *reply, struct slice body)
{
	struct relayed_out *relayed = arg;

	(void)body;
	if (!relayed->relay_out->stopped && (reply == NULL || reply->code != RESPONSE_SUCCESS)) {
		learn(relayed->relay_out, slice_of(relayed->master), slice_of(relayed->group),
		    reply != NULL ? reply->code : RESPONSE_SYSTEM_ERROR);
		/* It has started again since it was probed: a probe makes us known to it. */
		if (reply != NULL && reply->code == RESPONSE_NO_PERMISSION)
			presence_of(
			    relayed->relay_out, slice_of(relayed->master), slice_of(relayed->group))
			    ->until_ms = 0;
	}
	free(relayed->group);
	free(relayed);
}

void
relay_out_ask(
    struct relay_out *relay_out, struct slice master, const struct check_question *question)
{
	struct arena arena = { 0 };
	struct relayed_out *relayed = mem_zalloc(sizeof *relayed + master.len + 1);
	struct relay_check_header header = {
		.group = question->group,
		.born_host = host_text(&arena, &question->born_host),
		.check = question->header,
	};

	relayed->relay_out = relay_out;
	relayed->group = slice_dup(question->group);
	memcpy(relayed->master, master.data, master.len);
	if (!send_relay(relay_out, master, &header, question->body, on_relayed, relayed))
		on_relayed(relayed, NULL, SLICE_NONE);
	arena_release(&arena);
}

/* ---- beginning and end ----------------------------------------------- */

struct relay_out *
relay_out_new(struct broker *broker, struct relay_keys *keys)
{
	struct relay_out *relay_out = mem_zalloc(sizeof *relay_out);

	relay_out->broker = broker;
	relay_out->keys = keys;
	return relay_out;
}

void
relay_out_stop(struct relay_out *relay_out)
{
	relay_out->stopped = true;
}

void
relay_out_free(struct relay_out *relay_out)
{
	strmap_release(&relay_out->presence, free);
	free(relay_out);
}
