#include "config.h"

#include "common/base/slice.h"

#include <stdlib.h>
#include <strings.h>

#include "common/base/itoa.h"
#include "common/base/mem.h"

#define INT32_DIGITS_SURE 9 /* that many always fit */
#define NUMBER_MAX 64       /* characters of a fraction */

int
slice_compare(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common != 0 ? memcmp(a.data, b.data, common) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

bool
slice_equal_nocase(struct slice a, struct slice b)
{
	return slice_equal(a, b) || (a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice
slice_trim(struct slice a)
{
	while (a.len > 0 && is_blank(a.data[0])) {
		a.data++;
		a.len--;
	}
	while (a.len > 0 && is_blank(a.data[a.len - 1]))
		a.len--;
	return a;
}

bool
slice_next(struct slice *rest, char separator, struct slice *part)
{
	if (rest->data == NULL)
		return false;

	const char *end = rest->len != 0 ? memchr(rest->data, separator, rest->len) : NULL;

	if (end == NULL) {
		*part = *rest;
		*rest = SLICE_NONE;
		return true;
	}
	*part = (struct slice){ rest->data, (size_t)(end - rest->data) };
	rest->len -= part->len + 1;
	rest->data = end + 1;
	return true;
}

/* Digits and nothing else, at most `most` of them, as nearly all numbers are. */
static inline bool
is_plain_number(struct slice a, size_t most, uint64_t *number)
{
	return a.len != 0 && a.len <= most && itoa_take(a.data, a.len, number) == a.len;
}

static __attribute__((noinline)) int
other_number(struct slice a, int64_t *value)
{
	bool negative = a.len > 0 && a.data[0] == '-';
	size_t i = a.len > 0 && (negative || a.data[0] == '+') ? 1 : 0;
	uint64_t sum;

	if (i == a.len)
		return -1;
	while (a.len - i > ITOA_DIGITS_MAX && a.data[i] == '0')
		i++;
	if (itoa_take(a.data + i, a.len - i, &sum) != a.len - i)
		return -1;
	if (sum > (uint64_t)INT64_MAX + negative)
		return -1;
	*value = (int64_t)(negative ? -sum : sum);
	return 0;
}

int
slice_to_int64(struct slice a, int64_t *value)
{
	uint64_t number;

	if (!is_plain_number(a, ITOA_DIGITS_MAX - 1, &number))
		return other_number(a, value);
	*value = (int64_t)number;
	return 0;
}

int
slice_to_int32(struct slice a, int32_t *value)
{
	uint64_t number;
	int64_t wide;

	if (is_plain_number(a, INT32_DIGITS_SURE, &number)) {
		*value = (int32_t)number;
		return 0;
	}
	if (other_number(a, &wide) == -1 || wide < INT32_MIN || wide > INT32_MAX)
		return -1;
	*value = (int32_t)wide;
	return 0;
}

int
slice_to_double(struct slice a, double *value)
{
	char text[NUMBER_MAX], *end;
	double number;

	if (a.len == 0 || a.len >= sizeof text)
		return -1;
	memcpy(text, a.data, a.len);
	text[a.len] = '\0';
	number = strtod(text, &end);
	if (end != text + a.len)
		return -1;
	*value = number;
	return 0;
}

char *
slice_dup(struct slice a)
{
	return a.data != NULL ? mem_strndup(a.data, a.len) : NULL;
}

uint64_t
slice_hash(struct slice a)
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

#pragma GCC unroll 8
	for (size_t i = 0; i < a.len; i++)
		hash = (hash ^ (unsigned char)a.data[i]) * 0x100000001b3u;
	return hash;
}
