#include "config.h"

/*
 * mqcluster account: works on the file of accounts, whether or not a daemon runs. Passwords come
 * from standard input or are made here; a command line would show them to everybody on the host.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "admin/mqcluster.h"
#include "common/account/account.h"
#include "common/account/account_password.h"
#include "common/base/clock.h"

#define DAY_MS INT64_C(86400000)

#define FLAG_ACCOUNTS_FILE                                                                         \
	{ 'f', "file", FLAG_TEXT, "FILE", 0, 0, 0,                                                 \
		"the file of accounts; without it, that of the cluster" },                         \
	    FLAG_CLUSTER_FILE
#define FLAG_ACCOUNT                                                                               \
	{                                                                                          \
		'a', "account", FLAG_TEXT, "NAME", FLAG_REQUIRED | FLAG_WORD, 0, 0,                \
		    "the name of the account"                                                      \
	}
#define FLAG_ROLE                                                                                  \
	{                                                                                          \
		'r', "role", FLAG_TEXT, "ROLE", FLAG_REQUIRED, 0, 0, "reader, operator or admin"   \
	}
#define FLAG_GENERATE                                                                              \
	{                                                                                          \
		'g', "generate", FLAG_SWITCH, NULL, 0, 0, 0,                                       \
		    "make a password and print it; without it, standard input has one"             \
	}

/* ---- the file -------------------------------------------------------- */

static const char *
find_file(struct mqcluster *self)
{
	struct cluster *cluster = &self->cluster;
	const char *file = args_text(&self->args, 'f');

	if (file != NULL)
		return file;
	if (cluster_read(cluster, args_text(&self->args, 'c'), args_text(&self->args, 'd')) == -1 ||
	    cluster_place(cluster, args_has(&self->args, 'l')) == -1)
		return NULL;
	return cluster_accounts_file(cluster, NULL);
}

/* NULL after cluster_fail. */
static struct accounts *
open_accounts(struct mqcluster *self)
{
	const char *file = find_file(self);
	struct accounts *accounts;
	struct slice why;

	if (file == NULL)
		return NULL;
	accounts = accounts_open(file, &self->cluster.arena, &why);
	if (accounts == NULL)
		cluster_fail(&self->cluster, "%.*s", (int)why.len, why.data);
	return accounts;
}

static struct slice
account_name(const struct mqcluster *self)
{
	return slice_of(args_text(&self->args, 'a'));
}

/* 0, or -1 after cluster_fail. The sentence becomes the end of a line. */
static int
judge(struct mqcluster *self, enum account_status status)
{
	const char *text = account_status_text(status);
	struct slice name = account_name(self);

	if (status == ACCOUNT_OK)
		return 0;
	return cluster_fail(&self->cluster, "account %.*s: %c%.*s", (int)name.len, name.data,
	    tolower((unsigned char)text[0]), (int)strlen(text) - 2, text + 1);
}

/* Opens, does it, closes. The exit status, or -1 after cluster_fail. */
static int
with_accounts(struct mqcluster *self,
    enum account_status (*act)(struct mqcluster *self, struct accounts *accounts))
{
	struct accounts *accounts = open_accounts(self);
	int status;

	if (accounts == NULL)
		return -1;
	status = judge(self, act(self, accounts));
	accounts_close(accounts);
	return status;
}

/* ---- passwords ------------------------------------------------------- */

struct password_line {
	char text[ACCOUNT_PASSWORD_MAX + 2];
};

/* One line, without its end; longer ones are refused by the module. */
static int
read_line(struct password_line *line)
{
	if (fgets(line->text, sizeof line->text, stdin) == NULL)
		return -1;
	line->text[strcspn(line->text, "\r\n")] = '\0';
	return 0;
}

