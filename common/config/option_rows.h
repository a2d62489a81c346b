#ifndef COMMON_OPTION_ROWS_H
#define COMMON_OPTION_ROWS_H

/*
 * Words for the rows of an option table. OPTION_SETTINGS is the struct whose
 * members the rows fill. Only the file that holds a table includes this.
 */

#include <stddef.h>

#include "common/base/log.h"
#include "common/config/option.h"

/* The words of logLevel, in order of enum log_level. */
static const char *const log_levels[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
	NULL,
};

/* One row: key, member, default, (least, most, unit,) the manual's sentence, then .flags. */
#define ROW(key, kind, member, standard, about, ...)                                               \
	{                                                                                          \
		.name = key, .type = kind, .offset = offsetof(OPTION_SETTINGS, member),            \
		.default_value = standard, .help = about, __VA_ARGS__                              \
	}
#define TEXT(key, member, standard, about, ...)                                                    \
	ROW(key, OPTION_TEXT, member, standard, about, __VA_ARGS__)
#define SWITCH(key, member, standard, about, ...)                                                  \
	ROW(key, OPTION_BOOL, member, standard, about, __VA_ARGS__)
#define NUMBER(key, member, standard, least, most, of, about, ...)                                 \
	ROW(key, OPTION_INT, member, standard, about, .min = least, .max = most, .unit = of,       \
	    __VA_ARGS__)
#define CHOICE(key, member, standard, words, about, ...)                                           \
	ROW(key, OPTION_ENUM, member, standard, about, .choices = words, __VA_ARGS__)
#define ALIAS(key, of)                                                                             \
	{                                                                                          \
		.name = key, .type = OPTION_ALIAS, .alias_of = of,                                 \
		.help = "an older spelling of " of                                                 \
	}
#define WRONG(key, of, about)                                                                      \
	{                                                                                          \
		.name = key, .type = OPTION_WRONG, .alias_of = of, .help = about                   \
	}
#define IGNORED(key, why)                                                                          \
	{                                                                                          \
		.name = key, .type = OPTION_IGNORED, .help = why                                   \
	}
#define LIVE .flags = OPTION_LIVE
#define FILE_ONLY .flags = OPTION_FILE_ONLY

#endif
