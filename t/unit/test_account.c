#include "config.h"

#include "common/account/account.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/account/account_limit.h"
#include "common/account/account_password.h"
#include "common/base/clock.h"

TestSuite(account, .timeout = 120);

struct place {
	char directory[64];
	char file[96];
	char password_file[96];
	struct arena arena;
	struct accounts *accounts;
};

static void
place_open(struct place *place)
{
	struct slice why;

	place->accounts = accounts_open(place->file, &place->arena, &why);
	cr_assert_not_null(place->accounts, "%.*s", (int)why.len, why.data);
}

static void
place_init(struct place *place)
{
	memset(place, 0, sizeof *place);
	snprintf(place->directory, sizeof place->directory, "/tmp/twinmq-account.XXXXXX");
	cr_assert_not_null(mkdtemp(place->directory));
	snprintf(place->file, sizeof place->file, "%s/accounts.db", place->directory);
	snprintf(place->password_file, sizeof place->password_file, "%s/admin.password",
	    place->directory);
	place_open(place);
}

static void
place_release(struct place *place)
{
	accounts_close(place->accounts);
	arena_release(&place->arena);
	unlink(place->file);
	unlink(place->password_file);
	cr_assert_eq(rmdir(place->directory), 0, "nothing else is left");
}

static enum account_status
log_in_from(struct place *place, uint32_t address, const char *name, const char *password)
{
	struct account_attempt attempt = { .name = slice_of(name), .password = slice_of(password) };
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr = { htonl(address) } };
	struct account account;
	enum account_status status;
	int retry_after_s;

	memcpy(&attempt.address, &from, sizeof from);
	status = account_log_in(place->accounts, &attempt, &account, &retry_after_s);
	cr_assert_eq(retry_after_s > 0, status == ACCOUNT_WAIT);
	return status;
}

static enum account_status
log_in(struct place *place, const char *name, const char *password)
{
	return log_in_from(place, 0x7f000001, name, password);
}

/* The text of a file without its line end. */
static void
read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "r");

	cr_assert_not_null(file);
	cr_assert_not_null(fgets(line, (int)size, file));
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
}

static mode_t
mode_of(const char *path)
{
	struct stat status;

	cr_assert_eq(stat(path, &status), 0);
	return status.st_mode & 0777;
}

Test(account, the_first_one_has_a_password_in_a_file)
{
	struct place place;
	char password[64], again[64];

	place_init(&place);
	cr_assert_eq(accounts_make_first(place.accounts), ACCOUNT_OK);
	read_line(place.password_file, password, sizeof password);
	cr_assert_eq(mode_of(place.password_file), 0600);
	cr_assert_eq(mode_of(place.file), 0600);
	cr_assert_eq(strlen(password), 23);
	cr_assert_eq(log_in(&place, "admin", password), ACCOUNT_OK);

	cr_assert_eq(accounts_make_first(place.accounts), ACCOUNT_OK);
	accounts_close(place.accounts);
	place_open(&place);
	cr_assert_eq(accounts_make_first(place.accounts), ACCOUNT_OK);
	read_line(place.password_file, again, sizeof again);
	cr_assert_str_eq(again, password, "the file is written once");

	cr_assert_eq(
	    account_set_password(place.accounts, SLICE("admin"), SLICE("another one")), ACCOUNT_OK);
	cr_assert_eq(access(place.password_file, F_OK), -1, "its password is no longer one");
	cr_assert_eq(log_in(&place, "admin", password), ACCOUNT_WRONG);
	cr_assert_eq(log_in(&place, "admin", "another one"), ACCOUNT_OK);
	cr_assert_eq(accounts_make_first(place.accounts), ACCOUNT_OK);
	cr_assert_eq(access(place.password_file, F_OK), -1, "nor is it made again");
	place_release(&place);
}

Test(account, the_first_one_is_not_made_beside_another)
{
	struct place place;

	place_init(&place);
	cr_assert_eq(account_add(place.accounts, SLICE("me"), ACCOUNT_ADMIN, SLICE("my password")),
	    ACCOUNT_OK);
	cr_assert_eq(accounts_make_first(place.accounts), ACCOUNT_OK);
	cr_assert_eq(access(place.password_file, F_OK), -1);
	place_release(&place);
}

