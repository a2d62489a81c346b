#include "config.h"

#include "console/command_run.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"

#define RUN_MAX_MS 30000
#define RUN_MAX_BYTES ((size_t)64 << 20)

int
command_run_begin(struct command_run *self, struct arena *arena, struct slice name)
{
	*self = (struct command_run){ .arena = arena };
	self->command =
	    admin_find_command(arena_printf(arena, "%.*s%c", (int)name.len, name.data, '\0').data);
	if (self->command == NULL || self->command->right == 0)
		return -1;
	self->args.flags = self->command->flags;
	self->right = self->command->right;
	return 0;
}

static void __attribute__((format(printf, 2, 3)))
set_wrong(struct command_run *self, const char *format, ...)
{
	va_list args;

	if (self->status != 0)
		return;
	va_start(args, format);
	self->error = arena_vprintf(self->arena, format, args);
	va_end(args);
	self->status = 400;
}

/* With a NUL, and without one within it; NULL when it has one. */
static const char *
as_text(struct command_run *self, struct slice value)
{
	if (memchr(value.data, '\0', value.len) != NULL)
		return NULL;
	return arena_printf(self->arena, "%.*s%c", (int)value.len, value.data, '\0').data;
}

void
command_run_set(struct command_run *self, struct slice name, struct slice value)
{
	const char *flag_name = name.data != NULL ? as_text(self, name) : NULL;
	const struct flag *flag =
	    flag_name != NULL ? args_flag(self->command->flags, flag_name) : NULL;
	struct buf why = { 0 };

	if (flag == NULL) {
		set_wrong(
		    self, "%s has no flag \"%.*s\"", self->command->name, (int)name.len, name.data);
		return;
	}
	if ((flag->need & FLAG_LOCAL) != 0) {
		set_wrong(self, "--%s is of use at a command line only", flag->name);
		return;
	}
	const char *text = value.data != NULL ? as_text(self, value) : NULL;
	if (text == NULL) {
		set_wrong(self, "--%s wants text, a number, or true or false", flag->name);
		return;
	}
	if (flag->type == FLAG_SWITCH && strcmp(text, "false") == 0)
		return;
	if (flag->type == FLAG_SWITCH && text[0] != '\0' && strcmp(text, "true") != 0) {
		set_wrong(self, "--%s is true or false", flag->name);
		return;
	}
	if ((flag->need & FLAG_WRITES) != 0 &&
	    (flag->type != FLAG_BOOL || strcmp(text, "false") != 0))
		self->right |= HTTP_MAY_WRITE;
	if (args_set(&self->args, flag, text, &why) == -1)
		set_wrong(self, "%s", buf_text(&why));
	buf_release(&why);
}

int
command_run_ready(struct command_run *self)
{
	struct buf why = { 0 };

	if (self->status == 0 && args_check(&self->args, &why) == -1)
		set_wrong(self, "%s", buf_text(&why));
	buf_release(&why);
	return self->status == 0 ? 0 : -1;
}

void
command_run_execute(struct command_run *self)
{
	/* On the heap: it has two tables by letter. */
	struct admin *admin = calloc(1, sizeof *admin);
	struct twinmq_error error;

	self->status = 422;
	if (admin == NULL) {
		self->error = SLICE("there is no memory");
		return;
	}
	admin->command = self->command;
	admin->args = self->args;
	admin->limits =
	    (struct admin_limits){ clock_mono_ms() + RUN_MAX_MS, RUN_MAX_BYTES, true, self->stop };
	if (admin_open(admin, self->name_servers, true, &error) == -1) {
		self->error = arena_copy(self->arena, slice_of(error.text));
		free(admin);
		return;
	}
	if (admin_execute(admin) == 0) {
		self->status = 200;
		report_finish(&admin->report);
		self->body = admin->report.buf;
		admin->report.buf = (struct buf){ 0 };
	} else if (admin->misused) {
		self->status = 400;
	}
	self->error = arena_copy(self->arena, slice_of(admin->error));
	admin_close(admin);
	free(admin);
}
