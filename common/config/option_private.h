#ifndef COMMON_OPTION_PRIVATE_H
#define COMMON_OPTION_PRIVATE_H

/* Between the option_*.c files. */

#include "common/config/option.h"

/* Where a value stands, for what is said about it. */
struct option_place {
	struct findings *findings;
	const char *file;
	int line;
	struct slice name;       /* as it was written */
	enum finding_level slip; /* what a name that is no key is here */
};

void option_say(const struct option_place *place, enum finding_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Checks the value and stores it. 0, or -1 after an error was said. */
int option_store(const struct option *option, void *settings, struct slice value,
    const struct option_place *place);
void option_copy_value(const struct option *option, void *to, const void *from);
void option_unset(const struct option *option, void *settings);

#endif
