#ifndef BENCH_USAGE_H
#define BENCH_USAGE_H

/* CPU, memory and writes of processes, from /proc; sums over all given processes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct usage {
	double user_s, system_s;
	int64_t anonymous_bytes, file_bytes; /* resident now */
	int64_t written_bytes;               /* to disks, also those still cached */
	bool has_written;                    /* false: /proc/PID/io may not be read */
};

/* 0, or -1 when a process is gone. */
int usage_of(const pid_t *pids, size_t n, struct usage *usage);
/* Of this process. */
struct usage usage_of_self(void);

#endif
