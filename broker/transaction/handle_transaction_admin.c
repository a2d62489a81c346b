#include "config.h"

/*
 * What people ask about transactions, and do to them: listed, shown, resumed,
 * resolved. Those that name one half message find it first, and look at it.
 */

#include <inttypes.h>
#include <stdlib.h>

#include "broker/transaction/decide/decide.h"
#include "broker/transaction/find.h"
#include "broker/transaction/listing.h"
#include "broker/transaction/resume.h"
#include "broker/transaction/view.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define REASON_MAX 1024 /* bytes */
#define BY_MAX 255
#define ANSWER_BYTES (4u << 20) /* a shown list that is this long is finished */

/* ---- 7001 ---------------------------------------------------------------- */

struct list_request {
	struct ticket ticket;
	struct listing *listing;
};

static void
on_listed(void *context, struct loop *loop, struct slice body, bool failed)
{
	struct list_request *list = context;
	struct reply reply = { .body = body };

	if (failed)
		reply = (struct reply){ .code = RESPONSE_SYSTEM_ERROR,
			.remark = SLICE("I/O error, see the broker's log") };
	ticket_reply(loop, &list->ticket, &reply);
	listing_free(list->listing);
	free(list);
}

static enum verdict
list_transactions_begin(struct request *request)
{
	const char *why;
	struct listing *listing = listing_new(request_worker(request), request->header, &why);
	struct list_request *list;

	if (listing == NULL)
		return request_refuse(request, RESPONSE_INVALID_PARAMETER, "%s", why);
	list = mem_alloc(sizeof *list);
	*list = (struct list_request){ request_ticket(request), listing };
	listing_start(listing, on_listed, list);
	return VERDICT_LATER;
}

/* ---- those that name one -------------------------------------------------- */

struct named_request {
	struct ticket ticket;
	struct arena arena; /* of the texts */
	struct slice id, by, reason;
	enum half_event_kind decision;
	struct host who;
	void (*serve)(struct named_request *named, struct loop *loop); /* the view is there */
	struct transaction_search search;
	struct transaction_view view;
	/* SHOW: all that were found, one after the other */
	size_t n_shown;
	struct buf text;
	struct json_out out;
};

static void
finish(struct named_request *named, struct loop *loop, const struct reply *reply)
{
	ticket_reply(loop, &named->ticket, reply);
	transaction_view_release(&named->view);
	arena_release(&named->arena);
	buf_release(&named->text);
	free(named);
}

static void __attribute__((format(printf, 4, 5)))
refuse(struct named_request *named, struct loop *loop, int32_t code, const char *format, ...)
{
	struct reply reply = { .code = code };
	va_list args;

	va_start(args, format);
	reply.remark = arena_vprintf(&loop->arena, format, args);
	va_end(args);
	finish(named, loop, &reply);
}

static void
refuse_unread(struct named_request *named, struct loop *loop)
{
	refuse(named, loop, RESPONSE_SYSTEM_ERROR,
	    "the transaction cannot be read, see the broker's log");
}

static void
refuse_unknown(struct named_request *named, struct loop *loop)
{
	refuse(named, loop, RESPONSE_QUERY_NOT_FOUND, "there is no transaction %.*s",
	    (int)named->id.len, named->id.data);
}

static void
on_viewed(struct transaction_view *view, struct loop *loop)
{
	struct named_request *named = view->context;

	named->serve(named, loop);
}

static void
view_found(struct named_request *named, unsigned wants)
{
	named->view = (struct transaction_view){
		.worker = named->search.worker,
		.position = named->search.positions[named->n_shown],
		.copy = named->search.copies[named->n_shown],
		.wants = wants,
		.done = on_viewed,
		.context = named,
	};
	transaction_view_start(&named->view);
}

/* Takes the texts, then looks for the half message. */
static enum verdict
find(struct request *request, struct named_request *named,
    void (*found)(struct transaction_search *search, struct loop *loop))
{
	named->id = slice_trim(named->id);
	if (named->id.len == 0) {
		free(named);
		return request_refuse(request, RESPONSE_INVALID_PARAMETER, "the id is empty");
	}
	named->ticket = request_ticket(request);
	named->who = conn_peer_host(request->conn);
	named->id = arena_copy(&named->arena, named->id);
	named->by = arena_copy(&named->arena, named->by);
	named->reason = arena_copy(&named->arena, named->reason);
	named->search.worker = request_worker(request);
	named->search.id = named->id;
	named->search.done = found;
	named->search.context = named;
	transaction_find(&named->search);
	return VERDICT_LATER;
}

