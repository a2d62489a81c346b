#include "config.h"

/*
 * Members of a group that are connected to another master of the cluster: the
 * others are asked, one after the other, whether they have any (what they say counts
 * for a moment), and then the question goes there (RELAY_CHECK). What they do with it:
 * relay_in.c.
 */

#include "broker/transaction/check/check_private.h"

#include <stdlib.h>

#include "broker/cluster/masters.h"
#include "common/base/clock.h"
#include "common/protocol/codes.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"

#define TIMEOUT_MS 3000
#define SOMEBODY_MS 500 /* for so long we believe that somebody is there, */
#define NOBODY_MS 1000  /* and that nobody is */
#define PROBING_MAX 64  /* unanswered looks around: a master may hang */
#define NEWS_MAX 20000  /* groups times masters of which something is known */

/* What a master said last of a group. */
struct news {
	enum check_choice choice;
	int64_t until_ms;
};

struct check_relays {
	struct broker *broker;
	struct strmap news; /* master, blank, group -> struct news */
	int n_probing;
	bool stopped;
};

/* ---- whom of the other masters to ask -------------------------------- */

/* One look around; freed when it found somebody, or nobody. */
struct search {
	struct check_relays *relays;
	struct arena arena;
	struct slice group;
	const struct slice *masters;
	size_t n, at;
	enum check_choice choice; /* the best so far */
	check_found_fn *found;
	void *context;
};

static struct news *
news_of(struct check_relays *relays, struct slice master, struct slice group)
{
	struct arena arena = { 0 };
	struct slice key = arena_printf(
	    &arena, "%.*s %.*s", (int)master.len, master.data, (int)group.len, group.data);
	struct news *news = strmap_find(&relays->news, key);

	if (news == NULL) {
		if (relays->news.n >= NEWS_MAX) {
			strmap_release(&relays->news, free);
			relays->news = (struct strmap){ 0 };
		}
		news = mem_zalloc(sizeof *news);
		strmap_put(&relays->news, key, news);
	}
	arena_release(&arena);
	return news;
}

static void
end_search(struct search *search, enum check_choice choice, struct slice master)
{
	search->found(search->context, choice, master);
	arena_release(&search->arena);
	free(search);
}

static bool
send_relay(struct check_relays *relays, struct slice master,
    const struct relay_check_header *header, struct slice body, call_done_fn *done, void *arg)
{
	struct arena arena = { 0 };
	struct command command = {
		.codec = FRAME_JSON,
		.code = REQUEST_RELAY_CHECK,
		.language = COMMAND_LANGUAGE,
		.version = COMMAND_VERSION,
	};

	fields_encode(relay_check_header_fields, header, &arena, &command);
	bool sent =
	    masters_ask(relays->broker->masters, master, &command, body, TIMEOUT_MS, done, arg);

	arena_release(&arena);
	return sent;
}

static void go_on(struct search *search);

static void
learn(struct check_relays *relays, struct slice master, struct slice group, int32_t code)
{
	struct news *news = news_of(relays, master, group);

	news->choice = code == RESPONSE_SUCCESS       ? CHECK_CHOSEN
	               : code == RESPONSE_SYSTEM_BUSY ? CHECK_LATER
	                                              : CHECK_NOBODY;
	news->until_ms = clock_mono_ms() + (code == RESPONSE_SUCCESS ? SOMEBODY_MS : NOBODY_MS);
}

static void
on_probed(void *arg, const struct command *reply, struct slice body)
{
	struct search *search = arg;
	struct check_relays *relays = search->relays;

	(void)body;
	relays->n_probing--;
	if (relays->stopped) {
		end_search(search, CHECK_LATER, SLICE_NONE);
		return;
	}
	learn(relays, search->masters[search->at], search->group,
	    reply != NULL ? reply->code : RESPONSE_SYSTEM_ERROR);
	go_on(search);
}

/* Until it is answered, others take this master for busy: so one that hangs delays one search. */
static bool
probe(struct search *search, struct news *news)
{
	struct check_relays *relays = search->relays;

	*news = (struct news){ CHECK_LATER, clock_mono_ms() + TIMEOUT_MS };
	relays->n_probing++;
	bool sent = send_relay(relays, search->masters[search->at],
	    &(struct relay_check_header){
		.group = search->group,
		.probe = true,
		.check.broker_name = slice_of(relays->broker->settings->broker_name),
	    },
	    SLICE(""), on_probed, search);

	if (!sent)
		relays->n_probing--;
	return sent;
}

static void
go_on(struct search *search)
{
	for (; search->at < search->n; search->at++) {
		struct slice master = search->masters[search->at];
		struct news *news = news_of(search->relays, master, search->group);
		bool is_old = clock_mono_ms() >= news->until_ms;

		if (is_old && search->relays->n_probing >= PROBING_MAX) {
			search->choice = CHECK_LATER;
			continue;
		}
		if (is_old) {
			if (probe(search, news))
				return; /* on_probed goes on */
			learn(search->relays, master, search->group, RESPONSE_SYSTEM_ERROR);
			news = news_of(search->relays, master, search->group);
		}
		if (news->choice == CHECK_CHOSEN) {
			end_search(search, CHECK_CHOSEN, master);
			return;
		}
		if (news->choice == CHECK_LATER)
			search->choice = CHECK_LATER;
	}
	end_search(search, search->choice, SLICE_NONE);
}

void
check_relays_find(
    struct check_relays *relays, struct slice group, check_found_fn *found, void *context)
{
	struct search *search = mem_zalloc(sizeof *search);

	search->relays = relays;
	search->group = arena_copy(&search->arena, group);
	search->masters = masters_list(relays->broker->masters, &search->arena, &search->n);
	search->choice = CHECK_NOBODY;
	search->found = found;
	search->context = context;
	go_on(search);
}

/* ---- asking there ---------------------------------------------------- */

struct relay {
	struct check_relays *relays;
	char *group;
	char master[];
};

static void
on_relayed(void *arg, const struct command *reply, struct slice body)
{
	struct relay *relay = arg;

	(void)body;
	if (!relay->relays->stopped && (reply == NULL || reply->code != RESPONSE_SUCCESS))
		learn(relay->relays, slice_of(relay->master), slice_of(relay->group),
		    reply != NULL ? reply->code : RESPONSE_SYSTEM_ERROR);
	free(relay->group);
	free(relay);
}

void
check_relays_ask(
    struct check_relays *relays, struct slice master, const struct check_question *question)
{
	struct arena arena = { 0 };
	struct relay *relay = mem_zalloc(sizeof *relay + master.len + 1);
	struct relay_check_header header = {
		.group = question->group,
		.born_host = host_text(&arena, &question->born_host),
		.check = question->header,
	};

	relay->relays = relays;
	relay->group = slice_dup(question->group);
	memcpy(relay->master, master.data, master.len);
	if (!send_relay(relays, master, &header, question->body, on_relayed, relay))
		on_relayed(relay, NULL, SLICE_NONE);
	arena_release(&arena);
}

/* ---- beginning and end ----------------------------------------------- */

struct check_relays *
check_relays_new(struct broker *broker)
{
	struct check_relays *relays = mem_zalloc(sizeof *relays);

	relays->broker = broker;
	return relays;
}

void
check_relays_stop(struct check_relays *relays)
{
	relays->stopped = true;
}

void
check_relays_free(struct check_relays *relays)
{
	strmap_release(&relays->news, free);
	free(relays);
}
