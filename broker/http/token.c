#include "config.h"

#include "broker/http/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/base64url.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define RANDOM_BYTES 32
#define TOKEN_MIN 16 /* bytes that an operator's own one must have */
#define TOKEN_MAX 512

struct token {
	size_t len;
	char text[TOKEN_MAX];
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
	token->len = strcspn(n < TOKEN_MAX ? (token->text[n] = '\0', token->text) : "", "\r\n \t");
	return token->len < TOKEN_MIN ? "it has no token of 16 to 511 characters in its first line"
	                              : NULL;
}

struct token *
token_open(const char *path)
{
	struct token *token = mem_zalloc(sizeof *token);
	const char *why = make_file(path) == -1 ? strerror(errno) : read_file(path, token);

	if (why == NULL)
		return token;
	log_error("the token of HTTP cannot be used path=%s why=\"%s\"; repair it, or name another "
		  "httpTokenFile",
	    path, why);
	free(token);
	return NULL;
}

void
token_free(struct token *token)
{
	free(token);
}

/* Takes as long for every text of one length. */
static bool
is_token(const struct token *token, struct slice text)
{
	unsigned char differs = 0;

	if (text.len != token->len)
		return false;
	for (size_t i = 0; i < text.len; i++)
		differs |= (unsigned char)text.data[i] ^ (unsigned char)token->text[i];
	return differs == 0;
}

bool
token_identify(void *context, const struct http_request *request, struct arena *arena,
    struct http_principal *principal)
{
	struct slice text = http_request_field(request, "Authorization");
	struct slice scheme;

	(void)arena;
	if (text.data == NULL)
		return true;
	if (!slice_next(&text, ' ', &scheme) || !slice_equal_nocase(scheme, SLICE("Bearer")) ||
	    text.data == NULL || !is_token(context, slice_trim(text)))
		return false;
	*principal = (struct http_principal){ SLICE("token"),
		HTTP_MAY_READ | HTTP_MAY_WRITE | HTTP_MAY_ADMIN };
	return true;
}
