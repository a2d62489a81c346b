/*
 * rawcall: sends requests as given and prints the answers, for shell tests.
 *
 *   rawcall [flags] HOST:PORT CODE [key=value ...] [-- CODE [key=value ...] ...]
 *
 *   -b FILE   the body of each request      -B TEXT  the same, from the line
 *   -v N      client version (default 407)  -l NAME  client language (JAVA)
 *   -x        ROCKETMQ headers, not JSON    -o       oneway: no answer is awaited
 *   -t MS     patience (default 5000)       -O FILE  the last answer's body goes there
 *   -H        keeps the connection until killed or until the peer closes it,
 *             after a line "held"
 *
 * For each answer: code=, remark= (if any), ext.KEY= (sorted), bytes=, body=.
 * Exit status: 0 all answers came, 1 one did not, 2 wrong use.
 */

#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/command.h"

#define MAX_EXT 64

struct caller {
	int fd;
	int timeout_ms;
	bool oneway;
	bool hold;
	const char *body_path; /* NULL: stdout */
	struct slice body;
	struct command command; /* what all requests share */
	struct arena arena;
	struct buf in;
};

static void __attribute__((noreturn, format(printf, 2, 3)))
die(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("rawcall: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(status);
}

static struct slice
read_file(struct arena *arena, const char *path)
{
	FILE *file = fopen(path, "rb");
	struct buf text = { 0 };
	size_t n;

	if (file == NULL)
		die(2, "%s: %s", path, strerror(errno));
	while ((n = fread(buf_reserve(&text, 65536), 1, 65536, file)) > 0)
		text.len += n;
	fclose(file);

	struct slice copy = arena_copy(arena, buf_slice(&text));

	buf_release(&text);
	return copy;
}

static int
connect_to(const char *address)
{
	const char *colon = strrchr(address, ':');
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	char host[256];
	int fd;

	if (colon == NULL || (size_t)(colon - address) >= sizeof host)
		die(2, "%s is no HOST:PORT", address);
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';
	if (getaddrinfo(host, colon + 1, &hints, &list) != 0)
		die(1, "%s cannot be looked up", address);
	fd = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
	if (fd == -1 || connect(fd, list->ai_addr, list->ai_addrlen) == -1)
		die(1, "%s: %s", address, strerror(errno));
	freeaddrinfo(list);
	return fd;
}

static void
write_all(int fd, struct slice data)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.data, data.len);

		if (n == -1)
			die(1, "write: %s", strerror(errno));
		data.data += n;
		data.len -= (size_t)n;
	}
}

static struct frame
read_answer(struct caller *caller)
{
	int64_t end = clock_mono_ms() + caller->timeout_ms;
	struct pollfd poll_for = { caller->fd, POLLIN, 0 };
	struct frame frame;
	size_t need;

	for (;;) {
		enum frame_status status = frame_read(caller->in.data, caller->in.len, &frame, &need);
		int64_t left = end - clock_mono_ms();

		if (status == FRAME_OK)
			return frame;
		if (status == FRAME_BAD)
			die(1, "the answer is no frame");
		if (left <= 0 || poll(&poll_for, 1, (int)left) == 0)
			die(1, "no answer within %d ms", caller->timeout_ms);

		ssize_t n = read(caller->fd, buf_reserve(&caller->in, 65536), 65536);

		if (n <= 0)
			die(1, "connection closed");
		caller->in.len += (size_t)n;
	}
}

static int
by_key(const void *a, const void *b)
{
	return slice_compare(((const struct ext *)a)->key, ((const struct ext *)b)->key);
}

static void
print_body(const struct caller *caller, struct slice body)
{
	FILE *file = caller->body_path != NULL ? fopen(caller->body_path, "wb") : stdout;

	if (file == NULL)
		die(2, "%s: %s", caller->body_path, strerror(errno));
	if (file == stdout)
		fputs("body=", file);
	fwrite(body.data, 1, body.len, file);
	if (file == stdout)
		fputc('\n', file);
	else
		fclose(file);
}

