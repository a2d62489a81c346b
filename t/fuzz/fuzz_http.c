#include "config.h"

/* A head of HTTP: what is taken has no control character left and no part that climbs. */

#include <string.h>

#include "common/http/http_request.h"
#include "t/fuzz/fuzz.h"

static void
is_clean(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		must((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f);
}

static void
check(const struct http_request *request)
{
	for (size_t i = 0; i < request->n_segments; i++) {
		struct slice part = request->segments[i];

		is_clean(part);
		must(!slice_is(part, ".") && !slice_is(part, "..") &&
		     memchr(part.data, '/', part.len) == NULL);
	}
	for (size_t i = 0; i < request->n_parameters; i++) {
		is_clean(request->parameters[i].name);
		is_clean(request->parameters[i].value);
	}
	must(request->body_bytes >= 0);
	must(request->has_length || request->body_bytes == 0);
	must(!request->keep_alive || request->host.data != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = { (const char *)data, size };
	size_t len = http_head_length(input);
	struct arena arena = { 0 };
	struct http_request request;
	struct http_refusal refusal = { 0, NULL };

	if (len == 0)
		return 0;
	must(len <= size);
	if (http_request_read((struct slice){ input.data, len }, &arena, &request, &refusal) == 0)
		check(&request);
	else
		must(refusal.status >= 400 && refusal.why != NULL);
	arena_release(&arena);
	return 0;
}
