#include "config.h"

#include "common/json/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/simd_scan.h"

#define PIECE_BYTES 4096u

/* Puts the comma that is due; another is due behind what follows, unless `comma` is false. */
static struct buf *
begin_item(struct json_out *out, bool comma)
{
	if (out->comma)
		buf_append_char(out->buf, ',');
	out->comma = comma;
	return out->buf;
}

void
json_out_init(struct json_out *out, struct buf *buf)
{
	*out = (struct json_out){ buf, false };
}

void
json_open_object(struct json_out *out)
{
	buf_append_char(begin_item(out, false), '{');
}

void
json_close_object(struct json_out *out)
{
	buf_append_char(out->buf, '}');
	out->comma = true;
}

void
json_open_array(struct json_out *out)
{
	buf_append_char(begin_item(out, false), '[');
}

void
json_close_array(struct json_out *out)
{
	buf_append_char(out->buf, ']');
	out->comma = true;
}

void
json_key(struct json_out *out, const char *name)
{
	json_key_slice(out, slice_of(name));
}

void
json_key_slice(struct json_out *out, struct slice name)
{
	json_quote(begin_item(out, false), name);
	buf_append_char(out->buf, ':');
}

void
json_key_number(struct json_out *out, int64_t number)
{
	buf_append_int(begin_item(out, false), number);
	buf_append_char(out->buf, ':');
}

void
json_open_object_key(struct json_out *out)
{
	begin_item(out, false);
}

void
json_close_object_key(struct json_out *out)
{
	buf_append_char(out->buf, ':');
	out->comma = false;
}

void
json_put_slice(struct json_out *out, struct slice text)
{
	if (text.data != NULL)
		json_quote(begin_item(out, true), text);
	else
		json_put_null(out);
}

void
json_put_text(struct json_out *out, const char *text)
{
	json_put_slice(out, slice_of(text));
}

void
json_put_int(struct json_out *out, int64_t number)
{
	buf_append_int(begin_item(out, true), number);
}

/*
 * The digits and the exponent of the shortest decimal that reads back as the
 * same number; returns how many digits.
 */
static int
shortest_digits(double number, char digits[20], int *exponent)
{
	char text[40];
	int n = 0;

	for (int precision = 0; precision < 17; precision++) {
		snprintf(text, sizeof text, "%.*e", precision, number);
		if (strtod(text, NULL) == number)
			break;
	}
	for (const char *at = text; *at != 'e'; at++) {
		if (*at != '.')
			digits[n++] = *at;
	}
	*exponent = atoi(strchr(text, 'e') + 1);
	return n;
}

static void
put_digits(struct buf *buf, const char *digits, int n, int from, int to)
{
	for (int i = from; i < to; i++)
		buf_append_char(buf, i >= 0 && i < n ? digits[i] : '0');
}

/* As Java's Double.toString: a digit on each side of the point, E from 10^7 on and below 10^-3. */
void
json_put_double(struct json_out *out, double number)
{
	char digits[20];
	int exponent;
	int n;

	if (!isfinite(number)) {
		json_put_null(out);
		return;
	}
	begin_item(out, true);
	if (signbit(number))
		buf_append_char(out->buf, '-');
	n = shortest_digits(fabs(number), digits, &exponent);

	bool scientific = number != 0 && (exponent >= 7 || exponent < -3);
	int point = scientific ? 1 : exponent + 1; /* digits before the point */

	put_digits(out->buf, digits, n, point < 1 ? point - 1 : 0, point);
	buf_append_char(out->buf, '.');
	put_digits(out->buf, digits, n, point, n > point + 1 ? n : point + 1);
	if (scientific)
		buf_printf(out->buf, "E%d", exponent);
}

void
json_put_bool(struct json_out *out, bool boolean)
{
	buf_append_text(begin_item(out, true), boolean ? "true" : "false");
}

void
json_put_null(struct json_out *out)
{
	buf_append_text(begin_item(out, true), "null");
}

void
json_put_raw(struct json_out *out, struct slice json)
{
	buf_append_slice(begin_item(out, true), json);
}

void
json_member_put_slice(struct json_out *out, const char *name, struct slice text)
{
	json_key(out, name);
	json_put_slice(out, text);
}

void
json_member_put_text(struct json_out *out, const char *name, const char *text)
{
	json_key(out, name);
	json_put_text(out, text);
}

void
json_member_put_int(struct json_out *out, const char *name, int64_t number)
{
	json_key(out, name);
	json_put_int(out, number);
}

void
json_member_put_bool(struct json_out *out, const char *name, bool boolean)
{
	json_key(out, name);
	json_put_bool(out, boolean);
}

static bool
needs_escape(char c)
{
	return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

static uint64_t
find_escapes(struct simd_block block)
{
	return simd_find_below(block, 0x20) | simd_find_both(block, '"', '\\');
}

/* Both copy bytes, and say whether none of them needs an escape: a block, and `len` in two halves.
 */
static inline bool
copy_block(char *at, const char *from)
{
	struct simd_block block = simd_load(from);

	simd_store(at, block);
	return find_escapes(block) == 0;
}

static inline bool
copy_halves(char *at, const char *from, size_t len)
{
	char halves[SIMD_BYTES];
	const size_t half = sizeof halves / 2;

	memcpy(halves, from, half);
	memcpy(halves + half, from + len - half, half);
	memcpy(at, halves, half);
	memcpy(at + len - half, halves + half, half);
	return find_escapes(simd_load(halves)) == 0;
}

/*
 * Copies text a block at a time, the last block over the one before it; how many bytes need no
 * escape. What is written behind those does not count.
 */
static size_t
copy_plain(char *at, struct slice text)
{
	size_t i = 0;

	while (text.len - i >= SIMD_BYTES && copy_block(at + i, text.data + i))
		i += SIMD_BYTES;
	if (text.len >= SIMD_BYTES && text.len - i < SIMD_BYTES &&
	    copy_block(at + text.len - SIMD_BYTES, text.data + text.len - SIMD_BYTES))
		return text.len;
	if (text.len >= SIMD_BYTES / 2 && text.len < SIMD_BYTES &&
	    copy_halves(at, text.data, text.len))
		return text.len;
	for (; i < text.len && !needs_escape(text.data[i]); i++)
		at[i] = text.data[i];
	return i;
}

static char *
put_escape(char *at, char c)
{
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char to[] = "\"\\bfnrt";
	static const char hex[] = "0123456789ABCDEF";
	const char *found = memchr(from, c, sizeof from - 1);

	*at++ = '\\';
	if (found != NULL) {
		*at++ = to[found - from];
		return at;
	}
	*at++ = 'u';
	*at++ = '0';
	*at++ = '0';
	*at++ = hex[c >> 4 & 0xF];
	*at++ = hex[c & 0xF];
	return at;
}

char *
json_put_escaped(char *at, struct slice text)
{
	while (text.len != 0) {
		size_t plain = copy_plain(at, text);

		at += plain;
		if (plain == text.len)
			break;
		at = put_escape(at, text.data[plain]);
		text.data += plain + 1;
		text.len -= plain + 1;
	}
	return at;
}

/* In pieces: a long text would ask for much more room than it mostly needs. */
void
json_quote(struct buf *buf, struct slice text)
{
	buf_append_char(buf, '"');
	while (text.len != 0) {
		struct slice piece = { text.data, text.len < PIECE_BYTES ? text.len : PIECE_BYTES };
		char *at = buf_reserve(buf, json_escaped_max(piece));

		buf->len += (size_t)(json_put_escaped(at, piece) - at);
		text.data += piece.len;
		text.len -= piece.len;
	}
	buf_append_char(buf, '"');
}
