#ifndef COMMON_ITOA_H
#define COMMON_ITOA_H

/* Numbers in decimal, as headers of frames are full of. Any thread. */

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ITOA_MAX 20        /* bytes of a number with its sign */
#define ITOA_DIGITS_MAX 19 /* of one that fits 64 bits without a sign, whatever its digits */

/* Writes it to at, without a NUL; how long it is. */
size_t itoa_put(char at[static ITOA_MAX], int64_t number);

#define ITOA_EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Eight digits, each a byte with its value, the first one lowest: pairs, then all at once. */
static inline uint64_t
itoa_eight(uint64_t digits)
{
	const uint64_t mask = UINT64_C(0x000000FF000000FF);

	digits = digits * 10 + (digits >> 8);
	return ((digits & mask) * UINT64_C(0x000F424000000064) +
		   (digits >> 16 & mask) * UINT64_C(0x0000271000000001)) >>
	       32;
}

/*
 * The digits at the beginning of eight bytes; how many. Behind the first byte that is no digit
 * there may be a carry: only that first one counts.
 */
static inline size_t
itoa_take_some(const char *at, uint64_t *number)
{
	uint64_t digits, odd;

	memcpy(&digits, at, sizeof digits);
	digits = le64toh(digits) ^ ITOA_EACH_BYTE('0');
	odd = (digits | (digits + ITOA_EACH_BYTE(0x7F - 9))) & ITOA_EACH_BYTE(0x80);
	if (odd == 0) {
		*number = itoa_eight(digits);
		return 8;
	}
	size_t n = (size_t)__builtin_ctzll(odd) / 8;

	*number = n != 0 ? itoa_eight(digits << (64 - 8 * n)) : 0;
	return n;
}

/* How many of the first ITOA_DIGITS_MAX of len bytes are digits; *number is what they say. */
static inline size_t
itoa_take(const char *at, size_t len, uint64_t *number)
{
	uint64_t sum = 0;
	size_t n = 0;

	if (len > ITOA_DIGITS_MAX)
		len = ITOA_DIGITS_MAX;
	if (len >= 8) {
		n = itoa_take_some(at, &sum);
		if (n < 8) {
			*number = sum;
			return n;
		}
	}
	for (; n < len; n++) {
		unsigned digit = (unsigned char)at[n] - (unsigned)'0';

		if (digit > 9)
			break;
		sum = sum * 10 + digit;
	}
	*number = sum;
	return n;
}

#endif
