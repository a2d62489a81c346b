#ifndef ADMIN_DOCTOR_H
#define ADMIN_DOCTOR_H

/*
 * The doctor: a survey asks every daemon of a cluster once, then checks look at it and report
 * findings. A check is a row of a family's table in one of the doctor_ files; what it sees is plain
 * data. Texts end with NUL and live in the run's arena. One thread.
 */

#include "admin/admin.h"
#include "common/protocol/connection_list.h"
#include "common/protocol/host_view.h"
#include "common/protocol/queue_stats.h"
#include "common/protocol/topic_config.h"

#define DOCTOR_SERVERS_MAX 64 /* name servers, brokers: more are not looked at */
#define DOCTOR_BROKERS_MAX 256
#define DOCTOR_GROUPS_MAX 2000
#define DOCTOR_INTERVAL_S 10

struct doctor;

enum doctor_severity {
	DOCTOR_ERROR,   /* something does not work */
	DOCTOR_WARNING, /* something will not, or works otherwise than one expects */
};

struct doctor_check {
	const char *id;    /* for scripts; the table ends at NULL */
	const char *title; /* what is wrong, in a few words */
	enum doctor_severity severity;
	void (*run)(struct doctor *doctor);
};

struct doctor_finding {
	struct doctor_finding *next;
	const struct doctor_check *check;
	const char *subject;  /* the daemon, group or topic */
	const char *what;     /* a sentence */
	const char *evidence; /* figures, addresses, both values */
	const char *advice;   /* what to do, with a command where there is one */
};

/* ---- what the survey knows ---- */

struct doctor_daemon {
	const char *title;   /* "name server H:P" or "broker-a (H:P)" */
	const char *address; /* as clients get it */
	bool answered;
	bool unreachable; /* no connection was made */
	const char *why;  /* it did not answer */
	bool has_view;    /* TwinMQ's own */
	struct host_view view;
	bool has_clock;
	int64_t clock_ms;           /* its wall clock minus ours */
	int64_t clock_error_ms;     /* at most */
	const struct ext *counters; /* 28 */
	size_t n_counters;
	const struct ext *settings; /* 26, 319 */
	size_t n_settings;
};

struct doctor_name_server {
	struct doctor_daemon daemon;
	struct cluster_info cluster;
	const struct slice *topics;
	size_t n_topics;
};

struct doctor_broker {
	struct doctor_daemon daemon;
	const char *name, *cluster;
	int64_t id;
	uint64_t known_by; /* a bit for each name server */
	struct topic_table topics;
	size_t n_clients_elsewhere;   /* whose address is not of loopback */
	const char *client_elsewhere; /* one of them */
};

struct doctor_member {
	const char *client_id, *address;
	int64_t version;
	enum command_language language;
};

struct doctor_queue {
	const struct doctor_broker *broker;
	struct consume_progress progress;
};

struct doctor_group {
	const char *name;
	struct doctor_member *members; /* each client once */
	size_t n_members;
	const struct doctor_broker *asked;     /* the first that has members */
	const struct consumer_state *consumer; /* NULL: no members */
	const char *conflict;                  /* NULL: none */
	struct doctor_queue *queues;           /* with an offset of the group */
	size_t n_queues;
};

struct doctor {
	struct admin *admin; /* lent */
	int64_t interval_ms; /* how long a queue is watched */
	const char *names;   /* further names of hosts, separated by ; */
	void *context;       /* of the caller's own checks */
	struct doctor_name_server name_servers[DOCTOR_SERVERS_MAX];
	size_t n_name_servers;
	struct doctor_broker brokers[DOCTOR_BROKERS_MAX];
	size_t n_brokers;
	struct doctor_group *groups;
	size_t n_groups;
	const struct copy_view *copies;   /* of the brokers; NULL: not asked yet */
	const struct doctor_check *check; /* at work */
	struct doctor_finding *first, **last;
	size_t n_findings;
};

extern const struct doctor_check doctor_server_checks[], doctor_host_checks[],
    doctor_store_checks[], doctor_topic_checks[], doctor_group_checks[], doctor_message_checks[],
    doctor_copy_checks[];

/* ---- a run ---- */

/* Fills what the name servers and brokers say. -1: no name server answers; nothing is reported. */
int doctor_survey(struct doctor *doctor);
/* The same of the consumer groups; part of doctor_survey. */
void doctor_survey_groups(struct doctor *doctor);
/* Runs the checks of all families, and of more (may be NULL). */
void doctor_examine(struct doctor *doctor, const struct doctor_check *more);
/* Puts all into the report. Returns how many findings there are. */
size_t doctor_report(struct doctor *doctor, struct report *report, const struct doctor_check *more);

/* ---- for checks ---- */

/* Adds a finding of the check at work. The texts are kept. */
void doctor_find(struct doctor *doctor, const char *subject, const char *what, const char *evidence,
    const char *advice);
const char *doctor_text(struct doctor *doctor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *doctor_copy(struct doctor *doctor, struct slice text);
/* NULL: the daemon does not have it. */
const char *doctor_setting(
    struct doctor *doctor, const struct doctor_daemon *daemon, const char *name);
/* Absent: 0. */
int64_t doctor_counter(const struct doctor_daemon *daemon, const char *name);
/* 0, or -1 when the daemon does not answer or refuses. */
int doctor_ask(struct doctor *doctor, const struct doctor_broker *broker,
    const struct admin_request *ask, struct twinmq_reply *reply);
/* The daemons by number: name servers, then brokers; NULL behind the last. */
struct doctor_daemon *doctor_daemon_at(struct doctor *doctor, size_t index);
bool doctor_is_loopback(const char *address); /* 127.x, ::1, localhost; a port may follow */
/* The host of HOST:PORT. */
const char *doctor_host_of(struct doctor *doctor, const char *address);
/* False: nobody listens there, and *why says why. A run that may not connect there says true. */
bool doctor_port_open(struct doctor *doctor, const char *address, const char **why);
/* When watching ends that begins now, by clock_mono_ms. */
int64_t doctor_until(const struct doctor *doctor);
/* A master that answered, by number; NULL behind the last. */
struct doctor_broker *doctor_master_at(struct doctor *doctor, size_t index);
/* Topics that a broker or client makes for itself. */
bool admin_is_system_topic(struct slice topic, struct slice broker_name, struct slice cluster);
bool doctor_is_system_topic(const struct doctor *doctor, struct slice topic);
/* The progress of the group at all brokers. */
void doctor_ask_progress(
    struct doctor *doctor, const char *group, struct doctor_queue **queues, size_t *n_queues);

#endif