static void
print_answer(struct caller *caller, const struct frame *frame)
{
	struct command answer;
	struct ext *sorted;

	if (command_decode(&caller->arena, frame, &answer) != COMMAND_OK)
		die(1, "the answer's header cannot be read");
	printf("code=%d\n", answer.code);
	if (answer.remark.data != NULL)
		printf("remark=%.*s\n", (int)answer.remark.len, answer.remark.data);
	sorted = arena_alloc(&caller->arena, (answer.n_ext + 1) * sizeof *sorted);
	for (size_t i = 0; i < answer.n_ext; i++)
		sorted[i] = answer.ext[i];
	qsort(sorted, answer.n_ext, sizeof *sorted, by_key);
	for (size_t i = 0; i < answer.n_ext; i++)
		printf("ext.%.*s=%.*s\n", (int)sorted[i].key.len, sorted[i].key.data,
		    (int)sorted[i].value.len, sorted[i].value.data);
	printf("bytes=%zu\n", frame->body.len);
	print_body(caller, frame->body);
}

/* Takes "CODE key=value ..." up to "--"; returns how many words that were. */
static int
call(struct caller *caller, int n_words, char **words)
{
	struct command command = caller->command;
	struct ext ext[MAX_EXT];
	struct buf out = { 0 };
	int used = 1;

	command.code = (int32_t)strtol(words[0], NULL, 10);
	command.opaque = ++caller->command.opaque;
	command.flag = caller->oneway ? COMMAND_FLAG_ONEWAY : 0;
	for (; used < n_words && strcmp(words[used], "--") != 0; used++) {
		const char *equals = strchr(words[used], '=');

		if (equals == NULL || command.n_ext == MAX_EXT)
			die(2, "%s is no key=value, or one too many", words[used]);
		ext[command.n_ext++] = (struct ext){ { words[used], (size_t)(equals - words[used]) },
			slice_of(equals + 1) };
	}
	command.ext = command.n_ext != 0 ? ext : NULL;
	command_encode(&out, &command, caller->body, caller->body.len);
	write_all(caller->fd, buf_slice(&out));
	buf_release(&out);
	if (!caller->oneway) {
		struct frame frame = read_answer(caller);

		print_answer(caller, &frame);
		buf_drain(&caller->in, frame.size);
	}
	return used + (used < n_words);
}

static void
parse_flags(struct caller *caller, int argc, char **argv)
{
	int flag;

	while ((flag = getopt(argc, argv, "+b:B:v:l:xot:O:H")) != -1) {
		switch (flag) {
		case 'b':
			caller->body = read_file(&caller->arena, optarg);
			break;
		case 'B':
			caller->body = slice_of(optarg);
			break;
		case 'v':
			caller->command.version = (int32_t)strtol(optarg, NULL, 10);
			break;
		case 'l':
			caller->command.language = command_language_of(slice_of(optarg));
			break;
		case 'x':
			caller->command.codec = FRAME_BINARY;
			break;
		case 'o':
			caller->oneway = true;
			break;
		case 't':
			caller->timeout_ms = (int)strtol(optarg, NULL, 10);
			break;
		case 'O':
			caller->body_path = optarg;
			break;
		case 'H':
			caller->hold = true;
			break;
		default:
			exit(2);
		}
	}
}

static void
hold(struct caller *caller)
{
	char ignored[4096];

	puts("held");
	fflush(stdout);
	while (read(caller->fd, ignored, sizeof ignored) > 0)
		continue;
	puts("closed");
}

int
main(int argc, char **argv)
{
	struct caller caller = {
		.timeout_ms = 5000,
		.body = { "", 0 },
		.command = { .codec = FRAME_JSON, .language = LANGUAGE_JAVA, .version = COMMAND_VERSION },
	};
	int at;

	parse_flags(&caller, argc, argv);
	at = optind;
	if (argc - at < 2)
		die(2, "use: rawcall [flags] HOST:PORT CODE [key=value ...] [-- CODE ...]");
	caller.fd = connect_to(argv[at++]);
	while (at < argc)
		at += call(&caller, argc - at, argv + at);
	fflush(stdout);
	if (caller.hold)
		hold(&caller);
	close(caller.fd);
	buf_release(&caller.in);
	arena_release(&caller.arena);
	return 0;
}
