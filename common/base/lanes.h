#ifndef COMMON_LANES_H
#define COMMON_LANES_H

/*
 * Text that is searched a block at a time: 16 bytes with SSE2, which every amd64 has,
 * else 8 in a word. What finds bytes sets a bit for each (in a word, only the lowest is
 * reliable), lanes_first says which byte that is. Any thread.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#ifdef __SSE2__
#define LANES_BYTES 16

struct lanes {
	__m128i bytes;
};

static inline uint64_t
lanes_find(struct lanes lanes, char value)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(lanes.bytes, _mm_set1_epi8(value)));
}

static inline uint64_t
lanes_find_both(struct lanes lanes, char a, char b)
{
	return (unsigned)_mm_movemask_epi8(
	    _mm_or_si128(_mm_cmpeq_epi8(lanes.bytes, _mm_set1_epi8(a)),
		_mm_cmpeq_epi8(lanes.bytes, _mm_set1_epi8(b))));
}

/* Bytes below `limit`, which is at most 128. */
static inline uint64_t
lanes_find_below(struct lanes lanes, char limit)
{
	__m128i most = _mm_set1_epi8((char)(limit - 1));

	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(lanes.bytes, most), most));
}

static inline size_t
lanes_first(uint64_t matches)
{
	return (unsigned)__builtin_ctzll(matches);
}
#else
#define LANES_BYTES 8
#define LANES_EACH(value) (UINT64_C(0x0101010101010101) * (unsigned char)(value))

struct lanes {
	uint64_t bytes;
};

/* x - n borrows into the high bit of bytes below n. */
static inline uint64_t
lanes_find_below(struct lanes lanes, char limit)
{
	return (lanes.bytes - LANES_EACH(limit)) & ~lanes.bytes & LANES_EACH(0x80);
}

static inline uint64_t
lanes_find(struct lanes lanes, char value)
{
	return lanes_find_below((struct lanes){ lanes.bytes ^ LANES_EACH(value) }, 1);
}

static inline uint64_t
lanes_find_both(struct lanes lanes, char a, char b)
{
	return lanes_find(lanes, a) | lanes_find(lanes, b);
}

static inline size_t
lanes_first(uint64_t matches)
{
	return (unsigned)__builtin_ctzll(matches) / 8;
}
#endif

static inline struct lanes
lanes_load(const char *at)
{
	struct lanes lanes;

	memcpy(&lanes, at, sizeof lanes);
	return lanes;
}

static inline void
lanes_store(char *at, struct lanes lanes)
{
	memcpy(at, &lanes, sizeof lanes);
}

#endif
