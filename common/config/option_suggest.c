#include "config.h"

#include <ctype.h>

#include "common/config/option.h"

#define WORD_MAX_LEN 63

static int
fold(char c)
{
	return tolower((unsigned char)c);
}

static int
min3(int a, int b, int c)
{
	int least = a < b ? a : b;

	return least < c ? least : c;
}

/*
 * Edits from one word to the other: a letter more, less, other, or two swapped.
 * Case is free. Above the limit it may be any number above it.
 */
static int
distance(struct slice a, struct slice b, int limit)
{
	int rows[3][WORD_MAX_LEN + 1]; /* of the row at hand and the two above it, in turn */

	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = (int)j;
	for (size_t i = 1; i <= a.len; i++) {
		int *now = rows[i % 3];
		const int *above = rows[(i - 1) % 3];
		const int *two_above = rows[(i + 1) % 3];

		int least = (int)i;

		now[0] = (int)i;
		for (size_t j = 1; j <= b.len; j++) {
			int same = fold(a.data[i - 1]) == fold(b.data[j - 1]);

			now[j] = min3(above[j] + 1, now[j - 1] + 1, above[j - 1] + !same);
			if (i > 1 && j > 1 && fold(a.data[i - 1]) == fold(b.data[j - 2]) &&
			    fold(a.data[i - 2]) == fold(b.data[j - 1]) &&
			    two_above[j - 2] + 1 < now[j])
				now[j] = two_above[j - 2] + 1;
			least = now[j] < least ? now[j] : least;
		}
		if (least > limit)
			return least;
	}
	return rows[a.len % 3][b.len];
}

/*
 * Whether one word has more letters of its own than the limit. An edit adds or removes one letter
 * at most, so such words need no further look; this costs a tenth of distance().
 */
static bool
letters_differ(struct slice a, struct slice b, int limit)
{
	signed char more[32] = { 0 }; /* by five bits of the letter, in which case is free */
	int only_a = 0, only_b = 0;

	for (size_t i = 0; i < a.len; i++)
		more[a.data[i] & 31]++;
	for (size_t i = 0; i < b.len; i++)
		more[b.data[i] & 31]--;
	for (size_t i = 0; i < sizeof more; i++) {
		only_a += more[i] > 0 ? more[i] : 0;
		only_b -= more[i] < 0 ? more[i] : 0;
	}
	return only_a > limit || only_b > limit;
}

/* How far a written word is from a known one; a word cut short is near. Too far: INT32_MAX. */
static int
unlikeness(struct slice written, struct slice known)
{
	int limit = (int)(written.len / 5) + 1;
	int longer = (int)known.len - (int)written.len;

	if (written.len == 0 || written.len > WORD_MAX_LEN || known.len > WORD_MAX_LEN)
		return INT32_MAX;
	if (longer <= limit && longer >= -limit && !letters_differ(written, known, limit)) {
		int edits = distance(written, known, limit);

		if (edits <= limit)
			return edits;
	}
	if (written.len >= 4 && known.len > written.len &&
	    slice_equal_nocase(written, (struct slice){ known.data, written.len }))
		return WORD_MAX_LEN;
	return INT32_MAX;
}

const struct option *
option_suggest(const struct option *options, struct slice name)
{
	const struct option *best = NULL;
	int least = INT32_MAX;

	for (const struct option *option = options; option->name != NULL; option++) {
		int edits;

		if (option->type == OPTION_WRONG)
			continue;
		/* of two that are equally near, one that has an effect is more likely meant */
		edits = unlikeness(name, slice_of(option->name));
		if (edits < least ||
		    (best != NULL && edits == least && best->type == OPTION_IGNORED &&
			option_holds_value(option))) {
			best = option;
			least = edits;
		}
	}
	return best;
}

const char *
option_nearest_word(const char *const *words, struct slice word)
{
	const char *best = NULL;
	int least = INT32_MAX;

	for (; *words != NULL; words++) {
		int edits = unlikeness(word, slice_of(*words));

		if (edits < least) {
			best = *words;
			least = edits;
		}
	}
	return best;
}
