#include "config.h"

#include "common/account/account.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/account/account_password.h"
#include "common/account/account_private.h"
#include "common/base/base64url.h"
#include "common/base/clock.h"
#include "common/base/log.h"

#define TOKEN_PREFIX "tmq_" /* so that people and scanners see what it is */
#define TOKEN_RANDOM_BYTES 32
#define WAITING_MAX 4 /* callers that wait for a password to be computed */

/* ---- words ----------------------------------------------------------- */

const char *const account_roles[] = {
	[ACCOUNT_READER] = "reader",
	[ACCOUNT_OPERATOR] = "operator",
	[ACCOUNT_ADMIN] = "admin",
	NULL,
};

int
account_role_of(struct slice text, enum account_role *role)
{
	for (int i = 0; account_roles[i] != NULL; i++)
		if (slice_is(text, account_roles[i])) {
			*role = (enum account_role)i;
			return 0;
		}
	return -1;
}

const char *
account_status_text(enum account_status status)
{
	static const char *const texts[] = {
		[ACCOUNT_OK] = "It is done.",
		[ACCOUNT_UNKNOWN] = "There is nothing of that name.",
		[ACCOUNT_TAKEN] = "The name is taken.",
		[ACCOUNT_BAD_NAME] =
		    "A name has 1 to 64 letters, digits, and . _ - @; the first one is no -.",
		[ACCOUNT_BAD_PASSWORD] =
		    "A password has 8 to 256 bytes, and no control characters.",
		[ACCOUNT_BAD_TOKEN] = "A token has 16 to 511 characters, and no blanks.",
		[ACCOUNT_LAST_ADMIN] = "Nobody with a password could change accounts afterwards.",
		[ACCOUNT_FULL] = "There are too many of them.",
		[ACCOUNT_WRONG] = "The name or the password is wrong.",
		[ACCOUNT_WAIT] = "There were too many attempts; try again later.",
		[ACCOUNT_FAILED] = "The file of accounts cannot be used; the log says why.",
	};

	return texts[status];
}

/* ---- what is allowed -------------------------------------------------- */

static bool
is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!isalnum((unsigned char)name.data[i]) &&
		    memchr("._-@", name.data[i], 4) == NULL)
			return false;
	return name.len != 0 && name.len <= ACCOUNT_NAME_MAX && name.data[0] != '-';
}

static bool
is_password(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
			return false;
	return text.len >= ACCOUNT_PASSWORD_MIN && text.len <= ACCOUNT_PASSWORD_MAX;
}

static bool
is_token(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!isgraph((unsigned char)text.data[i]))
			return false;
	return text.len >= ACCOUNT_TOKEN_MIN && text.len <= ACCOUNT_TOKEN_MAX;
}

/* One after the other. ACCOUNT_WAIT: too many wait already. */
static enum account_status
hash_in_turn(struct accounts *accounts, struct slice password, char *stored)
{
	int status;

	if (!is_password(password))
		return ACCOUNT_BAD_PASSWORD;
	pthread_mutex_lock(&accounts->turn);
	status = password_hash(password, stored);
	pthread_mutex_unlock(&accounts->turn);
	if (status == 0)
		return ACCOUNT_OK;
	log_error("there is no memory for a password");
	return ACCOUNT_FAILED;
}

/* ---- accounts -------------------------------------------------------- */

/* What a change is about. */
struct account_wish {
	struct slice name, token; /* of an account, and of one of its tokens */
	struct slice value;       /* a stored password, a role, or the hash of a token */
	enum account_role role;
	int64_t expires_ms;
	bool replaces;
};

/* What n changed rows mean. */
static enum account_status
changed(const struct accounts *accounts, int n)
{
	if (n == -1)
		return account_failed(accounts, "changed");
	return n == 0 ? ACCOUNT_UNKNOWN : ACCOUNT_OK;
}

static enum account_status
insert_account(struct accounts *accounts, void *arg)
{
	const struct account_wish *wish = arg;
	const struct account_value values[] = { VALUE_TEXT(wish->name),
		VALUE_TEXT(slice_of(account_roles[wish->role])), VALUE_TEXT(wish->value),
		VALUE_INT(clock_wall_ms()) };
	int64_t n = account_number(accounts->db, "SELECT count(*) FROM account", NULL, 0);

	if (n >= ACCOUNTS_MAX)
		return ACCOUNT_FULL;
	if (account_number(
		accounts->db, "SELECT count(*) FROM account WHERE name = ?1", values, 1) == 1)
		return ACCOUNT_TAKEN;
	return changed(
	    accounts, account_run(accounts->db,
			  "INSERT INTO account VALUES(?1, ?2, ?3, ?4, abs(random()))", values, 4));
}

