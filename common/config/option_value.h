#ifndef COMMON_OPTION_VALUE_H
#define COMMON_OPTION_VALUE_H

/*
 * One value of one option: checks it, stores it in the settings, copies it. For option.c, which
 * knows sets of options; this side knows no set. One thread.
 */

#include "common/config/option.h"

/* Where a value was read, for diagnostics about it. */
struct option_place {
	struct diagnostics *diagnostics;
	const char *file;
	int line;
	struct slice name;                  /* as it was written */
	enum severity unknown_key_severity; /* of a name that is no key */
};

void option_report(const struct option_place *place, enum severity level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Checks the value and stores it. 0, or -1 after an error was reported. */
int option_store(const struct option *option, void *settings, struct slice value,
    const struct option_place *place);
void option_copy_value(const struct option *option, void *to, const void *from);
void option_unset(const struct option *option, void *settings);

#endif
