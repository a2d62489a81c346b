#ifndef COMMON_HTTP_REQUEST_H
#define COMMON_HTTP_REQUEST_H

/*
 * The head of an HTTP/1.1 request (RFC 9112), read strictly: what two programs could read in two
 * ways is refused. Lines end in CRLF, field names are tokens, a body has one Content-Length.
 * Pure functions, any thread; texts point into the head or live in the arena.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/slice.h"

#define HTTP_FIELDS_MAX 64
#define HTTP_SEGMENTS_MAX 12
#define HTTP_PARAMETERS_MAX 32

struct http_pair {
	struct slice name, value;
};

struct http_request {
	struct slice method;
	struct slice target;                      /* as it came */
	struct slice segments[HTTP_SEGMENTS_MAX]; /* of the path, decoded; none is "." or ".." */
	size_t n_segments;
	struct http_pair parameters[HTTP_PARAMETERS_MAX]; /* of the query, decoded; names differ */
	size_t n_parameters;
	struct http_pair fields[HTTP_FIELDS_MAX];
	size_t n_fields;
	struct slice host;  /* with its port; absent in HTTP/1.0 */
	int64_t body_bytes; /* of Content-Length; 0 without */
	bool has_length;    /* there is a Content-Length */
	bool keep_alive;
	bool expects_continue;
	struct slice body; /* set by the server when it has come */
};

/* Why a head is refused. */
struct http_refusal {
	int status;      /* of HTTP */
	const char *why; /* one sentence, static */
};

/* The bytes of the head, its blank line included; 0: it has not come whole. */
size_t http_head_length(struct slice input);
/* Reads one head of that length. 0, or -1 and *refusal; the request has then what was read. */
int http_request_read(struct slice head, struct arena *arena, struct http_request *request,
    struct http_refusal *refusal);
/* The value of a field, whatever the case of its name; absent: none. */
struct slice http_request_field(const struct http_request *request, const char *name);
/* Absent: none. */
struct slice http_request_parameter(const struct http_request *request, const char *name);
/* "text/plain" of "Text/Plain; charset=utf-8": what stands before the parameters, as it came. */
struct slice http_media_type(struct slice content_type);
/* %XX and, in a query, + for a blank. 0, or -1: not well formed, or a control character. */
int http_decode(struct slice text, bool in_query, struct arena *arena, struct slice *decoded);

#endif
