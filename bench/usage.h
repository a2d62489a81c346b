#ifndef BENCH_USAGE_H
#define BENCH_USAGE_H

/* What processes used, from /proc. Sums over all that are given. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct usage {
	double user_s, system_s;
	int64_t anonymous_bytes, file_bytes; /* resident now */
	int64_t written_bytes;               /* that were to reach the disk */
	bool has_written;                    /* who may not read /proc/PID/io does not know it */
};

/* 0, or -1 when one of them is not there. */
int usage_of(const pid_t *pids, size_t n, struct usage *usage);
/* Of this process. */
struct usage usage_of_self(void);

#endif
