#include "config.h"

#include "common/base/hash.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "common/base/strmap.h"

TestSuite(hash, .timeout = 30);

/* Of the reference implementation with one and three rounds: key 00 01 .., text 00 01 .. */
static const struct {
	size_t len;
	uint64_t hash;
} vectors[] = {
	{ 0, 0xabac0158050fc4dc },
	{ 1, 0xc9f49bf37d57ca93 },
	{ 7, 0xd3927d989bb11140 },
	{ 8, 0x369095118d299a8e },
	{ 9, 0x25a48eb36c063de4 },
	{ 15, 0xd320d86d2a519956 },
	{ 16, 0xcc4fdd1a7d908b66 },
	{ 63, 0x9d199062b7bbb3a8 },
};

Test(hash, siphash_is_that_of_others)
{
	char text[64];

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)i;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
		cr_expect_eq(hash_sip((struct slice){ text, vectors[i].len }, 0x0706050403020100,
				 0x0f0e0d0c0b0a0908),
		    vectors[i].hash, "%zu bytes", vectors[i].len);
}

/* Each bit of a text, and its length, makes another hash: 32 bits, a few thousand texts. */
Test(hash, all_of_a_text_counts)
{
	char text[100] = { 0 };

	for (size_t len = 0; len < sizeof text; len++) {
		uint64_t hash = hash_of((struct slice){ text, len });

		cr_assert_eq(hash, hash_of((struct slice){ text, len }));
		cr_assert_neq((uint32_t)hash, (uint32_t)hash_of((struct slice){ text, len + 1 }),
		    "%zu bytes", len);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			text[bit / 8] = (char)(1 << bit % 8);
			cr_assert_neq(
			    (uint32_t)hash, (uint32_t)hash_of((struct slice){ text, len }));
			text[bit / 8] = 0;
		}
	}
}

static size_t
longest_chain(const struct strmap *map)
{
	size_t longest = 0;

	for (size_t i = 0; i < map->n_slots; i++) {
		size_t n = 0;

		for (const struct strmap_entry *at = map->slots[i]; at != NULL; at = at->next)
			n++;
		longest = n > longest ? n : longest;
	}
	return longest;
}

static uint64_t
mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static bool
is_printable(uint64_t word)
{
	for (int i = 0; i < 8; i++, word >>= 8)
		if ((word & 0xff) < ' ' || (word & 0xff) > '~')
			return false;
	return true;
}

#define N_NAMES 2000

/* Names of 16 printable bytes that collide wherever no key is: in this map they were one chain. */
Test(hash, names_that_somebody_chose_do_not_collide)
{
	struct strmap map = { 0 };
	uint64_t words[2], state = 1;

	while (map.n < N_NAMES) {
		state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
		/* five random bits and more of each byte, all of them printable */
		words[0] = (state & UINT64_C(0x1f1f1f1f1f1f1f1f)) | UINT64_C(0x4040404040404040);
		words[1] = mix(2 * sizeof words[0], words[0]);
		if (is_printable(words[1]))
			strmap_put(&map, (struct slice){ (const char *)words, sizeof words }, &map);
	}
	cr_assert_leq(longest_chain(&map), 32);
	strmap_release(&map, NULL);
}

/* Names that are counted, as names often are, spread as well as random ones. */
Test(hash, names_that_are_counted_spread)
{
	struct strmap map = { 0 };
	char name[32];

	for (int i = 0; i < 100000; i++) {
		int len = snprintf(name, sizeof name, "TopicTest%d", i);

		strmap_put(&map, (struct slice){ name, (size_t)len }, &map);
	}
	cr_assert_leq(longest_chain(&map), 32);
	strmap_release(&map, NULL);
}
