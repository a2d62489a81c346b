/*
 * crowd: many connections that do not behave, for shell tests.
 *
 *   crowd [-a ADDRESS] [-n CONNECTIONS] [-r TIMES] [-b FILE] HOST:PORT [CODE [key=value ...]]
 *
 * Opens the connections, from ADDRESS if one is given, sends the request, or the
 * bytes of the FILE, TIMES times on each (none without CODE) and reads nothing; a
 * connection that the peer does not read is left at that. Then a line "held", and
 * a line "open=N" whenever the number of connections that the peer has not
 * closed changes. Goes on until it is killed or none is open. Exit status: 0,
 * or 2 for wrong use.
 */

#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/net/resolve.h"
#include "common/protocol/command.h"

#define MAX_EXT 16
#define LOOK_MS 50

struct crowd {
	const char *from; /* NULL: any address */
	int n, times;
	int *fds; /* -1: the peer closed it */
	struct buf bytes;
	bool may_stop; /* what the peer does not read is not sent */
};

static void __attribute__((noreturn)) use(void)
{
	fputs("use: crowd [-a ADDRESS] [-n CONNECTIONS] [-r TIMES] [-b FILE] HOST:PORT [CODE "
	      "[key=value ...]]\n",
	    stderr);
	exit(2);
}

static void
compose(struct crowd *crowd, int n_words, char **words)
{
	struct command command = { .codec = FRAME_JSON, .version = 407, .language = 0 };
	struct ext ext[MAX_EXT];

	if (n_words == 0)
		return;
	command.code = (int32_t)strtol(words[0], NULL, 10);
	for (int i = 1; i < n_words && i <= MAX_EXT; i++) {
		const char *equals = strchr(words[i], '=');

		if (equals == NULL)
			use();
		ext[command.n_ext++] =
		    (struct ext){ { words[i], (size_t)(equals - words[i]) }, slice_of(equals + 1) };
	}
	command.ext = ext;
	for (int i = 0; i < crowd->times; i++) {
		command.opaque = i;
		command_encode(&crowd->bytes, &command, SLICE(""), 0);
	}
}

/* The content of the file, so many times. */
static void
take_file(struct crowd *crowd, const char *path)
{
	FILE *file = fopen(path, "r");
	char piece[4096];
	size_t n;

	if (file == NULL)
		use();
	while ((n = fread(piece, 1, sizeof piece, file)) > 0)
		buf_append(&crowd->bytes, piece, n);
	fclose(file);
	for (size_t len = crowd->bytes.len, i = 1; i < (size_t)crowd->times; i++)
		for (size_t at = 0; at < len; at++)
			buf_append_char(&crowd->bytes, crowd->bytes.data[at]);
}

/* A connection that the peer may have refused by now; -1: it could not be made. */
static int
join(const struct crowd *crowd, const struct sockaddr_storage *to, socklen_t len)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (crowd->from != NULL && (inet_pton(AF_INET, crowd->from, &from.sin_addr) != 1 ||
				       bind(fd, (struct sockaddr *)&from, sizeof from) == -1))
		use();
	if (connect(fd, (const struct sockaddr *)to, len) == -1) {
		close(fd);
		return -1;
	}
	for (size_t sent = 0; sent < crowd->bytes.len;) {
		ssize_t n = send(fd, crowd->bytes.data + sent, crowd->bytes.len - sent,
		    MSG_NOSIGNAL | (crowd->may_stop ? MSG_DONTWAIT : 0));

		if (n == -1)
			break;
		sent += (size_t)n;
	}
	return fd;
}

static int
count_open(struct crowd *crowd)
{
	int open = 0;

	for (int i = 0; i < crowd->n; i++) {
		struct pollfd one = { .fd = crowd->fds[i], .events = POLLRDHUP };

		if (one.fd == -1)
			continue;
		if (poll(&one, 1, 0) == 1 && one.revents != 0) {
			close(crowd->fds[i]);
			crowd->fds[i] = -1;
			continue;
		}
		open++;
	}
	return open;
}

static void
hold(struct crowd *crowd)
{
	int before = -1, open;

	puts("held");
	do {
		open = count_open(crowd);
		if (open != before)
			printf("open=%d\n", open);
		before = open;
		fflush(stdout);
		poll(NULL, 0, LOOK_MS);
	} while (open > 0);
}

int
main(int argc, char **argv)
{
	struct crowd crowd = { .n = 1, .times = 1 };
	struct rlimit files;
	struct sockaddr_storage to;
	socklen_t len;
	const char *why, *file = NULL;
	int flag;

	while ((flag = getopt(argc, argv, "+a:b:n:r:")) != -1) {
		if (flag == 'a')
			crowd.from = optarg;
		else if (flag == 'b')
			file = optarg;
		else if (flag == 'n')
			crowd.n = (int)strtol(optarg, NULL, 10);
		else if (flag == 'r')
			crowd.times = (int)strtol(optarg, NULL, 10);
		else
			use();
	}
	if (optind == argc || resolve(argv[optind], true, &to, &len, &why) == -1)
		use();
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (file != NULL) {
		take_file(&crowd, file);
		crowd.may_stop = true;
	}
	compose(&crowd, argc - optind - 1, argv + optind + 1);
	crowd.fds = mem_alloc((size_t)crowd.n * sizeof *crowd.fds);
	for (int i = 0; i < crowd.n; i++)
		crowd.fds[i] = join(&crowd, &to, len);
	hold(&crowd);
	free(crowd.fds);
	buf_release(&crowd.bytes);
	return 0;
}
