#include "config.h"

/*
 * What is refused before a handler sees it: other hosts' names (a page that was led here by a name
 * of its own could else read what this host may), pages of other origins, unknown routes, missing
 * rights, bodies of other types.
 */

#include <arpa/inet.h>
#include <string.h>

#include "common/http/http_private.h"

/* ---- Host and Origin ------------------------------------------------- */

static struct slice
without_port(struct slice host)
{
	const char *bracket = memchr(host.data, ']', host.len);
	const char *colon = memrchr(host.data, ':', host.len);

	if (colon != NULL && (bracket == NULL || colon > bracket))
		host.len = (size_t)(colon - host.data);
	return host;
}

static bool
is_address(struct slice name)
{
	char text[INET6_ADDRSTRLEN + 2];
	struct in6_addr address;

	if (name.len == 0 || name.len >= sizeof text)
		return false;
	memcpy(text, name.data, name.len);
	text[name.len] = '\0';
	if (text[0] != '[')
		return inet_pton(AF_INET, text, &address) == 1;
	if (text[name.len - 1] != ']')
		return false;
	text[name.len - 1] = '\0';
	return inet_pton(AF_INET6, text + 1, &address) == 1;
}

static bool
is_listed(const char *names, struct slice name)
{
	while (names != NULL && *names != '\0') {
		size_t len = strcspn(names, " ,;");

		if (len != 0 && slice_equal_nocase((struct slice){ names, len }, name))
			return true;
		names += len + (names[len] != '\0');
	}
	return false;
}

static bool
is_own_host(const struct http_server *server, struct slice host)
{
	struct slice name;

	if (host.data == NULL)
		return true;
	name = without_port(host);
	return is_address(name) || slice_equal_nocase(name, SLICE("localhost")) ||
	       slice_equal_nocase(name, slice_of(server->own_name)) ||
	       is_listed(server->options.allowed_hosts, name);
}

/* A browser says which page a request comes from; other clients say nothing. */
static bool
is_own_origin(const struct http_request *request)
{
	struct slice origin = http_request_field(request, "Origin");
	struct slice site = http_request_field(request, "Sec-Fetch-Site");
	const char *slashes;

	if (site.data != NULL && !slice_is(site, "same-origin") && !slice_is(site, "none"))
		return false;
	if (origin.data == NULL)
		return true;
	slashes = memmem(origin.data, origin.len, "://", 3);
	if (slashes == NULL)
		return false;
	origin.len -= (size_t)(slashes + 3 - origin.data);
	origin.data = slashes + 3;
	return slice_equal_nocase(origin, request->host);
}

/* ---- routes ---------------------------------------------------------- */

static bool
path_fits(const char *path, const struct http_request *request)
{
	struct slice rest = slice_of(path + 1), part;
	size_t n = 0;

	for (; rest.len != 0 && slice_next(&rest, '/', &part); n++) {
		if (n == request->n_segments)
			return false;
		if (part.data[0] == '{' ? request->segments[n].len == 0
					: !slice_equal(part, request->segments[n]))
			return false;
	}
	return n == request->n_segments;
}

static bool
method_fits(const struct http_route *route, struct slice method)
{
	/* A HEAD changes nothing. */
	return slice_is(method, route->method) ||
	       (slice_is(method, "HEAD") && strcmp(route->method, "GET") == 0 &&
		   (route->right & ~HTTP_MAY_READ) == 0);
}

/* The row; NULL: none, and *allowed names the methods that the path has. */
static const struct http_route *
find_route(struct http_exchange *exchange, struct buf *allowed)
{
	const struct http_route *const *table = exchange->server->options.tables;

	for (; *table != NULL; table++)
		for (const struct http_route *route = *table; route->method != NULL; route++) {
			if (!path_fits(route->path, &exchange->request))
				continue;
			if (method_fits(route, exchange->request.method))
				return route;
			if (allowed->len != 0)
				buf_append_text(allowed, ", ");
			buf_append_text(allowed, route->method);
		}
	return NULL;
}

