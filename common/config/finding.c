#include "config.h"

#include "common/config/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"

static const char *const level_names[] = {
	[FINDING_NOTE] = "note",
	[FINDING_WARNING] = "warning",
	[FINDING_ERROR] = "error",
};

void
findings_release(struct findings *findings)
{
	arena_release(&findings->arena);
	free(findings->list);
	*findings = (struct findings){ 0 };
}

void
findings_add(struct findings *findings, enum finding_level level, const char *file, int line,
    struct slice key, const char *format, ...)
{
	va_list args, again;
	struct finding *finding;
	char *text;
	int len;

	if (findings->n == findings->cap) {
		findings->cap = findings->cap != 0 ? 2 * findings->cap : 16;
		findings->list =
		    mem_realloc(findings->list, findings->cap * sizeof *findings->list);
	}
	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		len = 0;
	text = arena_alloc(&findings->arena, (size_t)len + 1);
	text[0] = '\0';
	vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	finding = &findings->list[findings->n++];
	*finding = (struct finding){
		.file = file,
		.line = line,
		.level = level,
		.key = arena_copy(&findings->arena, key),
		.text = { text, (size_t)len },
	};
}

size_t
findings_count(const struct findings *findings, enum finding_level level)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += findings->list[i].level >= level;
	return n;
}

static void
print_place(const struct finding *finding, struct buf *out)
{
	buf_append_text(out, finding->file != NULL ? finding->file : "settings");
	if (finding->line != 0)
		buf_printf(out, ":%d", finding->line);
	buf_append_text(out, ": ");
}

void
finding_print(const struct finding *finding, struct buf *out)
{
	print_place(finding, out);
	buf_append_slice(out, finding->text);
}

void
findings_print(const struct findings *findings, struct buf *out)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->list[i];

		print_place(finding, out);
		buf_printf(out, "%s: ", level_names[finding->level]);
		buf_append_slice(out, finding->text);
		buf_append_char(out, '\n');
	}
}
