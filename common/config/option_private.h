#ifndef COMMON_OPTION_PRIVATE_H
#define COMMON_OPTION_PRIVATE_H

/* Between the option_*.c files. */

#include "common/config/option.h"

/* Where a value stands, for what is said about it. */
struct option_place {
	struct diagnostics *diagnostics;
	const char *file;
	int line;
	struct slice name;                  /* as it was written */
	enum severity unknown_key_severity; /* what a name that is no key is here */
};

void option_report(const struct option_place *place, enum severity level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Checks the value and stores it. 0, or -1 after an error was said. */
int option_store(const struct option *option, void *settings, struct slice value,
    const struct option_place *place);
void option_copy_value(const struct option *option, void *to, const void *from);
void option_unset(const struct option *option, void *settings);

#endif
