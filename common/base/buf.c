#include "config.h"

#include "common/base/buf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/itoa.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/wire.h"

#define FIRST_CAP 64

void
buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}

int
buf_try_grow(struct buf *buf, size_t n)
{
	size_t cap = buf->cap != 0 ? buf->cap : FIRST_CAP;
	char *data;

	while (cap - buf->len < n)
		cap *= 2;
	data = mem_try_realloc(buf->data, cap);
	if (data == NULL)
		return -1;
	buf->data = data;
	buf->cap = cap;
	return 0;
}

void
buf_grow(struct buf *buf, size_t n)
{
	if (buf_try_grow(buf, n) == -1)
		fatal("out of memory wanted=%zu", buf->len + n);
}

void
buf_append_text(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void
buf_append_int(struct buf *buf, int64_t decimal)
{
	char digits[ITOA_MAX];

	buf_append(buf, digits, itoa_put(digits, decimal));
}

void
buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		fatal("bad format format=%s", format);
	char *at = buf_reserve(buf, (size_t)len + 1);
	va_start(args, format);
	vsnprintf(at, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}

void
buf_put_u16(struct buf *buf, uint16_t value)
{
	be16_put(buf_reserve(buf, 2), value);
	buf->len += 2;
}

void
buf_put_u32(struct buf *buf, uint32_t value)
{
	be32_put(buf_reserve(buf, 4), value);
	buf->len += 4;
}

void
buf_put_u64(struct buf *buf, uint64_t value)
{
	be64_put(buf_reserve(buf, 8), value);
	buf->len += 8;
}

void
buf_drain(struct buf *buf, size_t n)
{
	buf->len -= n;
	if (buf->len != 0)
		memmove(buf->data, buf->data + n, buf->len);
}

const char *
buf_text(struct buf *buf)
{
	*buf_reserve(buf, 1) = '\0';
	return buf->data;
}

char *
buf_take(struct buf *buf)
{
	char *text;

	buf_text(buf);
	text = buf->data;
	*buf = (struct buf){ 0 };
	return text;
}
