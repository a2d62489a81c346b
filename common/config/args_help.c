#include "config.h"

#include "common/config/args.h"

#include <stdio.h>

#include "common/config/option.h" /* its struct option is not getopt's, so this is a file of its own */

#define LEFT_BYTES 80

void
args_print_help(const struct flag *flags, struct buf *out)
{
	for (; flags->letter != 0; flags++) {
		char left[LEFT_BYTES];

		snprintf(left, sizeof left, "-%c, --%s %s", flags->letter, flags->name,
		    flags->type != FLAG_SWITCH ? flags->value : "");
		buf_printf(out, "  %-38s  %s%s%s\n", left, flags->help,
		    (flags->need & FLAG_WORD) != 0 ? "; may stand alone" : "",
		    (flags->need & FLAG_REQUIRED) != 0 ? " (required)"
		    : (flags->need & FLAG_ONE_OF) != 0 ? " (one of these is required)"
						       : "");
	}
}

const char *
args_nearest(const char *word, const char *const *names)
{
	return option_nearest_word(names, slice_of(word));
}
