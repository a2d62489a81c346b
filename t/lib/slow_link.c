/*
 * slow_link DEVICE MS: reads packets from a tun device, which is there, and gives each back after
 * so many milliseconds, in their order. With a route into the device it is a slow network. Says
 * "ready"; until it is killed. Exit status: 2 when it cannot be.
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PACKET_MAX 65536
#define KEPT_MAX (64 << 20) /* bytes on their way; what is over is lost */

struct packet {
	struct packet *next;
	int64_t due_ms;
	size_t len;
	char data[];
};

struct link {
	int fd;
	int64_t delay_ms;
	struct packet *first, **last;
	size_t kept;
};

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
open_device(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (fd == -1 || ioctl(fd, TUNSETIFF, &request) == -1) {
		perror(name);
		exit(2);
	}
	return fd;
}

static void
take_packets(struct link *link)
{
	static char data[PACKET_MAX];
	ssize_t len;

	while ((len = read(link->fd, data, sizeof data)) > 0) {
		struct packet *packet;

		if (link->kept > KEPT_MAX)
			continue;
		packet = malloc(sizeof *packet + (size_t)len);
		if (packet == NULL)
			continue;
		packet->next = NULL;
		packet->due_ms = now_ms() + link->delay_ms;
		packet->len = (size_t)len;
		memcpy(packet->data, data, (size_t)len);
		*link->last = packet;
		link->last = &packet->next;
		link->kept += (size_t)len;
	}
}

/* A packet that the device does not take is lost, as on any link. */
static void
give_back(struct link *link)
{
	struct packet *packet;

	while ((packet = link->first) != NULL && packet->due_ms <= now_ms()) {
		if (write(link->fd, packet->data, packet->len) == -1 && errno != EAGAIN)
			perror("slow_link");
		link->first = packet->next;
		if (link->first == NULL)
			link->last = &link->first;
		link->kept -= packet->len;
		free(packet);
	}
}

int
main(int argc, char **argv)
{
	struct link link = { .last = &link.first };

	if (argc != 3) {
		fputs("usage: slow_link DEVICE MS\n", stderr);
		return 2;
	}
	link.fd = open_device(argv[1]);
	link.delay_ms = atoi(argv[2]);
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct pollfd wait = { .fd = link.fd, .events = POLLIN };
		int64_t left = link.first != NULL ? link.first->due_ms - now_ms() : -1;

		poll(&wait, 1, link.first != NULL && left < 0 ? 0 : (int)left);
		take_packets(&link);
		give_back(&link);
	}
}
