#ifndef COMMON_SIMD_SCAN_H
#define COMMON_SIMD_SCAN_H

/*
 * Text that is searched a block at a time: 16 bytes with SSE2, which every amd64 has,
 * else 8 in a word. What finds bytes sets a bit for each, SIMD_BITS apart, simd_first says which
 * byte the lowest is. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct simd_block {
#ifdef __SSE2__
	__m128i bytes;
#else
	uint64_t bytes;
#endif
};

#ifdef __SSE2__
#define SIMD_BYTES 16
#define SIMD_BITS 1

static inline uint64_t
simd_find(struct simd_block block, char value)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block.bytes, _mm_set1_epi8(value)));
}

static inline uint64_t
simd_find_both(struct simd_block block, char a, char b)
{
	return (unsigned)_mm_movemask_epi8(
	    _mm_or_si128(_mm_cmpeq_epi8(block.bytes, _mm_set1_epi8(a)),
		_mm_cmpeq_epi8(block.bytes, _mm_set1_epi8(b))));
}

/* Bytes below `limit`, which is at most 128. */
static inline uint64_t
simd_find_below(struct simd_block block, char limit)
{
	__m128i most = _mm_set1_epi8((char)(limit - 1));

	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(block.bytes, most), most));
}

static inline size_t
simd_first(uint64_t matches)
{
	return (unsigned)__builtin_ctzll(matches);
}

static inline bool
simd_differ(struct simd_block a, struct simd_block b)
{
	return _mm_movemask_epi8(_mm_cmpeq_epi8(a.bytes, b.bytes)) != 0xFFFF;
}
#else
#define SIMD_BYTES 8
#define SIMD_BITS 8
#define SIMD_EACH(value) (UINT64_C(0x0101010101010101) * (unsigned char)(value))

/* x - n borrows into the high bit of bytes below n. Only the lowest is reliable. */
static inline uint64_t
simd_find_below(struct simd_block block, char limit)
{
	return (block.bytes - SIMD_EACH(limit)) & ~block.bytes & SIMD_EACH(0x80);
}

static inline uint64_t
simd_find(struct simd_block block, char value)
{
	uint64_t differ = block.bytes ^ SIMD_EACH(value);

	/* the high bit of each byte that is not 0, without a carry into the next */
	return ~(((differ & SIMD_EACH(0x7F)) + SIMD_EACH(0x7F)) | differ) & SIMD_EACH(0x80);
}

static inline uint64_t
simd_find_both(struct simd_block block, char a, char b)
{
	return simd_find(block, a) | simd_find(block, b);
}

static inline size_t
simd_first(uint64_t matches)
{
	return (unsigned)__builtin_ctzll(matches) / 8;
}

static inline bool
simd_differ(struct simd_block a, struct simd_block b)
{
	return a.bytes != b.bytes;
}
#endif

static inline struct simd_block
simd_load(const char *at)
{
	struct simd_block block;

	memcpy(&block, at, sizeof block);
	return block;
}

/* Whether two short texts of `len` bytes, 4 or more, are the same. */
static inline bool
simd_same(const char *a, const char *b, size_t len)
{
	const size_t size = sizeof(uint64_t), half = sizeof(uint32_t);
	uint64_t x, y, differ;

	if (len < size)
		return memcmp(a, b, half) == 0 && memcmp(a + len - half, b + len - half, half) == 0;
	memcpy(&x, a + len - size, size);
	memcpy(&y, b + len - size, size);
	differ = x ^ y;
	for (size_t i = 0; differ == 0 && i < len - size; i += size) {
		memcpy(&x, a + i, size);
		memcpy(&y, b + i, size);
		differ = x ^ y;
	}
	return differ == 0;
}

/* simd_find_both in the n bytes at `at`, n less than a block, of a text that begins at `begin`. */
static inline uint64_t
simd_find_both_last(const char *begin, const char *at, size_t n, char a, char b)
{
	char bytes[SIMD_BYTES] = { 0 };

	if ((size_t)(at - begin) >= SIMD_BYTES - n) /* a block ends where the text does */
		return simd_find_both(simd_load(at + n - SIMD_BYTES), a, b) >>
		       SIMD_BITS * (SIMD_BYTES - n);
	memcpy(bytes, at, n);
	return simd_find_both(simd_load(bytes), a, b) & ((UINT64_C(1) << SIMD_BITS * n) - 1);
}

/* Whether two texts of `len` bytes are the same. */
static inline bool
simd_equal(const char *a, const char *b, size_t len)
{
	if (len < SIMD_BYTES)
		return len >= sizeof(uint32_t) ? simd_same(a, b, len) : memcmp(a, b, len) == 0;
	for (size_t i = 0; i < len - SIMD_BYTES; i += SIMD_BYTES)
		if (simd_differ(simd_load(a + i), simd_load(b + i)))
			return false;
	/* reaches back over what was compared */
	return !simd_differ(simd_load(a + len - SIMD_BYTES), simd_load(b + len - SIMD_BYTES));
}

static inline void
simd_store(char *at, struct simd_block block)
{
	memcpy(at, &block, sizeof block);
}

#endif
