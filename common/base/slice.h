#ifndef COMMON_SLICE_H
#define COMMON_SLICE_H

/*
 * Bytes that somebody else owns: most often a part of a received frame or of
 * the request's arena. Not terminated. data == NULL means absent, which is
 * different from empty. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *data;
	size_t len;
};

#define SLICE_NONE ((struct slice){ NULL, 0 })
#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })

static inline struct slice
slice_of(const char *text)
{
	return (struct slice){ text, text != NULL ? strlen(text) : 0 };
}

static inline bool
slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool
slice_is(struct slice a, const char *text)
{
	return slice_equal(a, slice_of(text));
}

static inline bool
slice_starts(struct slice a, const char *prefix)
{
	size_t len = strlen(prefix);

	return a.len >= len && memcmp(a.data, prefix, len) == 0;
}

/*
 * The 1 to 7 bytes of a short slice as one number: different slices of one length have different
 * numbers. Reads only bytes of the slice.
 */
static inline uint64_t
slice_short_word(struct slice a)
{
	uint32_t low, high;

	if (a.len >= sizeof low) {
		memcpy(&low, a.data, sizeof low);
		memcpy(&high, a.data + a.len - sizeof high, sizeof high);
	} else {
		low = (unsigned char)a.data[0] | (uint32_t)(unsigned char)a.data[a.len / 2] << 8 |
		      (uint32_t)' ' << 16 | (uint32_t)' ' << 24;
		high = (unsigned char)a.data[a.len - 1] | (uint32_t)' ' << 8 | (uint32_t)' ' << 16 |
		       (uint32_t)' ' << 24;
	}
	return (uint64_t)high << 32 | low;
}

/* Compares bytes, then lengths: <0, 0, >0. */
int slice_compare(struct slice a, struct slice b);
bool slice_equal_nocase(struct slice a, struct slice b);
/* Without blanks, tabs and line ends around it. */
struct slice slice_trim(struct slice a);
/*
 * Splits off the part of *rest before the next separator. False when no part is left. An empty
 * slice has one empty part.
 */
bool slice_next(struct slice *rest, char separator, struct slice *part);
/* Strict decimal: optional sign, digits, nothing else; 0, or -1 and *value as it was. */
int slice_to_int64(struct slice a, int64_t *value);
int slice_to_int32(struct slice a, int32_t *value);
/* A decimal fraction as strtod reads it, nothing else; 0, or -1 and *value as it was. */
int slice_to_double(struct slice a, double *value);
/* A NUL-terminated copy that the caller frees; NULL for an absent slice. */
char *slice_dup(struct slice a);
/* FNV-1a: the hash that the store has in its files. Tables in memory use hash_of (hash.h). */
uint64_t slice_hash(struct slice a);

#endif
