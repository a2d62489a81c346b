#ifndef COMMON_LOG_H
#define COMMON_LOG_H

/*
 * The log: one event a line, "event key=value key=value", written with one
 * write(2). Lines go to stderr; under journald (a JOURNAL_STREAM in the
 * environment) with the <n> prefix that it reads, else with a time stamp.
 * Never stdout: that belongs to results. The function that decides logs, once;
 * code below it returns. Any thread.
 *
 * A line may quote what a peer sent. So control characters in it are written
 * as \n or \xNN, and at most LOG_LINES_PER_SECOND lines of one kind (one
 * format) are written a second. A line of its own then says how many were
 * suppressed. Debug lines and fatal errors have no limit.
 */

#include <stdbool.h>
#include <stdint.h>

#define LOG_LINES_PER_SECOND 200

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/*
 * Names the program (lent, it must last) and sets what is written. Before the
 * threads start. Lines before that are written as at LOG_LEVEL_INFO.
 */
void log_init(const char *program, enum log_level level);
/* Sends stderr to a file that is created and appended to; 0, or -1 and errno. */
int log_to_file(const char *path);
bool log_wants(enum log_level level);
/* Lines that were not written since the start, as there were too many of their kind. */
uint64_t log_suppressed(void);
/* Says now which lines were suppressed lately; the next line would say it otherwise. */
void log_report_suppressed(void);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* For a broken invariant or a start that cannot go on: the line, then exit status 1. */
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
