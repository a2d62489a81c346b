#include "config.h"

#include "common/http/health.h"

#include "common/json/json.h"

void
health_add(struct health *health, const char *name, struct slice why)
{
	if (health->n == HEALTH_REASONS_MAX)
		return;
	health->checks[health->n].name = name;
	health->checks[health->n++].why = why;
}

void
health_answer(const struct health *health, struct http_exchange *exchange)
{
	struct buf body = { 0 };
	struct json_out out;
	bool good = true;

	for (size_t i = 0; i < health->n; i++)
		good = good && health->checks[i].why.data == NULL;
	json_out_init(&out, &body);
	json_open_object(&out);
	if (!good) { /* a problem document, with the checks as an extension */
		json_member_put_text(&out, "type", "about:blank");
		json_member_put_text(&out, "title", "Service Unavailable");
		json_member_put_text(&out, "detail", "A check failed.");
	}
	json_member_put_text(&out, "state", good ? "ok" : "failed");
	json_member_put_int(&out, "status", good ? 200 : 503);
	json_member_put_slice(&out, "requestId", exchange->id);
	json_key(&out, "checks");
	json_open_array(&out);
	for (size_t i = 0; i < health->n; i++) {
		json_open_object(&out);
		json_member_put_text(&out, "name", health->checks[i].name);
		json_member_put_bool(&out, "ok", health->checks[i].why.data == NULL);
		if (health->checks[i].why.data != NULL)
			json_member_put_slice(&out, "why", health->checks[i].why);
		json_close_object(&out);
	}
	json_close_array(&out);
	json_close_object(&out);
	http_answer(exchange, good ? 200 : 503,
	    good ? "application/json" : "application/problem+json", &body);
}
