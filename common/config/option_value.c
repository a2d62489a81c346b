#include "config.h"

#include "common/config/option_value.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/util.h>
#include <netinet/in.h>

#include "common/base/mem.h"
#include "common/base/utf8.h"

/* Diagnostics quote so many bytes of a value. */
#define SHOWN_MAX 200

static int
shown(struct slice text)
{
	return (int)utf8_cut(text, SHOWN_MAX).len;
}

void
option_report(const struct option_place *place, enum severity level, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	text[utf8_clean(text, strlen(text))] = '\0';
	diagnostics_add(
	    place->diagnostics, level, place->file, place->line, place->name, "%s", text);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * The value without quotes around it and without a comment behind it. Neither format knows
 * comments on the line of a value, but people write them.
 */
static struct slice
clean(const struct option *option, struct slice value, const struct option_place *place)
{
	value = slice_trim(value);
	if (value.len >= 2 && (value.data[0] == '"' || value.data[0] == '\'') &&
	    value.data[value.len - 1] == value.data[0]) {
		value = (struct slice){ value.data + 1, value.len - 2 };
		option_report(place, SEVERITY_NOTE,
		    "%s: the quotes are not part of the value here, with RocketMQ they would be",
		    option->name);
		return value;
	}
	for (size_t i = 1; i < value.len; i++) {
		/* between addresses " ; " separates */
		bool mark = value.data[i] == '#' ||
		            (value.data[i] == ';' && option->type != OPTION_ADDRESSES);
		struct slice before = slice_trim((struct slice){ value.data, i });

		if (!mark || !is_blank(value.data[i - 1]))
			continue;
		option_report(place, SEVERITY_WARNING,
		    "%s: a comment needs a line of its own; read as \"%.*s\"", option->name,
		    shown(before), before.data);
		return before;
	}
	return value;
}

/* A number with a unit behind it, as people write and no reader of RocketMQ takes. */
static bool
with_unit(struct slice value, const char *unit, int64_t *number)
{
	static const struct {
		const char *of, *suffix;
		int64_t factor;
	} units[] = {
		{ "bytes", "b", 1 },
		{ "bytes", "k", 1 << 10 },
		{ "bytes", "kb", 1 << 10 },
		{ "bytes", "m", 1 << 20 },
		{ "bytes", "mb", 1 << 20 },
		{ "bytes", "g", 1 << 30 },
		{ "bytes", "gb", 1 << 30 },
		{ "ms", "ms", 1 },
		{ "ms", "s", 1000 },
		{ "ms", "m", 60000 },
		{ "ms", "h", 3600000 },
		{ "seconds", "s", 1 },
		{ "seconds", "m", 60 },
		{ "seconds", "h", 3600 },
		{ "hours", "h", 1 },
		{ "hours", "d", 24 },
		{ "percent", "%", 1 },
	};
	size_t digits = 0;
	struct slice suffix;

	while (digits < value.len && isdigit((unsigned char)value.data[digits]))
		digits++;
	if (unit == NULL || slice_to_int64((struct slice){ value.data, digits }, number) == -1)
		return false;
	suffix = slice_trim((struct slice){ value.data + digits, value.len - digits });
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (strcmp(unit, units[i].of) == 0 &&
		    slice_equal_nocase(suffix, slice_of(units[i].suffix)))
			return !__builtin_mul_overflow(*number, units[i].factor, number);
	}
	return false;
}

static int
store_int(
    const struct option *option, void *at, struct slice value, const struct option_place *place)
{
	const char *unit = option->unit != NULL ? option->unit : "";
	bool bounded = option->min != 0 || option->max != 0;
	int64_t number;

	if (slice_to_int64(value, &number) == -1) {
		if (with_unit(value, option->unit, &number))
			option_report(place, SEVERITY_ERROR,
			    "%s: read \"%.*s\"; give the number alone, %lld, the unit is %s",
			    option->name, shown(value), value.data, (long long)number, unit);
		else if (bounded)
			option_report(place, SEVERITY_ERROR,
			    "%s: read \"%.*s\"; give a whole number from %lld to %lld%s%s",
			    option->name, shown(value), value.data, (long long)option->min,
			    (long long)option->max, unit[0] != '\0' ? " " : "", unit);
		else
			option_report(place, SEVERITY_ERROR,
			    "%s: read \"%.*s\"; give a whole number", option->name, shown(value),
			    value.data);
		return -1;
	}
	if (bounded && (number < option->min || number > option->max)) {
		option_report(place, SEVERITY_ERROR, "%s: read %lld; it goes from %lld to %lld%s%s",
		    option->name, (long long)number, (long long)option->min, (long long)option->max,
		    unit[0] != '\0' ? " " : "", unit);
		return -1;
	}
	__atomic_store_n((int64_t *)at, number, __ATOMIC_RELAXED);
	return 0;
}

