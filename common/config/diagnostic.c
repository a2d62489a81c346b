#include "config.h"

#include "common/config/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"

static const char *const level_names[] = {
	[SEVERITY_NOTE] = "note",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error",
};

void
diagnostics_release(struct diagnostics *diagnostics)
{
	arena_release(&diagnostics->arena);
	free(diagnostics->list);
	*diagnostics = (struct diagnostics){ 0 };
}

void
diagnostics_add(struct diagnostics *diagnostics, enum severity level, const char *file, int line,
    struct slice key, const char *format, ...)
{
	va_list args, again;
	struct diagnostic *diagnostic;
	char *text;
	int len;

	if (diagnostics->n == diagnostics->cap) {
		diagnostics->cap = diagnostics->cap != 0 ? 2 * diagnostics->cap : 16;
		diagnostics->list =
		    mem_realloc(diagnostics->list, diagnostics->cap * sizeof *diagnostics->list);
	}
	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		len = 0;
	text = arena_alloc(&diagnostics->arena, (size_t)len + 1);
	text[0] = '\0';
	vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	diagnostic = &diagnostics->list[diagnostics->n++];
	*diagnostic = (struct diagnostic){
		.file = file,
		.line = line,
		.level = level,
		.key = arena_copy(&diagnostics->arena, key),
		.text = { text, (size_t)len },
	};
}

size_t
diagnostics_count(const struct diagnostics *diagnostics, enum severity level)
{
	size_t n = 0;

	for (size_t i = 0; i < diagnostics->n; i++)
		n += diagnostics->list[i].level >= level;
	return n;
}

static void
print_place(const struct diagnostic *diagnostic, struct buf *out)
{
	buf_append_text(out, diagnostic->file != NULL ? diagnostic->file : "settings");
	if (diagnostic->line != 0)
		buf_printf(out, ":%d", diagnostic->line);
	buf_append_text(out, ": ");
}

void
diagnostic_print(const struct diagnostic *diagnostic, struct buf *out)
{
	print_place(diagnostic, out);
	buf_append_slice(out, diagnostic->text);
}

void
diagnostics_print(const struct diagnostics *diagnostics, struct buf *out)
{
	for (size_t i = 0; i < diagnostics->n; i++) {
		const struct diagnostic *diagnostic = &diagnostics->list[i];

		print_place(diagnostic, out);
		buf_printf(out, "%s: ", level_names[diagnostic->level]);
		buf_append_slice(out, diagnostic->text);
		buf_append_char(out, '\n');
	}
}
