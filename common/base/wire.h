#ifndef COMMON_WIRE_H
#define COMMON_WIRE_H

/*
 * Binary data: big-endian numbers, and parsing from the front with each length
 * checked before it is used. Headers, records and batches need it. Any thread.
 */

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/slice.h"

/* Big-endian numbers at any address. */
static inline uint16_t
be16_get(const void *at)
{
	uint16_t raw;
	memcpy(&raw, at, sizeof raw);
	return be16toh(raw);
}

static inline uint32_t
be32_get(const void *at)
{
	uint32_t raw;
	memcpy(&raw, at, sizeof raw);
	return be32toh(raw);
}

static inline uint64_t
be64_get(const void *at)
{
	uint64_t raw;
	memcpy(&raw, at, sizeof raw);
	return be64toh(raw);
}

static inline void
be16_put(void *at, uint16_t value)
{
	value = htobe16(value);
	memcpy(at, &value, sizeof value);
}

static inline void
be32_put(void *at, uint32_t value)
{
	value = htobe32(value);
	memcpy(at, &value, sizeof value);
}

static inline void
be64_put(void *at, uint64_t value)
{
	value = htobe64(value);
	memcpy(at, &value, sizeof value);
}

/* Takes n bytes off the front of *rest. 0, or -1 when *rest is shorter; nothing changes then. */
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
 * Takes bytes that follow their length, a big-endian number of length_bytes: 1, 2 or 4. A length
 * that is negative in Java is too long here, so -1 is returned.
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

/* The value of a hexadecimal digit, or -1 for any other character. */
static inline int
wire_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
