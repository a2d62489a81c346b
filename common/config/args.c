#include "config.h"

#include "common/config/args.h"

#include <getopt.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/base/clock.h"

#define FLAGS_MAX 32

/* getopt's view of both tables. */
struct getopt_tables {
	struct option longs[FLAGS_MAX + 1];
	char shorts[2 * FLAGS_MAX + 2];
	size_t n_longs, n_shorts;
};

static void
add_flags(struct getopt_tables *tables, const struct flag *flags)
{
	for (; flags->letter != 0 && tables->n_longs < FLAGS_MAX; flags++) {
		bool takes_value = flags->type != FLAG_SWITCH;

		tables->longs[tables->n_longs++] = (struct option){ flags->name,
			takes_value ? required_argument : no_argument, NULL, flags->letter };
		tables->shorts[tables->n_shorts++] = flags->letter;
		if (takes_value)
			tables->shorts[tables->n_shorts++] = ':';
	}
}

static const struct flag *
find_flag(const struct flag *flags, const struct flag *common, int letter)
{
	for (; flags->letter != 0; flags++)
		if (flags->letter == letter)
			return flags;
	for (; common->letter != 0; common++)
		if (common->letter == letter)
			return common;
	return NULL;
}

static int
parse_int(const struct flag *flag, const char *text, int64_t *number, struct buf *error)
{
	int64_t value;

	if (slice_to_int64(slice_trim(slice_of(text)), &value) == -1) {
		buf_printf(error, "--%s wants a number, not \"%s\"", flag->name, text);
		return -1;
	}
	if ((flag->min != 0 || flag->max != 0) && (value < flag->min || value > flag->max)) {
		buf_printf(error, "--%s must be %lld to %lld, not %s", flag->name,
		    (long long)flag->min, (long long)flag->max, text);
		return -1;
	}
	*number = value;
	return 0;
}

static int
parse_bool(const struct flag *flag, const char *text, int64_t *number, struct buf *error)
{
	if (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0) {
		*number = strcasecmp(text, "true") == 0;
		return 0;
	}
	buf_printf(error, "--%s must be true or false, not \"%s\"", flag->name, text);
	return -1;
}

static int
parse_time(const struct flag *flag, const char *text, int64_t *number, struct buf *error)
{
	struct tm tm = { .tm_isdst = -1 };
	const char *rest = strptime(text, "%Y-%m-%d#%H:%M:%S", &tm);
	int64_t ms = 0;

	if (slice_to_int64(slice_of(text), number) == 0 && *number >= 0)
		return 0;
	if (strcmp(text, "now") == 0) {
		*number = clock_wall_ms();
		return 0;
	}
	if (rest != NULL && *rest == ':' && slice_to_int64(slice_of(rest + 1), &ms) == 0 &&
	    ms >= 0 && ms < 1000)
		rest = "";
	int day = tm.tm_mday; /* mktime makes 3 March of 31 February */
	if (rest != NULL && *rest == '\0' && mktime(&tm) >= 0 && tm.tm_mday == day) {
		*number = (int64_t)mktime(&tm) * 1000 + ms;
		return 0;
	}
	buf_printf(error,
	    "--%s wants milliseconds since 1970, now, or yyyy-MM-dd#HH:mm:ss:SSS, not \"%s\"",
	    flag->name, text);
	return -1;
}

static int
parse_perm(const struct flag *flag, const char *text, int64_t *number, struct buf *error)
{
	static const struct {
		const char *text;
		int perm;
	} perms[] = { { "2", 2 }, { "4", 4 }, { "6", 6 }, { "W", 2 }, { "R", 4 }, { "RW", 6 },
		{ "WR", 6 } };

	for (size_t i = 0; i < sizeof perms / sizeof perms[0]; i++)
		if (strcasecmp(text, perms[i].text) == 0) {
			*number = perms[i].perm;
			return 0;
		}
	buf_printf(error, "--%s must be 2 (W), 4 (R) or 6 (RW), not \"%s\"", flag->name, text);
	return -1;
}

static int
take_any(const struct flag *flag, const char *text, int64_t *number, struct buf *error)
{
	(void)flag, (void)text, (void)error;
	*number = 0;
	return 0;
}

static int (*const parsers[])(const struct flag *, const char *, int64_t *, struct buf *) = {
	[FLAG_SWITCH] = take_any,
	[FLAG_TEXT] = take_any,
	[FLAG_INT] = parse_int,
	[FLAG_BOOL] = parse_bool,
	[FLAG_TIME] = parse_time,
	[FLAG_PERM] = parse_perm,
};

/* A required text that is blank names nothing. */
static bool
is_blank(const struct args *args, const struct flag *flag)
{
	return flag->type == FLAG_TEXT && (flag->need & FLAG_EMPTY) == 0 &&
	       slice_trim(slice_of(args_text(args, flag->letter))).len == 0;
}

