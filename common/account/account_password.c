#include "config.h"

#include "common/account/account_password.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/base/base64url.h"
#include "common/base/log.h"

#define COST 15 /* log2 of N: 32 MB with 8 blocks */
#define COST_MAX 17
#define BLOCKS 8
#define PARALLEL 1
#define SALT_BYTES 16
#define HASH_BYTES 32
#define MEMORY_MAX (UINT64_C(160) << 20)
#define HASH_TEXT 48 /* of base64, with room */

struct scrypt {
	unsigned cost, blocks, parallel;
	unsigned char salt[SALT_BYTES];
	unsigned char hash[HASH_BYTES];
};

static int
compute(const struct scrypt *scrypt, struct slice password, unsigned char hash[HASH_BYTES])
{
	return EVP_PBE_scrypt(password.len != 0 ? password.data : "", password.len, scrypt->salt,
		   sizeof scrypt->salt, UINT64_C(1) << scrypt->cost, scrypt->blocks,
		   scrypt->parallel, MEMORY_MAX, hash, HASH_BYTES) == 1
	           ? 0
	           : -1;
}

/* Without the = at its end. */
static int
put_base64(char *to, size_t size, const unsigned char *bytes, size_t len)
{
	struct arena arena = { 0 };
	struct slice text = base64url_encode(&arena, (struct slice){ (const char *)bytes, len });
	int status = -1;

	while (text.len != 0 && text.data[text.len - 1] == '=')
		text.len--;
	if (text.len < size) {
		memcpy(to, text.data, text.len);
		to[text.len] = '\0';
		status = 0;
	}
	arena_release(&arena);
	return status;
}

static int
take_base64(const char *text, unsigned char *bytes, size_t len)
{
	struct arena arena = { 0 };
	struct slice found;
	int status = -1;

	if (base64url_decode(&arena, slice_of(text), &found) == 0 && found.len == len) {
		memcpy(bytes, found.data, len);
		status = 0;
	}
	arena_release(&arena);
	return status;
}

static int
read_stored(const char *stored, struct scrypt *scrypt)
{
	char salt[HASH_TEXT], hash[HASH_TEXT];
	int end = 0;

	if (sscanf(stored, "$scrypt$ln=%2u,r=%2u,p=%2u$%47[^$]$%47[^$]%n", &scrypt->cost,
		&scrypt->blocks, &scrypt->parallel, salt, hash, &end) != 5 ||
	    stored[end] != '\0')
		return -1;
	if (scrypt->cost < 1 || scrypt->cost > COST_MAX || scrypt->blocks < 1 ||
	    scrypt->blocks > BLOCKS || scrypt->parallel < 1 || scrypt->parallel > 4)
		return -1;
	return take_base64(salt, scrypt->salt, SALT_BYTES) == 0
	           ? take_base64(hash, scrypt->hash, HASH_BYTES)
	           : -1;
}

static void
randomly(void *bytes, size_t len)
{
	if (getrandom(bytes, len, 0) != (ssize_t)len)
		fatal("the kernel gives no random bytes");
}

int
password_hash(struct slice password, char stored[PASSWORD_STORED_SIZE])
{
	struct scrypt scrypt = { .cost = COST, .blocks = BLOCKS, .parallel = PARALLEL };
	char salt[HASH_TEXT], hash[HASH_TEXT];

	randomly(scrypt.salt, sizeof scrypt.salt);
	if (compute(&scrypt, password, scrypt.hash) == -1 ||
	    put_base64(salt, sizeof salt, scrypt.salt, SALT_BYTES) == -1 ||
	    put_base64(hash, sizeof hash, scrypt.hash, HASH_BYTES) == -1)
		return -1;
	snprintf(stored, PASSWORD_STORED_SIZE, "$scrypt$ln=%u,r=%u,p=%u$%s$%s", scrypt.cost,
	    scrypt.blocks, scrypt.parallel, salt, hash);
	return 0;
}

bool
password_fits(struct slice password, const char *stored)
{
	struct scrypt scrypt = { .cost = COST, .blocks = BLOCKS, .parallel = PARALLEL };
	unsigned char hash[HASH_BYTES];
	bool known = read_stored(stored, &scrypt) == 0;

	if (!known)
		scrypt = (struct scrypt){ .cost = COST, .blocks = BLOCKS, .parallel = PARALLEL };
	if (compute(&scrypt, password, hash) == -1)
		return false;
	/* Not "known &&": the comparison is made in any case. */
	return (CRYPTO_memcmp(hash, scrypt.hash, sizeof hash) == 0) & known;
}

void
password_random(char text[PASSWORD_RANDOM_SIZE])
{
	static const char letters[] =
	    "abcdefghijkmnpqrstuvwxyz23456789"; /* 32, none like another */
	unsigned char bytes[20];
	char *at = text;

	randomly(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++) {
		if (i != 0 && i % 5 == 0)
			*at++ = '-';
		*at++ = letters[bytes[i] % 32];
	}
	*at = '\0';
}
