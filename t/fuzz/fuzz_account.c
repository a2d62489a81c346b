#include "config.h"

/*
 * Bodies of the requests about accounts: login, password, accounts, roles, tokens. The first line
 * of an input is the path, the rest is the body; a client with the token of an administrator POSTs
 * it to a console of its own. Each request has one whole answer, none says that the file of
 * accounts failed, and afterwards an administrator with a password is there. Each input begins with
 * the same accounts.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/account/account.h"
#include "common/account/account_password.h"
#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/http/http_request.h"
#include "common/json/json.h"
#include "console/console.h"
#include "t/fuzz/fuzz.h"

#define TOKEN "a-token-of-the-fuzzer"
#define LABEL "fuzzer"
#define PASSWORD "the-first-password" /* of ACCOUNT_FIRST */
#define NAMES_MAX 16

/* ---- passwords that cost nothing: these take the place of account_password.c ---- */

int
password_hash(struct slice password, char stored[PASSWORD_STORED_SIZE])
{
	snprintf(stored, PASSWORD_STORED_SIZE, "%zu-%016llx", password.len,
	    (unsigned long long)hash_wide(password));
	return 0;
}

bool
password_fits(struct slice password, const char *stored)
{
	char other[PASSWORD_STORED_SIZE];

	password_hash(password, other);
	return strcmp(other, stored) == 0;
}

void
password_random(char text[PASSWORD_RANDOM_SIZE])
{
	snprintf(text, PASSWORD_RANDOM_SIZE, "%s", "by-chance-as-it-were");
}

/* ---- the console ---------------------------------------------------- */

struct rig {
	char folder[64];
	struct accounts *accounts;
	struct console *console;
	int64_t mark; /* of ACCOUNT_FIRST as each input finds it */
	int fd;       /* of the client; -1: not connected */
	struct buf in;
};

static struct rig rig = { .fd = -1 };

static void
rig_close(void)
{
	static const char *const files[] = { "accounts.db", "accounts.db-wal", "accounts.db-shm",
		"admin.password", NULL };
	char path[128];

	if (rig.fd != -1)
		close(rig.fd);
	console_free(rig.console);
	accounts_close(rig.accounts);
	buf_release(&rig.in);
	for (size_t i = 0; files[i] != NULL; i++) {
		snprintf(path, sizeof path, "%s/%s", rig.folder, files[i]);
		unlink(path);
	}
	rmdir(rig.folder);
}

static void
rig_open(void)
{
	const struct http_settings http = {
		.max_connections = 4,
		.max_head_bytes = 16384,
		.max_body_bytes = 1 << 20,
		.max_memory = 16 << 20,
		.request_timeout = 60000,
		.idle_timeout = 3600000,
	};
	struct arena arena = { 0 };
	struct slice why;
	char path[128];

	snprintf(rig.folder, sizeof rig.folder, "%s/twinmq-fuzz.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	must(mkdtemp(rig.folder) != NULL);
	snprintf(path, sizeof path, "%s/accounts.db", rig.folder);
	rig.accounts = accounts_open(path, &arena, &why);
	must(rig.accounts != NULL);
	arena_release(&arena);
	must(accounts_make_first(rig.accounts) == ACCOUNT_OK);
	rig.console = console_new(&(struct console_options){
	    .address = "127.0.0.1",
	    .name_servers = "127.0.0.1:1",
	    .accounts = rig.accounts,
	    .http = &http,
	    .session_idle_ms = 60000,
	    .session_max_ms = 60000,
	});
	must(rig.console != NULL);
	console_start(rig.console);
	atexit(rig_close);
}

/* ---- the same accounts each time -------------------------------------- */

struct name_list {
	char names[NAMES_MAX][ACCOUNT_NAME_MAX + 1];
	size_t n;
};

static void
add_name(void *arg, const struct account *account)
{
	struct name_list *list = arg;

	if (list->n < NAMES_MAX && strcmp(account->name, ACCOUNT_FIRST) != 0)
		snprintf(list->names[list->n++], sizeof list->names[0], "%s", account->name);
}

static void
add_label(void *arg, const struct account_token *token)
{
	struct name_list *list = arg;

	if (list->n < NAMES_MAX && strcmp(token->name, LABEL) != 0)
		snprintf(list->names[list->n++], sizeof list->names[0], "%s", token->name);
}

/* ACCOUNT_FIRST with a password and one token, and rita, who only reads. */
static void
begin_again(void)
{
	struct name_list accounts = { 0 }, tokens = { 0 };
	struct slice admin = SLICE(ACCOUNT_FIRST);
	struct account account;

	if (!account_find(rig.accounts, admin, &account) || account.mark != rig.mark) {
		account_add(rig.accounts, admin, ACCOUNT_ADMIN, SLICE_NONE);
		must(account_set_role(rig.accounts, admin, ACCOUNT_ADMIN) == ACCOUNT_OK);
		must(account_set_password(rig.accounts, admin, SLICE(PASSWORD)) == ACCOUNT_OK);
		must(account_find(rig.accounts, admin, &account));
		rig.mark = account.mark;
	}
	must(account_each_token(rig.accounts, admin, add_label, &tokens) == ACCOUNT_OK);
	for (size_t i = 0; i < tokens.n; i++)
		account_remove_token(rig.accounts, admin, slice_of(tokens.names[i]));
	if (!account_find_token(rig.accounts, SLICE(TOKEN), &account))
		must(account_put_token(rig.accounts, admin, SLICE(LABEL), SLICE(TOKEN)) ==
		     ACCOUNT_OK);
	must(accounts_each(rig.accounts, add_name, &accounts) == ACCOUNT_OK);
	for (size_t i = 0; i < accounts.n; i++)
		must(account_remove(rig.accounts, slice_of(accounts.names[i])) == ACCOUNT_OK);
	must(account_add(rig.accounts, SLICE("rita"), ACCOUNT_READER, SLICE_NONE) == ACCOUNT_OK);
}

/* ---- the client ----------------------------------------------------- */

static void
client_connect(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)console_port(rig.console)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	rig.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(rig.fd != -1);
	must(connect(rig.fd, (struct sockaddr *)&address, sizeof address) == 0);
}

