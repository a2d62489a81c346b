#include "config.h"

#include "bench/usage.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/slice.h"

#define TEXT_MAX 8192

/* 0, or -1; the text ends in NUL. */
static int
read_proc(pid_t pid, const char *file, char text[static TEXT_MAX])
{
	char path[64];
	FILE *in;
	size_t n;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	in = fopen(path, "re");
	if (in == NULL)
		return -1;
	n = fread(text, 1, TEXT_MAX - 1, in);
	text[n] = '\0';
	fclose(in);
	return n != 0 ? 0 : -1;
}

/* The number behind "name:"; 0 when there is none. */
static int64_t
number_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	long long number = 0;

	if (at == NULL || sscanf(at + strlen(name), " %lld", &number) != 1)
		return 0;
	return number;
}

static int
add_cpu(pid_t pid, struct usage *usage)
{
	char text[TEXT_MAX];
	unsigned long user, system;
	double per_s = (double)sysconf(_SC_CLK_TCK);
	const char *at;

	if (read_proc(pid, "stat", text) == -1)
		return -1;
	/* The name before it may contain blanks and brackets. */
	at = strrchr(text, ')');
	if (at == NULL || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			      &user, &system) != 2)
		return -1;
	usage->user_s += (double)user / per_s;
	usage->system_s += (double)system / per_s;
	return 0;
}

static int
add_one(pid_t pid, struct usage *usage)
{
	char text[TEXT_MAX];

	if (add_cpu(pid, usage) == -1 || read_proc(pid, "status", text) == -1)
		return -1;
	usage->anonymous_bytes += 1024 * number_of(text, "RssAnon:");
	usage->file_bytes += 1024 * (number_of(text, "RssFile:") + number_of(text, "RssShmem:"));
	if (read_proc(pid, "io", text) == 0)
		usage->written_bytes += number_of(text, "write_bytes:");
	else
		usage->has_written = false;
	return 0;
}

int
usage_of(const pid_t *pids, size_t n, struct usage *usage)
{
	*usage = (struct usage){ .has_written = true };
	for (size_t i = 0; i < n; i++)
		if (add_one(pids[i], usage) == -1)
			return -1;
	return 0;
}

struct usage
usage_of_self(void)
{
	pid_t pid = getpid();
	struct usage usage;

	if (usage_of(&pid, 1, &usage) == -1)
		return (struct usage){ 0 };
	return usage;
}
