#include "config.h"

/*
 * Asking a group's URL: GET, with the ids of the half message in the query.
 * Status 200 and commit, rollback or unknown is an answer, anything else is
 * none; redirects are not followed. Names are looked up by the resolver and
 * not here, so a URL leads to an address of transactionCheckUrlAllow or nowhere.
 */

#include "broker/transaction/check/check_private.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netdb.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "broker/state/producer_group.h"
#include "broker/transaction/decide/decide.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/net/resolve.h"

#define ANSWER_MAX 1024 /* bytes of body */
#define ANSWER_HEADER_MAX 8192
#define ASKING_MAX 64       /* at once */
#define ASKING_GROUP_MAX 16 /* of one group */
#define BUSY_MS 500
#define BACK_OFF_FIRST_MS 1000
#define BACK_OFF_MAX_MS 60000
#define LINE_EVERY_MS 60000 /* for each group */
#define GROUPS_MAX 10000    /* with a history; when there are as many, */
#define SWEEP_EVERY_MS 1000 /* the idle ones are forgotten, so often at most */

/* How the URL of a group behaved so far. */
struct url_group {
	int n_asking;
	int64_t back_off_ms; /* 0: the last ask was answered */
	int64_t not_before_ms;
	int64_t next_line_ms;
};

/* One ask on its way. */
struct url_ask {
	LIST_ENTRY(url_ask) link;
	struct check_urls *urls;
	struct evhttp_connection *connection;
	struct timer timer;
	struct turn_end turn_end; /* frees it, once libevent is through with the callback */
	struct transaction_decision decision;
	struct arena arena;
	bool over;
};

struct check_urls {
	struct broker *broker;
	struct loop *loop;
	struct resolver *allowed; /* NULL: none */
	struct strmap groups;     /* name -> struct url_group */
	LIST_HEAD(, url_ask) asks;
	int n_asking;
	int64_t next_sweep_ms;
	bool stopped;
};

/* ---- what is asked --------------------------------------------------- */

static void
append_parameter(struct buf *path, const char *separator, const char *name, struct slice value)
{
	char *encoded =
	    evhttp_uriencode(value.data != NULL ? value.data : "", (ev_ssize_t)value.len, 0);

	buf_printf(path, "%s%s=%s", separator, name, encoded != NULL ? encoded : "");
	free(encoded);
}

static void
compose_path(struct buf *path, const struct evhttp_uri *uri, const struct check_question *question)
{
	const char *start = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri);
	struct buf number = { 0 };

	buf_append_text(path, start != NULL && *start != '\0' ? start : "/");
	if (query != NULL)
		buf_printf(path, "?%s", query);
	append_parameter(path, query != NULL ? "&" : "?", "group", question->group);
	append_parameter(path, "&", "topic", question->topic);
	append_parameter(path, "&", "transactionId", question->header.transaction_id);
	append_parameter(path, "&", "msgId", question->header.offset_msg_id);
	append_parameter(path, "&", "keys", question->keys);
	buf_append_int(&number, question->header.commit_log_offset);
	append_parameter(path, "&", "commitLogOffset", buf_slice(&number));
	buf_release(&number);
}

/* ---- whether it can be asked ----------------------------------------- */

static const struct resolved *
find_allowed(const struct check_urls *urls, struct slice address)
{
	for (size_t i = 0; urls->allowed != NULL && i < resolver_count(urls->allowed); i++) {
		const struct resolved *one = resolver_get(urls->allowed, i);

		if (slice_equal_nocase(slice_of(one->text), address))
			return one;
	}
	return NULL;
}

/* Forgets groups whose URL is not asked at the moment and that may be asked at once. */
static void
forget_idle_groups(struct check_urls *urls, int64_t now_ms)
{
	for (struct strmap_entry *entry = strmap_next(&urls->groups, NULL), *next; entry != NULL;
	     entry = next) {
		const struct url_group *group = entry->value;

		next = strmap_next(&urls->groups, entry);
		if (group->n_asking == 0 && now_ms >= group->not_before_ms)
			free(strmap_take(&urls->groups, strmap_key(entry)));
	}
	urls->next_sweep_ms = now_ms + SWEEP_EVERY_MS;
}

static struct url_group *
add_group(struct check_urls *urls, struct slice name)
{
	struct url_group *group = mem_zalloc(sizeof *group);

	strmap_put(&urls->groups, name, group);
	return group;
}

/* NULL: too many have a history already. */
static struct url_group *
find_group(struct check_urls *urls, struct slice name, int64_t now_ms)
{
	struct url_group *group = strmap_find(&urls->groups, name);

	if (group == NULL && urls->groups.n >= GROUPS_MAX && now_ms >= urls->next_sweep_ms)
		forget_idle_groups(urls, now_ms);
	return group == NULL && urls->groups.n < GROUPS_MAX ? add_group(urls, name) : group;
}

