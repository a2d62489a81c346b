/*
 * url_server: an HTTP server that answers as badly as it is asked to, for the tests of URLs
 * that are asked about transactions. Prints its port, and then each request line.
 *
 *   /commit /rollback /unknown   the word, with 200
 *   /maybe                       another word
 *   /500 /redirect               these statuses; /redirect leads to /commit
 *   /long                        a megabyte
 *   /garbage                     no HTTP
 *   /close                       nothing, and the end
 *   /hang                        nothing, for ever
 *   /drip                        a good answer, one byte each 100 ms
 */

#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LONG_BYTES (1 << 20)

static void
put(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n <= 0)
			_exit(0);
		text += n;
		len -= (size_t)n;
	}
}

static void
reply(int fd, int status, const char *more, const char *body)
{
	char text[512];
	int len = snprintf(text, sizeof text,
	    "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status, more,
	    strlen(body), body);

	put(fd, text, (size_t)len);
}

static void
reply_long(int fd)
{
	static char body[LONG_BYTES + 1];

	memset(body, 'x', LONG_BYTES);
	put(fd, "HTTP/1.1 200 OK\r\n\r\n", strlen("HTTP/1.1 200 OK\r\n\r\n"));
	put(fd, body, LONG_BYTES);
}

static void
drip(int fd)
{
	const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncommit";

	for (; *text != '\0'; text++) {
		put(fd, text, 1);
		usleep(100000);
	}
}

static void
serve(int fd)
{
	char request[4096];
	size_t len = 0;
	char path[64] = "";

	while (len < sizeof request - 1) {
		ssize_t n = read(fd, request + len, sizeof request - 1 - len);

		if (n <= 0)
			_exit(0);
		len += (size_t)n;
		request[len] = '\0';
		if (strstr(request, "\r\n\r\n") != NULL)
			break;
	}
	printf("%.*s\n", (int)strcspn(request, "\r\n"), request);
	fflush(stdout);
	sscanf(request, "GET /%63[a-z0-9]", path);
	if (strcmp(path, "500") == 0)
		reply(fd, 500, "", "commit");
	else if (strcmp(path, "redirect") == 0)
		reply(fd, 302, "Location: /commit\r\n", "commit");
	else if (strcmp(path, "long") == 0)
		reply_long(fd);
	else if (strcmp(path, "garbage") == 0)
		put(fd, "commit\r\n\r\ncommit", 16);
	else if (strcmp(path, "drip") == 0)
		drip(fd);
	else if (strcmp(path, "hang") == 0)
		pause();
	else if (strcmp(path, "close") != 0)
		reply(fd, 200, "", path);
}

int
main(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	signal(SIGCHLD, SIG_IGN);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener == -1 || bind(listener, (struct sockaddr *)&address, sizeof address) == -1 ||
	    listen(listener, 1024) == -1 ||
	    getsockname(listener, (struct sockaddr *)&address, &len) == -1) {
		perror("url_server");
		return 1;
	}
	printf("port=%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd == -1)
			continue;
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL); /* some hang for ever */
			close(listener);
			serve(fd);
			_exit(0);
		}
		close(fd);
	}
}
