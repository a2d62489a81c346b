#include "config.h"

#include "common/base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static const char *program_name = "twinmq";
static enum log_level max_level = LOG_LEVEL_INFO;
static bool under_journal;

void
log_init(const char *program, enum log_level level)
{
	program_name = program;
	max_level = level;
	under_journal = getenv("JOURNAL_STREAM") != NULL;
}

int
log_to_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

	if (fd == -1)
		return -1;
	if (dup2(fd, STDERR_FILENO) == -1) {
		close(fd);
		return -1;
	}
	close(fd);
	under_journal = false;
	return 0;
}

bool
log_wants(enum log_level level)
{
	return level <= max_level;
}

static size_t
put_prefix(char *line, size_t size, enum log_level level)
{
	static const int journal_levels[] = { 3, 4, 6, 7 };
	struct timespec now;
	struct tm tm;
	int len;

	if (under_journal) {
		len = snprintf(line, size, "<%d>%s: ", journal_levels[level], program_name);
		return (size_t)len;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	size_t at = strftime(line, size, "%Y-%m-%d %H:%M:%S", &tm);
	len = snprintf(line + at, size - at, ".%03ld %s[%d] %s: ", now.tv_nsec / 1000000,
	    program_name, (int)getpid(), level_names[level]);
	return at + (size_t)len;
}

static void __attribute__((format(printf, 2, 0)))
put_line(enum log_level level, const char *format, va_list args)
{
	char line[LINE_MAX_BYTES];
	size_t at = put_prefix(line, sizeof line, level);
	int len = vsnprintf(line + at, sizeof line - at - 1, format, args);

	if (len < 0)
		return;
	at += (size_t)len;
	if (at > sizeof line - 2)
		at = sizeof line - 2;
	line[at++] = '\n';
	if (write(STDERR_FILENO, line, at) == -1)
		return; /* nowhere left to say so */
}

#define LOG_BODY(level)                                                                            \
	va_list args;                                                                              \
	va_start(args, format);                                                                    \
	if (log_wants(level))                                                                      \
		put_line(level, format, args);                                                     \
	va_end(args)

void
log_error(const char *format, ...)
{
	LOG_BODY(LOG_LEVEL_ERROR);
}

void
log_warn(const char *format, ...)
{
	LOG_BODY(LOG_LEVEL_WARN);
}

void
log_info(const char *format, ...)
{
	LOG_BODY(LOG_LEVEL_INFO);
}

void
log_debug(const char *format, ...)
{
	LOG_BODY(LOG_LEVEL_DEBUG);
}

void
fatal(const char *format, ...)
{
	LOG_BODY(LOG_LEVEL_ERROR);
	exit(1);
}