Test(account, passwords_are_stored_as_scrypt)
{
	char a[PASSWORD_STORED_SIZE], b[PASSWORD_STORED_SIZE];

	cr_assert_eq(password_hash(SLICE("secret"), a), 0);
	cr_assert_eq(password_hash(SLICE("secret"), b), 0);
	cr_assert_eq(strncmp(a, "$scrypt$ln=15,r=8,p=1$", 22), 0, "%s", a);
	cr_assert_str_neq(a, b, "each has a salt of its own");
	cr_assert(password_fits(SLICE("secret"), a));
	cr_assert(!password_fits(SLICE("secreT"), a));
	cr_assert(!password_fits(SLICE(""), a));
	/* hashlib.scrypt(b"secret", salt=bytes(range(16)), n=1024, r=8, p=1, dklen=32) */
	cr_assert(password_fits(SLICE("secret"), "$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$"
						 "Mdc_jTCPy-uU8aSLbM-FGBQC_AXSzfWCsAUkF_VYCgk"));
	static const char *const no_hashes[] = { "", "$scrypt$", "secret",
		"$scrypt$ln=30,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$AAAA",
		"$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$AAAA", "$scrypt$ln=0,r=8,p=1$$",
		NULL };
	for (int i = 0; no_hashes[i] != NULL; i++)
		cr_assert(!password_fits(SLICE(""), no_hashes[i]), "%s", no_hashes[i]);
}

Test(account, random_passwords_are_readable)
{
	char a[PASSWORD_RANDOM_SIZE], b[PASSWORD_RANDOM_SIZE];

	password_random(a);
	password_random(b);
	cr_assert_str_neq(a, b);
	cr_assert_eq(strspn(a, "abcdefghijkmnpqrstuvwxyz23456789-"), 23);
}

static void
count(void *arg, const struct account *account)
{
	(void)account;
	++*(int *)arg;
}

Test(account, accounts_come_and_go)
{
	struct place place;
	struct account account;
	struct accounts *all;
	int n = 0;

	place_init(&place);
	all = place.accounts;
	cr_assert_eq(account_add(all, SLICE("root"), ACCOUNT_ADMIN, SLICE("password")), ACCOUNT_OK);
	cr_assert_eq(account_add(all, SLICE("root"), ACCOUNT_READER, SLICE_NONE), ACCOUNT_TAKEN);
	cr_assert_eq(account_add(all, SLICE("a/b"), ACCOUNT_READER, SLICE_NONE), ACCOUNT_BAD_NAME);
	cr_assert_eq(account_add(all, SLICE("-x"), ACCOUNT_READER, SLICE_NONE), ACCOUNT_BAD_NAME);
	cr_assert_eq(
	    account_add(all, SLICE("x"), ACCOUNT_READER, SLICE("short")), ACCOUNT_BAD_PASSWORD);
	cr_assert_eq(
	    account_add(all, SLICE("x"), ACCOUNT_READER, SLICE("1234567\n")), ACCOUNT_BAD_PASSWORD);
	cr_assert_eq(account_add(all, SLICE("bot"), ACCOUNT_READER, SLICE_NONE), ACCOUNT_OK);
	cr_assert_eq(log_in(&place, "bot", ""), ACCOUNT_WRONG, "it has no password");
	cr_assert_eq(log_in(&place, "nobody", "password"), ACCOUNT_WRONG);
	cr_assert(account_find(all, SLICE("bot"), &account));
	cr_assert(!account.has_password);
	cr_assert_eq(account.role, ACCOUNT_READER);

	int64_t mark = account.mark;
	cr_assert_eq(account_set_role(all, SLICE("bot"), ACCOUNT_OPERATOR), ACCOUNT_OK);
	cr_assert(account_find(all, SLICE("bot"), &account));
	cr_assert_eq(account.role, ACCOUNT_OPERATOR);
	cr_assert_neq(account.mark, mark, "sessions are over");
	cr_assert_eq(account_set_role(all, SLICE("who"), ACCOUNT_READER), ACCOUNT_UNKNOWN);

	cr_assert_eq(account_set_role(all, SLICE("root"), ACCOUNT_READER), ACCOUNT_LAST_ADMIN);
	cr_assert_eq(account_remove(all, SLICE("root")), ACCOUNT_LAST_ADMIN);
	cr_assert_eq(account_set_role(all, SLICE("bot"), ACCOUNT_ADMIN), ACCOUNT_OK);
	cr_assert_eq(account_remove(all, SLICE("root")), ACCOUNT_LAST_ADMIN,
	    "one without a password cannot log in");
	cr_assert_eq(account_set_password(all, SLICE("bot"), SLICE("password")), ACCOUNT_OK);
	cr_assert_eq(account_remove(all, SLICE("root")), ACCOUNT_OK);
	cr_assert_eq(account_remove(all, SLICE("root")), ACCOUNT_UNKNOWN);
	cr_assert_eq(accounts_each(all, count, &n), ACCOUNT_OK);
	cr_assert_eq(n, 1);
	place_release(&place);
}

