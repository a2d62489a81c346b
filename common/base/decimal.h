#ifndef COMMON_DECIMAL_H
#define COMMON_DECIMAL_H

/* Numbers in decimal, as headers of frames are full of. Any thread. */

#include <stddef.h>
#include <stdint.h>

#define DECIMAL_MAX 20        /* bytes of a number with its sign */
#define DECIMAL_DIGITS_MAX 19 /* of one that fits 64 bits without a sign, whatever its digits */

/* Writes it to at, without a NUL; how long it is. */
size_t decimal_put(char at[static DECIMAL_MAX], int64_t number);

/* How many of the first DECIMAL_DIGITS_MAX of len bytes are digits; *number is what they say. */
static inline size_t
decimal_take(const char *at, size_t len, uint64_t *number)
{
	uint64_t sum = 0;
	size_t n = 0;

	if (len > DECIMAL_DIGITS_MAX)
		len = DECIMAL_DIGITS_MAX;
	for (; n < len; n++) {
		uint64_t digit = (uint64_t)(unsigned char)at[n] - '0';

		if (digit > 9)
			break;
		sum = sum * 10 + digit;
	}
	*number = sum;
	return n;
}

#endif
