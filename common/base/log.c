#include "config.h"

#include "common/base/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/utf8.h"

#define LINE_MAX_BYTES 2048
#define KINDS 1024 /* a power of two, and more than there are formats */

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static const char *program_name = "twinmq";
static enum log_level max_level = LOG_LEVEL_INFO;
static bool under_journal;

/* Lines of one format. */
struct kind {
	const char *format; /* NULL: the slot is free */
	enum log_level level;
	int64_t second; /* of the monotonic clock */
	int n_lines;    /* written in that second */
	uint64_t n_suppressed;
};

static struct {
	pthread_mutex_t lock;
	struct kind kinds[KINDS];
	size_t n_kinds;
	size_t n_quiet; /* kinds with suppressed lines that nobody was told of */
	uint64_t n_suppressed;
} limiter = { .lock = PTHREAD_MUTEX_INITIALIZER };

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

/* One that shows as such: no control character, U+0080 to U+009F among them. */
static bool
is_visible(const char *at, size_t n)
{
	unsigned char c = (unsigned char)at[0];

	return n > 1 ? c != 0xC2 || (unsigned char)at[1] >= 0xA0 : n == 1 && c >= ' ' && c != 0x7f;
}

/* Writes text as far as there is room, with control characters and what is no UTF-8 escaped. */
static size_t
put_escaped(char *line, size_t size, const char *text, size_t len)
{
	size_t at = 0;

	for (size_t i = 0, n; i < len && at + 4 < size; i += n) {
		n = utf8_character((struct slice){ text + i, len - i });
		if (is_visible(text + i, n)) {
			memcpy(line + at, text + i, n);
			at += n;
			continue;
		}
		n = 1;
		if (text[i] == '\n')
			at += (size_t)snprintf(line + at, size - at, "\\n");
		else
			at += (size_t)snprintf(
			    line + at, size - at, "\\x%02x", (unsigned char)text[i]);
	}
	return at;
}

static void __attribute__((format(printf, 2, 0)))
put_line(enum log_level level, const char *format, va_list args)
{
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES];
	size_t at = put_prefix(line, sizeof line, level);
	int len = vsnprintf(text, sizeof text, format, args);

	if (len < 0)
		return;
	if ((size_t)len > sizeof text - 1)
		len = sizeof text - 1;
	at += put_escaped(line + at, sizeof line - at - 1, text, (size_t)len);
	line[at++] = '\n';
	if (write(STDERR_FILENO, line, at) == -1)
		return; /* nowhere left to say so */
}

static void __attribute__((format(printf, 2, 3)))
put_unlimited(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_line(level, format, args);
	va_end(args);
}

/* ---- too many of a kind ---- */

static int64_t
monotonic_second(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

/* NULL: there is no slot left, so the kind has no limit. */
static struct kind *
find_kind(const char *format)
{
	size_t at = ((uintptr_t)format * 0x9e3779b97f4a7c15u >> 20) & (KINDS - 1);

	while (limiter.kinds[at].format != NULL && limiter.kinds[at].format != format)
		at = (at + 1) & (KINDS - 1);
	if (limiter.kinds[at].format == NULL) {
		if (limiter.n_kinds == KINDS - 1)
			return NULL;
		limiter.n_kinds++;
		limiter.kinds[at].format = format;
	}
	return &limiter.kinds[at];
}

/* The event: what stands before the first key=value. */
static int
event_length(const char *format)
{
	size_t len = strcspn(format, "=");

	if (format[len] == '=')
		while (len > 0 && format[len - 1] != ' ')
			len--;
	while (len > 0 && format[len - 1] == ' ')
		len--;
	return (int)len;
}

static void
report(struct kind *kind)
{
	put_unlimited(kind->level,
	    "lines of one kind were suppressed count=%" PRIu64
	    " limit_per_second=%d event=\"%.*s\"",
	    kind->n_suppressed, LOG_LINES_PER_SECOND, event_length(kind->format), kind->format);
	kind->n_suppressed = 0;
	limiter.n_quiet--;
}

static void
report_before(int64_t second)
{
	for (size_t i = 0; i < KINDS && limiter.n_quiet != 0; i++)
		if (limiter.kinds[i].n_suppressed != 0 && limiter.kinds[i].second < second)
			report(&limiter.kinds[i]);
}

/* Whether the line may be written. */
static bool
allow(enum log_level level, const char *format)
{
	int64_t second = monotonic_second();
	struct kind *kind;
	bool allowed;

	if (level == LOG_LEVEL_DEBUG)
		return true;
	pthread_mutex_lock(&limiter.lock);
	report_before(second);
	kind = find_kind(format);
	if (kind != NULL && kind->second != second) {
		kind->second = second;
		kind->n_lines = 0;
		kind->level = level;
	}
	allowed = kind == NULL || kind->n_lines < LOG_LINES_PER_SECOND;
	if (kind != NULL && allowed) {
		kind->n_lines++;
	} else if (!allowed) {
		limiter.n_quiet += kind->n_suppressed++ == 0;
		limiter.n_suppressed++;
	}
	pthread_mutex_unlock(&limiter.lock);
	return allowed;
}

void
log_report_suppressed(void)
{
	pthread_mutex_lock(&limiter.lock);
	report_before(INT64_MAX);
	pthread_mutex_unlock(&limiter.lock);
}

uint64_t
log_suppressed(void)
{
	uint64_t n;

	pthread_mutex_lock(&limiter.lock);
	n = limiter.n_suppressed;
	pthread_mutex_unlock(&limiter.lock);
	return n;
}

/* ---- levels ---- */

#define LOG_BODY(level)                                                                            \
	va_list args;                                                                              \
	va_start(args, format);                                                                    \
	if (log_wants(level) && allow(level, format))                                              \
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
	va_list args;

	log_report_suppressed();
	va_start(args, format);
	put_line(LOG_LEVEL_ERROR, format, args);
	va_end(args);
	exit(1);
}
