#include "config.h"

#include <criterion/criterion.h>

#include "common/http/http_request.h"

static int
read_head(const char *text, struct arena *arena, struct http_request *request)
{
	struct http_refusal refusal = { 0, NULL };
	struct slice head = slice_of(text);

	cr_assert_eq(http_head_length(head), head.len, "%s", text);
	if (http_request_read(head, arena, request, &refusal) == 0)
		return 200;
	cr_assert_not_null(refusal.why);
	return refusal.status;
}

Test(http_request, parts)
{
	struct arena arena = { 0 };
	struct http_request request;

	cr_assert_eq(read_head("POST /v1/topics/%25RETRY%25g/x?a=1+2&b=%26&c HTTP/1.1\r\n"
			       "hOST: h:1\r\nContent-Length:  12\r\nX:\r\n\r\n",
			 &arena, &request),
	    200);
	cr_assert(slice_is(request.method, "POST"));
	cr_assert_eq(request.n_segments, 4);
	cr_assert(slice_is(request.segments[2], "%RETRY%g"));
	cr_assert(slice_is(http_request_parameter(&request, "a"), "1 2"));
	cr_assert(slice_is(http_request_parameter(&request, "b"), "&"));
	cr_assert(slice_is(http_request_parameter(&request, "c"), ""));
	cr_assert_null(http_request_parameter(&request, "d").data);
	cr_assert(slice_is(request.host, "h:1"));
	cr_assert_eq(request.body_bytes, 12);
	cr_assert(request.keep_alive);
	cr_assert(slice_is(http_request_field(&request, "x"), ""));
	cr_assert(slice_is(http_media_type(SLICE("a/b; c=d")), "a/b"));
	arena_release(&arena);
}

/* What two programs could read in two ways, and what is no HTTP. */
Test(http_request, refusals)
{
	static const struct {
		int status;
		const char *head;
	} rows[] = {
		{ 200, "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 200, "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 200, "GET / HTTP/1.0\r\n\r\n" },
		{ 400, "GET /\r\n\r\n" },
		{ 400, "GET  HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET x HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "G@T / HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET / FTP/1.1\r\nHost: a\r\n\r\n" },
		{ 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n" },
		{ 400, "GET /../etc HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET /a%5cb HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET /a%0d%0aX HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET /a%4 HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 400, "GET /?a=1&a=2 HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 404, "GET /1/2/3/4/5/6/7/8/9/0/1/2/3 HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ 411, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" },
		{ 400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
		       "chunked\r\nContent-Length: 3\r\n\r\n" },
		{ 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: "
		       "3\r\n\r\n" },
		{ 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n" },
		{ 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n" },
		{ 413,
		    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n" },
		{ 417, "POST / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n" },
	};
	struct arena arena = { 0 };
	struct http_request request;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert_eq(
		    read_head(rows[i].head, &arena, &request), rows[i].status, "%s", rows[i].head);
	arena_release(&arena);
}
