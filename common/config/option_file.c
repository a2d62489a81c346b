#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config/option.h"

#define CONFIG_MAX_BYTES (1u << 20)
/* The packaged inih cuts lines at 200 bytes; names and sections stay below. */
#define INI_NAME_MAX 160

struct file_reader {
	struct option_set *set;
	struct diagnostics *diagnostics;
	const char *file;
	const char *const *sections;
	/* ini: what is left, and the line that inih is looking at */
	struct slice rest;
	struct slice value;
	int line;
};

/* -- text -------------------------------------------------------------------------- */

static int
read_all(int fd, struct buf *text)
{
	for (;;) {
		ssize_t n = read(fd, buf_reserve(text, 8192), 8192);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			return 0;
		text->len += (size_t)n;
		if (text->len > CONFIG_MAX_BYTES) {
			errno = EFBIG;
			return -1;
		}
	}
}

static int
read_file(const char *path, struct buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int status, saved;

	if (fd == -1)
		return -1;
	status = read_all(fd, text);
	saved = errno;
	close(fd);
	errno = saved;
	return status;
}

/* The next line without its end (LF, CR LF or CR); false after the last. */
static bool
next_line(struct slice *rest, struct slice *line)
{
	size_t n = 0;

	if (rest->len == 0)
		return false;
	while (n < rest->len && rest->data[n] != '\n' && rest->data[n] != '\r')
		n++;
	*line = (struct slice){ rest->data, n };
	if (n + 1 < rest->len && rest->data[n] == '\r' && rest->data[n + 1] == '\n')
		n++;
	if (n < rest->len)
		n++;
	rest->data += n;
	rest->len -= n;
	return true;
}

static struct slice
skip_blanks(struct slice text)
{
	while (text.len > 0 && strchr(" \t\f", text.data[0]) != NULL && text.data[0] != '\0') {
		text.data++;
		text.len--;
	}
	return text;
}

/* -- properties, by the rules of java.util.Properties ------------------------------- */

static bool
is_comment(struct slice line)
{
	return line.len == 0 || line.data[0] == '#' || line.data[0] == '!';
}

static bool
goes_on(struct slice line)
{
	size_t n = 0;

	while (n < line.len && line.data[line.len - 1 - n] == '\\')
		n++;
	return n % 2 == 1;
}

