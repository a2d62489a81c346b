#include "config.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/http/api.h"

TestSuite(http_api, .timeout = 60);

/* The description in etc/openapi.json, which the caller keeps in the arena. */
static const struct json *
description(struct arena *arena)
{
	const char *folder = getenv("SRCDIR");
	char path[4096];
	struct buf text = { 0 };
	FILE *file;
	size_t n;

	snprintf(path, sizeof path, "%s/etc/openapi.json", folder != NULL ? folder : ".");
	file = fopen(path, "re");
	cr_assert_not_null(file, "%s cannot be read", path);
	while ((n = fread(buf_reserve(&text, 65536), 1, 65536, file)) != 0)
		text.len += n;
	fclose(file);
	const struct json *json = json_parse(arena, arena_copy(arena, buf_slice(&text)));

	buf_release(&text);
	cr_assert_not_null(json, "%s is no JSON", path);
	return json;
}

static const struct json *
described(const struct json *paths, const struct http_route *route)
{
	char method[16] = "";

	for (size_t i = 0; route->method[i] != '\0' && i + 1 < sizeof method; i++)
		method[i] = (char)tolower((unsigned char)route->method[i]);
	return json_member(json_member(paths, route->path), method);
}

static bool
is_served(struct slice path, struct slice method)
{
	for (size_t i = 0; broker_http_tables[i] != NULL; i++)
		for (const struct http_route *route = broker_http_tables[i]; route->method != NULL;
		     route++)
			if (slice_is(path, route->path) &&
			    slice_equal_nocase(method, slice_of(route->method)))
				return true;
	return false;
}

/* An empty first choice: it works without one. */
static bool
wants_token(const struct json *security)
{
	return security->n_children != 0 && security->first->n_children != 0;
}

Test(http_api, each_route_is_described)
{
	struct arena arena = { 0 };
	const struct json *paths = json_member(description(&arena), "paths");

	for (size_t i = 0; broker_http_tables[i] != NULL; i++)
		for (const struct http_route *route = broker_http_tables[i]; route->method != NULL;
		     route++) {
			const struct json *operation = described(paths, route);
			const struct json *security = json_member(operation, "security");

			cr_assert_not_null(operation, "%s %s", route->method, route->path);
			cr_assert_not_null(security);
			cr_assert_eq(wants_token(security), (route->right & ~HTTP_MAY_READ) != 0,
			    "%s %s: whether it wants a token", route->method, route->path);
			cr_assert_eq(json_member(operation, "requestBody") != NULL,
			    route->takes != NULL, "%s %s: whether it has a body", route->method,
			    route->path);
		}
	arena_release(&arena);
}

Test(http_api, what_is_described_is_served)
{
	struct arena arena = { 0 };
	const struct json *paths = json_member(description(&arena), "paths");

	cr_assert_gt(paths->n_children, 10);
	for (const struct json *path = paths->first; path != NULL; path = path->next)
		for (const struct json *method = path->first; method != NULL; method = method->next)
			cr_assert(is_served(path->name, method->name), "%.*s %.*s",
			    (int)method->name.len, method->name.data, (int)path->name.len,
			    path->name.data);
	arena_release(&arena);
}
