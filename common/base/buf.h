#ifndef COMMON_BUF_H
#define COMMON_BUF_H

/*
 * A linear buffer that grows: len bytes at data, room for cap. The owner may
 * read the members; { 0 } is an empty buffer. Numbers are appended big-endian, as
 * on the wire. A buffer belongs to one thread. Memory shortage is fatal, except
 * in buf_try_grow.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

struct buf {
	char *data;
	size_t len;
	size_t cap;
};

void buf_release(struct buf *buf);
void buf_grow(struct buf *buf, size_t n); /* for buf_reserve */
/* 0, or -1 when memory is short; the buffer is unchanged then. */
int buf_try_grow(struct buf *buf, size_t n);

/* Makes room for n more bytes and leaves len as it is. Valid until the next call. */
static inline char *
buf_reserve(struct buf *buf, size_t n)
{
	if (n > buf->cap - buf->len)
		buf_grow(buf, n);
	return buf->data + buf->len;
}

static inline void
buf_append(struct buf *buf, const void *data, size_t len)
{
	if (len == 0)
		return;
	memcpy(buf_reserve(buf, len), data, len);
	buf->len += len;
}

static inline void
buf_append_char(struct buf *buf, char c)
{
	*buf_reserve(buf, 1) = c;
	buf->len++;
}

static inline void
buf_append_slice(struct buf *buf, struct slice slice)
{
	buf_append(buf, slice.data, slice.len);
}

void buf_append_text(struct buf *buf, const char *text);
void buf_append_int(struct buf *buf, int64_t decimal);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_put_u16(struct buf *buf, uint16_t value);
void buf_put_u32(struct buf *buf, uint32_t value);
void buf_put_u64(struct buf *buf, uint64_t value);
/* Drops the first n bytes. */
void buf_drain(struct buf *buf, size_t n);
/* The content, followed by a NUL that len does not count. Lent until the next call. */
const char *buf_text(struct buf *buf);
/* Gives the content, with a final NUL, to the caller and empties the buffer. */
char *buf_take(struct buf *buf);

static inline struct slice
buf_slice(const struct buf *buf)
{
	return (struct slice){ buf->data != NULL ? buf->data : "", buf->len };
}

#endif