static void
append_utf8(struct buf *out, unsigned code)
{
	if (code < 0x80) {
		buf_append_char(out, (char)code);
	} else if (code < 0x800) {
		buf_append_char(out, (char)(0xc0 | code >> 6));
		buf_append_char(out, (char)(0x80 | (code & 0x3f)));
	} else {
		buf_append_char(out, (char)(0xe0 | code >> 12));
		buf_append_char(out, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_append_char(out, (char)(0x80 | (code & 0x3f)));
	}
}

/* Four hex digits after \u; what is none stays as it stands. */
static size_t
append_unicode(struct buf *out, struct slice digits)
{
	unsigned code = 0;

	for (size_t i = 0; i < 4; i++) {
		char c = i < digits.len ? digits.data[i] : ' ';

		if (!isxdigit((unsigned char)c)) {
			buf_append_char(out, 'u');
			return 0;
		}
		code = code << 4 |
		       (unsigned)(isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	append_utf8(out, code);
	return 4;
}

static void
unescape(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '\\' && ++i < text.len) {
			c = text.data[i];
			if (c == 'u') {
				i += append_unicode(
				    out, (struct slice){ text.data + i + 1, text.len - i - 1 });
				continue;
			}
			if (c == 't' || c == 'n' || c == 'r' || c == 'f')
				c = c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : '\f';
		} else if (c == '\\') {
			break;
		}
		buf_append_char(out, c);
	}
}

/* Where the name ends: at the first = or : or blank that no backslash precedes. */
static size_t
name_length(struct slice pair)
{
	size_t i = 0;

	while (i < pair.len && strchr("=: \t\f", pair.data[i]) == NULL) {
		if (pair.data[i] == '\\')
			i++;
		i++;
	}
	return i < pair.len ? i : pair.len;
}

static void
take_pair(struct slice pair, option_pair_fn *take, void *arg, int line)
{
	struct slice value = pair;
	size_t n = name_length(pair);
	struct buf name_text = { 0 }, value_text = { 0 };

	value.data += n;
	value.len -= n;
	value = skip_blanks(value);
	if (value.len > 0 && (value.data[0] == '=' || value.data[0] == ':')) {
		value.data++;
		value.len--;
		value = skip_blanks(value);
	}
	unescape((struct slice){ pair.data, n }, &name_text);
	unescape(value, &value_text);
	take(arg, buf_slice(&name_text), buf_slice(&value_text), line);
	buf_release(&name_text);
	buf_release(&value_text);
}

void
option_read_properties(struct slice text, option_pair_fn *take, void *arg)
{
	struct buf joined = { 0 };
	struct slice line;
	int number = 0;

	while (next_line(&text, &line)) {
		int first = ++number;

		line = skip_blanks(line);
		if (is_comment(line))
			continue;
		joined.len = 0;
		while (goes_on(line)) {
			buf_append(&joined, line.data, line.len - 1);
			line.len = 0;
			if (!next_line(&text, &line))
				break;
			number++;
			line = skip_blanks(line);
		}
		buf_append_slice(&joined, line);
		take_pair(buf_slice(&joined), take, arg, first);
	}
	buf_release(&joined);
}

static void
on_property(void *arg, struct slice name, struct slice value, int line)
{
	struct file_reader *reader = arg;
	const struct option *option = option_resolve(reader->set->options, name);

	if (option != NULL && option->type == OPTION_INT && value.len > 0 &&
	    isblank((unsigned char)value.data[value.len - 1]))
		diagnostics_add(reader->diagnostics, SEVERITY_NOTE, reader->file, line, name,
		    "%.*s: the blank at the end is dropped here; RocketMQ ignores such a line",
		    (int)name.len, name.data);
	option_assign(
	    reader->set, name, value, ORIGIN_FILE, reader->diagnostics, reader->file, line);
}

/* -- ini ----------------------------------------------------------------------------- */

static bool
is_heading(struct slice line)
{
	line = slice_trim(line);
	return line.len > 2 && line.data[0] == '[' && line.data[line.len - 1] == ']';
}

static bool
is_ini(struct slice text)
{
	struct slice line;

	while (next_line(&text, &line)) {
		if (is_heading(line))
			return true;
	}
	return false;
}

static bool
is_word(const char *const *words, const char *word)
{
	for (; *words != NULL; words++) {
		if (strcmp(*words, word) == 0)
			return true;
	}
	return false;
}

/* Other sections belong to other programs, unless the name looks like a misspelt one of ours. */
static void
check_heading(const struct file_reader *reader, struct slice name)
{
	const char *near = option_nearest_word(reader->sections, name);

	if (near == NULL || slice_is(name, near))
		return;
	diagnostics_add(reader->diagnostics, SEVERITY_WARNING, reader->file, reader->line, name,
	    "section [%.*s] is not read here; did you mean [%s]? Its lines have no effect",
	    (int)name.len, name.data, near);
}

static void
refuse_line(const struct file_reader *reader, struct slice line)
{
	diagnostics_add(reader->diagnostics, SEVERITY_ERROR, reader->file, reader->line, line,
	    "read \"%.*s\"; a line is KEY = VALUE, [SECTION] or, after # or ;, a comment",
	    (int)(line.len < INI_NAME_MAX ? line.len : INI_NAME_MAX), line.data);
}

/*
 * inih's way of asking for a line. It is given headings, and names without
 * their values, which wait in the reader: so a value may be of any length and
 * hold what inih takes for a comment, and the line's number is known when the
 * pair comes back. Blanks before a name go, since inih would join such lines.
 */
static char *
feed_line(char *to, int size, void *stream)
{
	struct file_reader *reader = stream;
	struct slice line;

	while (next_line(&reader->rest, &line)) {
		size_t n = 0;

		reader->line++;
		line = slice_trim(line);
		if (line.len == 0 || line.data[0] == '#' || line.data[0] == ';')
			continue;
		while (n < line.len && line.data[n] != '=' && line.data[n] != ':')
			n++;
		if (is_heading(line)) {
			check_heading(reader, (struct slice){ line.data + 1, line.len - 2 });
			n = line.len;
		} else if (n > 0 && n < line.len && line.data[0] != '[' &&
			   memchr(line.data, ';', n) == NULL) {
			n++;
			reader->value = (struct slice){ line.data + n, line.len - n };
		} else {
			n = INI_NAME_MAX + 1;
		}
		if (n > INI_NAME_MAX || (int)n + 2 > size) {
			refuse_line(reader, line);
			continue;
		}
		memcpy(to, line.data, n);
		memcpy(to + n, "\n", 2);
		return to;
	}
	return NULL;
}

static int
on_ini_pair(void *user, const char *section, const char *name, const char *value)
{
	struct file_reader *reader = user;

	(void)value;
	if (section[0] == '\0' || is_word(reader->sections, section))
		option_assign(reader->set, slice_of(name), reader->value, ORIGIN_FILE,
		    reader->diagnostics, reader->file, reader->line);
	return 1;
}

/* -- either -------------------------------------------------------------------------- */

static int
refuse_file(const struct file_reader *reader, const char *why)
{
	diagnostics_add(
	    reader->diagnostics, SEVERITY_ERROR, reader->file, 0, SLICE_NONE, "%s", why);
	return -1;
}

static int
read_text(struct file_reader *reader, struct slice text)
{
	if (slice_starts(text, "\xff\xfe") || slice_starts(text, "\xfe\xff"))
		return refuse_file(reader, "is UTF-16 text; save it as UTF-8");
	if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL)
		return refuse_file(reader, "holds zero bytes; it is not a text file");
	if (slice_starts(text, "\xef\xbb\xbf")) {
		diagnostics_add(reader->diagnostics, SEVERITY_NOTE, reader->file, 1, SLICE_NONE,
		    "starts with a byte order mark; RocketMQ would ignore the first key for it");
		text.data += 3;
		text.len -= 3;
	}
	if (!is_ini(text)) {
		option_read_properties(text, on_property, reader);
		return 0;
	}
	reader->rest = text;
	ini_parse_stream(feed_line, reader, on_ini_pair, reader);
	return 0;
}

int
option_load_text(struct option_set *set, struct slice text, const char *file,
    const char *const *sections, struct diagnostics *diagnostics)
{
	struct file_reader reader = {
		.set = set, .diagnostics = diagnostics, .file = file, .sections = sections
	};

	return read_text(&reader, text);
}

int
option_load_file(struct option_set *set, const char *path, const char *const *sections,
    struct diagnostics *diagnostics)
{
	struct buf text = { 0 };
	int status = read_file(path, &text);

	if (status == -1)
		diagnostics_add(diagnostics, SEVERITY_ERROR, path, 0, SLICE_NONE,
		    "cannot be read: %s", strerror(errno));
	else
		status = option_load_text(set, buf_slice(&text), path, sections, diagnostics);
	buf_release(&text);
	return status;
}
