#include "config.h"

/*
 * Transactions by HTTP: one is shown, listed, ended. Its half message is sent in api_message.c. A
 * producer of HTTP has no connection that could be asked about it: the URL of its group is asked,
 * or the producer lists what it left open.
 */

#include "broker/http/api.h"
#include "broker/transaction/transaction.h"
#include "broker/transaction/find.h"
#include "broker/transaction/listing.h"
#include "broker/transaction/view.h"
#include "common/protocol/codes.h"

#define LIST_MAX 1000

/* One transaction, by its id. In the arena of its exchange. */
struct one_transaction {
	struct http_exchange *exchange;
	struct transaction_search search;
	struct transaction_view view;
	struct host born_host; /* of the client */
	/* to end it */
	struct slice group;
	enum half_event_kind kind;
	/* the answer */
	int status; /* 0: body is it */
	struct slice why;
	enum transaction_outcome outcome;
	struct buf body;
};

/* ---- the answer ------------------------------------------------------- */

static void
answer(struct http_exchange *exchange, struct loop *loop)
{
	struct one_transaction *one = exchange->state;

	(void)loop;
	if (one->status == 0) {
		http_answer_json(exchange, 200, &one->body);
		return;
	}
	if (one->status == 503)
		http_add_field(exchange, "Retry-After", SLICE("1"));
	http_problem(exchange, one->status, "%.*s", (int)one->why.len, one->why.data);
}

static void
refuse(struct one_transaction *one, int status, struct slice why)
{
	one->status = status;
	one->why = arena_copy(&one->exchange->arena, why);
	http_return(one->exchange, answer);
}

/* Whether the search found just one; else it was refused. */
static bool
is_found(struct one_transaction *one, const struct transaction_search *search)
{
	if (search->n == 1)
		return true;
	if (search->n > 1)
		refuse(one, 409,
		    SLICE("Several transactions have this id; the offset id of the half message "
			  "names one."));
	else if (search->failed)
		refuse(
		    one, 500, SLICE("The transaction cannot be read; the broker's log says why."));
	else
		refuse(one, 404, SLICE("There is no such transaction on this broker."));
	return false;
}

static void
find(struct http_exchange *exchange, struct loop *loop,
    void (*found)(struct transaction_search *search, struct loop *loop))
{
	struct one_transaction *one = exchange->state;

	one->search.worker = loop->context;
	one->search.id = http_part(exchange, 0);
	one->search.done = found;
	one->search.context = one;
	transaction_find(&one->search);
}

static struct one_transaction *
one_transaction_new(struct http_exchange *exchange)
{
	struct one_transaction *one = arena_zalloc(&exchange->arena, sizeof *one);
	struct sockaddr_storage peer;

	http_peer(exchange, &peer);
	one->born_host = host_of((struct sockaddr *)&peer);
	one->exchange = exchange;
	exchange->state = one;
	return one;
}

/* ---- shown ------------------------------------------------------------ */

/* The view is released first: the server's thread may free it with the exchange. */
static void
on_viewed(struct transaction_view *view, struct loop *loop)
{
	struct one_transaction *one = view->context;
	bool found = transaction_view_found(view), failed = view->failed;
	struct transaction_info info;
	struct json_out out;

	if (found) {
		transaction_view_tell(view, &loop->arena, &info);
		json_out_init(&out, &one->body);
		transaction_info_write(&out, &info);
	}
	transaction_view_release(view);
	if (found)
		http_return(one->exchange, answer);
	else if (failed)
		refuse(
		    one, 500, SLICE("The transaction cannot be read; the broker's log says why."));
	else
		refuse(one, 404, SLICE("There is no such transaction on this broker."));
}

static void
on_found_to_show(struct transaction_search *search, struct loop *loop)
{
	struct one_transaction *one = search->context;

	(void)loop;
	if (!is_found(one, search))
		return;
	one->view = (struct transaction_view){
		.worker = search->worker,
		.position = search->positions[0],
		.copy = search->copies[0],
		.wants = VIEW_ALL,
		.done = on_viewed,
		.context = one,
	};
	transaction_view_start(&one->view);
}

static void
show(struct http_exchange *exchange, struct loop *loop)
{
	find(exchange, loop, on_found_to_show);
}

static void
serve_show(struct http_exchange *exchange)
{
	one_transaction_new(exchange);
	http_go(exchange, api_loop(exchange), show);
}

/* ---- ended ------------------------------------------------------------ */

static void
on_decided(void *context, struct loop *loop, enum transaction_outcome outcome, struct slice why)
{
	static const int statuses[N_TRANSACTION_OUTCOMES] = {
		[TRANSACTION_CONTRADICTED] = 409,
		[TRANSACTION_REFUSED] = 404,
		[TRANSACTION_FAILED] = 503,
	};
	struct one_transaction *one = context;
	struct json_out out;

	(void)loop;
	if (statuses[outcome] != 0) {
		refuse(one, statuses[outcome], why);
		return;
	}
	json_out_init(&out, &one->body);
	json_open_object(&out);
	json_member_put_text(&out, "state", one->kind == EVENT_COMMIT ? "committed" : "rolledBack");
	json_member_put_bool(&out, "repeated", outcome == TRANSACTION_REPEATED);
	json_close_object(&out);
	http_return(one->exchange, answer);
}

