#ifndef COMMON_ACCOUNT_H
#define COMMON_ACCOUNT_H

/*
 * Accounts: the people and programs that may use the console and the HTTP API, in one SQLite file
 * (accountsFile). All daemons of a host may share it, and mqcluster changes it while they run. An
 * account has a role, a password or none, and any number of tokens for programs.
 *
 * Passwords are stored as scrypt (RFC 7914), tokens as SHA-256: they have 256 random bits, so there
 * is nothing to guess. The file is readable by its user alone.
 *
 * Threads: all functions may be called from any thread. account_find and account_find_token read a
 * copy in memory, which is at most ACCOUNT_FRESH_MS old, and may run on an event loop. All others
 * wait for the disk; those that take a password need about 100 ms of CPU and 32 MB as well, one
 * after the other. They belong on a worker thread.
 *
 * Errors: an enum account_status says what is wrong; account_status_text has it as a sentence.
 * ACCOUNT_FAILED has been logged. What fails has changed nothing.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/arena.h"
#include "common/base/slice.h"

#define ACCOUNT_NAME_MAX 64
#define ACCOUNT_PASSWORD_MIN 8
#define ACCOUNT_PASSWORD_MAX 256
#define ACCOUNTS_MAX 1000        /* in one file */
#define ACCOUNT_TOKENS_MAX 10000 /* of all accounts of one file */
#define ACCOUNT_TOKEN_MIN 16     /* bytes that an operator's own token must have */
#define ACCOUNT_TOKEN_MAX 511
#define ACCOUNT_TOKEN_SIZE 48 /* of a token that is made here, with its NUL */
#define ACCOUNT_FRESH_MS 1000
#define ACCOUNT_FIRST "admin" /* made by accounts_make_first */

enum account_role {
	ACCOUNT_READER,   /* looks */
	ACCOUNT_OPERATOR, /* and sends, receives and acknowledges messages */
	ACCOUNT_ADMIN,    /* and changes the cluster and the accounts */
};

enum account_status {
	ACCOUNT_OK,
	ACCOUNT_UNKNOWN,      /* no account of that name, or no token */
	ACCOUNT_TAKEN,        /* there is one of that name */
	ACCOUNT_BAD_NAME,     /* not 1 to ACCOUNT_NAME_MAX of A-Z a-z 0-9 . _ - @ */
	ACCOUNT_BAD_PASSWORD, /* too short, too long, or with control characters */
	ACCOUNT_BAD_TOKEN,    /* likewise */
	ACCOUNT_LAST_ADMIN,   /* nobody with a password could change accounts afterwards */
	ACCOUNT_FULL,         /* ACCOUNTS_MAX or ACCOUNT_TOKENS_MAX */
	ACCOUNT_WRONG,        /* name or password is wrong */
	ACCOUNT_WAIT,         /* too many failures, or too many at once: try again later */
	ACCOUNT_FAILED,       /* the file cannot be read or written */
};

struct account {
	char name[ACCOUNT_NAME_MAX + 1];
	enum account_role role;
	bool has_password;
	int64_t created_ms; /* since 1970 */
	/* Differs after each change of its password or role: sessions of another mark are over. */
	int64_t mark;
};

struct account_token {
	char account[ACCOUNT_NAME_MAX + 1];
	char name[ACCOUNT_NAME_MAX + 1];
	int64_t created_ms;
	int64_t expires_ms; /* since 1970; 0: never */
};

struct accounts;

/* ---- the file -------------------------------------------------------- */

/* Opens the file, or makes it with mode 0600. NULL: *why is one line in the arena. */
struct accounts *accounts_open(const char *path, struct arena *arena, struct slice *why);
/* NULL: nothing to do. When no other call is under way. */
void accounts_close(struct accounts *accounts);
/*
 * For a daemon that people log in to: a file that never had an account with a password gets the
 * account ACCOUNT_FIRST, with a password by chance in the file admin.password beside it (mode
 * 0600), and one line in the log says where. That file is never written again, and goes when the
 * password is changed. One of several daemons that start at once does it.
 */
enum account_status accounts_make_first(struct accounts *accounts);

/* ---- looking, in memory ---------------------------------------------- */

/* False: there is no such account. */
bool account_find(struct accounts *accounts, struct slice name, struct account *account);
/* Whose token the text is; false: nobody's, or it has expired. */
bool account_find_token(struct accounts *accounts, struct slice text, struct account *account);

/* ---- logging in ------------------------------------------------------ */

struct account_attempt {
	struct slice name, password;
	/* The client's; a family of 0: unknown. Addresses of IPv6 count by their first 64 bits. */
	struct sockaddr_storage address;
};

/*
 * ACCOUNT_OK: the password is right. Any other name and password takes as long and gets
 * ACCOUNT_WRONG. Failures are limited for each address, for each name and in total
 * (account_limit.h), as are callers that wait for their turn: ACCOUNT_WAIT costs no CPU, and
 * *retry_after_s says when to try again. One line in the log for each failure.
 */
enum account_status account_log_in(struct accounts *accounts, const struct account_attempt *attempt,
    struct account *account, int *retry_after_s);

/* ---- administration -------------------------------------------------- */

/* An absent password: only tokens will prove its identity. */
enum account_status account_add(
    struct accounts *accounts, struct slice name, enum account_role role, struct slice password);
/* With its tokens. */
enum account_status account_remove(struct accounts *accounts, struct slice name);
enum account_status account_set_password(
    struct accounts *accounts, struct slice name, struct slice password);
enum account_status account_set_role(
    struct accounts *accounts, struct slice name, enum account_role role);
/* In the order of names. The function must not call this module. */
enum account_status accounts_each(
    struct accounts *accounts, void (*each)(void *arg, const struct account *account), void *arg);

/* Makes a token; the text is shown once, here. expires_ms: since 1970; 0: never. */
enum account_status account_add_token(struct accounts *accounts, struct slice account,
    struct slice name, int64_t expires_ms, char text[ACCOUNT_TOKEN_SIZE]);
/* A token that somebody else made; takes the place of one of that name. It never expires. */
enum account_status account_put_token(
    struct accounts *accounts, struct slice account, struct slice name, struct slice text);
enum account_status account_remove_token(
    struct accounts *accounts, struct slice account, struct slice name);
/* In the order of accounts and names; an absent account: of all. */
enum account_status account_each_token(struct accounts *accounts, struct slice account,
    void (*each)(void *arg, const struct account_token *token), void *arg);

/* ---- words ----------------------------------------------------------- */

/* A sentence, static. */
const char *account_status_text(enum account_status status);
/* "reader", "operator", "admin", in the order of enum account_role; NULL ends them. */
extern const char *const account_roles[];
/* 0, or -1: no role is called so. */
int account_role_of(struct slice text, enum account_role *role);

#endif
