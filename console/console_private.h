#ifndef CONSOLE_PRIVATE_H
#define CONSOLE_PRIVATE_H

/* What the files of the console share. The HTTP thread, but for what says otherwise. */

#include "common/http/http.h"
#include "console/console.h"
#include "console/session.h"
#include "console/workers.h"

#define CONSOLE_NO_RIGHT 0u /* of a route: everybody, without a session */

struct events;
struct json;

struct console {
	struct http_server *http;
	char cookie[32]; /* its name */
	char *name_servers;
	struct accounts *accounts;
	struct sessions *sessions;
	struct workers *commands;  /* run commands */
	struct workers *passwords; /* run what is slow about accounts */
	struct events *events;
	_Atomic bool stopping; /* any thread: commands shall end */
};

/* ---- tables of routes ---- */

extern const struct http_route login_routes[], account_routes[], command_routes[], event_routes[],
    page_routes[]; /* and those of console/old.h */

/* ---- for handlers ---- */

struct console *console_of(const struct http_exchange *exchange);
/*
 * Runs `work` on a worker, which owns the exchange meanwhile, then `done` on the HTTP thread, which
 * answers. When all workers are busy for too long, a problem is answered in place of both.
 */
void console_work(struct http_exchange *exchange, struct workers *workers,
    void (*work)(struct http_exchange *exchange),
    void (*done)(struct http_exchange *exchange, struct loop *loop));
/*
 * Sets the principal of a route that everybody may call: by a token or a cookie; without either, it
 * has no rights. False after a problem was answered: the token is not valid.
 */
bool console_identify(struct http_exchange *exchange);
/* Answers why a login failed. */
void console_refuse_login(
    struct http_exchange *exchange, enum account_status status, int retry_after_s);
/*
 * The session of the request's cookie; NULL: none that is valid. A right other than 0 was checked
 * before the handler was called.
 */
struct session *console_session(const struct http_exchange *exchange);
/* The value of a cookie for this session; empty: an order to forget it. */
void console_set_cookie(struct http_exchange *exchange, const char *id);
/*
 * Whether a request that changes something comes from our own page: with the token that only it
 * knows, or from a program with a token of its own. False after a problem was answered.
 */
bool console_is_wanted(struct http_exchange *exchange);
/* The JSON object of the body; NULL after a problem was answered. */
const struct json *console_body(struct http_exchange *exchange);
/* Fields of all answers that are no pages. */
void console_answer_json(struct http_exchange *exchange, int status, struct buf *body);

#endif
