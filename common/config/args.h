#ifndef COMMON_ARGS_H
#define COMMON_ARGS_H

/*
 * Command-line flags as data. The parser, the help text and the test of the
 * manual page read the table of a command. A flag has one letter and one long
 * name, as in RocketMQ's tools.
 */

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

enum flag_type {
	FLAG_SWITCH, /* takes no value */
	FLAG_TEXT,
	FLAG_INT,  /* decimal, within min .. max (both 0: any) */
	FLAG_BOOL, /* true or false */
	FLAG_TIME, /* ms since 1970, "now", or yyyy-MM-dd#HH:mm:ss:SSS in local time */
	FLAG_PERM, /* 2, 4, 6 or W, R, RW */
};

#define FLAG_REQUIRED 1u
#define FLAG_ONE_OF 2u /* at least one of the rows that are marked so */
#define FLAG_WORD 4u   /* its value may stand alone, without the flag; one row at most */
#define FLAG_EMPTY 8u  /* FLAG_TEXT: required, but the value may be blank */
/* For the console; a command line does not care. */
#define FLAG_LOCAL 16u  /* of use on the caller's machine only: files, endless output */
#define FLAG_WRITES 32u /* with it, a command that looks changes something */

struct flag {
	char letter; /* the table ends at 0 */
	const char *name;
	enum flag_type type;
	const char *value; /* the name of the value in -h */
	unsigned need;
	int64_t min, max;
	const char *help;
};

/* Values by letter; texts are lent from argv. */
struct args {
	const struct flag *flags;
	const char *values[CHAR_MAX + 1];
	int64_t numbers[CHAR_MAX + 1]; /* FLAG_INT, FLAG_TIME, FLAG_PERM; FLAG_BOOL: 0, 1 */
};

/*
 * Reads argv[1..] by the table and by `common`, which every command takes.
 * 0, or -1 and *error holds one line that says what is wrong. argv is permuted.
 */
int args_parse(struct args *args, const struct flag *flags, const struct flag *common, int argc,
    char **argv, struct buf *error);
/*
 * The same from names and values: args_set for each, then args_check. The value is lent, and has
 * the text of a command line; that of a FLAG_SWITCH does not matter.
 */
int args_set(struct args *args, const struct flag *flag, const char *value, struct buf *error);
int args_check(const struct args *args, struct buf *error);
/* By its long name; NULL: none. */
const struct flag *args_flag(const struct flag *flags, const char *name);

bool args_has(const struct args *args, char letter);
/* NULL when it was not given. */
const char *args_text(const struct args *args, char letter);
int64_t args_number(const struct args *args, char letter, int64_t absent);

/* "  -t, --topic TOPIC        what it is (required)\n" for each row. */
void args_print_help(const struct flag *flags, struct buf *out);

/* The name in the NULL-terminated list that was most likely meant; NULL when none is near. */
const char *args_nearest(const char *word, const char *const *names);

#endif
