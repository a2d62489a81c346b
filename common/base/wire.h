#ifndef COMMON_WIRE_H
#define COMMON_WIRE_H

/*
 * Taking binary text apart from the front, each length checked before it is
 * used: headers, records, batches. Any thread.
 */

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/slice.h"

/* n bytes off the front of *rest; -1 when there are not as many. */
static inline int
wire_take(struct slice *rest, size_t n, struct slice *bytes)
{
	if (n > rest->len)
		return -1;
	*bytes = (struct slice){ rest->data, n };
	rest->data += n;
	rest->len -= n;
	return 0;
}

/*
 * Bytes behind their length, a big-endian number of length_bytes: 1, 2 or 4.
 * What is negative to Java is too long here.
 */
static inline int
wire_take_counted(struct slice *rest, size_t length_bytes, struct slice *bytes)
{
	struct slice length;

	if (wire_take(rest, length_bytes, &length) == -1)
		return -1;
	switch (length_bytes) {
	case 1:
		return wire_take(rest, (unsigned char)*length.data, bytes);
	case 2:
		return wire_take(rest, be16_get(length.data), bytes);
	default:
		return wire_take(rest, be32_get(length.data), bytes);
	}
}

/* The value of a hexadecimal digit, -1 when it is none. */
static inline int
wire_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