static void
complain(struct url_group *group, struct slice name, struct slice url, const char *why)
{
	int64_t now_ms = clock_mono_ms();

	if (now_ms < group->next_line_ms)
		return;
	group->next_line_ms = now_ms + LINE_EVERY_MS;
	log_warn("the URL of a producer group does not answer group=%.*s url=%.*s why=\"%s\"",
	    (int)name.len, name.data, (int)url.len, url.data, why);
}

static void
back_off(struct url_group *group)
{
	int64_t longer = group->back_off_ms * 2;

	group->back_off_ms = longer == 0                ? BACK_OFF_FIRST_MS
	                     : longer < BACK_OFF_MAX_MS ? longer
	                                                : BACK_OFF_MAX_MS;
	group->not_before_ms = clock_mono_ms() + group->back_off_ms;
}

enum check_choice
check_urls_choose(struct check_urls *urls, struct slice name, int64_t now_ms, struct arena *arena,
    struct slice *url, struct host *host)
{
	struct producer_group set;
	struct buf address = { 0 };
	const char *why;

	producer_groups_find(urls->broker->producer_groups, name, arena, &set);
	if (set.check_url.len == 0)
		return CHECK_NOBODY;
	struct url_group *group = find_group(urls, name, now_ms);

	if (group == NULL || now_ms < group->not_before_ms || urls->n_asking >= ASKING_MAX ||
	    group->n_asking >= (group->back_off_ms != 0 ? 1 : ASKING_GROUP_MAX))
		return CHECK_BUSY;
	struct evhttp_uri *uri = transaction_url_parse(set.check_url, &address, &why);
	const struct resolved *to = NULL;

	if (uri != NULL) {
		to = find_allowed(urls, buf_slice(&address));
		why = to == NULL ? "not among those of transactionCheckUrlAllow"
		                 : "its name does not resolve";
		evhttp_uri_free(uri);
	}
	buf_release(&address);
	if (to == NULL || to->len == 0) {
		complain(group, name, set.check_url, why);
		back_off(group);
		return CHECK_BUSY;
	}
	*url = set.check_url;
	*host = host_of((const struct sockaddr *)&to->address);
	return CHECK_CHOSEN;
}

int64_t
check_urls_retry_delay_ms(struct check_urls *urls, struct slice name, int64_t now_ms)
{
	const struct url_group *group = strmap_find(&urls->groups, name);

	if (group != NULL && group->not_before_ms - now_ms > BUSY_MS)
		return group->not_before_ms - now_ms;
	return BUSY_MS;
}

/* ---- asking ---------------------------------------------------------- */

static void
free_ask(struct turn_end *self)
{
	struct url_ask *ask = container_of(self, struct url_ask, turn_end);

	if (ask->connection != NULL)
		evhttp_connection_free(ask->connection);
	LIST_REMOVE(ask, link);
	arena_release(&ask->arena);
	free(ask);
}

/* why: what is wrong with the answer; NULL: nothing. */
static void
finish(struct url_ask *ask, const char *why)
{
	struct url_group *group = strmap_find(&ask->urls->groups, ask->decision.group);
	struct broker *broker = ask->urls->broker;

	ask->over = true;
	loop_drop_timer(ask->urls->loop, &ask->timer);
	ask->urls->n_asking--;
	group->n_asking--;
	if (why != NULL) {
		complain(group, ask->decision.group, ask->decision.by, why);
		back_off(group);
	} else if (!ask->urls->stopped) {
		group->back_off_ms = 0;
		group->not_before_ms = 0;
		transaction_decide(&broker->workers[0], &ask->decision, NULL, NULL);
	}
	loop_at_turn_end(ask->urls->loop, &ask->turn_end);
}

static const char *
read_reply(struct evhttp_request *reply, enum half_event_kind *kind)
{
	static const struct {
		const char *word;
		enum half_event_kind kind;
	} words[] = {
		{ "commit", EVENT_COMMIT },
		{ "rollback", EVENT_ROLLBACK },
		{ "unknown", EVENT_UNKNOWN },
	};
	char text[ANSWER_MAX];

	if (reply == NULL || evhttp_request_get_response_code(reply) == 0)
		return "it cannot be reached, or its answer is no HTTP of this size";
	if (evhttp_request_get_response_code(reply) != HTTP_OK)
		return "its status is not 200";
	ev_ssize_t len =
	    evbuffer_copyout(evhttp_request_get_input_buffer(reply), text, sizeof text);
	struct slice word = slice_trim((struct slice){ text, len > 0 ? (size_t)len : 0 });

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (slice_is(word, words[i].word)) {
			*kind = words[i].kind;
			return NULL;
		}
	}
	return "it says neither commit nor rollback nor unknown";
}

