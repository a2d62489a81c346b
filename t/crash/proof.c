#include "config.h"

#include "t/crash/proof.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/wire.h"

#define REPORTED_MAX 20 /* breaches told one by one */

static uint64_t n_breaches;

void
breach(const char *format, ...)
{
	va_list args;

	if (n_breaches++ >= REPORTED_MAX)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

uint64_t
breaches(void)
{
	return n_breaches;
}

struct slice
numbered_body(char *room, uint64_t number, size_t max)
{
	uint64_t state = number * 0x9E3779B97F4A7C15u + 1;
	size_t len = NUMBERED_BODY_MIN + (uint32_t)((uint32_t)number * 2654435761u >> 8) %
	                                     (max - NUMBERED_BODY_MIN + 1);

	be64_put(room, number);
	for (size_t i = 8; i < len; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		room[i] = (char)state;
	}
	return (struct slice){ room, len };
}

uint64_t
body_number(struct slice body)
{
	return body.len >= NUMBERED_BODY_MIN ? be64_get(body.data) : UINT64_MAX;
}

size_t
number_argument(const char *text, size_t min, size_t max)
{
	int64_t value;

	if (slice_to_int64(slice_of(text), &value) == -1 || value < (int64_t)min ||
	    value > (int64_t)max) {
		fprintf(stderr, "%s is not a number from %zu to %zu\n", text, min, max);
		exit(2);
	}
	return (size_t)value;
}