static void
keep(void *arg, const struct account_token *token)
{
	*(struct account_token *)arg = *token;
}

Test(account, tokens)
{
	struct place place;
	struct account account;
	struct account_token token;
	struct accounts *all;
	char text[ACCOUNT_TOKEN_SIZE], brief[ACCOUNT_TOKEN_SIZE];

	place_init(&place);
	all = place.accounts;
	cr_assert_eq(account_add_token(all, SLICE("bot"), SLICE("ci"), 0, text), ACCOUNT_UNKNOWN);
	account_add(all, SLICE("bot"), ACCOUNT_OPERATOR, SLICE_NONE);
	cr_assert_eq(account_add_token(all, SLICE("bot"), SLICE("ci"), 0, text), ACCOUNT_OK);
	cr_assert_eq(account_add_token(all, SLICE("bot"), SLICE("ci"), 0, brief), ACCOUNT_TAKEN);
	cr_assert_eq(strlen(text), 47);
	cr_assert(account_find_token(all, slice_of(text), &account));
	cr_assert_str_eq(account.name, "bot");
	cr_assert_eq(account.role, ACCOUNT_OPERATOR);
	text[46] ^= 1;
	cr_assert(!account_find_token(all, slice_of(text), &account));
	cr_assert(!account_find_token(all, SLICE(""), &account));
	text[46] ^= 1;

	cr_assert_eq(
	    account_add_token(all, SLICE("bot"), SLICE("brief"), clock_wall_ms() + 60000, brief),
	    ACCOUNT_OK);
	cr_assert(account_find_token(all, slice_of(brief), &account));
	clock_shift_for_test(61000, 0);
	cr_assert(!account_find_token(all, slice_of(brief), &account), "it has expired");
	clock_shift_for_test(0, 0);

	cr_assert_eq(account_remove_token(all, SLICE("bot"), SLICE("brief")), ACCOUNT_OK);
	cr_assert_eq(account_remove_token(all, SLICE("bot"), SLICE("brief")), ACCOUNT_UNKNOWN);
	cr_assert_eq(account_each_token(all, SLICE_NONE, keep, &token), ACCOUNT_OK);
	cr_assert_str_eq(token.name, "ci");

	cr_assert_eq(
	    account_put_token(all, SLICE("bot"), SLICE("ci"), SLICE("short")), ACCOUNT_BAD_TOKEN);
	cr_assert_eq(account_put_token(all, SLICE("bot"), SLICE("ci"), SLICE("own-token-of-mine")),
	    ACCOUNT_OK);
	cr_assert(account_find_token(all, SLICE("own-token-of-mine"), &account));
	cr_assert(!account_find_token(all, slice_of(text), &account), "it took the place");
	cr_assert_eq(account_remove(all, SLICE("bot")), ACCOUNT_OK);
	cr_assert(!account_find_token(all, SLICE("own-token-of-mine"), &account));
	place_release(&place);
}

Test(account, another_process_may_change_the_file)
{
	struct place place;
	struct account account;
	struct slice why;
	struct accounts *other;
	char text[ACCOUNT_TOKEN_SIZE];

	place_init(&place);
	other = accounts_open(place.file, &place.arena, &why);
	cr_assert_not_null(other);
	account_add(other, SLICE("bot"), ACCOUNT_OPERATOR, SLICE_NONE);
	account_add_token(other, SLICE("bot"), SLICE("ci"), 0, text);
	cr_assert(!account_find_token(place.accounts, slice_of(text), &account),
	    "the copy is younger than ACCOUNT_FRESH_MS");
	clock_shift_for_test(0, ACCOUNT_FRESH_MS);
	cr_assert(account_find_token(place.accounts, slice_of(text), &account));
	account_remove(other, SLICE("bot"));
	accounts_close(other);
	clock_shift_for_test(0, 2 * ACCOUNT_FRESH_MS);
	cr_assert(!account_find_token(place.accounts, slice_of(text), &account));
	clock_shift_for_test(0, 0);
	place_release(&place);
}

