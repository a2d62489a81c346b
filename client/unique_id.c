#include "config.h"

#include "client/unique_id.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "client/twinmq.h"
#include "common/base/clock.h"
#include "common/base/wire.h"

#define RAW_BYTES (UNIQUE_ID_LEN / 2)

/* The constant part in this thread: address (4), pid (2), a random number (4). */
static _Thread_local uint8_t prefix[10];
static _Thread_local pid_t prefix_pid; /* a forked child makes its own */
static _Thread_local int64_t month_begin_ms, month_end_ms;
static _Atomic uint32_t counter;

/* The first address beyond loopback, else 127.0.0.1. */
static uint32_t
own_address(void)
{
	struct ifaddrs *list;
	uint32_t address = htonl(INADDR_LOOPBACK);

	if (getifaddrs(&list) == -1)
		return address;
	for (const struct ifaddrs *one = list; one != NULL; one = one->ifa_next) {
		struct sockaddr_in in;

		if (one->ifa_addr == NULL || one->ifa_addr->sa_family != AF_INET ||
		    (one->ifa_flags & IFF_LOOPBACK) != 0)
			continue;
		memcpy(&in, one->ifa_addr, sizeof in);
		address = in.sin_addr.s_addr;
		break;
	}
	freeifaddrs(list);
	return address;
}

static void
make_prefix(pid_t pid)
{
	uint32_t address = own_address(), start;

	if (getrandom(&start, sizeof start, 0) != sizeof start)
		start = (uint32_t)clock_mono_us();
	memcpy(prefix, &address, sizeof address);
	be16_put(prefix + 4, (uint16_t)pid);
	memcpy(prefix + 6, &start, sizeof start);
	prefix_pid = pid;
}

static int64_t
month_start(struct tm tm)
{
	tm.tm_mday = 1;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * 1000;
}

/* ms since the local month began; tools decode it so. */
static uint32_t
month_ms(int64_t now_ms)
{
	if (now_ms < month_begin_ms || now_ms >= month_end_ms) {
		time_t seconds = (time_t)(now_ms / 1000);
		struct tm tm;

		localtime_r(&seconds, &tm);
		month_begin_ms = month_start(tm);
		tm.tm_mon++;
		month_end_ms = month_start(tm);
	}
	return (uint32_t)(now_ms - month_begin_ms);
}

void
unique_id_make(char id[static UNIQUE_ID_LEN + 1])
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t raw[RAW_BYTES];

	if (prefix_pid != getpid())
		make_prefix(getpid());
	memcpy(raw, prefix, sizeof prefix);
	be32_put(raw + 10, month_ms(clock_wall_ms()));
	be16_put(raw + 14, (uint16_t)atomic_fetch_add(&counter, 1));
	for (size_t i = 0; i < sizeof raw; i++) {
		id[2 * i] = digits[raw[i] >> 4];
		id[2 * i + 1] = digits[raw[i] & 15];
	}
	id[UNIQUE_ID_LEN] = '\0';
}

void
client_id_make(char id[static CLIENT_ID_LEN + 1])
{
	static _Atomic uint32_t n_made;
	uint32_t address = own_address();
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &address, text, sizeof text);
	snprintf(id, CLIENT_ID_LEN + 1, "%s@%d#%jd#%u", text, (int)getpid(),
	    (intmax_t)clock_mono_us(), (unsigned)atomic_fetch_add(&n_made, 1));
}
