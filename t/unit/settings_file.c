#include "config.h"

#include "t/unit/settings_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const levels[] = { "note", "warning", "error" };

void
settings_file_read(struct settings_file *file, const char *path)
{
	*file = (struct settings_file){ 0 };
	option_set_init(&file->set, broker_options, &file->settings);
	file->status = option_load_file(&file->set, path, broker_sections, &file->diagnostics);
	broker_options_check(&file->settings, &file->diagnostics);
	for (size_t i = 0; i < file->diagnostics.n; i++) {
		const struct diagnostic *diagnostic = &file->diagnostics.list[i];

		buf_printf(&file->said, "%d: %s: %.*s\n", diagnostic->line,
		    levels[diagnostic->level], (int)diagnostic->text.len, diagnostic->text.data);
	}
}

void
settings_file_write_and_read(struct settings_file *file, const char *text, size_t len)
{
	char path[] = "/tmp/twinmq-settings-XXXXXX";
	int fd = mkstemp(path);

	cr_assert_neq(fd, -1);
	cr_assert_eq(write(fd, text, len), (ssize_t)len);
	close(fd);
	settings_file_read(file, path);
	unlink(path);
}

void
settings_file_release(struct settings_file *file)
{
	option_set_release(&file->set);
	diagnostics_release(&file->diagnostics);
	buf_release(&file->said);
}

const char *
settings_file_data(const char *name)
{
	static char path[4096];
	const char *root = getenv("SRCDIR");

	snprintf(path, sizeof path, "%s/t/data/%s", root != NULL ? root : ".", name);
	return path;
}
