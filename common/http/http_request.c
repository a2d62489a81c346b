#include "config.h"

#include "common/http/http_request.h"

#include <string.h>

/* ---- characters ------------------------------------------------------ */

static bool
is_token_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_token(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_token_char((unsigned char)text.data[i]))
			return false;
	return text.len != 0;
}

static bool
is_control(unsigned char c)
{
	return c < ' ' || c == 0x7f;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
http_decode(struct slice text, bool in_query, struct arena *arena, struct slice *decoded)
{
	char *to = arena_alloc(arena, text.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c == '%') {
			bool room = text.len - i > 2;
			int high = room ? hex_digit(text.data[i + 1]) : -1;
			int low = room ? hex_digit(text.data[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -1;
			c = (unsigned char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && in_query) {
			c = ' ';
		}
		if (is_control(c))
			return -1;
		to[n++] = (char)c;
	}
	*decoded = (struct slice){ to, n };
	return 0;
}

/* ---- the first line -------------------------------------------------- */

static int
refuse(struct http_refusal *refusal, int status, const char *why)
{
	*refusal = (struct http_refusal){ status, why };
	return -1;
}

static int
read_path(struct slice path, struct arena *arena, struct http_request *request,
    struct http_refusal *refusal)
{
	struct slice part;

	path.data++; /* its / */
	path.len--;
	if (path.len == 0)
		return 0;
	while (slice_next(&path, '/', &part)) {
		struct slice *segment = &request->segments[request->n_segments];

		if (request->n_segments == HTTP_SEGMENTS_MAX)
			return refuse(refusal, 404, "The path has too many parts.");
		if (http_decode(part, false, arena, segment) == -1)
			return refuse(refusal, 400,
			    "The path has a % without two hexadecimal digits, or a control "
			    "character.");
		if (slice_is(*segment, ".") || slice_is(*segment, "..") ||
		    memchr(segment->data, '/', segment->len) != NULL ||
		    memchr(segment->data, '\\', segment->len) != NULL)
			return refuse(
			    refusal, 400, "A part of the path is ., .. or has a / or \\.");
		request->n_segments++;
	}
	return 0;
}

static int
read_parameter(struct slice pair, struct arena *arena, struct http_request *request,
    struct http_refusal *refusal)
{
	struct http_pair *parameter = &request->parameters[request->n_parameters];
	struct slice name = pair, value = SLICE("");
	const char *equals = memchr(pair.data, '=', pair.len);

	if (request->n_parameters == HTTP_PARAMETERS_MAX)
		return refuse(refusal, 400, "The query has too many parameters.");
	if (equals != NULL) {
		name.len = (size_t)(equals - pair.data);
		value = (struct slice){ equals + 1, pair.len - name.len - 1 };
	}
	if (http_decode(name, true, arena, &parameter->name) == -1 ||
	    http_decode(value, true, arena, &parameter->value) == -1)
		return refuse(refusal, 400,
		    "The query has a % without two hexadecimal digits, or a control character.");
	for (size_t i = 0; i < request->n_parameters; i++)
		if (slice_equal(request->parameters[i].name, parameter->name))
			return refuse(refusal, 400, "The query has a parameter twice.");
	request->n_parameters++;
	return 0;
}

/* Clients of proxies send http://host/path; the Host field counts all the same. */
static struct slice
without_authority(struct slice target)
{
	if (!slice_starts(target, "http://"))
		return target;
	const char *slash = memchr(target.data + 7, '/', target.len - 7);

	return slash != NULL ? (struct slice){ slash, target.len - (size_t)(slash - target.data) }
	                     : SLICE("/");
}

static int
read_target(struct arena *arena, struct http_request *request, struct http_refusal *refusal)
{
	struct slice path = without_authority(request->target), query = SLICE("");
	const char *mark = memchr(path.data, '?', path.len);
	struct slice pair;

	if (path.len == 0 || path.data[0] != '/' || memchr(path.data, '#', path.len) != NULL)
		return refuse(refusal, 400, "The target is no path.");
	if (mark != NULL) {
		query = (struct slice){ mark + 1, path.len - (size_t)(mark - path.data) - 1 };
		path.len = (size_t)(mark - path.data);
	}
	if (read_path(path, arena, request, refusal) == -1)
		return -1;
	while (query.len != 0 && slice_next(&query, '&', &pair))
		if (pair.len != 0 && read_parameter(pair, arena, request, refusal) == -1)
			return -1;
	return 0;
}

static int
read_first_line(struct slice line, struct arena *arena, struct http_request *request,
    struct http_refusal *refusal)
{
	const char *first = memchr(line.data, ' ', line.len);
	const char *last = memrchr(line.data, ' ', line.len);

	if (first == NULL || first == last)
		return refuse(refusal, 400, "The first line is not METHOD TARGET HTTP/1.1.");
	struct slice version = { last + 1, line.len - (size_t)(last + 1 - line.data) };

	request->method = (struct slice){ line.data, (size_t)(first - line.data) };
	request->target = (struct slice){ first + 1, (size_t)(last - first - 1) };
	if (!is_token(request->method))
		return refuse(refusal, 400, "The method is no token.");
	for (size_t i = 0; i < request->target.len; i++)
		if (is_control((unsigned char)request->target.data[i]) ||
		    request->target.data[i] == ' ')
			return refuse(
			    refusal, 400, "The target has a blank or a control character.");
	if (slice_is(version, "HTTP/1.1"))
		request->keep_alive = true;
	else if (!slice_is(version, "HTTP/1.0"))
		return refuse(refusal, slice_starts(version, "HTTP/") ? 505 : 400,
		    "The server speaks HTTP/1.1 and HTTP/1.0.");
	return read_target(arena, request, refusal);
}

/* ---- fields ---------------------------------------------------------- */

static int
read_field(struct slice line, struct http_request *request, struct http_refusal *refusal)
{
	struct http_pair *field = &request->fields[request->n_fields];
	const char *colon = memchr(line.data, ':', line.len);

	if (request->n_fields == HTTP_FIELDS_MAX)
		return refuse(refusal, 431, "The request has too many header fields.");
	if (colon == NULL)
		return refuse(refusal, 400, "A header field has no colon.");
	field->name = (struct slice){ line.data, (size_t)(colon - line.data) };
	field->value = (struct slice){ colon + 1, line.len - field->name.len - 1 };
	if (!is_token(field->name))
		return refuse(refusal, 400, "The name of a header field is no token.");
	for (size_t i = 0; i < field->value.len; i++)
		if (is_control((unsigned char)field->value.data[i]) && field->value.data[i] != '\t')
			return refuse(refusal, 400, "A header field has a control character.");
	field->value = slice_trim(field->value);
	request->n_fields++;
	return 0;
}

/* One of a kind that must not be there twice. */
static int
find_single(const struct http_request *request, const char *name, struct slice *value)
{
	int n = 0;

	for (size_t i = 0; i < request->n_fields; i++)
		if (slice_equal_nocase(request->fields[i].name, slice_of(name))) {
			*value = request->fields[i].value;
			n++;
		}
	return n;
}

static int
read_length(struct http_request *request, struct http_refusal *refusal)
{
	struct slice text = SLICE_NONE;
	int n = find_single(request, "Content-Length", &text);

	if (http_request_field(request, "Transfer-Encoding").data != NULL)
		return refuse(refusal, n == 0 ? 411 : 400,
		    "A body needs a Content-Length; the server takes no Transfer-Encoding.");
	if (n == 0)
		return 0;
	if (n > 1)
		return refuse(refusal, 400, "There is more than one Content-Length.");
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return refuse(refusal, 400, "The Content-Length is no number.");
	if (slice_to_int64(text, &request->body_bytes) == -1)
		return refuse(
		    refusal, text.len > 18 ? 413 : 400, "The Content-Length is no length.");
	request->has_length = true;
	return 0;
}

static int
read_meaning(struct http_request *request, struct http_refusal *refusal)
{
	struct slice connection = http_request_field(request, "Connection"), word;
	struct slice expect = http_request_field(request, "Expect");
	int n_hosts = find_single(request, "Host", &request->host);

	if (n_hosts > 1 || (n_hosts == 0 && request->keep_alive))
		return refuse(refusal, 400, "HTTP/1.1 wants one Host field.");
	while (connection.data != NULL && slice_next(&connection, ',', &word))
		if (slice_equal_nocase(slice_trim(word), SLICE("close")))
			request->keep_alive = false;
	if (expect.data != NULL && !slice_equal_nocase(expect, SLICE("100-continue")))
		return refuse(refusal, 417, "The server knows only Expect: 100-continue.");
	request->expects_continue = expect.data != NULL;
	return read_length(request, refusal);
}

/* ---- the head -------------------------------------------------------- */

size_t
http_head_length(struct slice input)
{
	const char *end = input.len != 0 ? memmem(input.data, input.len, "\r\n\r\n", 4) : NULL;

	return end != NULL ? (size_t)(end - input.data) + 4 : 0;
}

/* Splits off a line with its CRLF; a CR or LF elsewhere is a control character of the line. */
static struct slice
next_line(struct slice *rest)
{
	const char *end = memmem(rest->data, rest->len, "\r\n", 2);
	struct slice line = { rest->data, (size_t)(end - rest->data) };

	rest->data += line.len + 2;
	rest->len -= line.len + 2;
	return line;
}

int
http_request_read(struct slice head, struct arena *arena, struct http_request *request,
    struct http_refusal *refusal)
{
	memset(request, 0, sizeof *request);
	if (read_first_line(next_line(&head), arena, request, refusal) == -1)
		return -1;
	for (struct slice line; (line = next_line(&head)).len != 0;)
		if (read_field(line, request, refusal) == -1)
			return -1;
	return read_meaning(request, refusal);
}

struct slice
http_request_field(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_fields; i++)
		if (slice_equal_nocase(request->fields[i].name, slice_of(name)))
			return request->fields[i].value;
	return SLICE_NONE;
}

struct slice
http_request_parameter(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_parameters; i++)
		if (slice_is(request->parameters[i].name, name))
			return request->parameters[i].value;
	return SLICE_NONE;
}

struct slice
http_media_type(struct slice content_type)
{
	struct slice type = content_type;

	if (content_type.data == NULL || !slice_next(&content_type, ';', &type))
		return content_type;
	return slice_trim(type);
}
