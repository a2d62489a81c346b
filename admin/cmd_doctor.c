#include "config.h"

#include "admin/cmd.h"
#include "admin/doctor.h"

static const struct flag doctor_flags[] = {
	{ 'i', "interval", FLAG_INT, "SECONDS", 0, 0, 3600,
	    "how long a queue that does not move is watched (default 10)" },
	{ 0 },
};

static int
doctor_run(struct admin *admin)
{
	struct doctor *doctor = arena_zalloc(&admin->arena, sizeof *doctor);

	doctor->admin = admin;
	doctor->interval_ms = args_number(&admin->args, 'i', DOCTOR_INTERVAL_S) * 1000;
	if (doctor_survey(doctor) == -1) {
		admin->status = ADMIN_CANNOT_RUN;
		return admin_fail(admin,
		    "no name server answers (%s): start one, or name another with -n or "
		    "NAMESRV_ADDR",
		    doctor->name_servers[0].daemon.why);
	}
	doctor_examine(doctor, NULL);
	if (doctor_report(doctor, &admin->report, NULL) != 0)
		admin->status = ADMIN_FOUND;
	return 0;
}

const struct subcommand doctor_commands[] = {
	{ "doctor", doctor_flags, doctor_run,
	    "look for what is wrong with the cluster, and say what to do", HTTP_MAY_READ },
	{ NULL },
};
