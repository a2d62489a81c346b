#ifndef BROKER_API_H
#define BROKER_API_H

/* What the files of the API share: codes of RocketMQ as statuses of HTTP, and names in a path. */

#include "broker/http/broker_http.h"
#include "common/json/json.h"
#include "common/protocol/name.h"

/* The status for a code of common/protocol/codes.h. */
int api_status(int32_t code);
/* A problem for that code; an empty remark gets a sentence. */
void api_problem(struct http_exchange *exchange, int32_t code, struct slice remark);
/* 0, or -1 after a problem was answered: the name is missing, or breaks a rule. */
int api_check_name(
    struct http_exchange *exchange, const char *what, enum name_kind kind, struct slice name);
/* The body as JSON; NULL after a problem was answered. */
const struct json *api_body(struct http_exchange *exchange);
/* An answer with a result for each of what was asked: {"results":[...],"COUNT":how many succeeded}.
 */
struct api_results {
	struct buf body;
	struct json_out out;
	int64_t n_good;
};

void api_results_open(struct api_results *results);
/* The member of one of the objects that the caller writes to `out`. */
void api_results_put_status(struct api_results *results, int status);
void api_results_answer(
    struct api_results *results, struct http_exchange *exchange, const char *count);
/* The loop for an operation: each in turn. On the server's thread. */
struct loop *api_loop(struct http_exchange *exchange);

extern const struct http_route api_message_routes[], api_receive_routes[], api_view_routes[],
    api_lookup_routes[], api_transaction_routes[], api_dead_routes[], api_event_routes[];

/* The event streams that are left, when the server is gone. */
void api_events_free(struct broker *broker);

#endif