static void
client_send(struct slice bytes)
{
	while (bytes.len != 0) {
		ssize_t n = send(rig.fd, bytes.data, bytes.len, MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* it was refused while it came; the answer says why */
		bytes.data += n;
		bytes.len -= (size_t)n;
	}
}

/* Whether there was more. libFuzzer's alarm interrupts it. */
static bool
client_receive(void)
{
	ssize_t n;

	do
		n = recv(rig.fd, buf_reserve(&rig.in, 65536), 65536, 0);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		rig.in.len += (size_t)n;
	return n > 0;
}

/* The length of a head that is there whole. */
static size_t
head_length(void)
{
	const char *end = rig.in.len != 0 ? memmem(rig.in.data, rig.in.len, "\r\n\r\n", 4) : NULL;

	return end != NULL ? (size_t)(end - rig.in.data) + 4 : 0;
}

/* The value of a field of the answer; absent: none. */
static struct slice
field_of(struct slice head, const char *name)
{
	struct slice line;

	while (head.len != 0 && slice_next(&head, '\n', &line)) {
		line = slice_trim(line);
		if (slice_starts(line, name))
			return slice_trim(
			    (struct slice){ line.data + strlen(name), line.len - strlen(name) });
	}
	return SLICE_NONE;
}

/* Takes one answer; its status. */
static int
client_answer(void)
{
	size_t len;
	int64_t body = 0;
	int status = 0;

	while ((len = head_length()) == 0)
		must(client_receive());
	struct slice head = { rig.in.data, len };
	bool last = slice_is(field_of(head, "Connection:"), "close");

	must(slice_to_int64(field_of(head, "Content-Length:"), &body) == 0);
	while (rig.in.len < len + (size_t)body)
		must(client_receive());
	must(sscanf(rig.in.data, "HTTP/1.1 %3d ", &status) == 1);
	struct arena arena = { 0 };

	must(json_parse(&arena, (struct slice){ rig.in.data + len, (size_t)body }) != NULL);
	arena_release(&arena);
	buf_drain(&rig.in, len + (size_t)body);
	must(rig.in.len == 0);
	if (last) {
		close(rig.fd);
		rig.fd = -1;
	}
	return status;
}

static int
post(struct slice path, struct slice body)
{
	struct buf text = { 0 };

	if (rig.fd == -1)
		client_connect();
	buf_printf(&text,
	    "POST %.*s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " TOKEN "\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    (int)path.len, path.data, body.len);
	buf_append_slice(&text, body);
	client_send(buf_slice(&text));
	buf_release(&text);
	return client_answer();
}

/* ---- a run ---------------------------------------------------------- */

/* One line whatever it has, so that the body is where the head says; and no other request. */
static bool
is_about_accounts(struct slice path)
{
	if (!slice_starts(path, "/api/account") && !slice_starts(path, "/api/log") &&
	    !slice_starts(path, "/api/password"))
		return false;
	for (size_t i = 0; i < path.len; i++)
		if (path.data[i] <= ' ' || path.data[i] == 0x7f)
			return false;
	return path.len < 4096;
}

static void
find_admin(void *arg, const struct account *account)
{
	bool *found = arg;

	*found = *found || (account->role == ACCOUNT_ADMIN && account->has_password);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size }, path;
	bool has_admin = false;

	if (rig.console == NULL)
		rig_open();
	if (size == 0 || !slice_next(&rest, '\n', &path) || !is_about_accounts(path))
		return 0;
	begin_again();
	int status = post(path, rest.data != NULL ? rest : SLICE(""));

	must(status >= 200 && status < 600 && status != 500);
	must(accounts_each(rig.accounts, find_admin, &has_admin) == ACCOUNT_OK);
	must(has_admin);
	return 0;
}
