#include "config.h"

/*
 * All accounts and tokens in memory, so that a request with a token asks no file. SQLite's
 * data_version tells whether somebody has committed since; it is asked at most once in
 * ACCOUNT_FRESH_MS. A file that cannot be read leaves the copy as it is.
 */

#include <stdlib.h>

#include <openssl/evp.h>

#include "common/account/account_private.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

struct cached_token {
	const struct account *account;
	int64_t expires_ms;
};

void
account_token_hash(struct slice text, unsigned char hash[TOKEN_HASH_BYTES])
{
	if (EVP_Digest(text.data, text.len, hash, NULL, EVP_sha256(), NULL) != 1)
		fatal("libcrypto has no SHA-256");
}

/* ---- reading the file ------------------------------------------------ */

static int
read_accounts(sqlite3 *db, struct strmap *accounts)
{
	sqlite3_stmt *row = account_prepare(db, "SELECT " ACCOUNT_COLUMNS " FROM account LIMIT ?1",
	    (const struct account_value[]){ VALUE_INT(ACCOUNTS_MAX) }, 1);
	int rc = SQLITE_ERROR;

	while (row != NULL && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		struct account *account = mem_zalloc(sizeof *account);

		account_read_row(row, account);
		free(strmap_put(accounts, slice_of(account->name), account));
	}
	sqlite3_finalize(row);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int
read_tokens(sqlite3 *db, const struct strmap *accounts, struct strmap *tokens)
{
	sqlite3_stmt *row = account_prepare(db, "SELECT hash, account, expires FROM token LIMIT ?1",
	    (const struct account_value[]){ VALUE_INT(ACCOUNT_TOKENS_MAX) }, 1);
	int rc = SQLITE_ERROR;

	while (row != NULL && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		struct slice hash = { sqlite3_column_blob(row, 0),
			(size_t)sqlite3_column_bytes(row, 0) };
		const struct account *account =
		    strmap_find(accounts, slice_of((const char *)sqlite3_column_text(row, 1)));
		struct cached_token *token;

		if (account == NULL || hash.len != TOKEN_HASH_BYTES)
			continue;
		token = mem_zalloc(sizeof *token);
		*token = (struct cached_token){ account, sqlite3_column_int64(row, 2) };
		free(strmap_put(tokens, hash, token));
	}
	sqlite3_finalize(row);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* In one transaction, so that tokens and accounts are of one state. */
static int
read_all(struct account_cache *cache)
{
	struct strmap accounts = { 0 }, tokens = { 0 };
	int status = -1;

	if (sqlite3_exec(cache->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return -1;
	if (read_accounts(cache->db, &accounts) == 0)
		status = read_tokens(cache->db, &accounts, &tokens);
	sqlite3_exec(cache->db, "ROLLBACK", NULL, NULL, NULL);
	if (status == 0) {
		struct strmap old_accounts = cache->accounts, old_tokens = cache->tokens;

		cache->accounts = accounts;
		cache->tokens = tokens;
		accounts = old_accounts;
		tokens = old_tokens;
	}
	strmap_release(&tokens, free);
	strmap_release(&accounts, free);
	return status;
}

/* With the lock. */
static void
refresh(struct account_cache *cache)
{
	int64_t now = clock_mono_ms(), version;

	if (!atomic_exchange(&cache->stale, false) && now - cache->looked_ms < ACCOUNT_FRESH_MS)
		return;
	cache->looked_ms = now;
	version = account_number(cache->db, "PRAGMA data_version", NULL, 0);
	if (version == cache->data_version)
		return;
	if (version != -1 && read_all(cache) == 0)
		cache->data_version = version;
	else
		log_error("accounts cannot be read again error=\"%s\"", sqlite3_errmsg(cache->db));
}

/* ---- the module ------------------------------------------------------ */

int
account_cache_open(struct account_cache *cache, const char *path)
{
	if (sqlite3_open_v2(path, &cache->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return -1;
	/* Readers of a WAL wait only while it is made anew: short, as a loop may be waiting. */
	sqlite3_busy_timeout(cache->db, 100);
	sqlite3_exec(cache->db, "PRAGMA query_only=ON", NULL, NULL, NULL);
	cache->data_version = account_number(cache->db, "PRAGMA data_version", NULL, 0);
	cache->looked_ms = clock_mono_ms();
	return read_all(cache);
}

void
account_cache_close(struct account_cache *cache)
{
	sqlite3_close(cache->db);
	strmap_release(&cache->tokens, free);
	strmap_release(&cache->accounts, free);
}

bool
account_find(struct accounts *accounts, struct slice name, struct account *account)
{
	struct account_cache *cache = &accounts->cache;
	const struct account *found;

	pthread_mutex_lock(&cache->lock);
	refresh(cache);
	found = strmap_find(&cache->accounts, name);
	if (found != NULL)
		*account = *found;
	pthread_mutex_unlock(&cache->lock);
	return found != NULL;
}

bool
account_find_token(struct accounts *accounts, struct slice text, struct account *account)
{
	struct account_cache *cache = &accounts->cache;
	unsigned char hash[TOKEN_HASH_BYTES];
	const struct cached_token *token;
	bool found;

	if (text.len < ACCOUNT_TOKEN_MIN || text.len > ACCOUNT_TOKEN_MAX)
		return false;
	account_token_hash(text, hash);
	pthread_mutex_lock(&cache->lock);
	refresh(cache);
	token = strmap_find(&cache->tokens, (struct slice){ (const char *)hash, sizeof hash });
	found = token != NULL && (token->expires_ms == 0 || token->expires_ms > clock_wall_ms());
	if (found)
		*account = *token->account;
	pthread_mutex_unlock(&cache->lock);
	return found;
}
