#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

/*
 * What the commands of mqadmin share: the state of a run, requests with typed headers, and finding
 * the brokers that -b or -c name. Each family of commands is a cmd_ file with a table of rows,
 * which commands.c joins. Memory of a run comes from its arena. One thread.
 */

#include <stdatomic.h>

#include "admin/report.h"
#include "client/twinmq.h"
#include "common/config/args.h"
#include "common/http/http_rights.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

/* What a run may take that others asked for; all 0: anything. */
struct admin_limits {
	int64_t deadline_ms;      /* clock_mono_ms */
	size_t max_bytes;         /* of replies and the report */
	bool registered_only;     /* connects to name servers and registered brokers only */
	const _Atomic bool *stop; /* no more requests when it is true; NULL: never */
};

struct target {
	struct slice cluster; /* absent when only an address was given */
	struct slice name;    /* likewise */
	int64_t id;
	struct slice address;
};

struct targets {
	const struct target *list;
	size_t n;
};

#define TARGET_MASTERS 1u /* slaves are left out */

struct admin {
	const struct subcommand *command;
	struct args args;
	struct admin_limits limits;
	struct arena arena;
	struct report report;
	struct twinmq *mq;
	void (*on_remark)(const char *line); /* NULL: remarks are dropped */
	struct targets registered;           /* for registered_only */
	bool body_written;                   /* for -F */
	bool failed;  /* an error occurred; there may be results all the same */
	bool misused; /* the command line is the cause */
	/* exit status when it is not 0, whatever the others say */
	int status;
	char error[1024]; /* the first error, one line */
};

#define ADMIN_FOUND 1      /* it looked, and something is wrong */
#define ADMIN_CANNOT_RUN 2 /* it could not look */

struct subcommand {
	const char *name; /* the table ends at NULL */
	const struct flag *flags;
	/* 0, or -1 after admin_fail: then only the error is printed. */
	int (*run)(struct admin *admin);
	const char *help; /* one line */
	unsigned right;   /* HTTP_MAY_... that the console asks for */
	int timeout_ms;   /* of one request; 0: the library's */
};

/* Each family's table, in the order of the manual; NULL behind the last. */
extern const struct subcommand *const admin_families[];
extern const struct flag common_flags[]; /* of every command */
const struct subcommand *admin_find_command(const char *name);

/* ---- a run: command, args and limits are set; then open, execute, look at the report, close ----
 */

/* name_servers: NULL for the usual ones. 0, or -1 and *error: the list is wrong. */
int admin_open(
    struct admin *admin, const char *name_servers, bool as_json, struct twinmq_error *error);
/* 0: the report has the results, though admin->failed may say that some are missing. Else -1. */
int admin_execute(struct admin *admin);
void admin_close(struct admin *admin);
/* False after admin_fail: max_bytes is exceeded, or stop is true. */
bool admin_is_within(struct admin *admin);

/* ---- for the commands ---- */

/* Keeps the first error of the run; returns -1. */
int admin_fail(struct admin *admin, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same; exit status 2, because the command line is wrong. */
int admin_misuse(struct admin *admin, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What a peer adds to its reply, for the eyes of a person. */
void admin_remark(struct admin *admin, struct slice from, struct slice remark);
/*
 * Reads the name of a topic or of a group ("topic", "group") from the flag, without the blanks
 * around it; absent when the flag was not given. 0, or -1 after admin_misuse.
 */
int admin_name(struct admin *admin, char letter, const char *what, struct slice *name);
/* The same with the client's last error. */
int admin_fail_call(struct admin *admin);

/* Runs it once, or again and again, as often as the flag -i says in seconds. 0 or -1. */
int admin_repeat(struct admin *admin, int (*run)(struct admin *admin));

/* ---- requests ---- */

struct admin_request {
	struct slice address; /* absent: the first name server that replies */
	enum request_code code;
	const struct field *fields; /* NULL: no header */
	const void *header;
	struct slice body;
};

/* 0, or -1 when there is no reply or its code is not 0. The caller reports it: admin_fail_call. */
int admin_ask(struct admin *admin, const struct admin_request *ask, struct twinmq_reply *reply);
/* The same, but calls admin_fail_call. */
int admin_must(struct admin *admin, const struct admin_request *ask, struct twinmq_reply *reply);
/* The same for many requests that are under way together: one result for each. */
struct admin_asked {
	struct admin_request ask;
	int result; /* of admin_ask */
	struct twinmq_reply reply;
	const struct twinmq_error *error; /* when it is -1; NULL: the run is over its limits */
};
void admin_ask_all(struct admin *admin, struct admin_asked *list, size_t n);
/* As admin_fail_call for one of them. */
int admin_fail_asked(struct admin *admin, const struct admin_asked *asked);
/* Reports a reply whose body cannot be read; returns -1. */
int admin_bad_body(struct admin *admin, const struct admin_request *ask);

/* The lines "key=value" of a reply with settings, in the arena; how many there are. */
size_t admin_settings(struct admin *admin, struct slice body, const struct ext **pairs);

/* ---- where ---- */

/*
 * The brokers that -b (an address or a name) or -c (a cluster) names; without both, those of the
 * only cluster. Sorted. 0, or -1 after admin_fail.
 */
int admin_targets(struct admin *admin, unsigned which, struct targets *targets);
/* All brokers of one cluster, or of all (absent). */
int admin_cluster_brokers(
    struct admin *admin, struct slice cluster, unsigned which, struct targets *targets);
/* The brokers that have the topic: masters, else slaves. */
int admin_topic_brokers(struct admin *admin, struct slice topic, struct targets *targets);
/* The same of a route that is known. */
void admin_route_brokers(struct admin *admin, const struct route *route, struct targets *targets);

/* Sends the request to each target and reports a grid of the results. -1 when all failed. */
int admin_do_each(
    struct admin *admin, const struct targets *targets, const struct admin_request *ask);
/* The same to each name server. */
int admin_do_each_name_server(struct admin *admin, const struct admin_request *ask);

/* "V4_9_7" of a version's number. */
struct slice version_text(struct arena *arena, int64_t version);
/* "RW-" of a topic's permission. */
const char *perm_text(int32_t perm);

#endif
