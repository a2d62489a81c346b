#include "config.h"

#include "common/filter/java_number.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* ---- whole numbers ------------------------------------------------------ */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Sign and digits, nothing else; the magnitude is at most `max`, one more below zero. */
static int
whole(struct slice text, uint64_t max, int64_t *value)
{
	const char *at = text.data, *end = at + text.len;
	uint64_t magnitude = 0;
	bool negative = text.len != 0 && *at == '-';

	if (text.len != 0 && (*at == '-' || *at == '+'))
		at++;
	if (at == end)
		return -1;
	max += negative;
	for (; at != end; at++) {
		if (!is_digit(*at))
			return -1;
		uint64_t digit = (uint64_t)(*at - '0');

		if (magnitude > (max - digit) / 10)
			return -1;
		magnitude = magnitude * 10 + digit;
	}
	*value = (int64_t)(negative ? 0 - magnitude : magnitude);
	return 0;
}

int
java_int(struct slice text, int32_t *value)
{
	int64_t wide;

	if (text.len == 0 || whole(text, INT32_MAX, &wide) == -1)
		return -1;
	*value = (int32_t)wide;
	return 0;
}

int
java_long(struct slice text, int64_t *value)
{
	return text.len == 0 ? -1 : whole(text, INT64_MAX, value);
}

/* ---- floating point ------------------------------------------------------ */

/* The parts of a number that Double.valueOf takes. */
struct float_text {
	struct slice number; /* what strtod reads: no blanks, no suffix */
	bool hex;
	bool simple; /* digits and a point: at most 15 digits, so `mantissa` is exact */
	bool negative;
	uint64_t mantissa;
	unsigned n_fraction; /* digits behind the point */
};

/* String.trim: everything up to the blank goes. */
static struct slice
java_trim(struct slice text)
{
	while (text.len != 0 && (unsigned char)text.data[0] <= ' ') {
		text.data++;
		text.len--;
	}
	while (text.len != 0 && (unsigned char)text.data[text.len - 1] <= ' ')
		text.len--;
	return text;
}

static const char *
skip_digits(const char *at, const char *end, bool hex)
{
	while (at != end && (is_digit(*at) || (hex && (*at | 0x20) >= 'a' && (*at | 0x20) <= 'f')))
		at++;
	return at;
}

/* Behind the mark of an exponent: sign and digits. NULL: it is none. */
static const char *
skip_exponent(const char *at, const char *end)
{
	if (at != end && (*at == '+' || *at == '-'))
		at++;
	const char *behind = skip_digits(at, end, false);

	return behind != at ? behind : NULL;
}

static void
sum_up(struct float_text *it, const char *at, const char *end)
{
	bool fraction = false;
	unsigned n = 0;

	for (; at != end; at++) {
		if (*at == '.') {
			fraction = true;
			continue;
		}
		it->mantissa = it->mantissa * 10 + (uint64_t)(*at - '0');
		it->n_fraction += fraction;
		n++;
	}
	it->simple = n <= 15;
}

/* The text without a sign in front, blanks around, and a suffix behind. */
static bool
read_shape(const char *at, const char *end, struct float_text *it)
{
	const char *start = at;

	it->hex = end - at > 2 && at[0] == '0' && (at[1] | 0x20) == 'x';
	if (it->hex)
		at += 2;
	const char *whole_end = skip_digits(at, end, it->hex), *digits_end = whole_end;
	bool any = whole_end != at;

	if (digits_end != end && *digits_end == '.') {
		digits_end = skip_digits(whole_end + 1, end, it->hex);
		any |= digits_end != whole_end + 1;
	}
	if (!any)
		return false;
	at = digits_end;
	bool exponent = at != end && (*at | 0x20) == (it->hex ? 'p' : 'e');

	if (exponent) {
		at = skip_exponent(at + 1, end);
		if (at == NULL)
			return false;
	} else if (it->hex) {
		return false;
	} else if (digits_end - start <= 16) {
		sum_up(it, start, digits_end);
	}
	it->number.len = (size_t)(at - it->number.data);
	if (at != end && ((*at | 0x20) == 'd' || (*at | 0x20) == 'f'))
		at++;
	return at == end;
}

/* strtod wants a NUL; the process has the C locale. */
static int
convert_short(struct slice number, double *value)
{
	char text[64];

	memcpy(text, number.data, number.len);
	text[number.len] = '\0';
	*value = strtod(text, NULL);
	return 0;
}

/* As long as properties can be. A function of its own: nobody else pays for its stack. */
static int __attribute__((noinline)) convert_long(struct slice number, double *value)
{
	char text[32768];

	if (number.len >= sizeof text)
		return -1;
	memcpy(text, number.data, number.len);
	text[number.len] = '\0';
	*value = strtod(text, NULL);
	return 0;
}

int
java_double(struct slice text, double *value)
{
	static const double tens[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15 };

	text = java_trim(text);
	if (text.len == 0)
		return -1;
	struct float_text it = { .number = text };
	const char *at = text.data, *end = at + text.len;

	it.negative = *at == '-';
	if (*at == '-' || *at == '+')
		at++;
	struct slice bare = { at, (size_t)(end - at) };

	if (slice_is(bare, "NaN") || slice_is(bare, "Infinity")) {
		*value = bare.len == 3 ? (double)NAN : it.negative ? -HUGE_VAL : HUGE_VAL;
		return 0;
	}
	if (!read_shape(at, end, &it))
		return -1;
	if (!it.simple)
		return it.number.len < 64 ? convert_short(it.number, value)
		                          : convert_long(it.number, value);
	/* Both are exact, so the quotient is rounded once. */
	double magnitude = (double)it.mantissa / tens[it.n_fraction];

	*value = it.negative ? -magnitude : magnitude;
	return 0;
}

int
java_double_compare(double a, double b)
{
	if (a < b)
		return -1;
	if (a > b)
		return 1;
	if (isnan(a) || isnan(b))
		return (isnan(a) != 0) - (isnan(b) != 0);
	return (signbit(b) != 0) - (signbit(a) != 0);
}