enum account_status
account_add(
    struct accounts *accounts, struct slice name, enum account_role role, struct slice password)
{
	char stored[PASSWORD_STORED_SIZE];
	struct account_wish wish = { .name = name, .role = role };

	if (!is_name(name))
		return ACCOUNT_BAD_NAME;
	if (password.data != NULL) {
		enum account_status status = hash_in_turn(accounts, password, stored);

		if (status != ACCOUNT_OK)
			return status;
		wish.value = slice_of(stored);
	}
	return account_change(accounts, insert_account, &wish);
}

static enum account_status
delete_account(struct accounts *accounts, void *arg)
{
	const struct account_wish *wish = arg;

	return changed(accounts, account_run(accounts->db, "DELETE FROM account WHERE name = ?1",
				     &VALUE_TEXT(wish->name), 1));
}

/* The password in the file is no longer one. */
static void
drop_password_file(const struct accounts *accounts, struct slice name)
{
	if (slice_is(name, ACCOUNT_FIRST) && unlink(accounts->password_file) == -1 &&
	    errno != ENOENT)
		log_warn("the file of an old password cannot be removed path=%s error=\"%s\"",
		    accounts->password_file, strerror(errno));
}

enum account_status
account_remove(struct accounts *accounts, struct slice name)
{
	struct account_wish wish = { .name = name };
	enum account_status status = account_change(accounts, delete_account, &wish);

	if (status == ACCOUNT_OK)
		drop_password_file(accounts, name);
	return status;
}

static enum account_status
update_password(struct accounts *accounts, void *arg)
{
	const struct account_wish *wish = arg;
	const struct account_value values[] = { VALUE_TEXT(wish->name), VALUE_TEXT(wish->value) };

	return changed(
	    accounts, account_run(accounts->db,
			  "UPDATE account SET password = ?2, mark = abs(random()) WHERE name = ?1",
			  values, 2));
}

enum account_status
account_set_password(struct accounts *accounts, struct slice name, struct slice password)
{
	char stored[PASSWORD_STORED_SIZE];
	struct account_wish wish = { .name = name };
	enum account_status status = hash_in_turn(accounts, password, stored);

	if (status != ACCOUNT_OK)
		return status;
	wish.value = slice_of(stored);
	status = account_change(accounts, update_password, &wish);
	if (status == ACCOUNT_OK)
		drop_password_file(accounts, name);
	return status;
}

static enum account_status
update_role(struct accounts *accounts, void *arg)
{
	const struct account_wish *wish = arg;
	const struct account_value values[] = { VALUE_TEXT(wish->name),
		VALUE_TEXT(slice_of(account_roles[wish->role])) };

	return changed(accounts,
	    account_run(accounts->db,
		"UPDATE account SET role = ?2, mark = abs(random()) WHERE name = ?1", values, 2));
}

enum account_status
account_set_role(struct accounts *accounts, struct slice name, enum account_role role)
{
	struct account_wish wish = { .name = name, .role = role };

	return account_change(accounts, update_role, &wish);
}

enum account_status
accounts_each(
    struct accounts *accounts, void (*each)(void *arg, const struct account *account), void *arg)
{
	enum account_status status = ACCOUNT_OK;
	sqlite3_stmt *row;
	int rc = SQLITE_ERROR;

	pthread_mutex_lock(&accounts->lock);
	row = account_prepare(
	    accounts->db, "SELECT " ACCOUNT_COLUMNS " FROM account ORDER BY name", NULL, 0);
	while (row != NULL && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		struct account account;

		account_read_row(row, &account);
		each(arg, &account);
	}
	if (rc != SQLITE_DONE)
		status = account_failed(accounts, "read");
	sqlite3_finalize(row);
	pthread_mutex_unlock(&accounts->lock);
	return status;
}

/* ---- tokens ---------------------------------------------------------- */