/* What accounts_open says of the file. */
static void
is_refused(struct place *place, const char *part)
{
	struct slice why;

	cr_assert_null(accounts_open(place->file, &place->arena, &why));
	cr_assert_not_null(
	    memmem(why.data, why.len, part, strlen(part)), "%.*s", (int)why.len, why.data);
}

Test(account, files_that_are_refused)
{
	struct place place;
	sqlite3 *db;
	FILE *file;

	place_init(&place);
	accounts_close(place.accounts);
	place.accounts = NULL;
	chmod(place.file, 0640);
	is_refused(&place, "others may read it");
	chmod(place.file, 0600);
	sqlite3_open(place.file, &db);
	sqlite3_exec(db, "PRAGMA user_version=2", NULL, NULL, NULL);
	sqlite3_close(db);
	is_refused(&place, "a newer version");
	file = fopen(place.file, "w");
	fputs("this is no database, but a text that is long enough to look like one\n", file);
	fclose(file);
	is_refused(&place, "not a database");
	unlink(place.file);
	mkdir(place.file, 0700);
	is_refused(&place, "it is no file");
	rmdir(place.file);
	place_release(&place);
}

Test(account, failures_are_limited)
{
	struct place place;
	int n = 0;

	place_init(&place);
	account_add(place.accounts, SLICE("me"), ACCOUNT_ADMIN, SLICE("my password"));
	while (n < 100 && log_in(&place, "me", "guess one") == ACCOUNT_WRONG)
		n++;
	cr_assert_eq(n, LOGIN_ADDRESS_BURST);
	cr_assert_eq(log_in(&place, "me", "my password"), ACCOUNT_WAIT, "also the right one");
	cr_assert_eq(log_in_from(&place, 2, "me", "my password"), ACCOUNT_OK, "from elsewhere");
	clock_shift_for_test(0, LOGIN_ADDRESS_MS);
	cr_assert_eq(log_in(&place, "me", "my password"), ACCOUNT_OK, "and later");
	cr_assert_eq(log_in(&place, "me", "my password"), ACCOUNT_OK, "a success costs nothing");
	clock_shift_for_test(0, 0);
	place_release(&place);
}

/* ---- the limit alone, by a clock of its own --------------------------- */

static int64_t
attempt_of(struct login_limit *limit, int address, const char *name, int64_t now_ms)
{
	struct login_who who = { { (const char *)&address, sizeof address }, slice_of(name) };

	return login_limit_take(limit, &who, now_ms);
}

Test(account, limit_of_names_and_in_total)
{
	struct login_limit *limit = login_limit_new();
	int now = 1000000, n = 0, home = -1;
	struct login_who known = { { (const char *)&home, sizeof home }, SLICE("me") };

	login_limit_know(limit, &known, now);
	while (n < 1000 && attempt_of(limit, n, "me", now) == 0)
		n++;
	cr_assert_eq(n, LOGIN_NAME_BURST, "many addresses share the failures of a name");
	cr_assert_eq(login_limit_take(limit, &known, now), 0, "who is known there goes on");
	login_limit_give_back(limit, &known, now);
	while (n < 1000 && attempt_of(limit, n, n % 2 ? "a" : "b", now) == 0)
		n++;
	cr_assert_eq(n, LOGIN_TOTAL_BURST);
	cr_assert_gt(attempt_of(limit, 5000, "new", now), 0, "the total is for all");
	cr_assert_eq(attempt_of(limit, 5000, "new", now + LOGIN_TOTAL_MS), 0, "one comes back");
	cr_assert_eq(login_limit_take(limit, &known, now), 0);
	login_limit_free(limit);
}

Test(account, limit_of_a_crowd_is_bounded)
{
	struct login_limit *limit = login_limit_new();
	int64_t now = 0;
	int n_taken = 0;

	/* A new address and a new name each millisecond, for 100 s. */
	for (int i = 0; i < 100000; i++) {
		char name[16];

		snprintf(name, sizeof name, "n%d", i);
		n_taken += attempt_of(limit, i, name, ++now) == 0;
	}
	cr_assert_leq(n_taken, LOGIN_TOTAL_BURST + 100000 / LOGIN_TOTAL_MS + 1);
	cr_assert_geq(n_taken, 100000 / LOGIN_TOTAL_MS);
	login_limit_free(limit);
}