/* ---- 7002 ---------------------------------------------------------------- */

static void
finish_shown(struct named_request *named, struct loop *loop)
{
	struct transaction_list end = { .scanned = (int64_t)named->search.n };

	transaction_counts_get(named->search.worker->broker, end.counts);
	transaction_list_close(&named->out, &end);
	finish(named, loop, &(struct reply){ .body = buf_slice(&named->text) });
}

static void
show(struct named_request *named, struct loop *loop)
{
	struct transaction_info info;

	if (transaction_view_found(&named->view)) {
		transaction_view_tell(&named->view, &loop->arena, &info);
		transaction_info_write(&named->out, &info);
	} else if (named->search.n == 1) {
		refuse_unknown(named, loop);
		return;
	}
	transaction_view_release(&named->view);
	if (++named->n_shown < named->search.n && named->text.len < ANSWER_BYTES)
		view_found(named, VIEW_ALL);
	else
		finish_shown(named, loop);
}

static void
on_found_any(struct transaction_search *search, struct loop *loop)
{
	struct named_request *named = search->context;

	if (search->n != 0) {
		json_out_init(&named->out, &named->text);
		transaction_list_open(&named->out);
		view_found(named, VIEW_ALL);
	} else if (search->failed) {
		refuse_unread(named, loop);
	} else {
		refuse_unknown(named, loop);
	}
}

static enum verdict
show_transaction_begin(struct request *request)
{
	const struct transaction_header *header = request->header;
	struct named_request *named = mem_zalloc(sizeof *named);

	named->id = header->id;
	named->serve = show;
	return find(request, named, on_found_any);
}

/* ---- one, to change it ------------------------------------------------------ */

static void
on_found_one(struct transaction_search *search, struct loop *loop)
{
	struct named_request *named = search->context;

	if (search->n == 1)
		view_found(named, VIEW_TABLE | VIEW_RECORD | VIEW_EVENTS);
	else if (search->n > 1)
		refuse(named, loop, RESPONSE_INVALID_PARAMETER,
		    "%zu transactions have the id %.*s: name one by its position, such as %" PRId64,
		    search->n, (int)named->id.len, named->id.data, search->positions[0]);
	else if (search->failed)
		refuse_unread(named, loop);
	else
		refuse_unknown(named, loop);
}

static void
reply_outcome(struct named_request *named, struct loop *loop, int32_t code, const char *outcome,
    struct slice why)
{
	struct resolve_transaction_reply answer = { named->view.position, slice_of(outcome) };
	struct reply reply = {
		.code = code,
		.remark = why.len != 0 ? why : SLICE_NONE,
		.fields = resolve_transaction_reply_fields,
		.header = &answer,
	};

	finish(named, loop, &reply);
}

/* A name of a person, or what a person wrote: one line of text. */
static bool
is_text(struct slice text, size_t max)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
			return false;
	return text.len <= max;
}

/* ---- 7003, 323 ------------------------------------------------------------- */

static void
on_resumed(void *context, struct loop *loop, enum resume_outcome outcome)
{
	struct named_request *named = context;

	if (outcome == RESUME_DONE)
		reply_outcome(named, loop, RESPONSE_SUCCESS, "resumed", SLICE_NONE);
	else if (outcome == RESUME_NOT_OPEN)
		refuse(named, loop, RESPONSE_ILLEGAL_OPERATION,
		    "the transaction was decided in this moment");
	else
		refuse(named, loop, RESPONSE_SYSTEM_ERROR,
		    "the resumption could not be written to disk, nothing has changed");
}

static void
resume(struct named_request *named, struct loop *loop)
{
	struct transaction_view *view = &named->view;
	struct transaction_info info;

	transaction_view_tell(view, &loop->arena, &info);
	if (!transaction_view_found(view))
		refuse_unknown(named, loop);
	else if (info.state != TRANSACTION_OPEN && info.state != TRANSACTION_PARKED)
		refuse(named, loop, RESPONSE_ILLEGAL_OPERATION,
		    "the transaction is decided, there is nothing to ask: %s",
		    transaction_state_name(info.state));
	else
		transaction_resume(view->worker, &(struct transaction_resume){
						     .position = view->position,
						     .half_offset = info.queue_offset,
						     .who = named->who,
						     .by = named->by,
						     .done = on_resumed,
						     .context = named,
						 });
}

