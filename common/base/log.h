#ifndef COMMON_LOG_H
#define COMMON_LOG_H

/*
 * The log: one event a line, "event key=value key=value", written with one
 * write(2), so threads need no lock. Lines go to stderr; under journald (a
 * JOURNAL_STREAM in the environment) with the <n> prefix that it reads, else with a time
 * stamp. The one who decides logs, once; code below it returns. Never stdout:
 * that belongs to results.
 */

#include <stdbool.h>

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

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A broken promise or a start that cannot go on: the line, then exit status 1. */
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