/* From a person, who does not see it. */
static int
ask_line(const char *prompt, struct password_line *line)
{
	struct termios shown, hidden;
	int status;

	if (tcgetattr(STDIN_FILENO, &shown) == -1)
		return -1;
	hidden = shown;
	hidden.c_lflag &= (tcflag_t)~ECHO;
	fputs(prompt, stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	status = read_line(line);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	fputc('\n', stderr);
	return status;
}

/* 0, or -1 after cluster_fail. */
static int
take_password(struct mqcluster *self, struct password_line *line)
{
	struct password_line again;

	if (args_has(&self->args, 'g')) {
		password_random(line->text);
		report_text(&self->report, "password", "Password", slice_of(line->text));
		return 0;
	}
	if (!isatty(STDIN_FILENO))
		return read_line(line) == 0 ? 0
		                            : cluster_fail(&self->cluster,
						  "standard input has no password; -g makes one");
	if (ask_line("New password: ", line) == -1 || ask_line("Again: ", &again) == -1)
		return cluster_fail(&self->cluster, "there is no password");
	if (strcmp(line->text, again.text) != 0)
		return cluster_fail(&self->cluster, "the two passwords differ");
	return 0;
}

/* 0, or -1 after cluster_fail. */
static int
take_role(struct mqcluster *self, enum account_role *role)
{
	const char *text = args_text(&self->args, 'r');

	if (account_role_of(slice_of(text), role) == 0)
		return 0;
	return cluster_fail(&self->cluster, "%s is no role: reader, operator and admin are", text);
}

/* ---- list ------------------------------------------------------------ */

static const struct flag account_list_flags[] = { FLAG_ACCOUNTS_FILE, { 0 } };

static const struct column account_columns[] = {
	{ "name", "Account", COLUMN_TEXT },
	{ "role", "Role", COLUMN_TEXT },
	{ "password", "Password", COLUMN_TEXT },
	{ "created", "Created", COLUMN_TIME },
	{ NULL },
};

static const struct column token_columns[] = {
	{ "account", "Account", COLUMN_TEXT },
	{ "name", "Token", COLUMN_TEXT },
	{ "created", "Created", COLUMN_TIME },
	{ "expires", "Expires", COLUMN_TIME },
	{ NULL },
};

static void
put_account(void *arg, const struct account *account)
{
	struct grid *grid = arg;

	grid_text(grid, slice_of(account->name));
	grid_text(grid, slice_of(account_roles[account->role]));
	grid_text(grid, account->has_password ? SLICE("yes") : SLICE("no"));
	grid_int(grid, account->created_ms);
}

static void
put_token(void *arg, const struct account_token *token)
{
	struct grid *grid = arg;

	grid_text(grid, slice_of(token->account));
	grid_text(grid, slice_of(token->name));
	grid_int(grid, token->created_ms);
	grid_int(grid, token->expires_ms);
}

static enum account_status
list(struct mqcluster *self, struct accounts *accounts)
{
	enum account_status status;
	struct grid grid;

	grid_open(&grid, &self->report, "accounts", account_columns);
	status = accounts_each(accounts, put_account, &grid);
	grid_close(&grid);
	grid_open(&grid, &self->report, "tokens", token_columns);
	if (status == ACCOUNT_OK)
		status = account_each_token(accounts, SLICE_NONE, put_token, &grid);
	grid_close(&grid);
	return status;
}

static int
account_list_run(struct mqcluster *self)
{
	struct accounts *accounts = open_accounts(self);
	enum account_status status;

	if (accounts == NULL)
		return -1;
	status = list(self, accounts);
	accounts_close(accounts);
	if (status == ACCOUNT_OK)
		return 0;
	return cluster_fail(&self->cluster, "the accounts cannot be read");
}

/* ---- add, remove ----------------------------------------------------- */

static const struct flag account_add_flags[] = {
	FLAG_ACCOUNT,
	FLAG_ROLE,
	FLAG_GENERATE,
	{ 'n', "no-password", FLAG_SWITCH, NULL, 0, 0, 0, "it will have tokens alone" },
	FLAG_ACCOUNTS_FILE,
	{ 0 },
};

static int
account_add_run(struct mqcluster *self)
{
	struct password_line line;
	struct slice password = SLICE_NONE;
	enum account_role role;
	struct accounts *accounts;
	int status;

	if (take_role(self, &role) == -1)
		return -1;
	if (!args_has(&self->args, 'n')) {
		if (take_password(self, &line) == -1)
			return -1;
		password = slice_of(line.text);
	}
	accounts = open_accounts(self);
	if (accounts == NULL)
		return -1;
	status = judge(self, account_add(accounts, account_name(self), role, password));
	accounts_close(accounts);
	return status;
}

static const struct flag account_remove_flags[] = { FLAG_ACCOUNT, FLAG_ACCOUNTS_FILE, { 0 } };

static enum account_status
remove_it(struct mqcluster *self, struct accounts *accounts)
{
	return account_remove(accounts, account_name(self));
}

static int
account_remove_run(struct mqcluster *self)
{
	return with_accounts(self, remove_it);
}

/* ---- password, role -------------------------------------------------- */

static const struct flag account_password_flags[] = {
	FLAG_ACCOUNT,
	FLAG_GENERATE,
	FLAG_ACCOUNTS_FILE,
	{ 0 },
};

static int
account_password_run(struct mqcluster *self)
{
	struct password_line line;
	struct accounts *accounts;
	int status;

	if (take_password(self, &line) == -1)
		return -1;
	accounts = open_accounts(self);
	if (accounts == NULL)
		return -1;
	status =
	    judge(self, account_set_password(accounts, account_name(self), slice_of(line.text)));
	accounts_close(accounts);
	return status;
}

static const struct flag account_role_flags[] = {
	FLAG_ACCOUNT,
	FLAG_ROLE,
	FLAG_ACCOUNTS_FILE,
	{ 0 },
};

static enum account_status
set_role(struct mqcluster *self, struct accounts *accounts)
{
	enum account_role role = ACCOUNT_READER;

	account_role_of(slice_of(args_text(&self->args, 'r')), &role);
	return account_set_role(accounts, account_name(self), role);
}

static int
account_role_run(struct mqcluster *self)
{
	enum account_role role;

	return take_role(self, &role) == 0 ? with_accounts(self, set_role) : -1;
}

/* ---- token ----------------------------------------------------------- */

static const struct flag account_token_flags[] = {
	FLAG_ACCOUNT,
	{ 'n', "name", FLAG_TEXT, "NAME", FLAG_REQUIRED, 0, 0, "of the token: what it is for" },
	{ 'e', "expires", FLAG_INT, "DAYS", 0, 1, 36500,
	    "it counts so long; without it, for ever" },
	{ 'r', "remove", FLAG_SWITCH, NULL, 0, 0, 0, "end the token instead" },
	FLAG_ACCOUNTS_FILE,
	{ 0 },
};

static enum account_status
make_token(struct mqcluster *self, struct accounts *accounts)
{
	struct slice name = slice_of(args_text(&self->args, 'n'));
	int64_t days = args_number(&self->args, 'e', 0);
	char text[ACCOUNT_TOKEN_SIZE];
	enum account_status status;

	if (args_has(&self->args, 'r'))
		return account_remove_token(accounts, account_name(self), name);
	status = account_add_token(accounts, account_name(self), name,
	    days != 0 ? clock_wall_ms() + days * DAY_MS : 0, text);
	if (status == ACCOUNT_OK && report_json(&self->report) != NULL)
		report_text(&self->report, "token", "Token", slice_of(text));
	else if (status == ACCOUNT_OK)
		report_note(&self->report, "%s", text); /* alone, for token=$(mqcluster ...) */
	return status;
}

static int
account_token_run(struct mqcluster *self)
{
	return with_accounts(self, make_token);
}

/* In the order of the manual. */
const struct cluster_command cluster_account_commands[] = {
	{ "list", account_list_flags, account_list_run, "show accounts and tokens", true },
	{ "add", account_add_flags, account_add_run, "add an account", true },
	{ "remove", account_remove_flags, account_remove_run, "remove one, with its tokens", true },
	{ "password", account_password_flags, account_password_run, "change the password", true },
	{ "role", account_role_flags, account_role_run, "change the role", true },
	{ "token", account_token_flags, account_token_run, "make a token and print it, or end one",
	    true },
	{ NULL },
};