static enum verdict
resume_begin(struct request *request, struct slice id, struct slice by)
{
	struct named_request *named;

	if (!is_text(by, BY_MAX))
		return request_refuse(request, RESPONSE_INVALID_PARAMETER,
		    "by is longer than %d bytes, or more than a line of text", BY_MAX);
	named = mem_zalloc(sizeof *named);
	named->id = id;
	named->by = by;
	named->serve = resume;
	return find(request, named, on_found_one);
}

static enum verdict
resume_transaction_begin(struct request *request)
{
	const struct transaction_header *header = request->header;

	return resume_begin(request, header->id, header->by);
}

static enum verdict
resume_check_begin(struct request *request)
{
	const struct resume_check_header *header = request->header;

	return resume_begin(request, header->msg_id, SLICE_NONE);
}

/* ---- 7004 ------------------------------------------------------------------ */

static void
on_decided(void *context, struct loop *loop, enum transaction_outcome outcome, struct slice why)
{
	static const struct {
		const char *name;
		int32_t code;
	} answers[N_TRANSACTION_OUTCOMES] = {
		[TRANSACTION_DECIDED] = { "decided", RESPONSE_SUCCESS },
		[TRANSACTION_UNDECIDED] = { "undecided", RESPONSE_SUCCESS },
		[TRANSACTION_REPEATED] = { "repeated", RESPONSE_SUCCESS },
		[TRANSACTION_CONTRADICTED] = { "contradicted", RESPONSE_TRANSACTION_SHOULD_COMMIT },
		[TRANSACTION_REFUSED] = { "refused", RESPONSE_QUERY_NOT_FOUND },
		[TRANSACTION_FAILED] = { "failed", RESPONSE_SYSTEM_ERROR },
	};

	const struct named_request *named = context;
	int32_t code = answers[outcome].code;

	if (outcome == TRANSACTION_CONTRADICTED && named->decision == EVENT_COMMIT)
		code = RESPONSE_TRANSACTION_SHOULD_ROLLBACK;
	reply_outcome(context, loop, code, answers[outcome].name, why);
}

static void
resolve(struct named_request *named, struct loop *loop)
{
	struct transaction_view *view = &named->view;

	if (!transaction_view_found(view)) {
		refuse_unknown(named, loop);
		return;
	}
	transaction_decide(view->worker,
	    &(struct transaction_decision){
		.kind = named->decision,
		.source = SOURCE_ADMIN,
		.position = view->position,
		.half_offset = -1,
		.who = named->who,
		.by = named->by,
		.reason = named->reason,
	    },
	    on_decided, named);
}

static enum verdict
resolve_transaction_begin(struct request *request)
{
	const struct resolve_transaction_header *header = request->header;
	struct slice reason = slice_trim(header->reason);
	bool commit = slice_is(header->decision, "commit");
	struct named_request *named;

	if (!commit && !slice_is(header->decision, "rollback"))
		return request_refuse(
		    request, RESPONSE_INVALID_PARAMETER, "decision is neither commit nor rollback");
	if (reason.len == 0)
		return request_refuse(request, RESPONSE_INVALID_PARAMETER,
		    "reason is empty: say why, it is kept with the decision");
	if (!is_text(reason, REASON_MAX) || !is_text(header->by, BY_MAX))
		return request_refuse(request, RESPONSE_INVALID_PARAMETER,
		    "reason is longer than %d bytes or by than %d, or one is more than a line of "
		    "text",
		    REASON_MAX, BY_MAX);
	named = mem_zalloc(sizeof *named);
	named->id = header->id;
	named->by = header->by;
	named->reason = reason;
	named->decision = commit ? EVENT_COMMIT : EVENT_ROLLBACK;
	named->serve = resolve;
	return find(request, named, on_found_one);
}

const struct handler transaction_admin_handlers[] = {
	HANDLER_TYPED(
	    RESUME_CHECK_HALF_MESSAGE, resume_check_header, resume_check_begin, HANDLER_ADMIN),
	HANDLER_TYPED(LIST_TRANSACTIONS, list_transactions_header, list_transactions_begin, 0),
	HANDLER_TYPED(SHOW_TRANSACTION, transaction_header, show_transaction_begin, 0),
	HANDLER_TYPED(
	    RESUME_TRANSACTION, transaction_header, resume_transaction_begin, HANDLER_ADMIN),
	HANDLER_TYPED(RESOLVE_TRANSACTION, resolve_transaction_header, resolve_transaction_begin,
	    HANDLER_ADMIN),
	{ .name = NULL },
};
