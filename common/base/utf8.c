#include "config.h"

#include "common/base/utf8.h"

#include <stdint.h>
#include <string.h>

/* What the second byte may be, as the first byte says; all others are 0x80 to 0xBF. */
static bool
is_second(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xE0: /* a shorter form exists below */
		return second >= 0xA0 && second <= 0xBF;
	case 0xED: /* surrogates above */
		return second >= 0x80 && second <= 0x9F;
	case 0xF0:
		return second >= 0x90 && second <= 0xBF;
	case 0xF4: /* beyond U+10FFFF above */
		return second >= 0x80 && second <= 0x8F;
	default:
		return second >= 0x80 && second <= 0xBF;
	}
}

static size_t
length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xC2 && first <= 0xDF)
		return 2;
	if (first >= 0xE0 && first <= 0xEF)
		return 3;
	return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

size_t
utf8_character(struct slice text)
{
	const unsigned char *at = (const unsigned char *)text.data;
	size_t len = length_of(at[0]);

	if (len > text.len || (len > 1 && !is_second(at[0], at[1])))
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((at[i] & 0xC0) != 0x80)
			return 0;
	return len;
}

/* How many bytes at the front are ASCII, at least. */
static inline size_t
ascii_length(struct slice text)
{
	uint64_t word;
	size_t n = 0;

	for (; text.len - n >= sizeof word; n += sizeof word) {
		memcpy(&word, text.data + n, sizeof word);
		if (word & UINT64_C(0x8080808080808080))
			return n;
	}
	while (n < text.len && (unsigned char)text.data[n] < 0x80)
		n++;
	return n;
}

bool
utf8_is_valid(struct slice text)
{
	size_t at = ascii_length(text); /* nearly always all of it */

	while (at < text.len) {
		size_t n = utf8_character((struct slice){ text.data + at, text.len - at });

		if (n == 0)
			return false;
		at += n;
	}
	return true;
}

/* Whether a character may begin so, of which not all bytes are there. */
static bool
is_beginning(const char *at, size_t len)
{
	if (len > 1 && !is_second((unsigned char)at[0], (unsigned char)at[1]))
		return false;
	return len < 3 || (at[2] & 0xC0) == 0x80;
}

struct slice
utf8_cut(struct slice text, size_t max_bytes)
{
	size_t len = max_bytes;

	if (text.len <= max_bytes)
		return text;
	/* back to the first byte of the character that the limit cuts; at most three bytes */
	while (len > 0 && max_bytes - len < 3 && (text.data[len] & 0xC0) == 0x80)
		len--;
	if ((text.data[len] & 0xC0) == 0x80)
		len = max_bytes; /* no UTF-8 anyway */
	return (struct slice){ text.data, len };
}

size_t
utf8_clean(char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_character((struct slice){ text + i, len - i });
		size_t wanted = length_of((unsigned char)text[i]);

		if (n == 0 && wanted > len - i && is_beginning(text + i, len - i))
			return i;
		if (n == 0)
			text[i] = '?';
		i += n != 0 ? n : 1;
	}
	return len;
}