static int
store_bool(
    const struct option *option, void *at, struct slice value, const struct option_place *place)
{
	static const char *const yes[] = { "yes", "on", "1", "y", "t", "ture", "enable", NULL };
	static const char *const no[] = { "no", "off", "0", "n", "f", "flase", "disable", NULL };
	const char *meant = NULL;

	if (slice_equal_nocase(value, SLICE("true")) || slice_equal_nocase(value, SLICE("false"))) {
		__atomic_store_n((bool *)at, value.len == 4, __ATOMIC_RELAXED);
		return 0;
	}
	for (size_t i = 0; yes[i] != NULL; i++) {
		if (slice_equal_nocase(value, slice_of(yes[i])))
			meant = "true";
		else if (slice_equal_nocase(value, slice_of(no[i])))
			meant = "false";
	}
	option_report(place, SEVERITY_ERROR, "%s: read \"%.*s\"; give %s", option->name,
	    shown(value), value.data, meant != NULL ? meant : "true or false");
	return -1;
}

static int
store_enum(
    const struct option *option, void *at, struct slice value, const struct option_place *place)
{
	const char *near;
	struct buf all = { 0 };

	for (int i = 0; option->choices[i] != NULL; i++) {
		if (slice_equal_nocase(value, slice_of(option->choices[i]))) {
			__atomic_store_n((int *)at, i, __ATOMIC_RELAXED);
			return 0;
		}
	}
	near = option_nearest_word(option->choices, value);
	for (int i = 0; option->choices[i] != NULL; i++)
		buf_printf(&all, "%s%s", i != 0 ? ", " : "", option->choices[i]);
	option_report(place, SEVERITY_ERROR, "%s: read \"%.*s\"; give one of %s%s%s%s",
	    option->name, shown(value), value.data, buf_text(&all),
	    near != NULL ? " (did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "?)" : "");
	buf_release(&all);
	return -1;
}

static void
set_text(void *at, struct slice text)
{
	char **to = at;

	free(*to);
	*to = text.len != 0 ? slice_dup(text) : NULL;
}

/* Four numbers where letters would make it a name: "192.168.1" is neither. */
static bool
is_broken_ipv4(struct slice host)
{
	struct in_addr address;
	char text[64];

	for (size_t i = 0; i < host.len; i++) {
		if (!isdigit((unsigned char)host.data[i]) && host.data[i] != '.')
			return false;
	}
	if (host.len >= sizeof text)
		return true;
	memcpy(text, host.data, host.len);
	text[host.len] = '\0';
	return evutil_inet_pton(AF_INET, text, &address) != 1;
}

static bool
is_host_name(struct slice host)
{
	if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
		return true; /* IPv6; the resolver has the last word */
	for (size_t i = 0; i < host.len; i++) {
		if (!isalnum((unsigned char)host.data[i]) && strchr(".-_", host.data[i]) == NULL)
			return false;
	}
	return host.len > 0;
}

