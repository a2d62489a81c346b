#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

/*
 * What the commands of mqadmin share: one struct per run, requests with typed
 * headers, and finding the brokers that -b or -c name. One command is one row
 * in commands.c; its memory is the run's arena and goes with it.
 */

#include "common/config/args.h"
#include "admin/report.h"
#include "client/twinmq.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

struct admin {
	const struct subcommand *command;
	struct args args;
	struct arena arena;
	struct report report;
	struct twinmq *mq;
	bool body_written; /* -F was served */
	bool failed;       /* something did not work, though there may be more to show */
	bool misused;      /* because of what the flags say */
	char error[1024];  /* the first thing that did not; one line */
};

struct subcommand {
	const char *name; /* the table ends at NULL */
	const struct flag *flags;
	/* 0, or -1 after admin_fail: nothing is printed then but the error. */
	int (*run)(struct admin *admin);
	const char *help; /* one line */
};

extern const struct subcommand subcommands[];
extern const struct flag common_flags[]; /* of every command */

/* The whole program. */
int admin_main(int argc, char **argv);

/* Notes what went wrong, the first time, and returns -1. */
int admin_fail(struct admin *admin, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same; the command line is to blame. */
int admin_misuse(struct admin *admin, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Reads the name of a topic or of a group ("topic", "group") from the flag, without the blanks
 * around it; absent when the flag was not given. 0, or -1 after admin_misuse.
 */
int admin_name(struct admin *admin, char letter, const char *what, struct slice *name);
/* The same with the client's last error. */
int admin_fail_call(struct admin *admin);

/* ---- requests ---- */

struct admin_request {
	struct slice address; /* absent: whichever name server answers */
	enum request_code code;
	const struct field *fields; /* NULL: no header */
	const void *header;
	struct slice body;
};

/* 0, or -1 when there was no answer or one with a code other than 0; admin_fail is up to the
 * caller. */
int admin_ask(struct admin *admin, const struct admin_request *ask, struct twinmq_reply *reply);
/* The same, and -1 comes after admin_fail_call. */
int admin_must(struct admin *admin, const struct admin_request *ask, struct twinmq_reply *reply);
/* 0, or -1 after admin_fail: the body of that answer cannot be read. */
int admin_bad_body(struct admin *admin, const struct admin_request *ask);

/* ---- where ---- */

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

/*
 * The brokers that -b (an address or a broker's name) or -c (a cluster) names; without both, the
 * only cluster's. Sorted. 0, or -1 after admin_fail.
 */
int admin_targets(struct admin *admin, unsigned which, struct targets *targets);
/* All brokers of one cluster, or of all (absent). */
int admin_cluster_brokers(
    struct admin *admin, struct slice cluster, unsigned which, struct targets *targets);
/* The brokers that have the topic, masters where there are some. */
int admin_topic_brokers(struct admin *admin, struct slice topic, struct targets *targets);

/*
 * Sends the same request to each target, and shows a grid of what came of it. Goes on when one
 * fails. -1 when all failed.
 */
int admin_do_each(
    struct admin *admin, const struct targets *targets, const struct admin_request *ask);
/* The same to each name server. */
int admin_do_each_name_server(struct admin *admin, const struct admin_request *ask);

/* "V4_9_7" of a version's number. */
struct slice version_text(struct arena *arena, int64_t version);
/* "RW-" of a topic's permission. */
const char *perm_text(int32_t perm);

#endif
