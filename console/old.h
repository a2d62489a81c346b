#ifndef CONSOLE_OLD_H
#define CONSOLE_OLD_H

/*
 * The routes of rocketmq-console 1.0.0, so that scripts written for it go on: *.query and *.do. An
 * answer is {"status":0,"data":...,"errMsg":null}, with RocketMQ's classes as Jackson writes them;
 * a failure has status -1 and is HTTP's 200 as well. Source: controllers and services of
 * rocketmq-console-1.0.0 in apache/rocketmq-externals, and its answers on a cluster of ours.
 *
 * A route is one row in the table of its family. Its function runs on a worker, and asks brokers
 * as the commands of mqadmin do.
 */

#include "admin/admin.h"
#include "common/http/http.h"

struct old_call {
	/* what is asked */
	const struct http_request *request;
	struct http_pair form[HTTP_PARAMETERS_MAX]; /* of a body that is a form */
	size_t n_form;
	const struct json *body; /* of a body that is JSON; else NULL */
	const char *name_servers;
	/* the work; the arena is that of the exchange */
	struct arena *arena;
	struct admin *admin;
	/* what is answered */
	struct json_out data;
	struct buf buf; /* of data */
	int status;     /* the member; -1 when the function fails, unless that sets another one */
};

/* data: the value of the row's http_route. */
struct old_row {
	unsigned right; /* HTTP_MAY_... */
	/* Writes one JSON value to call->data. 0, or -1 after admin_fail. */
	int (*run)(struct old_call *call);
	bool plain; /* the answer is the text of that value alone */
};

void old_serve(struct http_exchange *exchange);

#define OLD_QUERY(path, run)                                                                       \
	{                                                                                          \
		"GET", path, 0, NULL, old_serve, .data = &(const struct old_row)                   \
		{                                                                                  \
			HTTP_MAY_READ, run, false                                                  \
		}                                                                                  \
	}
#define OLD_DO(path, right, run)                                                                   \
	{                                                                                          \
		"POST", path, 0, "application/json application/x-www-form-urlencoded", old_serve,  \
		    .empty = true, .data = &(const struct old_row)                                 \
		{                                                                                  \
			right, run, false                                                          \
		}                                                                                  \
	}

extern const struct http_route old_cluster_routes[], old_topic_routes[], old_consumer_routes[],
    old_message_routes[], old_dashboard_routes[];

/* ---- what is asked ---- */

/* A parameter of the query or of the form; absent: none. */
struct slice old_parameter(const struct old_call *call, const char *name);
/* The same, without blanks around it. 0, or -1 after admin_fail: it is missing or empty. */
int old_need(struct old_call *call, const char *name, struct slice *value);
/* 0, or -1 after admin_fail. */
int old_need_number(struct old_call *call, const char *name, int64_t *value);

/* ---- asking ---- */

/*
 * Runs a command of mqadmin with flags and values by turns, NULL behind the last; a NULL value
 * leaves its flag out. Its document is in *result (may be NULL). 0, or -1 after admin_fail.
 */
int old_command(
    struct old_call *call, const struct json **result, const char *name, const char *const *flags);
/* A text that ends in NUL, in the arena; for flags. */
const char *old_text(struct old_call *call, struct slice text);
/* The reply's body as JSON that lives as long as the run; NULL after admin_fail. */
const struct json *old_ask(struct old_call *call, const struct admin_request *ask);
/*
 * The masters that two lists of a JSON body name: clusterNameList and brokerNameList. 0, or -1
 * after admin_fail.
 */
int old_named_masters(struct old_call *call, struct targets *masters);

/* ---- answering ---- */

/* A value of a broker's body: fastjson's bare and object keys become text, as Java's toString. */
void old_put(struct json_out *out, const struct json *value);

struct old_member {
	const char *name;
	const char *absent; /* JSON for a member that the object does not have */
};
/* Exactly these members, from an object (may be NULL); the table ends at name NULL. */
void old_put_members(
    struct json_out *out, const struct json *object, const struct old_member *members);
/* The same without the braces, so that the caller adds members. */
void old_put_inner(
    struct json_out *out, const struct json *object, const struct old_member *members);

#endif