static int
check_needs(const struct args *args, struct buf *error)
{
	const struct flag *first = NULL;
	bool one_given = false;

	for (const struct flag *flag = args->flags; flag->letter != 0; flag++) {
		if ((flag->need & FLAG_REQUIRED) != 0 && !args_has(args, flag->letter)) {
			buf_printf(error, "-%c (--%s) is missing", flag->letter, flag->name);
			return -1;
		}
		if ((flag->need & FLAG_REQUIRED) != 0 && is_blank(args, flag)) {
			buf_printf(error, "-%c (--%s) is empty", flag->letter, flag->name);
			return -1;
		}
		if ((flag->need & FLAG_ONE_OF) == 0)
			continue;
		one_given |= args_has(args, flag->letter);
		if (first == NULL)
			first = flag;
	}
	if (first == NULL || one_given)
		return 0;
	const char *separator = "one of ";
	for (const struct flag *flag = first; flag->letter != 0; flag++)
		if ((flag->need & FLAG_ONE_OF) != 0) {
			buf_printf(error, "%s-%c (--%s)", separator, flag->letter, flag->name);
			separator = ", ";
		}
	buf_append_text(error, " is missing");
	return -1;
}

/* What getopt could not use: it left it in optopt or in the word before optind. */
static void
say_unusable(int reply, const char *word, const struct flag *flags, const struct flag *common,
    struct buf *error)
{
	const struct flag *flag = find_flag(flags, common, optopt);

	if (reply == ':') {
		buf_printf(
		    error, "-%c (--%s) wants a value", optopt, flag != NULL ? flag->name : "");
		return;
	}
	if (optopt != 0 && flag != NULL) {
		buf_printf(error, "--%s takes no value", flag->name);
		return;
	}
	buf_printf(error, "unknown flag %s", word);
	if (strncmp(word, "--", 2) != 0)
		return;
	const char *names[2 * FLAGS_MAX + 1];
	size_t n = 0;
	for (; flags->letter != 0 && n < FLAGS_MAX; flags++)
		names[n++] = flags->name;
	for (; common->letter != 0 && n < 2 * FLAGS_MAX; common++)
		names[n++] = common->name;
	names[n] = NULL;
	const char *near = args_nearest(word + 2, names);
	if (near != NULL)
		buf_printf(error, ", did you mean --%s", near);
}

/* A word that belongs to no flag is the value of the one that may stand alone. */
static int
take_word(struct args *args, const char *word, struct buf *error)
{
	const struct flag *flag = args->flags;

	while (flag->letter != 0 && (flag->need & FLAG_WORD) == 0)
		flag++;
	if (flag->letter == 0 || args_has(args, flag->letter)) {
		buf_printf(error, "\"%s\" belongs to no flag", word);
		return -1;
	}
	args->values[(unsigned char)flag->letter] = word;
	return parsers[flag->type](flag, word, &args->numbers[(unsigned char)flag->letter], error);
}

int
args_parse(struct args *args, const struct flag *flags, const struct flag *common, int argc,
    char **argv, struct buf *error)
{
	struct getopt_tables tables = { .shorts = ":", .n_shorts = 1 };
	int letter;

	*args = (struct args){ .flags = flags };
	add_flags(&tables, flags);
	add_flags(&tables, common);
	optind = 0; /* glibc: start anew, argv may be another one than last time */
	opterr = 0;
	while ((letter = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		if (letter == '?' || letter == ':') {
			say_unusable(letter, argv[optind - 1], flags, common, error);
			return -1;
		}
		const struct flag *flag = find_flag(flags, common, letter);
		if (parsers[flag->type](flag, optarg, &args->numbers[letter], error) == -1)
			return -1;
		args->values[letter] = optarg != NULL ? optarg : "";
	}
	for (; optind < argc; optind++)
		if (take_word(args, argv[optind], error) == -1)
			return -1;
	if (args_has(args, 'h'))
		return 0;
	return check_needs(args, error);
}

int
args_set(struct args *args, const struct flag *flag, const char *value, struct buf *error)
{
	int64_t *number = &args->numbers[(unsigned char)flag->letter];

	if (parsers[flag->type](flag, value, number, error) == -1)
		return -1;
	args->values[(unsigned char)flag->letter] = value;
	return 0;
}

int
args_check(const struct args *args, struct buf *error)
{
	return check_needs(args, error);
}

const struct flag *
args_flag(const struct flag *flags, const char *name)
{
	for (; flags->letter != 0; flags++)
		if (strcmp(flags->name, name) == 0)
			return flags;
	return NULL;
}

bool
args_has(const struct args *args, char letter)
{
	return args->values[(unsigned char)letter] != NULL;
}

const char *
args_text(const struct args *args, char letter)
{
	return args->values[(unsigned char)letter];
}

int64_t
args_number(const struct args *args, char letter, int64_t absent)
{
	return args_has(args, letter) ? args->numbers[(unsigned char)letter] : absent;
}