static enum account_status
insert_token(struct accounts *accounts, void *arg)
{
	const struct account_wish *wish = arg;
	sqlite3 *db = accounts->db;
	const struct account_value values[] = { VALUE_TEXT(wish->name), VALUE_TEXT(wish->token),
		VALUE_BLOB(wish->value), VALUE_INT(clock_wall_ms()), VALUE_INT(wish->expires_ms) };

	if (account_number(db, "SELECT count(*) FROM account WHERE name = ?1", values, 1) != 1)
		return ACCOUNT_UNKNOWN;
	if (wish->replaces &&
	    account_run(db, "DELETE FROM token WHERE (account = ?1 AND name = ?2) OR hash = ?3",
		values, 3) == -1)
		return account_failed(accounts, "changed");
	if (account_number(db, "SELECT count(*) FROM token", NULL, 0) >= ACCOUNT_TOKENS_MAX)
		return ACCOUNT_FULL;
	if (account_number(
		db, "SELECT count(*) FROM token WHERE account = ?1 AND name = ?2", values, 2) == 1)
		return ACCOUNT_TAKEN;
	return changed(
	    accounts, account_run(db, "INSERT INTO token VALUES(?1, ?2, ?3, ?4, ?5)", values, 5));
}

enum account_status
account_add_token(struct accounts *accounts, struct slice account, struct slice name,
    int64_t expires_ms, char text[ACCOUNT_TOKEN_SIZE])
{
	unsigned char bytes[TOKEN_RANDOM_BYTES], hash[TOKEN_HASH_BYTES];
	struct arena arena = { 0 };
	struct slice encoded;

	if (!is_name(name))
		return ACCOUNT_BAD_NAME;
	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		fatal("the kernel gives no random bytes");
	encoded = base64url_encode(&arena, (struct slice){ (const char *)bytes, sizeof bytes });
	snprintf(text, ACCOUNT_TOKEN_SIZE, TOKEN_PREFIX "%.*s", (int)strcspn(encoded.data, "="),
	    encoded.data);
	arena_release(&arena);
	account_token_hash(slice_of(text), hash);
	return account_change(accounts, insert_token,
	    &(struct account_wish){ .name = account,
		.token = name,
		.value = { (const char *)hash, sizeof hash },
		.expires_ms = expires_ms });
}

enum account_status
account_put_token(
    struct accounts *accounts, struct slice account, struct slice name, struct slice text)
{
	unsigned char hash[TOKEN_HASH_BYTES];

	if (!is_name(name))
		return ACCOUNT_BAD_NAME;
	if (!is_token(text))
		return ACCOUNT_BAD_TOKEN;
	account_token_hash(text, hash);
	return account_change(accounts, insert_token,
	    &(struct account_wish){ .name = account,
		.token = name,
		.value = { (const char *)hash, sizeof hash },
		.replaces = true });
}

static enum account_status
delete_token(struct accounts *accounts, void *arg)
{
	const struct account_wish *wish = arg;
	const struct account_value values[] = { VALUE_TEXT(wish->name), VALUE_TEXT(wish->token) };

	return changed(
	    accounts, account_run(accounts->db,
			  "DELETE FROM token WHERE account = ?1 AND name = ?2", values, 2));
}

enum account_status
account_remove_token(struct accounts *accounts, struct slice account, struct slice name)
{
	struct account_wish wish = { .name = account, .token = name };

	return account_change(accounts, delete_token, &wish);
}

enum account_status
account_each_token(struct accounts *accounts, struct slice account,
    void (*each)(void *arg, const struct account_token *token), void *arg)
{
	enum account_status status = ACCOUNT_OK;
	sqlite3_stmt *row;
	int rc = SQLITE_ERROR;

	pthread_mutex_lock(&accounts->lock);
	row = account_prepare(accounts->db,
	    "SELECT account, name, created, expires FROM token"
	    " WHERE ?1 IS NULL OR account = ?1 ORDER BY account, name",
	    &VALUE_TEXT(account), 1);
	while (row != NULL && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		struct account_token token = { .created_ms = sqlite3_column_int64(row, 2),
			.expires_ms = sqlite3_column_int64(row, 3) };

		account_read_text(row, 0, token.account, sizeof token.account);
		account_read_text(row, 1, token.name, sizeof token.name);
		each(arg, &token);
	}
	if (rc != SQLITE_DONE)
		status = account_failed(accounts, "read");
	sqlite3_finalize(row);
	pthread_mutex_unlock(&accounts->lock);
	return status;
}

/* ---- logging in ------------------------------------------------------ */

