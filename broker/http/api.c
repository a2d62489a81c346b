#include "config.h"

#include "broker/http/api.h"

#include "common/protocol/codes.h"

int
api_status(int32_t code)
{
	static const struct {
		int32_t code;
		int status;
	} rows[] = {
		{ RESPONSE_SUCCESS, 200 },
		{ RESPONSE_SYSTEM_BUSY, 503 },
		{ RESPONSE_SERVICE_NOT_AVAILABLE, 503 },
		{ RESPONSE_FLUSH_DISK_TIMEOUT, 202 },
		{ RESPONSE_SLAVE_NOT_AVAILABLE, 202 },
		{ RESPONSE_FLUSH_SLAVE_TIMEOUT, 202 },
		{ RESPONSE_MESSAGE_ILLEGAL, 422 },
		{ RESPONSE_INVALID_PARAMETER, 400 },
		{ RESPONSE_NO_PERMISSION, 403 },
		{ RESPONSE_TOPIC_NOT_EXIST, 404 },
		{ RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST, 404 },
		{ RESPONSE_NO_MESSAGE, 409 },
		{ RESPONSE_SUBSCRIPTION_PARSE_FAILED, 400 },
		{ RESPONSE_POLLING_FULL, 503 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].code == code)
			return rows[i].status;
	return 500;
}

void
api_problem(struct http_exchange *exchange, int32_t code, struct slice remark)
{
	int status = api_status(code);

	if (status == 503)
		http_add_field(exchange, "Retry-After", SLICE("1"));
	http_problem(exchange, status, "%.*s",
	    remark.len != 0 ? (int)remark.len : (int)sizeof "The broker refused it." - 1,
	    remark.len != 0 ? remark.data : "The broker refused it.");
}

int
api_check_name(
    struct http_exchange *exchange, const char *what, enum name_kind kind, struct slice name)
{
	const char *fault = name.len != 0 ? name_fault(kind, name) : NULL;

	if (name.len == 0)
		http_problem(exchange, 400, "The %s is missing.", what);
	else if (fault != NULL)
		http_problem(exchange, 400, "The name of the %s %s.", what, fault);
	return name.len != 0 && fault == NULL ? 0 : -1;
}

const struct json *
api_body(struct http_exchange *exchange)
{
	const struct json *json = json_parse(&exchange->arena, exchange->request.body);

	if (json == NULL)
		http_problem(exchange, 400, "The body is no JSON.");
	return json;
}

void
api_results_open(struct api_results *results)
{
	*results = (struct api_results){ 0 };
	json_out_init(&results->out, &results->body);
	json_open_object(&results->out);
	json_key(&results->out, "results");
	json_open_array(&results->out);
}

void
api_results_put_status(struct api_results *results, int status)
{
	results->n_good += status == 200;
	json_member_put_int(&results->out, "status", status);
}

void
api_results_answer(struct api_results *results, struct http_exchange *exchange, const char *count)
{
	json_close_array(&results->out);
	json_member_put_int(&results->out, count, results->n_good);
	json_close_object(&results->out);
	http_answer_json(exchange, 200, &results->body);
}

struct loop *
api_loop(struct http_exchange *exchange)
{
	struct broker *broker = exchange_broker(exchange);

	return broker_loop(broker, broker->http->next_loop++ % (uint32_t)broker->n_workers);
}
