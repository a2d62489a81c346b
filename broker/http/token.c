#include "config.h"

#include "broker/http/token.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/base64url.h"
#include "common/base/log.h"

#define RANDOM_BYTES 32

struct token {
	size_t len;
	char text[ACCOUNT_TOKEN_MAX + 1];
};

/* 0, or -1 and errno. */
static int
make_file(const char *path)
{
	unsigned char bytes[RANDOM_BYTES];
	struct arena arena = { 0 };
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int status = -1;

	if (fd == -1)
		return errno == EEXIST ? 0 : -1;
	if (getrandom(bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes) {
		struct slice text =
		    base64url_encode(&arena, (struct slice){ (const char *)bytes, sizeof bytes });
		struct slice line =
		    arena_printf(&arena, "%.*s\n", (int)strcspn(text.data, "="), text.data);

		if (write(fd, line.data, line.len) == (ssize_t)line.len && fsync(fd) == 0)
			status = 0;
	}
	if (status == -1)
		unlink(path);
	close(fd);
	arena_release(&arena);
	return status;
}

/* NULL, or why the file is none. */
static const char *
read_file(const char *path, struct token *token)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	ssize_t n;

	if (fd == -1)
		return strerror(errno);
	if (fstat(fd, &status) == -1 || !S_ISREG(status.st_mode)) {
		close(fd);
		return "it is no file";
	}
	if ((status.st_mode & 077) != 0) {
		close(fd);
		return "others may read it: chmod 600, and put a new token into it";
	}
	n = read(fd, token->text, sizeof token->text);
	close(fd);
	if (n < 0)
		return strerror(errno);
	while (token->len < (size_t)n && isgraph((unsigned char)token->text[token->len]))
		token->len++;
	return token->len < ACCOUNT_TOKEN_MIN || token->len > ACCOUNT_TOKEN_MAX
	           ? "it has no token of 16 to 511 characters in its first line"
	           : NULL;
}

static enum account_status
put(struct accounts *accounts, struct slice name, struct slice text)
{
	enum account_status status =
	    account_add(accounts, SLICE(TOKEN_ACCOUNT), ACCOUNT_ADMIN, SLICE_NONE);

	return status == ACCOUNT_OK || status == ACCOUNT_TAKEN
	           ? account_put_token(accounts, SLICE(TOKEN_ACCOUNT), name, text)
	           : status;
}

int
token_register(struct accounts *accounts, const char *path, struct slice name)
{
	struct token token = { 0 };
	const char *why = make_file(path) == -1 ? strerror(errno) : read_file(path, &token);
	enum account_status status;

	if (why == NULL) {
		status = put(accounts, name, (struct slice){ token.text, token.len });
		if (status == ACCOUNT_OK)
			return 0;
		why = account_status_text(status);
	}
	/* What others could read is no proof any more. */
	account_remove_token(accounts, SLICE(TOKEN_ACCOUNT), name);
	log_error("the token of HTTP cannot be used path=%s why=\"%s\"; repair it, or name another "
		  "httpTokenFile",
	    path, why);
	return -1;
}
