#include "config.h"

#include "admin/doctor.h"

#include <stdio.h>

static const struct doctor_check *const families[] = {
	doctor_server_checks,
	doctor_host_checks,
	doctor_store_checks,
	doctor_copy_checks,
	doctor_topic_checks,
	doctor_group_checks,
	doctor_message_checks,
	NULL,
};

static const char *const severities[] = {
	[DOCTOR_ERROR] = "error",
	[DOCTOR_WARNING] = "warning",
};

void
doctor_find(struct doctor *doctor, const char *subject, const char *what, const char *evidence,
    const char *advice)
{
	struct doctor_finding *finding = arena_alloc(&doctor->admin->arena, sizeof *finding);

	*finding = (struct doctor_finding){ NULL, doctor->check, subject, what, evidence, advice };
	*doctor->last = finding;
	doctor->last = &finding->next;
	doctor->n_findings++;
}

static void
examine(struct doctor *doctor, const struct doctor_check *checks)
{
	for (; checks->id != NULL; checks++) {
		doctor->check = checks;
		checks->run(doctor);
	}
}

void
doctor_examine(struct doctor *doctor, const struct doctor_check *more)
{
	doctor->first = NULL;
	doctor->last = &doctor->first;
	if (more != NULL)
		examine(doctor, more);
	for (size_t i = 0; families[i] != NULL; i++)
		examine(doctor, families[i]);
}

/* ---- what came of it --------------------------------------------------- */

static size_t
count_findings(const struct doctor *doctor, const struct doctor_check *check)
{
	size_t n = 0;

	for (const struct doctor_finding *one = doctor->first; one != NULL; one = one->next)
		n += one->check == check;
	return n;
}

static void
put_member(struct report *report, const char *key, const char *value)
{
	report_text(report, key, "", slice_of(value));
}

static void
put_findings(const struct doctor *doctor, struct report *report)
{
	report_open_list(report, "findings");
	for (const struct doctor_finding *one = doctor->first; one != NULL; one = one->next) {
		if (!report->as_json) {
			report_note(report, "%s  %s: %s",
			    one->check->severity == DOCTOR_ERROR ? "ERROR  " : "WARNING",
			    one->check->id, one->subject);
			report_note(report, "  %s", one->what);
			report_note(report, "  evidence: %s", one->evidence);
			report_note(report, "  to do:    %s\n", one->advice);
			continue;
		}
		report_enter(report, NULL, NULL);
		put_member(report, "check", one->check->id);
		put_member(report, "severity", severities[one->check->severity]);
		put_member(report, "subject", one->subject);
		put_member(report, "what", one->what);
		put_member(report, "evidence", one->evidence);
		put_member(report, "advice", one->advice);
		report_leave(report);
	}
	report_close_list(report);
}

static size_t
put_checks(const struct doctor *doctor, struct report *report, const struct doctor_check *checks)
{
	size_t n = 0;

	for (; checks->id != NULL; checks++, n++) {
		if (!report->as_json)
			continue;
		report_enter(report, NULL, NULL);
		put_member(report, "id", checks->id);
		put_member(report, "title", checks->title);
		put_member(report, "severity", severities[checks->severity]);
		report_int(report, "findings", "", (int64_t)count_findings(doctor, checks));
		report_leave(report);
	}
	return n;
}

size_t
doctor_report(struct doctor *doctor, struct report *report, const struct doctor_check *more)
{
	size_t n_checks = 0, n_errors = 0;

	put_findings(doctor, report);
	report_open_list(report, "checks");
	if (more != NULL)
		n_checks += put_checks(doctor, report, more);
	for (size_t i = 0; families[i] != NULL; i++)
		n_checks += put_checks(doctor, report, families[i]);
	report_close_list(report);
	for (const struct doctor_finding *one = doctor->first; one != NULL; one = one->next)
		n_errors += one->check->severity == DOCTOR_ERROR;
	if (report->as_json) {
		report_int(report, "errors", "", (int64_t)n_errors);
		report_int(report, "warnings", "", (int64_t)(doctor->n_findings - n_errors));
		report_int(report, "nameServers", "", (int64_t)doctor->n_name_servers);
		report_int(report, "brokers", "", (int64_t)doctor->n_brokers);
		report_int(report, "groups", "", (int64_t)doctor->n_groups);
		return doctor->n_findings;
	}
	report_note(report,
	    "%zu checks of %zu name servers, %zu brokers and %zu consumer groups: %zu errors, "
	    "%zu warnings",
	    n_checks, doctor->n_name_servers, doctor->n_brokers, doctor->n_groups, n_errors,
	    doctor->n_findings - n_errors);
	return doctor->n_findings;
}
