#include "config.h"

#include "common/protocol/record.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "common/base/wire.h"

#define PORT_BYTES 4 /* an int in Java */
#define POSITION_BYTES 8
#define POSITION_DIGITS (2 * POSITION_BYTES)
#define ID_BYTES_MAX (16 + PORT_BYTES + POSITION_BYTES)

struct host
host_of(const struct sockaddr *address)
{
	struct host host = { .ip_len = 4 };

	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, address, sizeof v4);
		memcpy(host.ip, &v4.sin_addr, 4);
		host.port = ntohs(v4.sin_port);
	} else if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, address, sizeof v6);
		host.port = ntohs(v6.sin6_port);
		if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
			memcpy(host.ip, (const char *)&v6.sin6_addr + 12, 4);
		} else {
			host.ip_len = 16;
			memcpy(host.ip, &v6.sin6_addr, 16);
		}
	}
	return host;
}

struct slice
host_text(struct arena *arena, const struct host *host)
{
	char ip[INET6_ADDRSTRLEN];
	bool v6 = host->ip_len == 16;

	inet_ntop(v6 ? AF_INET6 : AF_INET, host->ip, ip, sizeof ip);
	return arena_printf(arena, v6 ? "[%s]:%u" : "%s:%u", ip, (unsigned)host->port);
}

/* Eight digits at once: a byte for each, of which those above 9 are moved up to the letters. */
static inline char *
put_hex(char *at, uint32_t number)
{
	uint64_t digits = number, above_9;

	digits = (digits | digits << 16) & UINT64_C(0x0000FFFF0000FFFF);
	digits = (digits | digits << 8) & UINT64_C(0x00FF00FF00FF00FF);
	digits = (digits | digits << 4) & UINT64_C(0x0F0F0F0F0F0F0F0F);
	above_9 = (digits + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
	be64_put(at, digits + UINT64_C(0x3030303030303030) + above_9 * ('A' - '9' - 1));
	return at + 8;
}

struct slice
message_id(struct arena *arena, const struct host *store_host, int64_t position)
{
	size_t ip_len = store_host->ip_len == 16 ? 16 : 4;
	char *text = arena_alloc(arena, 2 * ID_BYTES_MAX), *at = text;

	for (size_t i = 0; i < ip_len; i += 4)
		at = put_hex(at, be32_get(store_host->ip + i));
	put_hex(at, store_host->port);

	size_t len = 2 * (ip_len + PORT_BYTES + POSITION_BYTES);

	message_id_move(text, len, position);
	return (struct slice){ text, len };
}

void
message_id_move(char *id, size_t len, int64_t position)
{
	char *at = put_hex(id + len - POSITION_DIGITS, (uint32_t)((uint64_t)position >> 32));

	put_hex(at, (uint32_t)position);
}

int
message_id_parse(struct slice id, struct host *store_host, int64_t *position)
{
	unsigned char bytes[ID_BYTES_MAX];
	size_t len = id.len / 2;
	size_t ip_len = len == ID_BYTES_MAX ? 16 : 4;

	if (id.len % 2 != 0 || len != ip_len + PORT_BYTES + POSITION_BYTES)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int high = wire_hex_digit(id.data[2 * i]);
		int low = wire_hex_digit(id.data[2 * i + 1]);

		if (high == -1 || low == -1)
			return -1;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	if (be32_get(bytes + ip_len) > UINT16_MAX)
		return -1;
	*store_host = (struct host){ .ip_len = (uint8_t)ip_len };
	memcpy(store_host->ip, bytes, ip_len);
	store_host->port = (uint16_t)be32_get(bytes + ip_len);
	*position = (int64_t)be64_get(bytes + ip_len + PORT_BYTES);
	return 0;
}