static void
on_reply(struct evhttp_request *reply, void *arg)
{
	struct url_ask *ask = arg;

	if (!ask->over)
		finish(ask, read_reply(reply, &ask->decision.kind));
}

/* Of the whole exchange: libevent's own time-out begins anew with each byte. */
static void
on_timer(struct timer *self)
{
	struct url_ask *ask = container_of(self, struct url_ask, timer);

	finish(ask, "it took longer than transactionCheckUrlTimeout");
}

static int
send_request(struct url_ask *ask, const struct resolved *to, const struct evhttp_uri *uri,
    const struct check_question *question)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	struct evhttp_request *request;
	struct buf path = { 0 };

	if (getnameinfo((const struct sockaddr *)&to->address, to->len, host, sizeof host, port,
		sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return -1;
	ask->connection = evhttp_connection_base_new(
	    ask->urls->loop->base, NULL, host, (unsigned short)strtoul(port, NULL, 10));
	if (ask->connection == NULL)
		return -1;
	evhttp_connection_set_max_headers_size(ask->connection, ANSWER_HEADER_MAX);
	evhttp_connection_set_max_body_size(ask->connection, ANSWER_MAX);
	request = evhttp_request_new(on_reply, ask);
	if (request == NULL)
		return -1;
	evhttp_add_header(evhttp_request_get_output_headers(request), "Host", to->text);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
	compose_path(&path, uri, question);
	int result = evhttp_make_request(ask->connection, request, EVHTTP_REQ_GET, buf_text(&path));

	buf_release(&path);
	return result;
}

void
check_urls_ask(struct check_urls *urls, struct slice url, const struct check_question *question)
{
	struct url_ask *ask = mem_zalloc(sizeof *ask);
	struct buf address = { 0 };
	const char *why;
	struct evhttp_uri *uri = transaction_url_parse(url, &address, &why);
	const struct resolved *to = uri != NULL ? find_allowed(urls, buf_slice(&address)) : NULL;
	struct url_group *group = strmap_find(&urls->groups, question->group);

	if (group == NULL) /* forgotten while the ask was stored */
		group = add_group(urls, question->group);
	ask->urls = urls;
	ask->timer.due = on_timer;
	ask->turn_end.run = free_ask;
	LIST_INSERT_HEAD(&urls->asks, ask, link);
	ask->decision = (struct transaction_decision){
		.source = SOURCE_URL,
		.position = question->header.commit_log_offset,
		.half_offset = question->header.tran_state_table_offset,
		.group = arena_copy(&ask->arena, question->group),
		.by = arena_copy(&ask->arena, url),
	};
	urls->n_asking++;
	group->n_asking++;
	loop_set_timer(urls->loop, &ask->timer,
	    clock_mono_ms() + urls->broker->settings->transaction_check_url_timeout);
	if (to == NULL || to->len == 0) {
		finish(ask, "its address is not known any more");
	} else {
		ask->decision.who = host_of((const struct sockaddr *)&to->address);
		if (send_request(ask, to, uri, question) == -1 && !ask->over)
			finish(ask, "it cannot be asked");
	}
	if (uri != NULL)
		evhttp_uri_free(uri);
	buf_release(&address);
}

/* ---- beginning and end ----------------------------------------------- */

static void
on_resolved(void *arg, size_t index)
{
	(void)arg; /* looked up when it is needed */
	(void)index;
}

struct check_urls *
check_urls_new(struct broker *broker)
{
	struct check_urls *urls = mem_zalloc(sizeof *urls);
	const char *allowed = broker->settings->transaction_check_url_allow;

	urls->broker = broker;
	urls->loop = broker_main_loop(broker);
	if (allowed != NULL && *allowed != '\0')
		urls->allowed = resolver_new(urls->loop, allowed, on_resolved, urls);
	return urls;
}

void
check_urls_stop(struct check_urls *urls)
{
	urls->stopped = true;
}

void
check_urls_free(struct check_urls *urls)
{
	for (struct url_ask *ask = LIST_FIRST(&urls->asks), *next; ask != NULL; ask = next) {
		next = LIST_NEXT(ask, link);
		loop_drop_timer(urls->loop, &ask->timer);
		if (!ask->over)
			free_ask(&ask->turn_end);
	}
	if (urls->allowed != NULL)
		resolver_free(urls->allowed);
	strmap_release(&urls->groups, free);
	free(urls);
}
