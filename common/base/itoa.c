#include "config.h"

#include "common/base/itoa.h"

#include <string.h>

static size_t
count_digits(uint64_t number)
{
	static const uint64_t powers[] = { 10, 100, 1000, 10000, 100000, 1000000, 10000000,
		100000000, 1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000,
		100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
		1000000000000000000 };
	unsigned bits = 64 - (unsigned)__builtin_clzll(number | 1);
	unsigned least = (bits - 1) * 1233 >> 12; /* 1233 / 4096 is a little more than log 2 */

	return least + 1 + (least < ITOA_DIGITS_MAX - 1 && number >= powers[least]);
}

size_t
itoa_put(char at[static ITOA_MAX], int64_t number)
{
	static const char pairs[] = "0001020304050607080910111213141516171819"
				    "2021222324252627282930313233343536373839"
				    "4041424344454647484950515253545556575859"
				    "6061626364656667686970717273747576777879"
				    "8081828384858687888990919293949596979899";
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
	size_t n, left;

	if (rest == (uint64_t)number && rest < 10) { /* most are */
		*at = (char)('0' + rest);
		return 1;
	}
	left = n = count_digits(rest);
	if (number < 0)
		*at++ = '-';
	for (; left >= 2 && rest > UINT32_MAX; rest /= 100) {
		left -= 2;
		memcpy(at + left, pairs + 2 * (rest % 100), 2);
	}
	for (uint32_t low = (uint32_t)rest; left >= 2; low /= 100, rest = low) {
		left -= 2;
		memcpy(at + left, pairs + 2 * (low % 100), 2);
	}
	if (left == 1)
		*at = (char)('0' + rest);
	return n + (number < 0);
}
