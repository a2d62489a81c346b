#ifndef COMMON_ITOA_H
#define COMMON_ITOA_H

/* Numbers in decimal, as headers of frames are full of. Any thread. */

#include <stddef.h>
#include <stdint.h>

#define ITOA_MAX 20        /* bytes of a number with its sign */
#define ITOA_DIGITS_MAX 19 /* of one that fits 64 bits without a sign, whatever its digits */

/* Writes it to at, without a NUL; how long it is. */
size_t itoa_put(char at[static ITOA_MAX], int64_t number);

/* How many of the first ITOA_DIGITS_MAX of len bytes are digits; *number is what they say. */
static inline size_t
itoa_take(const char *at, size_t len, uint64_t *number)
{
	uint64_t sum = 0;
	size_t n = 0;

	if (len > ITOA_DIGITS_MAX)
		len = ITOA_DIGITS_MAX;
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