/* Bytes that count as one address. */
static struct slice
address_key(const struct sockaddr_storage *address)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET)
		return (struct slice){
			(const char *)&((const struct sockaddr_in *)address)->sin_addr, 4
		};
	if (address->ss_family != AF_INET6)
		return SLICE("");
	if (memcmp(&v6->sin6_addr, mapped, sizeof mapped) == 0)
		return (struct slice){ (const char *)&v6->sin6_addr + 12, 4 };
	return (struct slice){ (const char *)&v6->sin6_addr, 8 };
}

/* The stored password, and the account as it is in the file now. */
static enum account_status
look_up(struct accounts *accounts, struct slice name, struct account *account, char *stored)
{
	enum account_status status = ACCOUNT_OK;
	sqlite3_stmt *row;
	int rc = SQLITE_ERROR;

	stored[0] = '\0';
	pthread_mutex_lock(&accounts->lock);
	row = account_prepare(accounts->db,
	    "SELECT " ACCOUNT_COLUMNS ", password FROM account WHERE name = ?1", &VALUE_TEXT(name),
	    1);
	if (row != NULL)
		rc = sqlite3_step(row);
	if (rc == SQLITE_ROW) {
		account_read_row(row, account);
		account_read_text(row, 5, stored, PASSWORD_STORED_SIZE);
	} else if (rc == SQLITE_DONE) {
		status = ACCOUNT_UNKNOWN;
	} else {
		status = account_failed(accounts, "read");
	}
	sqlite3_finalize(row);
	pthread_mutex_unlock(&accounts->lock);
	return status;
}

/* A name that does not exist may be a password in the wrong field. */
static void
log_failure(const struct account_attempt *attempt, bool exists)
{
	char host[NI_MAXHOST] = "?";

	getnameinfo((const struct sockaddr *)&attempt->address, sizeof attempt->address, host,
	    sizeof host, NULL, 0, NI_NUMERICHOST);
	log_warn("login refused account=%.*s address=%s", exists ? (int)attempt->name.len : 1,
	    exists ? attempt->name.data : "?", host);
}

static enum account_status
prove(struct accounts *accounts, const struct account_attempt *attempt, struct account *account)
{
	char stored[PASSWORD_STORED_SIZE];
	enum account_status status;
	bool fits;

	pthread_mutex_lock(&accounts->turn);
	status = look_up(accounts, attempt->name, account, stored);
	fits = status != ACCOUNT_FAILED && password_fits(attempt->password, stored);
	pthread_mutex_unlock(&accounts->turn);
	if (status == ACCOUNT_FAILED)
		return status;
	if (fits)
		return ACCOUNT_OK;
	log_failure(attempt, status == ACCOUNT_OK);
	return ACCOUNT_WRONG;
}

/* 0: go on. Else in how many seconds. */
static int
take_attempt(struct accounts *accounts, const struct login_who *who)
{
	int64_t wait_ms;

	pthread_mutex_lock(&accounts->limit_lock);
	wait_ms = login_limit_take(accounts->limit, who, clock_mono_ms());
	pthread_mutex_unlock(&accounts->limit_lock);
	return (int)((wait_ms + 999) / 1000);
}

static void
end_attempt(struct accounts *accounts, const struct login_who *who, enum account_status status)
{
	if (status == ACCOUNT_WRONG)
		return;
	pthread_mutex_lock(&accounts->limit_lock);
	login_limit_give_back(accounts->limit, who, clock_mono_ms());
	if (status == ACCOUNT_OK)
		login_limit_know(accounts->limit, who, clock_mono_ms());
	pthread_mutex_unlock(&accounts->limit_lock);
}

enum account_status
account_log_in(struct accounts *accounts, const struct account_attempt *attempt,
    struct account *account, int *retry_after_s)
{
	struct login_who who = { address_key(&attempt->address), attempt->name };
	enum account_status status = ACCOUNT_WRONG;

	*retry_after_s = take_attempt(accounts, &who);
	if (*retry_after_s != 0)
		return ACCOUNT_WAIT;
	if (atomic_fetch_add(&accounts->n_waiting, 1) >= WAITING_MAX) {
		*retry_after_s = 1;
		status = ACCOUNT_WAIT;
	} else if (attempt->password.len <= ACCOUNT_PASSWORD_MAX) {
		status = prove(accounts, attempt, account);
	}
	atomic_fetch_sub(&accounts->n_waiting, 1);
	end_attempt(accounts, &who, status);
	return status;
}