static void
decide(struct one_transaction *one, struct worker *worker, int64_t position)
{
	transaction_decide(worker,
	    &(struct transaction_decision){
		.kind = one->kind,
		.source = SOURCE_SENDER,
		.position = position,
		.half_offset = -1,
		.group = one->group,
		.who = one->born_host,
	    },
	    on_decided, one);
}

static void
on_found_to_end(struct transaction_search *search, struct loop *loop)
{
	struct one_transaction *one = search->context;

	(void)loop;
	if (is_found(one, search))
		decide(one, search->worker, search->positions[0]);
}

/* An offset id of this broker needs no search. */
static void
end(struct http_exchange *exchange, struct loop *loop)
{
	struct worker *worker = loop->context;
	const struct host *own = &worker->broker->host;
	struct host host;
	int64_t position;

	if (message_id_parse(http_part(exchange, 0), &host, &position) == 0 && position >= 0 &&
	    host.ip_len == own->ip_len && host.port == own->port &&
	    memcmp(host.ip, own->ip, own->ip_len) == 0)
		decide(exchange->state, worker, position);
	else
		find(exchange, loop, on_found_to_end);
}

static void
serve_end(struct http_exchange *exchange, enum half_event_kind kind)
{
	const struct json *json = api_body(exchange);
	struct one_transaction *one;

	if (json == NULL)
		return;
	one = one_transaction_new(exchange);
	one->kind = kind;
	one->group = json_member_text(json, "group");
	if (api_check_name(exchange, "group", NAME_GROUP, one->group) == 0)
		http_go(exchange, api_loop(exchange), end);
}

static void
serve_commit(struct http_exchange *exchange)
{
	serve_end(exchange, EVENT_COMMIT);
}

static void
serve_rollback(struct http_exchange *exchange)
{
	serve_end(exchange, EVENT_ROLLBACK);
}

/* ---- listed ----------------------------------------------------------- */

struct listed {
	struct list_transactions_header header;
	struct listing *listing;
	struct buf body;
	const char *why; /* it was refused; NULL: it was not */
	bool failed;
};

static void
answer_listed(struct http_exchange *exchange, struct loop *loop)
{
	struct listed *listed = exchange->state;

	(void)loop;
	if (listed->why != NULL)
		http_problem(exchange, 400, "%s", listed->why);
	else if (listed->failed)
		http_problem(
		    exchange, 500, "The transactions cannot be read; the broker's log says why.");
	else
		http_answer_json(exchange, 200, &listed->body);
}

static void
on_listed(void *context, struct loop *loop, struct slice body, bool failed)
{
	struct http_exchange *exchange = context;
	struct listed *listed = exchange->state;

	(void)loop;
	listed->failed = failed;
	if (!failed)
		buf_append_slice(&listed->body, body);
	listing_free(listed->listing);
	http_return(exchange, answer_listed);
}

static void
list(struct http_exchange *exchange, struct loop *loop)
{
	struct listed *listed = exchange->state;

	listed->listing = listing_new(loop->context, &listed->header, &listed->why);
	if (listed->listing == NULL)
		http_return(exchange, answer_listed);
	else
		listing_start(listed->listing, on_listed, exchange);
}

static void
serve_list(struct http_exchange *exchange)
{
	const struct http_request *request = &exchange->request;
	struct listed *listed = arena_zalloc(&exchange->arena, sizeof *listed);
	int64_t max, older_than_ms;

	if (http_number(exchange, "max", 1, LIST_MAX, 100, &max) == -1 ||
	    http_number(exchange, "olderThanMs", 0, INT64_MAX, 0, &older_than_ms) == -1)
		return;
	listed->header = (struct list_transactions_header){
		.state = http_request_parameter(request, "state"),
		.group = http_request_parameter(request, "group"),
		.topic = http_request_parameter(request, "topic"),
		.key = http_request_parameter(request, "key"),
		.older_than_ms = older_than_ms,
		.limit = (int32_t)max,
		.cursor = http_request_parameter(request, "cursor"),
	};
	exchange->state = listed;
	http_go(exchange, api_loop(exchange), list);
}

const struct http_route api_transaction_routes[] = {
	{ "GET", "/v1/transactions", HTTP_MAY_READ, NULL, serve_list, false },
	{ "GET", "/v1/transactions/{id}", HTTP_MAY_READ, NULL, serve_show, false },
	{ "POST", "/v1/transactions/{id}/commit", HTTP_MAY_WRITE, "application/json", serve_commit,
	    false },
	{ "POST", "/v1/transactions/{id}/rollback", HTTP_MAY_WRITE, "application/json",
	    serve_rollback, false },
	{ NULL },
};