static int
route(struct http_exchange *exchange)
{
	struct buf allowed = { 0 };
	bool found;

	exchange->route = find_route(exchange, &allowed);
	found = exchange->route != NULL;
	if (!found && allowed.len != 0) {
		http_add_field(exchange, "Allow", buf_slice(&allowed));
		http_problem(exchange, 405, "The path has %.*s.", (int)allowed.len, allowed.data);
	} else if (!found) {
		http_problem(exchange, 404, "There is nothing at this path.");
	}
	buf_release(&allowed);
	return found ? 0 : -1; /* the exchange is gone after a problem */
}

/* ---- rights and the body --------------------------------------------- */

static int
admit(struct http_exchange *exchange)
{
	const struct http_options *options = &exchange->server->options;
	unsigned right = exchange->route->right;

	exchange->principal = (struct http_principal){ SLICE("anonymous"), HTTP_MAY_READ };
	if (right != 0 && options->identify != NULL &&
	    !options->identify(options->identify_context, &exchange->request, &exchange->arena,
		&exchange->principal)) {
		http_add_field(
		    exchange, "WWW-Authenticate", SLICE("Bearer error=\"invalid_token\""));
		http_problem(exchange, 401, "The token is not valid.");
		return -1;
	}
	return http_needs(exchange, right);
}

int
http_needs(struct http_exchange *exchange, unsigned right)
{
	if ((exchange->principal.rights & right) == right)
		return 0;
	if (slice_is(exchange->principal.name, "anonymous")) {
		http_add_field(exchange, "WWW-Authenticate", SLICE("Bearer"));
		http_problem(exchange, 401,
		    "This needs a token: send the field Authorization: Bearer TOKEN.");
	} else {
		http_problem(exchange, 403, "%.*s may not do this.",
		    (int)exchange->principal.name.len, exchange->principal.name.data);
	}
	return -1;
}

static bool
takes_type(const char *list, struct slice type)
{
	struct slice rest = slice_of(list), one;

	while (rest.data != NULL && slice_next(&rest, ' ', &one))
		if (slice_equal_nocase(one, type) || slice_is(one, "*/*"))
			return true;
	return false;
}

static int
check_body(struct http_exchange *exchange)
{
	const struct http_request *request = &exchange->request;
	struct slice type = http_media_type(http_request_field(request, "Content-Type"));
	int64_t most = exchange->server->options.max_body_bytes;

	if (exchange->route->empty && request->body_bytes == 0)
		return 0;
	if (exchange->route->takes == NULL) {
		if (request->body_bytes == 0)
			return 0;
		http_problem(exchange, 400, "This request has no body.");
	} else if (!request->has_length) {
		http_problem(exchange, 411, "This request has a body, and needs a Content-Length.");
	} else if (type.data == NULL || !takes_type(exchange->route->takes, type)) {
		http_problem(exchange, 415, "The Content-Type of the body must be one of: %s.",
		    exchange->route->takes);
	} else if (request->body_bytes > most) {
		http_problem(exchange, 413, "The body has more than %lld bytes (httpMaxBodyBytes).",
		    (long long)most);
	} else {
		return 0;
	}
	return -1;
}

int
http_guard(struct http_exchange *exchange)
{
	const struct http_request *request = &exchange->request;
	bool reads = slice_is(request->method, "GET") || slice_is(request->method, "HEAD");

	if (!is_own_host(exchange->server, request->host)) {
		http_problem(exchange, 421,
		    "The host of the request is no address and no name of this server; "
		    "httpAllowedHosts can name it.");
		return -1;
	}
	if (!reads && !is_own_origin(request)) {
		http_problem(exchange, 403, "The request comes from a page of another origin.");
		return -1;
	}
	if (route(exchange) == -1 || admit(exchange) == -1)
		return -1;
	const struct http_options *options = &exchange->server->options;
	const char *why = options->refuses != NULL && !exchange->route->always
	                      ? options->refuses(options->context, exchange->route)
	                      : NULL;

	if (why != NULL) {
		http_add_field(exchange, "Retry-After", SLICE("1"));
		http_problem(exchange, 503, "%s", why);
		return -1;
	}
	return check_body(exchange);
}
