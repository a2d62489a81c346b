#ifndef COMMON_OPTION_H
#define COMMON_OPTION_H

/*
 * Settings as data. The table of a daemon has a row for each key: type, range,
 * default, the member of the settings struct, whether the value may change while
 * running, and its sentence in the manual. The parser, -p, getBrokerConfig,
 * updateBrokerConfig and the test of the manual page read this table. Tables
 * end with name == NULL. Settings are loaded before the threads start.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/slice.h"
#include "common/config/diagnostic.h"

enum option_type {
	OPTION_TEXT,      /* char *, owned by the settings; NULL: unset */
	OPTION_BOOL,      /* bool */
	OPTION_INT,       /* int64_t within min .. max */
	OPTION_ENUM,      /* int: index into choices */
	OPTION_ADDRESSES, /* char *: host:port list; ; and , and blanks separate, kept with ; */
	/* The rest have no value of their own. */
	OPTION_IGNORED, /* a key of RocketMQ that has no effect here; `help` says why */
	OPTION_ALIAS,   /* another spelling; `alias_of` is the row that counts, silently */
	OPTION_WRONG,   /* written by many, known to no RocketMQ: a warning with `help`; the value
	                   goes to `alias_of` if that is given */
};

#define OPTION_LIVE 1u      /* updateBrokerConfig and SIGHUP apply it at once */
#define OPTION_FILE_ONLY 2u /* never over the network (paths, addresses) */

struct option {
	const char *name;
	enum option_type type;
	size_t offset;              /* into the settings struct */
	const char *default_value;  /* as it would stand in a file; NULL: none */
	int64_t min, max;           /* OPTION_INT; both 0: any */
	const char *const *choices; /* OPTION_ENUM: names, NULL at the end */
	const char *unit;           /* "ms", "bytes", "hours"; NULL: none */
	unsigned flags;
	const char *alias_of;
	const char *help; /* one sentence; for ignored keys: the reason */
};

/* Where the value of a setting came from. */
enum option_origin {
	ORIGIN_DEFAULT,
	ORIGIN_FILE,
	ORIGIN_ARGUMENT,
	ORIGIN_LIVE,
};

struct option_set {
	const struct option *options;
	void *settings;              /* the struct that the offsets refer to */
	enum option_origin *origins; /* one per row */
	int *lines;                  /* of the file, for those that it set */
};

/* Fills the settings with the defaults. */
void option_set_init(struct option_set *set, const struct option *options, void *settings);
void option_set_release(struct option_set *set);
/*
 * Reads an ini file (sections[] lists the section names whose keys are ours,
 * NULL at the end; keys before any section are ours too) or a RocketMQ
 * properties file: told apart by a [section] line. Diagnostics are added; the
 * usable keys are set. 0, or -1 when the file cannot be read (one
 * diagnostic says why). The path is lent to the diagnostics.
 */
int option_load_file(struct option_set *set, const char *path, const char *const *sections,
    struct diagnostics *diagnostics);
/* The same for the content of such a file; `file` is its name in diagnostics. */
int option_load_text(struct option_set *set, struct slice text, const char *file,
    const char *const *sections, struct diagnostics *diagnostics);
/* The pairs of properties, as in the body of updateBrokerConfig. */
typedef void option_pair_fn(void *arg, struct slice name, struct slice value, int line);
void option_read_properties(struct slice text, option_pair_fn *take, void *arg);
/*
 * Sets one value from anywhere. 0, or -1 and an error among the diagnostics. A
 * name that is no key is an error but in a file, where it is a warning.
 */
int option_assign(struct option_set *set, struct slice name, struct slice value,
    enum option_origin origin, struct diagnostics *diagnostics, const char *file, int line);
/* Copies one value from another set of the same table. */
void option_copy(struct option_set *to, const struct option_set *from, const struct option *option,
    enum option_origin origin);
/* The value as it would stand in a file; "" for an unset text. Into the arena. */
struct slice option_value(
    const struct option_set *set, const struct option *option, struct arena *arena);
/* The row of exactly this name. */
const struct option *option_find(const struct option *options, struct slice name);
/* The row that holds the value for this name, through aliases. NULL: none. */
const struct option *option_resolve(const struct option *options, struct slice name);
/* The row with the most similar name. NULL: none is similar enough to be meant. */
const struct option *option_suggest(const struct option *options, struct slice name);
/* The most similar of the words, which end with NULL. NULL: none is similar. */
const char *option_nearest_word(const char *const *words, struct slice word);
bool option_holds_value(const struct option *option);
enum option_origin option_origin_of(const struct option_set *set, const struct option *option);
/* "key=value\n" for each setting; important_only: for those that differ from the default. */
void option_print(const struct option_set *set, struct buf *out, bool important_only);

#endif
