#include "config.h"

#include "common/base/base64url.h"

#include <stdint.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct slice
base64url_encode(struct arena *arena, struct slice bytes)
{
	char *text = arena_alloc(arena, (bytes.len + 2) / 3 * 4 + 1), *to = text;

	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
		uint32_t group = 0;

		for (size_t k = 0; k < 3; k++)
			group = group << 8 | (k < n ? (unsigned char)bytes.data[i + k] : 0u);
		for (size_t k = 0; k < 4; k++)
			*to++ = k <= n ? letters[group >> (18 - 6 * k) & 0x3f] : '=';
	}
	return (struct slice){ text, (size_t)(to - text) };
}

int
base64url_decode(struct arena *arena, struct slice text, struct slice *bytes)
{
	uint32_t group = 0;
	unsigned n_bits = 0;

	if (text.len != 0 && text.len % 4 == 0 && text.data[text.len - 1] == '=')
		text.len -= text.data[text.len - 2] == '=' ? 2 : 1;
	if (text.len % 4 == 1)
		return -1;
	char *data = arena_alloc(arena, text.len / 4 * 3 + 3), *to = data;

	for (size_t i = 0; i < text.len; i++) {
		const char *letter = memchr(letters, text.data[i], sizeof letters - 1);

		if (letter == NULL)
			return -1;
		group = group << 6 | (uint32_t)(letter - letters);
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			*to++ = (char)(group >> n_bits & 0xff);
		}
	}
	*bytes = (struct slice){ data, (size_t)(to - data) };
	return 0;
}
