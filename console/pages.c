#include "config.h"

/* The pages, which are part of the program. CONSOLE_PAGES is the folder console/pages. */

#include "common/base/slice.h"
#include "console/console_private.h"

/* The bytes of a file between two labels, and a 0 that no length counts. */
#define PAGE(name, file, type)                                                                     \
	__asm__(".pushsection .rodata\n"                                                           \
		".balign 16\n"                                                                     \
		"console_page_" #name ":\n"                                                        \
		".incbin \"" CONSOLE_PAGES "/" file "\"\n"                                         \
		"console_page_end_" #name ":\n"                                                    \
		".byte 0\n"                                                                        \
		".popsection\n");                                                                  \
	extern const char console_page_##name[], console_page_end_##name[];
#include "console/pages.inc"
#undef PAGE

static const struct page {
	const char *path;
	const char *type;
	const char *begin, *end;
} pages[] = {
#define PAGE(name, file, type) { "/" file, type, console_page_##name, console_page_end_##name },
#include "console/pages.inc"
#undef PAGE
};

#define N_PAGES (sizeof pages / sizeof *pages)

static const struct page *
find_page(struct slice target)
{
	const char *query = memchr(target.data, '?', target.len);

	if (query != NULL)
		target.len = (size_t)(query - target.data);
	if (slice_is(target, "/"))
		target = SLICE("/index.html");
	for (size_t i = 0; i < N_PAGES; i++)
		if (slice_is(target, pages[i].path))
			return &pages[i];
	return NULL;
}

static bool
has_tag(struct slice tags, struct slice tag)
{
	struct slice one;

	while (tags.data != NULL && slice_next(&tags, ',', &one)) {
		one = slice_trim(one);
		if (slice_starts(one, "W/")) {
			one.data += 2;
			one.len -= 2;
		}
		if (slice_equal(one, tag) || slice_is(one, "*"))
			return true;
	}
	return false;
}

static void
serve_page(struct http_exchange *exchange)
{
	const struct page *page = find_page(exchange->request.target);
	struct buf body = { 0 };

	if (page == NULL) {
		http_problem(exchange, 404, "There is nothing at this path.");
		return;
	}
	struct slice text = { page->begin, (size_t)(page->end - page->begin) };
	struct slice tag =
	    arena_printf(&exchange->arena, "\"%016llx\"", (unsigned long long)slice_hash(text));

	exchange->cache_control = "no-cache"; /* kept, but asked for again each time */
	http_add_field(exchange, "ETag", tag);
	http_add_field(exchange, "Referrer-Policy", SLICE("no-referrer"));
	http_add_field(exchange, "X-Frame-Options", SLICE("DENY"));
	http_add_field(exchange, "Cross-Origin-Opener-Policy", SLICE("same-origin"));
	http_add_field(exchange, "Cross-Origin-Resource-Policy", SLICE("same-origin"));
	http_add_field(exchange, "Content-Security-Policy",
	    SLICE("default-src 'self'; base-uri 'none'; form-action 'self'; "
		  "frame-ancestors 'none'; object-src 'none'"));
	if (has_tag(http_request_field(&exchange->request, "If-None-Match"), tag)) {
		http_answer(exchange, 304, page->type, &body);
		return;
	}
	buf_append_slice(&body, text);
	http_answer(exchange, 200, page->type, &body);
}

/* Two levels of folders are enough for pages. */
const struct http_route page_routes[] = {
	{ "GET", "/", CONSOLE_NO_RIGHT, NULL, serve_page, .always = false },
	{ "GET", "/{file}", CONSOLE_NO_RIGHT, NULL, serve_page, .always = false },
	{ "GET", "/{folder}/{file}", CONSOLE_NO_RIGHT, NULL, serve_page, .always = false },
	{ "GET", "/{folder}/{folder}/{file}", CONSOLE_NO_RIGHT, NULL, serve_page, .always = false },
	{ NULL },
};
