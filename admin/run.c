#include "config.h"

/* One run of a command, whoever wants it: the command line, or the console. */

#include "admin/admin.h"
#include "common/base/clock.h"

int
admin_open(struct admin *admin, const char *name_servers, bool as_json, struct twinmq_error *error)
{
	admin->mq = twinmq_open(&(struct twinmq_options){ .name_servers = name_servers,
				    .timeout_ms = admin->command->timeout_ms },
	    error);
	if (admin->mq == NULL)
		return -1;
	twinmq_set_deadline(admin->mq, admin->limits.deadline_ms);
	report_init(&admin->report, as_json);
	return 0;
}

int
admin_execute(struct admin *admin)
{
	int64_t deadline_ms = admin->limits.deadline_ms;
	int result = admin->command->run(admin);

	if (!admin->failed || deadline_ms == 0 || clock_mono_ms() < deadline_ms)
		return result;
	/* Requests that had no time left said so in their own words. */
	admin->failed = false;
	return admin_fail(admin, "it was not done in time; ask for less");
}

bool
admin_is_within(struct admin *admin)
{
	const struct admin_limits *limits = &admin->limits;

	if (limits->stop != NULL && atomic_load(limits->stop)) {
		admin_fail(admin, "the server stops");
		return false;
	}
	if (limits->max_bytes == 0 || arena_bytes(&admin->arena) +
					      arena_bytes(&admin->report.arena) +
					      admin->report.buf.len <=
					  limits->max_bytes)
		return true;
	admin_fail(admin, "it needs more than %zu MB of memory; ask for less",
	    limits->max_bytes / 1000000);
	return false;
}

void
admin_close(struct admin *admin)
{
	report_release(&admin->report);
	arena_release(&admin->arena);
	twinmq_close(admin->mq);
}
