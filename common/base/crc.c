#include "config.h"

#include "common/base/crc.h"

#include <zlib.h>

#if defined(__x86_64__)
#include <emmintrin.h>
#include <smmintrin.h>
#include <wmmintrin.h>

#define FOLD_MIN 64 /* bytes: four lanes of 16 */
#define FOLD_TARGET __attribute__((target("pclmul,sse4.1")))

/*
 * Folding, as in Gopal et al., "Fast CRC Computation for Generic Polynomials
 * Using PCLMULQDQ" (Intel, 2009): 16 bytes that are multiplied by x^n modulo the
 * polynomial count as much n bits further on, where they are added. The constants are the
 * powers for the bit-reflected polynomial of CRC-32.
 */
#define X_512_64 0x01c6e41596 /* x^(4*128-32), x^(4*128+32): a step of four lanes */
#define X_512 0x0154442bd4
#define X_128_64 0x00ccaa009e /* x^(128-32), x^(128+32): a step of one lane */
#define X_128 0x01751997d0
#define X_64 0x0163cd6124
#define POLYNOMIAL 0x01db710641
#define BARRETT 0x01f7011641 /* x^64 divided by the polynomial */

FOLD_TARGET static inline __m128i
load(const unsigned char *at)
{
	__m128i lane;

	memcpy(&lane, at, sizeof lane);
	return lane;
}

FOLD_TARGET static inline __m128i
fold(__m128i lane, __m128i powers, __m128i next)
{
	__m128i low = _mm_clmulepi64_si128(lane, powers, 0x00);
	__m128i high = _mm_clmulepi64_si128(lane, powers, 0x11);

	return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/* From 128 bits to 64, to 32: the last by Barrett's reduction. */
FOLD_TARGET static inline uint32_t
reduce(__m128i lane)
{
	const __m128i low_half = _mm_setr_epi32(-1, 0, -1, 0);
	const __m128i powers = _mm_set_epi64x(X_128_64, X_128);
	const __m128i barrett = _mm_set_epi64x(BARRETT, POLYNOMIAL);
	__m128i quotient;

	lane = _mm_xor_si128(_mm_srli_si128(lane, 8), _mm_clmulepi64_si128(lane, powers, 0x10));
	lane = _mm_xor_si128(_mm_srli_si128(lane, 4),
	    _mm_clmulepi64_si128(_mm_and_si128(lane, low_half), _mm_set_epi64x(0, X_64), 0x00));
	quotient = _mm_clmulepi64_si128(_mm_and_si128(lane, low_half), barrett, 0x10);
	quotient = _mm_clmulepi64_si128(_mm_and_si128(quotient, low_half), barrett, 0x00);
	return (uint32_t)_mm_extract_epi32(_mm_xor_si128(lane, quotient), 1);
}

/* len is a multiple of 16 and at least FOLD_MIN; crc is inverted, before and behind. */
FOLD_TARGET static uint32_t
crc_fold(uint32_t crc, const unsigned char *at, size_t len)
{
	const __m128i four_lanes = _mm_set_epi64x(X_512_64, X_512);
	const __m128i one_lane = _mm_set_epi64x(X_128_64, X_128);
	__m128i a = _mm_xor_si128(load(at), _mm_cvtsi32_si128((int)crc));
	__m128i b = load(at + 16);
	__m128i c = load(at + 32);
	__m128i d = load(at + 48);

	for (at += 64, len -= 64; len >= 64; at += 64, len -= 64) {
		a = fold(a, four_lanes, load(at));
		b = fold(b, four_lanes, load(at + 16));
		c = fold(c, four_lanes, load(at + 32));
		d = fold(d, four_lanes, load(at + 48));
	}
	a = fold(fold(fold(a, one_lane, b), one_lane, c), one_lane, d);
	for (; len != 0; at += 16, len -= 16)
		a = fold(a, one_lane, load(at));
	return reduce(a);
}

static inline uint32_t
crc_start(uint32_t crc, struct slice *bytes)
{
	size_t len = bytes->len & ~(size_t)15;

	if (bytes->len < FOLD_MIN || !__builtin_cpu_supports("pclmul") ||
	    !__builtin_cpu_supports("sse4.1"))
		return crc;
	crc = ~crc_fold(~crc, (const unsigned char *)bytes->data, len);
	bytes->data += len;
	bytes->len -= len;
	return crc;
}
#else
static inline uint32_t
crc_start(uint32_t crc, struct slice *bytes)
{
	(void)bytes;
	return crc;
}
#endif

static inline uint32_t
sum(uint32_t crc, struct slice bytes)
{
	crc = crc_start(crc, &bytes);
	if (bytes.len != 0)
		crc = (uint32_t)crc32_z(crc, (const unsigned char *)bytes.data, bytes.len);
	return crc;
}

uint32_t
crc_of(struct slice bytes)
{
	return sum(0, bytes) & CRC_MASK;
}

uint32_t
crc_add(uint32_t crc, struct slice bytes)
{
	return sum(crc, bytes);
}
