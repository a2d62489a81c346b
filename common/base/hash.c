#include "config.h"

#include "common/base/hash.h"

#include <endian.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/log.h"

#define SHORT_WORDS 8 /* names of at most 64 bytes are hashed by multiplication */

static struct {
	uint64_t sip[2];
	uint64_t pairs[SHORT_WORDS][2];
	uint64_t length, mix;
} seed;

/* Before main(): tools and tests need no call of their own, and no thread runs yet. */
static void __attribute__((constructor)) draw_seed(void)
{
#ifdef WITH_FUZZING
	memset(&seed, 0x5a, sizeof seed);
#else
	if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
		fatal("cannot draw the seed of hash tables");
#endif
}

/* ---- texts of any length: SipHash-1-3 ---- */

struct state {
	uint64_t a, b, c, d;
};

static inline uint64_t
rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void
round_of(struct state *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = rotate(s->b, 13) ^ s->a;
	s->d = rotate(s->d, 16) ^ s->c;
	s->a = rotate(s->a, 32);
	s->c += s->b;
	s->a += s->d;
	s->b = rotate(s->b, 17) ^ s->c;
	s->d = rotate(s->d, 21) ^ s->a;
	s->c = rotate(s->c, 32);
}

static inline void
absorb(struct state *s, uint64_t word)
{
	s->d ^= word;
	round_of(s);
	s->a ^= word;
}

static inline uint64_t
word_at(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof word);
	return le64toh(word);
}

/* The bytes from `at` on, fewer than eight and at least one, as the low bytes of a word. */
static inline uint64_t
rest_at(struct slice text, size_t at)
{
	size_t left = text.len - at;
	uint64_t word = 0;

	if (text.len >= sizeof word)
		return word_at(text.data + text.len - sizeof word) >> 8 * (sizeof word - left);
	for (size_t i = 0; i < left; i++)
		word |= (uint64_t)(unsigned char)text.data[at + i] << 8 * i;
	return word;
}

uint64_t
hash_sip(struct slice text, uint64_t key_0, uint64_t key_1)
{
	struct state s = {
		key_0 ^ UINT64_C(0x736f6d6570736575),
		key_1 ^ UINT64_C(0x646f72616e646f6d),
		key_0 ^ UINT64_C(0x6c7967656e657261),
		key_1 ^ UINT64_C(0x7465646279746573),
	};
	size_t at = 0;

	for (; text.len - at >= sizeof(uint64_t); at += sizeof(uint64_t))
		absorb(&s, word_at(text.data + at));
	absorb(&s, (at < text.len ? rest_at(text, at) : 0) | (uint64_t)text.len << 56);
	s.c ^= 0xff;
	round_of(&s);
	round_of(&s);
	round_of(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}

/* ---- short texts: multiplication ---- */

/* Its high 32 bits are uniform and, for any two words, independent. */
static inline uint64_t
product(const uint64_t *pair, uint64_t word)
{
	return (pair[0] + (uint32_t)word) * (pair[1] + (word >> 32));
}

/* A bijection, so what is independent stays so; it hides how the products were formed. */
static inline uint64_t
scramble(uint64_t hash)
{
	hash = (hash >> 32) ^ (uint32_t)seed.mix;
	hash = (uint32_t)((hash ^ hash >> 16) * 0x85ebca6bu);
	hash = (uint32_t)((hash ^ hash >> 13) * 0xc2b2ae35u);
	return hash ^ hash >> 16;
}

/* The last word reaches back over the one before it. */
static inline uint64_t
short_hash(struct slice text)
{
	const size_t word = sizeof(uint64_t);
	uint64_t sum = seed.length * (text.len + 1);
	const uint64_t *pair = seed.pairs[0];

	if (text.len >= word) {
		for (size_t i = 0; i < text.len - word; i += word, pair += 2)
			sum += product(pair, word_at(text.data + i));
		sum += product(pair, word_at(text.data + text.len - word));
	} else if (text.len != 0) {
		sum += product(pair, slice_short_word(text));
	}
	return scramble(sum);
}

uint64_t
hash_of(struct slice text)
{
	if (text.len <= SHORT_WORDS * sizeof(uint64_t))
		return short_hash(text);
	return hash_wide(text);
}

uint64_t
hash_wide(struct slice text)
{
	return hash_sip(text, seed.sip[0], seed.sip[1]);
}