/* One host:port of a list. */
static int
check_address(const struct option *option, struct slice address, const struct option_place *place)
{
	const char *colon = memrchr(address.data, ':', address.len);
	struct slice host = address;
	int64_t port;

	if (colon != NULL)
		host.len = (size_t)(colon - address.data);
	if (is_broken_ipv4(host)) {
		option_report(place, SEVERITY_ERROR,
		    "%s: read \"%.*s\"; an IPv4 address has four numbers from 0 to 255",
		    option->name, shown(address), address.data);
	} else if (!is_host_name(host)) {
		option_report(place, SEVERITY_ERROR,
		    "%s: read \"%.*s\"; give HOST:PORT, more of them separated by ;", option->name,
		    shown(address), address.data);
	} else if (colon == NULL) {
		option_report(place, SEVERITY_ERROR,
		    "%s: read \"%.*s\" without a port; give %.*s:9876", option->name,
		    shown(address), address.data, shown(address), address.data);
	} else if (slice_to_int64((struct slice){ colon + 1,
				      (size_t)(address.data + address.len - colon - 1) },
		       &port) == -1 ||
		   port < 1 || port > 65535) {
		option_report(place, SEVERITY_ERROR,
		    "%s: read \"%.*s\"; a port goes from 1 to 65535", option->name, shown(address),
		    address.data);
	} else {
		return 0;
	}
	return -1;
}

static int
store_addresses(
    const struct option *option, void *at, struct slice value, const struct option_place *place)
{
	struct buf list = { 0 };
	bool comma = false;
	int status = 0;

	for (size_t i = 0; i < value.len;) {
		size_t start = i;

		while (i < value.len && strchr(";, \t", value.data[i]) == NULL)
			i++;
		struct slice one = { value.data + start, i - start };

		comma |= i < value.len && value.data[i] == ',';
		i++;
		if (one.len == 0)
			continue;
		if (check_address(option, one, place) == -1)
			status = -1;
		if (list.len != 0)
			buf_append_char(&list, ';');
		buf_append_slice(&list, one);
	}
	if (comma)
		option_report(place, SEVERITY_NOTE,
		    "%s: a comma separates here as ; does; RocketMQ takes ; alone", option->name);
	if (status == 0)
		set_text(at, buf_slice(&list));
	buf_release(&list);
	return status;
}

static int
check_text(const struct option *option, struct slice value, const struct option_place *place)
{
	for (size_t i = 0; i < value.len; i++) {
		if ((unsigned char)value.data[i] >= ' ' || value.data[i] == '\t')
			continue;
		option_report(place, SEVERITY_ERROR, "%s: read a control character, code %d",
		    option->name, (unsigned char)value.data[i]);
		return -1;
	}
	return 0;
}

int
option_store(const struct option *option, void *settings, struct slice value,
    const struct option_place *place)
{
	void *at = (char *)settings + option->offset;

	value = clean(option, value, place);
	if (value.len == 0) {
		if (option->default_value == NULL)
			option_unset(option, settings);
		else
			option_report(place, SEVERITY_WARNING, "%s: no value given; %s stays",
			    option->name, option->default_value);
		return 0;
	}
	if (check_text(option, value, place) == -1)
		return -1;
	switch (option->type) {
	case OPTION_TEXT:
		set_text(at, value);
		return 0;
	case OPTION_ADDRESSES:
		return store_addresses(option, at, value, place);
	case OPTION_BOOL:
		return store_bool(option, at, value, place);
	case OPTION_INT:
		return store_int(option, at, value, place);
	case OPTION_ENUM:
		return store_enum(option, at, value, place);
	case OPTION_IGNORED:
	case OPTION_ALIAS:
	case OPTION_WRONG:
		break;
	}
	return 0;
}

void
option_copy_value(const struct option *option, void *to, const void *from)
{
	void *at = (char *)to + option->offset;
	const void *source = (const char *)from + option->offset;

	switch (option->type) {
	case OPTION_TEXT:
	case OPTION_ADDRESSES:
		set_text(at, slice_of(*(char *const *)source));
		return;
	case OPTION_BOOL:
		__atomic_store_n((bool *)at, *(const bool *)source, __ATOMIC_RELAXED);
		return;
	case OPTION_INT:
		__atomic_store_n((int64_t *)at, *(const int64_t *)source, __ATOMIC_RELAXED);
		return;
	case OPTION_ENUM:
		__atomic_store_n((int *)at, *(const int *)source, __ATOMIC_RELAXED);
		return;
	case OPTION_IGNORED:
	case OPTION_ALIAS:
	case OPTION_WRONG:
		return;
	}
}

void
option_unset(const struct option *option, void *settings)
{
	if (option->type == OPTION_TEXT || option->type == OPTION_ADDRESSES)
		set_text((char *)settings + option->offset, SLICE_NONE);
}
