#include "config.h"

#include "broker/store/sqlite/trick.h"

#include <stddef.h>

#include "common/base/slice.h"

static const struct {
	const char *name;
	enum trick trick;
} names[] = {
	{ "coalesce", TRICK_COALESCE },
	{ "extend", TRICK_EXTEND },
	{ "recycle", TRICK_RECYCLE },
	{ "first-sync", TRICK_FIRST_SYNC },
	{ "steps", TRICK_STEPS },
	{ "keep-locks", TRICK_KEEP_LOCKS },
	{ "write-back", TRICK_WRITE_BACK },
};

int
tricks_parse(const char *list, unsigned *tricks)
{
	struct slice rest = slice_of(list);

	*tricks = 0;
	for (struct slice name; slice_next(&rest, ',', &name);) {
		size_t i = 0;

		if (name.len == 0)
			continue;
		while (i < sizeof names / sizeof names[0] && !slice_is(name, names[i].name))
			i++;
		if (i == sizeof names / sizeof names[0])
			return -1;
		*tricks |= names[i].trick;
	}
	return 0;
}
